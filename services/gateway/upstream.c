/* See upstream.h. */
#include "upstream.h"

#include <time.h>

#include "auth/peer_call.h"

struct upstream {
	struct lk_channel *channels[UPSTREAM_COUNT];
	struct lk_tls *tls;
	uint32_t timeout_ms;
	struct upstream_counters counters;
};

const char *
upstream_name(enum upstream_service service)
{
	static const char *const names[UPSTREAM_COUNT] = { "keys", "tokens", "credentials" };

	return names[service];
}

lk_status
upstream_open(const char *const urls[UPSTREAM_COUNT], const struct lk_tls_files *tls,
    uint32_t timeout_ms, struct upstream_counters counters, struct upstream **out_upstream,
    struct lk_error *err)
{
	LK_AUTO(upstream_closep) struct upstream *upstream = LK_ALLOC(struct upstream);

	if (!upstream)
		return lk_fail_oom(err);
	upstream->timeout_ms = timeout_ms;
	upstream->counters = counters;
	LK_TRY(lk_tls_open(&upstream->tls, tls, err));
	const struct lk_channel_config config = { .tls = upstream->tls };
	for (int i = 0; i < UPSTREAM_COUNT; i++)
		LK_TRY(lk_channel_open(&upstream->channels[i], urls[i], &config, err));
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
	lk_tls_close(upstream->tls);
	lk_free(upstream);
}

int64_t
upstream_now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void
count(
    struct upstream *upstream, enum upstream_service service, lk_status status, int64_t duration_us)
{
	const struct upstream_counters *to = &upstream->counters;

	lk_histogram_observe_us(to->metrics, to->durations + service, (uint64_t)duration_us);
	if (status == LK_UNAVAILABLE || status == LK_DEADLINE_EXCEEDED || status == LK_UNKNOWN)
		lk_counter_add(to->metrics, to->lost + service, 1);
}

static struct lk_rpc_request
request_of(const struct upstream *upstream, const struct upstream_call *call)
{
	return (struct lk_rpc_request){
		.method = call->method,
		.body = call->body,
		.effect = call->effect,
		.timeout_ms = call->timeout_ms ? call->timeout_ms : upstream->timeout_ms,
		.request_id = call->request_id,
		.authorization = call->token,
		.idempotency_key = call->idempotency_key,
		.traceparent = call->traceparent,
	};
}

struct submitted {
	struct upstream *upstream;
	enum upstream_service service;
	int64_t begun_us;
	lk_channel_done done;
	void *user;
};

static void
on_done(void *user, lk_status status, const ProtobufCMessage *reply, const struct lk_error *err)
{
	const struct submitted *submitted = user;

	count(submitted->upstream, submitted->service, status,
	    upstream_now_us() - submitted->begun_us);
	submitted->done(submitted->user, status, reply, err);
}

lk_status
upstream_submit(struct upstream *upstream, const struct upstream_call *call, struct lk_arena *arena,
    lk_channel_done done, void *user, struct lk_error *err)
{
	struct lk_rpc_request request = request_of(upstream, call);
	struct submitted *submitted = LK_ARENA_NEW(arena, struct submitted);

	if (!submitted)
		return lk_fail_oom(err);
	*submitted = (struct submitted){ upstream, call->service, upstream_now_us(), done, user };
	request.impatient = true;
	return lk_channel_submit(
	    upstream->channels[call->service], &request, call->reply_type, on_done, submitted, err);
}

lk_status
upstream_ask(struct upstream *upstream, const struct upstream_call *call, struct lk_arena *arena,
    ProtobufCMessage **out_reply, struct lk_error *err)
{
	const struct lk_rpc_request request = request_of(upstream, call);
	const int64_t begun_us = upstream_now_us();
	const lk_status status = lk_channel_call(
	    upstream->channels[call->service], &request, call->reply_type, arena, out_reply, err);
	count(upstream, call->service, status, upstream_now_us() - begun_us);
	return status;
}

lk_status
upstream_ask_as(struct upstream *upstream, struct lk_assertion_maker *maker,
    const struct upstream_call *call, struct lk_arena *arena, ProtobufCMessage **out_reply,
    struct lk_error *err)
{
	const struct lk_clock *clock = lk_clock_system();
	const struct lk_peer_question question = {
		.callee = upstream_name(call->service),
		.method = call->method,
		.body = call->body,
		.effect = call->effect,
		.impatient = true,
		.deadline_steady_ms = lk_clock_steady_ms(clock) + call->timeout_ms,
	};

	return lk_peer_ask(upstream->channels[call->service], maker, clock, &question,
	    call->reply_type, arena, out_reply, err);
}

int64_t
upstream_certificate_ends_at_ms(const struct upstream *upstream)
{
	return lk_tls_ends_at_ms(upstream->tls);
}
