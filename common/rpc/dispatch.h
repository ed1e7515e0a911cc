/* From a frame to a status: header, method, limits, caller, body, handler. No sockets and no
 * threads in here. */
#ifndef LK_RPC_DISPATCH_H
#define LK_RPC_DISPATCH_H

#include "base/base.h"
#include "rpc/call.h"
#include "rpc/server.h"

struct lk_dispatcher;

/* Checks every table (lk_method_table_check) and that no two serve the same method. Immutable and
 * thread-safe. Yours. */
lk_status lk_dispatcher_new(struct lk_dispatcher **out, const struct lk_service *services,
    size_t service_count, const struct lk_authenticator *authenticator, uint32_t max_timeout_ms,
    struct lk_error *err);
void lk_dispatcher_free(struct lk_dispatcher *dispatcher);
LK_DEFINE_FREEP(lk_dispatcher_freep, struct lk_dispatcher *, lk_dispatcher_free)

/*
 * Read the header of `message` (borrowed until lk_call_reset) and find the method: INVALID_ARGUMENT
 * FRAME_INVALID, MESSAGE_INVALID, HEADER_INVALID, REQUEST_TOO_LARGE; UNIMPLEMENTED METHOD_UNKNOWN.
 * The call answers for its request id as soon as that was readable.
 */
lk_status lk_dispatch_open(
    const struct lk_dispatcher *dispatcher, struct lk_call *call, struct lk_bytes message);

/*
 * Authenticate, authorise, decode, run the handler. With call->may_block false it answers ABORTED
 * WOULD_BLOCK (lk_dispatch_would_block) when the method or what stands before it wants a worker:
 * call it again there. Otherwise the status is final, and lk_call_error() says the same.
 */
lk_status lk_dispatch_run(const struct lk_dispatcher *dispatcher, struct lk_call *call);
bool lk_dispatch_would_block(const struct lk_call *call, lk_status status);
/* Whether the handler waits for lk_call_resume: run the call again then. */
bool lk_dispatch_waits(const struct lk_call *call, lk_status status);

/*
 * The reply to `status`, in two steps so that it is packed straight into its message: measure, then
 * write exactly that many bytes. A reply above LK_FRAME_MESSAGE_MAX turns *status into INTERNAL
 * REPLY_TOO_LARGE.
 */
size_t lk_reply_measure(struct lk_call *call, lk_status *status);
void lk_reply_write(const struct lk_call *call, lk_status status, uint8_t *out);

#endif
