/* S3: storage that speaks its protocol and is not AWS (MinIO, Ceph, Garage …): where it is, access
 * key, secret, region, and where in a request the bucket stands. */
#include <stdlib.h>
#include <string.h>

#include "providers/provider.h"

#define DIGITS "0123456789"
#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

enum {
	ENDPOINT_MAX = 255,
	ACCESS_KEY_ID_MIN = 3,
	ACCESS_KEY_ID_MAX = 128,
	SECRET_MIN = 8,
	SECRET_MAX = 128,
	REGION_MAX = 64,
	PORT_MAX = 65535,
};

/* Each store makes its own; what is common is that they are one word. */
static bool
is_word(const char *text, size_t min, size_t max)
{
	const size_t len = strlen(text);

	for (size_t i = 0; i < len; i++)
		if (text[i] <= ' ' || text[i] > '~')
			return false;
	return len >= min && len <= max;
}

static bool
port_ok(const char *port)
{
	const size_t len = strspn(port, DIGITS);

	return len >= 1 && len <= 5 && port[len] == '\0' && port[0] != '0' &&
	       strtol(port, NULL, 10) <= PORT_MAX;
}

/* RFC 3986 3.2: a host's name or address, an IPv6 one in brackets; its length in `text`, or 0. */
static size_t
host_len(const char *text)
{
	if (*text != '[') {
		const size_t len = strspn(text, LETTERS DIGITS ".-");
		return len > 0 && text[0] != '.' && text[0] != '-' ? len : 0;
	}
	const size_t inside = strspn(text + 1, "abcdefABCDEF" DIGITS ":.");
	return inside > 1 && text[1 + inside] == ']' ? inside + 2 : 0;
}

/* No path, query or user: a signature is over host and bucket, and one place has one spelling. */
static bool
endpoint_ok(const char *endpoint)
{
	static const char https[] = "https://", http[] = "http://";
	size_t at;

	if (strlen(endpoint) > ENDPOINT_MAX)
		return false;
	if (strncmp(endpoint, https, sizeof https - 1) == 0)
		at = sizeof https - 1;
	else if (strncmp(endpoint, http, sizeof http - 1) == 0)
		at = sizeof http - 1;
	else
		return false;
	const size_t host = host_len(endpoint + at);
	const char *rest = endpoint + at + host;
	return host > 0 && (*rest == '\0' || (*rest == ':' && port_ok(rest + 1)));
}

static bool
region_ok(const char *region)
{
	const size_t len = strlen(region);

	return len >= 1 && len <= REGION_MAX && strspn(region, LETTERS DIGITS "-_") == len;
}

static bool
path_style_ok(const char *style)
{
	return *style == '\0' || lk_text_is(style, "yes") || lk_text_is(style, "no");
}

static lk_status
s3_check(const ProviderSecret *secret, struct lk_error *err)
{
	const Latchkey__Credentials__V1__S3Secret *s3 = secret->s3;

	if (!endpoint_ok(s3->endpoint))
		return lk_fail_field(err, "endpoint", "FIELD_INVALID",
		    "endpoint must be like https://HOST or https://HOST:PORT, without a path");
	if (!is_word(s3->access_key_id, ACCESS_KEY_ID_MIN, ACCESS_KEY_ID_MAX))
		return lk_fail_field(err, "access_key_id", "FIELD_INVALID",
		    "access_key_id must be %d to %d ASCII characters without a space",
		    ACCESS_KEY_ID_MIN, ACCESS_KEY_ID_MAX);
	if (!is_word(s3->secret_access_key, SECRET_MIN, SECRET_MAX))
		return lk_fail_field(err, "secret_access_key", "FIELD_INVALID",
		    "secret_access_key must be %d to %d ASCII characters without a space",
		    SECRET_MIN, SECRET_MAX);
	if (!region_ok(s3->region))
		return lk_fail_field(err, "region", "FIELD_INVALID",
		    "region must be 1 to %d letters, digits, - and _", REGION_MAX);
	if (!path_style_ok(s3->path_style))
		return lk_fail_field(
		    err, "path_style", "FIELD_INVALID", "path_style must be yes or no");
	return LK_OK;
}

/* As at AWS, the id of a key is no secret. */
static void
s3_hint(const ProviderSecret *secret, char out[PROVIDER_HINT_SIZE])
{
	const char *id = secret->s3->access_key_id;

	if (!lk_text_copy(out, PROVIDER_HINT_SIZE, id))
		lk_text_copy(out, PROVIDER_HINT_SIZE, id + strlen(id) - 4);
}

const struct provider provider_s3 = {
	.name = "s3",
	.kind = LATCHKEY__CREDENTIALS__V1__PROVIDER_SECRET__PROVIDER_S3,
	.check = s3_check,
	.hint = s3_hint,
};
