/* Reading what a caller asks; see wish.h. */
#include "wish.h"

#include <string.h>

#include "auth/token.h"

static const char *
text_or_empty(const char *text)
{
	return text ? text : "";
}

static lk_status
wish_text_check(const char *field, const char *text, struct lk_error *err)
{
	if (strlen(text) >= LK_URI_SIZE || !lk_utf8_ok(lk_bytes_of(text)))
		return lk_fail_field(err, field, "TEXT_INVALID",
		    "%s must be UTF-8 of less than %d bytes", field, LK_URI_SIZE);
	return LK_OK;
}

lk_status
wish_read(const char *credential, const latchkey_requirements *requirements, struct wish *out,
    struct lk_error *err)
{
	static const latchkey_requirements none;
	const latchkey_requirements *r = requirements ? requirements : &none;
	enum lk_permission permission;

	*out = (struct wish){ text_or_empty(credential), text_or_empty(r->audience),
		text_or_empty(r->source_address), text_or_empty(r->permission),
		text_or_empty(r->workgroup), 0, false, 0 };
	LK_TRY(wish_text_check("audience", out->audience, err));
	LK_TRY(wish_text_check("source_address", out->source_address, err));
	if (*out->permission && !lk_permission_parse(out->permission, &permission))
		return lk_fail_field(
		    err, "permission", "PERMISSION_UNKNOWN", "there is no such permission");
	if (*out->permission)
		out->needed = lk_permission_bit(permission);
	out->len = strlen(out->credential);
	out->is_token = lk_token_looks_like(out->credential, out->len);
	return LK_OK;
}

bool
wish_is_unspeakable(const struct wish *wish)
{
	return wish->len == 0 || wish->len > LK_TOKEN_MAX ||
	       !lk_text_printable(lk_bytes(wish->credential, wish->len));
}
