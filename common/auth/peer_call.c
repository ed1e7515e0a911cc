/* Assertion, time left, call. */
#include "auth/peer_call.h"

#include "latchkey/common/v1/frame.pb-c.h"

/* The wire form borrows every text of `assertion`. */
static void
assertion_to_wire(struct lk_assertion *assertion, Latchkey__Common__V1__Assertion *out)
{
	latchkey__common__v1__assertion__init(out);
	out->caller = assertion->caller;
	out->callee = assertion->callee;
	out->method = assertion->method;
	out->instance = assertion->instance;
	out->issued_at_ms = assertion->issued_at_ms;
	out->expires_at_ms = assertion->expires_at_ms;
	out->signature.data = assertion->signature;
	out->signature.len = sizeof assertion->signature;
}

/* The caller still has time, we only stopped waiting: another attempt may find the service back. */
static lk_status
gave_up(struct lk_error *err)
{
	return lk_fail(
	    err, LK_UNAVAILABLE, "PEER_UNREACHABLE", "a service that is needed does not answer");
}

/* In words of its own: whoever asked us would take the channel's for its own, that we are away. */
static bool
is_away(const struct lk_error *err)
{
	return lk_text_is(err->reason, "SERVER_UNREACHABLE") ||
	       lk_text_is(err->reason, "CONNECTION_LOST") || lk_text_is(err->reason, "DRAINING");
}

lk_status
lk_peer_ask(struct lk_channel *channel, struct lk_assertion_maker *maker,
    const struct lk_clock *clock, const struct lk_peer_question *question,
    const ProtobufCMessageDescriptor *reply_type, struct lk_arena *arena,
    ProtobufCMessage **out_reply, struct lk_error *err)
{
	const int64_t left_ms = question->deadline_steady_ms - lk_clock_steady_ms(clock);
	Latchkey__Common__V1__Assertion wire;
	struct lk_assertion assertion;

	if (left_ms <= 0)
		return lk_fail(err, LK_DEADLINE_EXCEEDED, "DEADLINE", "no time is left");
	LK_TRY(lk_assertion_make(maker, question->callee, question->method, &assertion, err));
	assertion_to_wire(&assertion, &wire);
	struct lk_error why = { 0 };
	const struct lk_rpc_request request = {
		.method = question->method,
		.body = question->body,
		.effect = question->effect,
		.impatient = question->impatient,
		.timeout_ms = (uint32_t)(left_ms < LK_PEER_WAIT_MS ? left_ms : LK_PEER_WAIT_MS),
		.request_id = question->request_id,
		.traceparent = question->traceparent,
		.assertion = &wire,
	};
	const lk_status status =
	    lk_channel_call(channel, &request, reply_type, arena, out_reply, &why);
	if ((status == LK_DEADLINE_EXCEEDED && left_ms > LK_PEER_WAIT_MS) ||
	    (status == LK_UNAVAILABLE && is_away(&why)))
		return gave_up(err);
	if (status != LK_OK && err)
		*err = why;
	return status;
}
