/* One service asks another, as itself: its assertion beside the call, within the time that is left.
 */
#ifndef LK_AUTH_PEER_CALL_H
#define LK_AUTH_PEER_CALL_H

#include "auth/assertion.h"
#include "rpc/channel.h"

/* The longest wait for a peer: a worker thread stands still meanwhile, whatever time its caller
 * has. */
enum { LK_PEER_WAIT_MS = 2000 };

/* Everything is borrowed until lk_peer_ask returns. */
struct lk_peer_question {
	const char *callee; /* "keys" */
	const char *method; /* full name */
	const ProtobufCMessage *body;
	enum lk_effect effect;
	int64_t deadline_steady_ms;
	bool impatient;          /* rpc/channel.h */
	const char *request_id;  /* of the call it is asked for; NULL: a new one */
	const char *traceparent; /* NULL: none */
};

/* lk_channel_call with an assertion; DEADLINE_EXCEEDED DEADLINE when no time is left; UNAVAILABLE
 * PEER_UNREACHABLE where it is away, or after LK_PEER_WAIT_MS without an answer. The reply
 * lies in the arena. Blocks. */
lk_status lk_peer_ask(struct lk_channel *channel, struct lk_assertion_maker *maker,
    const struct lk_clock *clock, const struct lk_peer_question *question,
    const ProtobufCMessageDescriptor *reply_type, struct lk_arena *arena,
    ProtobufCMessage **out_reply, struct lk_error *err);

#endif
