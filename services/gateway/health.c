/* Is this process there, and can it do its work? Public: says no more than that. */
#include "base/json.h"
#include "pages.h"
#include "problem.h"
#include "wire.h"

enum { ANSWER_WITHIN_MS = 1000 };

static lk_status
answer_text(struct http_request *request, unsigned status, struct lk_json *json,
    struct http_answer *answer, struct lk_error *err)
{
	const char *text = lk_json_text(json);
	const char *copy = text ? lk_arena_text(request->arena, text) : NULL;

	if (!copy)
		return lk_fail_oom(err);
	answer_json(status, lk_bytes_of(copy), answer);
	return LK_OK;
}

lk_status
page_alive(struct gateway *gateway, struct http_request *request, struct http_answer *answer,
    struct lk_error *err)
{
	LK_AUTO(lk_json_wipe) struct lk_json json = { 0 };

	(void)gateway;
	lk_json_object(&json, NULL);
	lk_json_string(&json, "status", "ok");
	lk_json_object_end(&json);
	return answer_text(request, 200, &json, answer, err);
}

/* "serving", "draining" or "unreachable"; *out_age_s since it started, -1 when that is not known.
 */
static const char *
state_of(struct gateway *gateway, struct http_request *request, enum upstream_service service,
    int64_t *out_age_s)
{
	CheckRequest body = LATCHKEY__HEALTH__V1__CHECK_REQUEST__INIT;
	const struct upstream_call call = {
		.service = service,
		.method = "latchkey.health.v1.HealthService/Check",
		.body = &body.base,
		.reply_type = &latchkey__health__v1__check_response__descriptor,
		.effect = LK_READ,
		.request_id = request->id,
		.traceparent = request->traceparent,
		.timeout_ms = ANSWER_WITHIN_MS,
	};
	ProtobufCMessage *reply;
	struct lk_error err;

	*out_age_s = -1;
	if (upstream_ask(gateway->upstream, &call, request->arena, &reply, &err) != LK_OK)
		return "unreachable";
	const CheckResponse *said = (const CheckResponse *)(const void *)reply;
	*out_age_s = (lk_clock_wall_ms(lk_clock_system()) - said->started_at_ms) / 1000;
	return said->state;
}

lk_status
page_ready(struct gateway *gateway, struct http_request *request, struct http_answer *answer,
    struct lk_error *err)
{
	LK_AUTO(lk_json_wipe) struct lk_json json = { 0 };
	int64_t ages_s[UPSTREAM_COUNT];
	bool ready = true;

	lk_json_object(&json, NULL);
	for (int i = 0; i < UPSTREAM_COUNT; i++) {
		const char *state =
		    state_of(gateway, request, (enum upstream_service)i, &ages_s[i]);
		ready = ready && lk_text_is(state, "serving");
		lk_json_string(&json, upstream_name((enum upstream_service)i), state);
	}
	lk_json_object(&json, "ageSeconds");
	for (int i = 0; i < UPSTREAM_COUNT; i++)
		if (ages_s[i] >= 0)
			lk_json_int(&json, upstream_name((enum upstream_service)i), ages_s[i]);
	lk_json_object_end(&json);
	lk_json_string(&json, "status", ready ? "ok" : "unavailable");
	lk_json_object_end(&json);
	return answer_text(request, ready ? 200 : 503, &json, answer, err);
}
