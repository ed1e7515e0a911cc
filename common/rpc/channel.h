/* A client's way to one service: several addresses, many calls at a time, deadlines, and retries
 * that never write twice. */
#ifndef LK_RPC_CHANNEL_H
#define LK_RPC_CHANNEL_H

#include <protobuf-c/protobuf-c.h>

#include "base/base.h"
#include "rpc/method.h"
#include "rpc/tls.h"
#include "time/clock.h"

struct lk_channel;
struct Latchkey__Common__V1__Assertion; /* latchkey/common/v1/frame.pb-c.h */

/* Zero means the default in brackets. */
struct lk_channel_config {
	const struct lk_clock *clock; /* [the system's] */
	uint32_t timeout_ms;          /* of a request that names none [5,000] */
	unsigned max_in_flight;       /* per address [256]; above it RESOURCE_EXHAUSTED */
	const struct lk_tls *tls;     /* for addresses of tls+tcp://; borrowed */
};

/*
 * `urls` is one address or several by comma. Dials in the background and again when a connection is
 * lost, so the order in which processes start does not matter. INVALID_ARGUMENT URL_INVALID or
 * URL_TOO_LONG; over TLS the errors of lk_tls_dialer. out_channel is yours.
 */
lk_status lk_channel_open(struct lk_channel **out_channel, const char *urls,
    const struct lk_channel_config *config, struct lk_error *err);

/*
 * Opens a replayed reply that was sealed to the request's reply_public_key; the plain body lies in
 * `arena`. On the thread that decodes the reply.
 */
typedef lk_status lk_open_sealed_fn(void *user, struct lk_bytes sealed, struct lk_arena *arena,
    struct lk_bytes *out_plain, struct lk_error *err);

/* One call. Pointers are borrowed until it returns; NULL and zero mean absent. */
struct lk_rpc_request {
	const char *method;           /* "latchkey.keys.v1.KeyService/CreateKey" */
	const ProtobufCMessage *body; /* required */
	enum lk_effect effect; /* a LK_WRITE_ONCE is never sent again after its answer was lost */
	uint32_t timeout_ms;   /* for everything, retries included */
	bool impatient;        /* not worth waiting for a service that is away or about to end */
	const char
	    *request_id; /* [a new one]; pass your own call's on so that logs can be joined */
	const char *authorization;
	const struct Latchkey__Common__V1__Assertion *assertion;
	const char *idempotency_key;
	const char *traceparent;
	struct lk_bytes reply_public_key;
	lk_open_sealed_fn *open_sealed; /* beside reply_public_key */
	void *open_user;
};

/*
 * Ask and wait. The reply is decoded as `reply_type` into `arena` (out_reply is written on LK_OK
 * only). Any status of the server; besides these UNAVAILABLE SERVER_UNREACHABLE  nothing was
 * executed: there is no connection, or nobody took the request UNKNOWN OUTCOME_UNKNOWN         a
 * write was sent and its answer lost DEADLINE_EXCEEDED               a read got no answer in time
 *   RESOURCE_EXHAUSTED              too many in flight, or memory
 *   INVALID_ARGUMENT                the request is too large
 *   INTERNAL REPLY_INVALID          the answer was not one
 * Any thread, many at a time.
 */
lk_status lk_channel_call(struct lk_channel *channel, const struct lk_rpc_request *request,
    const ProtobufCMessageDescriptor *reply_type, struct lk_arena *arena,
    ProtobufCMessage **out_reply, struct lk_error *err);

/* `reply` is NULL unless status is LK_OK; `reply` and `err` live until the callback returns. On one
 * of nng's threads: no blocking. */
typedef void (*lk_channel_done)(
    void *user, lk_status status, const ProtobufCMessage *reply, const struct lk_error *err);

/*
 * The same without waiting: `done` is called exactly once if and only if this returns LK_OK,
 * perhaps before it returns. The request is copied.
 */
lk_status lk_channel_submit(struct lk_channel *channel, const struct lk_rpc_request *request,
    const ProtobufCMessageDescriptor *reply_type, lk_channel_done done, void *user,
    struct lk_error *err);

/* Calls still in flight end CANCELLED (a write that was sent: UNKNOWN); waits for their callbacks.
 * Not from a callback. */
void lk_channel_close(struct lk_channel *channel);
LK_DEFINE_FREEP(lk_channel_closep, struct lk_channel *, lk_channel_close)

#endif
