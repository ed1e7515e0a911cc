/* One call as its handler sees it: who asks, until when, with which memory, and where the error
 * goes. */
#ifndef LK_RPC_CALL_H
#define LK_RPC_CALL_H

#include <sys/types.h>

#include "base/base.h"
#include "rpc/method.h"
#include "time/clock.h"

struct lk_call;
struct lk_caller;                           /* auth/caller.h */
struct Latchkey__Common__V1__RequestHeader; /* latchkey/common/v1/frame.pb-c.h */

/* Everything returned here is borrowed and lives until the handler has returned. One thread at a
 * time has the call. */
struct lk_arena *lk_call_arena(struct lk_call *call); /* capped; wiped after the reply */
struct lk_error *lk_call_error(
    struct lk_call *call); /* what the reply says when the handler fails */
const struct lk_caller *lk_call_caller(const struct lk_call *call); /* NULL until authenticated */
void *lk_call_user(const struct lk_call *call); /* the service's own context: lk_service.user */
const struct lk_clock *lk_call_clock(const struct lk_call *call);
int64_t lk_call_deadline_steady_ms(const struct lk_call *call);
bool lk_call_expired(
    const struct lk_call *call); /* ask it before a commit: late work is not wanted any more */

const char *lk_call_request_id(const struct lk_call *call); /* never NULL */
const char *lk_call_method(
    const struct lk_call *call); /* "latchkey.keys.v1.KeyService/CreateKey" */
const struct lk_method *lk_call_row(
    const struct lk_call *call);                             /* NULL when the method is unknown */
const char *lk_call_traceparent(const struct lk_call *call); /* "" when absent */
const char *lk_call_idempotency_key(const struct lk_call *call); /* "" when absent */
struct lk_bytes lk_call_body(const struct lk_call *call); /* the request as it came, for its hash */
struct lk_bytes lk_call_reply_public_key(const struct lk_call *call); /* empty when absent */
const struct Latchkey__Common__V1__RequestHeader *lk_call_header(const struct lk_call *call);

/* Who is at the other end of the socket, for the log and the audit trail. It confers no authority.
 */
struct lk_call_origin {
	bool known; /* ipc only */
	uid_t uid;
	pid_t pid;
};
struct lk_call_origin lk_call_origin(const struct lk_call *call);

/* Whether this thread may block: true on a worker, false inside nng's callback. */
bool lk_call_may_block(const struct lk_call *call);

/*
 * For an inline handler, or an authenticator, that finds it would have to block: `return
 * lk_call_defer(call);`, which is ABORTED WOULD_BLOCK. Outside workers the server takes that answer
 * for "run me again on a worker": the handler starts afresh, with a new `rep`.
 */
lk_status lk_call_defer(struct lk_call *call);

/*
 * For a handler that waits for what needs no thread of its own, a commit say: ask lk_call_may_wait
 * (RESOURCE_EXHAUSTED SERVER_BUSY), keep what to go on with, arrange that lk_call_resume is called
 * exactly once, leave the call alone from then on and `return lk_call_later(call);`. The handler
 * then runs again, with a new `rep` and lk_call_kept() to go on with, on the thread that resumed,
 * perhaps before it has returned there: it must not block, and lk_call_defer takes it to a worker,
 * still with what was kept. Without a server nothing is resumed.
 */
lk_status lk_call_may_wait(struct lk_call *call, struct lk_error *err);
void lk_call_keep(struct lk_call *call, void *kept); /* borrowed: best from the call's arena */
void *lk_call_kept(const struct lk_call *call);      /* NULL the first time */
lk_status lk_call_later(struct lk_call *call);
void lk_call_resume(struct lk_call *call); /* any thread */

/*
 * For a handler that waits for what may be long in coming, an event say: how many such calls there
 * may be at once, so that those that wait for a worker or a commit keep their places. Whoever has
 * them counts them. 0 without a server, and where `contexts` leaves no room.
 */
unsigned lk_call_lingerers_max(const struct lk_call *call);
/* It has come: the duration of this call counts from here. When the handler runs again. */
void lk_call_time_anew(struct lk_call *call);

/* Answer with these bytes (a body encoded earlier) in place of `rep`. Copied into the arena. */
lk_status lk_call_reply_with(struct lk_call *call, struct lk_bytes packed, struct lk_error *err);

/* The same with a body that only the holder of the call's reply key can open; the reply's header
 * says so. */
lk_status lk_call_reply_sealed(struct lk_call *call, struct lk_bytes sealed, struct lk_error *err);
bool lk_call_reply_is_sealed(const struct lk_call *call);

/*
 * The seam to auth: rpc knows no rules. `authenticate` finds out who calls and allocates the caller
 * from lk_call_arena(); when it would have to block and `may_block` is false it returns
 * lk_call_defer(call). `authorize` says whether this caller may use a method that needs
 * `permission`. Both run on any thread.
 */
struct lk_authenticator {
	void *user;
	lk_status (*authenticate)(void *user, struct lk_call *call,
	    const struct Latchkey__Common__V1__RequestHeader *header, bool may_block,
	    const struct lk_caller **out_caller, struct lk_error *err);
	lk_status (*authorize)(void *user, struct lk_call *call, const struct lk_caller *caller,
	    int permission, struct lk_error *err);
};

/* A call without a server, to test a handler or an authenticator with. Everything is borrowed;
 * yours to free. */
struct lk_call_setup {
	const char *method;
	const struct lk_method *row;
	const struct lk_caller *caller;
	const struct Latchkey__Common__V1__RequestHeader *header; /* NULL: an empty one */
	struct lk_bytes body;
	void *user;
	const struct lk_clock *clock; /* NULL: the system's */
	int64_t deadline_steady_ms;   /* 0: none */
	bool may_block;
};
struct lk_call *lk_call_new(const struct lk_call_setup *setup); /* NULL when memory is short */
struct lk_bytes lk_call_reply(const struct lk_call *call); /* what lk_call_reply_with was given */
void lk_call_free(struct lk_call *call);
LK_DEFINE_FREEP(lk_call_freep, struct lk_call *, lk_call_free)

#endif
