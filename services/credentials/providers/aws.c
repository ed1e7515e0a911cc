/*
 * AWS: access key id, secret access key, region, and a session token for temporary credentials.
 * Shapes are those that AWS documents for IAM unique identifiers and Regions; they find a pasted
 * newline or swapped fields, not a wrong key.
 */
#include <string.h>

#include "providers/provider.h"

enum {
	ACCESS_KEY_ID_MIN = 16,
	ACCESS_KEY_ID_MAX = 128,
	SECRET_MIN = 16,
	SECRET_MAX = 128,
	REGION_MAX = 32,
	SESSION_TOKEN_MAX = 4096
};

static bool
all_of(const char *text, size_t len, const char *extra, bool lower)
{
	for (size_t i = 0; i < len; i++) {
		const char c = text[i];
		const bool plain = (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
				   (lower && c >= 'a' && c <= 'z');
		if (!plain && (c == '\0' || !strchr(extra, c)))
			return false;
	}
	return true;
}

static bool
access_key_id_ok(const char *id)
{
	const size_t len = strlen(id);

	return len >= ACCESS_KEY_ID_MIN && len <= ACCESS_KEY_ID_MAX && all_of(id, len, "", false);
}

static bool
secret_ok(const char *secret)
{
	const size_t len = strlen(secret);

	return len >= SECRET_MIN && len <= SECRET_MAX && all_of(secret, len, "/+=", true);
}

static bool
is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

/* Two or more words of lower-case letters joined by "-", then "-" and a number: us-east-1,
 * us-gov-west-1, cn-north-1. */
static bool
region_ok(const char *region)
{
	const size_t len = strlen(region);
	size_t words = 0, at = 0;

	if (len > REGION_MAX)
		return false;
	while (is_lower(region[at])) {
		while (is_lower(region[at]))
			at++;
		if (region[at++] != '-')
			return false;
		words++;
	}
	const size_t digits = strspn(region + at, "0123456789");
	return words >= 2 && digits >= 1 && digits <= 2 && region[at + digits] == '\0';
}

static bool
session_token_ok(const char *token)
{
	const size_t len = strlen(token);

	return len <= SESSION_TOKEN_MAX && all_of(token, len, "/+=", true);
}

static lk_status
aws_check(const ProviderSecret *secret, struct lk_error *err)
{
	const Latchkey__Credentials__V1__AwsSecret *aws = secret->aws;

	if (!access_key_id_ok(aws->access_key_id))
		return lk_fail_field(err, "access_key_id", "FIELD_INVALID",
		    "access_key_id must be %d to %d upper-case letters and digits",
		    ACCESS_KEY_ID_MIN, ACCESS_KEY_ID_MAX);
	if (!secret_ok(aws->secret_access_key))
		return lk_fail_field(err, "secret_access_key", "FIELD_INVALID",
		    "secret_access_key must be %d to %d characters of A-Z a-z 0-9 / + =",
		    SECRET_MIN, SECRET_MAX);
	if (!region_ok(aws->region))
		return lk_fail_field(
		    err, "region", "FIELD_INVALID", "region must be like eu-central-1");
	if (!session_token_ok(aws->secret_session_token))
		return lk_fail_field(err, "session_token", "FIELD_INVALID",
		    "session_token must be at most %d characters of A-Z a-z 0-9 / + =",
		    SESSION_TOKEN_MAX);
	return LK_OK;
}

/* The access key id is not secret: AWS prints it in its logs. */
static void
aws_hint(const ProviderSecret *secret, char out[PROVIDER_HINT_SIZE])
{
	const char *id = secret->aws->access_key_id;

	if (!lk_text_copy(out, PROVIDER_HINT_SIZE, id))
		lk_text_copy(out, PROVIDER_HINT_SIZE, id + strlen(id) - 4);
}

/* The ids of temporary keys, from STS, begin with ASIA. */
static bool
aws_is_session(const ProviderSecret *secret)
{
	return strncmp(secret->aws->access_key_id, "ASIA", 4) == 0;
}

const struct provider provider_aws = {
	.name = "aws",
	.kind = LATCHKEY__CREDENTIALS__V1__PROVIDER_SECRET__PROVIDER_AWS,
	.check = aws_check,
	.hint = aws_hint,
	.is_session = aws_is_session,
};
