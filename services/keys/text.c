/* Names, domains, e-mail addresses and labels; see text.h. */
#include "text.h"

#include <string.h>

#include "base/base.h"

static bool
is_lower_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool
host_label_ok(const char *text, size_t len)
{
	if (len < 1 || len > 63 || !is_lower_alnum(text[0]) || !is_lower_alnum(text[len - 1]))
		return false;
	for (size_t i = 0; i < len; i++) {
		if (!is_lower_alnum(text[i]) && text[i] != '-')
			return false;
	}
	return true;
}

bool
name_ok(const char *text)
{
	return host_label_ok(text, strnlen(text, NAME_SIZE));
}

bool
domain_ok(const char *text)
{
	size_t labels = 0;

	if (strnlen(text, DOMAIN_SIZE) >= DOMAIN_SIZE)
		return false;
	for (;;) {
		const size_t len = strcspn(text, ".");
		if (!host_label_ok(text, len))
			return false;
		labels++;
		if (text[len] == '\0')
			return labels >= 2;
		text += len + 1;
	}
}

/* RFC 5322 3.2.3: atext, and dots between but neither first, last nor doubled. */
static bool
local_part_ok(const char *text, size_t len)
{
	if (len < 1 || len > 64 || text[0] == '.' || text[len - 1] == '.')
		return false;
	for (size_t i = 0; i < len; i++) {
		if (!is_lower_alnum(text[i]) && !strchr("!#$%&'*+-/=?^_`{|}~.", text[i]))
			return false;
		if (text[i] == '.' && text[i + 1] == '.')
			return false;
	}
	return true;
}

lk_status
email_normalise(const char *field, const char *text, char out[EMAIL_SIZE], struct lk_error *err)
{
	char lower[EMAIL_SIZE];
	const size_t len = strnlen(text, EMAIL_SIZE);

	if (len >= EMAIL_SIZE)
		return lk_fail_field(
		    err, field, "EMAIL_INVALID", "an e-mail address has at most 254 characters");
	for (size_t i = 0; i <= len; i++)
		lower[i] = (char)(text[i] >= 'A' && text[i] <= 'Z' ? text[i] + 'a' - 'A' : text[i]);

	const char *at = strchr(lower, '@');
	if (!at || !local_part_ok(lower, (size_t)(at - lower)) || !domain_ok(at + 1))
		return lk_fail_field(
		    err, field, "EMAIL_INVALID", "%s must be an e-mail address", field);
	memcpy(out, lower, len + 1);
	return LK_OK;
}

bool
label_ok(const char *text)
{
	const struct lk_bytes bytes = lk_bytes_of(text);

	if (bytes.len == 0 || bytes.len >= LABEL_SIZE || !lk_text_printable(bytes))
		return false;
	return lk_utf8_count(bytes) <= LABEL_MAX && text[0] != ' ' && text[bytes.len - 1] != ' ';
}
