/* See container.h. */
#include "aws/container.h"

#include "time/duration.h"

static int64_t
over_at_ms(int64_t expires_at_ms, int64_t now_ms)
{
	const int64_t fresh_ms = now_ms + LK_AWS_FRESH_MS;

	return expires_at_ms > now_ms && expires_at_ms < fresh_ms ? expires_at_ms : fresh_ms;
}

void
lk_aws_container_credentials(struct lk_json *json, const struct lk_aws_keys *keys, int64_t now_ms)
{
	char instant[LK_INSTANT_SIZE];

	lk_instant_format(over_at_ms(keys->expires_at_ms, now_ms), instant);
	lk_json_object(json, NULL);
	lk_json_string(json, "AccessKeyId", keys->access_key_id);
	lk_json_string(json, "SecretAccessKey", keys->secret_access_key);
	lk_json_string(json, "Token", keys->session_token ? keys->session_token : "");
	lk_json_string(json, "Expiration", instant);
	lk_json_object_end(json);
}

void
lk_aws_container_refusal(
    struct lk_json *json, const char *code, const char *message, const char *request_id)
{
	lk_json_object(json, NULL);
	lk_json_string(json, "code", code);
	lk_json_string(json, "message", message);
	if (request_id)
		lk_json_string(json, "requestId", request_id);
	lk_json_object_end(json);
}
