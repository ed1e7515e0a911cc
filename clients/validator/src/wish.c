/* Reading what a caller asks; see wish.h. */
#include "wish.h"

#include <string.h>

#include "auth/token.h"

static lk_status
text_read(const char *field, const char *text, const char **out, struct lk_error *err)
{
	*out = text ? text : "";
	if (strlen(*out) >= LK_URI_SIZE)
		return lk_fail_field(err, field, "TEXT_INVALID",
		    "%s must be UTF-8 of less than %d bytes", field, LK_URI_SIZE);
	return LK_OK;
}

static lk_status
permission_read(const char *name, lk_permissions *out, struct lk_error *err)
{
	enum lk_permission permission;

	if (!name || *name == '\0')
		return LK_OK;
	if (!lk_permission_parse(name, &permission))
		return lk_fail_field(
		    err, "permission", "PERMISSION_UNKNOWN", "there is no such permission");
	*out = lk_permission_bit(permission);
	return LK_OK;
}

lk_status
wish_read(const char *credential, const latchkey_requirements *requirements, struct wish *out_wish,
    struct lk_error *err)
{
	static const latchkey_requirements none;
	const latchkey_requirements *r = requirements ? requirements : &none;
	struct wish wish = { .credential = credential ? credential : "",
		.workgroup = r->workgroup ? r->workgroup : "",
		.asked_by = "" };

	LK_TRY(text_read("audience", r->audience, &wish.audience, err));
	LK_TRY(text_read("source_address", r->source_address, &wish.source_address, err));
	LK_TRY(permission_read(r->permission, &wish.needed, err));
	wish.len = strlen(wish.credential);
	*out_wish = wish;
	return LK_OK;
}

lk_status
wish_check(const struct wish *wish, struct lk_error *err)
{
	if (!lk_utf8_ok(lk_bytes_of(wish->audience)))
		return lk_fail_field(err, "audience", "TEXT_INVALID", "audience must be UTF-8");
	if (!lk_utf8_ok(lk_bytes_of(wish->source_address)))
		return lk_fail_field(
		    err, "source_address", "TEXT_INVALID", "source_address must be UTF-8");
	return LK_OK;
}

bool
wish_is_unspeakable(const struct wish *wish)
{
	return wish->len == 0 || wish->len > LK_TOKEN_MAX ||
	       !lk_text_printable(lk_bytes(wish->credential, wish->len));
}

bool
wish_is_token(const struct wish *wish)
{
	return lk_token_looks_like(wish->credential, wish->len);
}
