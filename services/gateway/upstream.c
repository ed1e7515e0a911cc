/* See upstream.h. */
#include "upstream.h"

struct upstream {
	struct lk_channel *channels[UPSTREAM_COUNT];
	uint32_t timeout_ms;
};

const char *
upstream_name(enum upstream_service service)
{
	static const char *const names[UPSTREAM_COUNT] = { "keys", "tokens", "credentials" };

	return names[service];
}

lk_status
upstream_open(const char *const urls[UPSTREAM_COUNT], uint32_t timeout_ms,
    struct upstream **out_upstream, struct lk_error *err)
{
	LK_AUTO(upstream_closep) struct upstream *upstream = LK_ALLOC(struct upstream);

	if (!upstream)
		return lk_fail_oom(err);
	upstream->timeout_ms = timeout_ms;
	for (int i = 0; i < UPSTREAM_COUNT; i++)
		LK_TRY(lk_channel_open(&upstream->channels[i], urls[i], NULL, err));
	*out_upstream = LK_TAKE(upstream);
	return LK_OK;
}

void
upstream_close(struct upstream *upstream)
{
	if (!upstream)
		return;
	for (int i = 0; i < UPSTREAM_COUNT; i++)
		lk_channel_close(upstream->channels[i]);
	lk_free(upstream);
}

lk_status
upstream_ask(struct upstream *upstream, const struct upstream_call *call, struct lk_arena *arena,
    ProtobufCMessage **out_reply, struct lk_error *err)
{
	const struct lk_rpc_request request = {
		.method = call->method,
		.body = call->body,
		.effect = call->effect,
		.timeout_ms = call->timeout_ms ? call->timeout_ms : upstream->timeout_ms,
		.request_id = call->request_id,
		.authorization = call->token,
		.idempotency_key = call->idempotency_key,
		.traceparent = call->traceparent,
	};

	return lk_channel_call(
	    upstream->channels[call->service], &request, call->reply_type, arena, out_reply, err);
}
