/* The services behind the gateway, asked with the caller's own proof: a captured gateway can be
 * nobody it was not shown. */
#ifndef LK_GATEWAY_UPSTREAM_H
#define LK_GATEWAY_UPSTREAM_H

#include <protobuf-c/protobuf-c.h>

#include "base/base.h"
#include "metrics/metrics.h"
#include "rpc/channel.h"

enum upstream_service { UPSTREAM_KEYS, UPSTREAM_TOKENS, UPSTREAM_CREDENTIALS, UPSTREAM_COUNT };

struct upstream;

/* Where calls are counted: rows of UPSTREAM_COUNT each, from these ids on. */
struct upstream_counters {
	struct lk_metrics *metrics; /* borrowed */
	size_t durations, lost;
};

/* Dials in the background: a service that is down is no reason not to start. */
lk_status upstream_open(const char *const urls[UPSTREAM_COUNT], const struct lk_tls_files *tls,
    uint32_t timeout_ms, struct upstream_counters counters, struct upstream **out_upstream,
    struct lk_error *err);
void upstream_close(struct upstream *upstream);
LK_DEFINE_FREEP(upstream_closep, struct upstream *, upstream_close)

/* When our certificate between hosts ends; 0: there is none. */
int64_t upstream_certificate_ends_at_ms(const struct upstream *upstream);

const char *upstream_name(enum upstream_service service); /* "keys" */

/* Microseconds from anywhere, never back: for measuring how long things take. */
int64_t upstream_now_us(void);

/* One rpc. Everything is borrowed for the length of the call; the reply lies in the arena. */
struct upstream_call {
	enum upstream_service service;
	const char *method; /* "latchkey.keys.v1.KeyService/CreateKey" */
	const ProtobufCMessage *body;
	const ProtobufCMessageDescriptor *reply_type;
	enum lk_effect effect;
	const char *token; /* NULL: of a public method */
	const char *request_id;
	const char *idempotency_key; /* NULL: none */
	const char *traceparent;     /* NULL: none */
	uint32_t timeout_ms;         /* 0: that of upstream_open */
};

struct lk_assertion_maker;

/* The same as a peer: an assertion in place of a token. Its timeout is the whole of it. */
lk_status upstream_ask_as(struct upstream *upstream, struct lk_assertion_maker *maker,
    const struct upstream_call *call, struct lk_arena *arena, ProtobufCMessage **out_reply,
    struct lk_error *err);

/*
 * Without waiting, and not for a service that is away: the errors of lk_channel_submit; after LK_OK
 * `done` is called as it says. What is kept meanwhile lies in the arena, which must outlive it.
 */
lk_status upstream_submit(struct upstream *upstream, const struct upstream_call *call,
    struct lk_arena *arena, lk_channel_done done, void *user, struct lk_error *err);

/* The errors of lk_channel_call. Blocks. */
lk_status upstream_ask(struct upstream *upstream, const struct upstream_call *call,
    struct lk_arena *arena, ProtobufCMessage **out_reply, struct lk_error *err);

#endif
