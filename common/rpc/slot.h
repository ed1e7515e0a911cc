/* A slot is one call in progress: nng context, aio, message, arena, deadline and error in one
 * object. Between server files. */
#ifndef LK_RPC_SLOT_H
#define LK_RPC_SLOT_H

#include <nng/nng.h>
#include <stdatomic.h>

#include "rpc/call_impl.h"

/*
 *            ┌──────────────── would block ───────────┐
 * IDLE → RECEIVING → RUNNING → SENDING → RECEIVING …  QUEUED → RUNNING (on a worker)
 *                    RUNNING → WAITING → RUNNING (on the thread that resumed)
 * Any state may end in STOPPED.
 */
enum lk_slot_state {
	LK_SLOT_IDLE,
	LK_SLOT_RECEIVING,
	LK_SLOT_RUNNING,
	LK_SLOT_QUEUED,
	LK_SLOT_WAITING,
	LK_SLOT_SENDING,
	LK_SLOT_STOPPED,
	LK_SLOT_STATE_COUNT_,
};

/* Owned by one thread at a time: nng's callback, the worker that dequeued it, or who resumed it. */
struct lk_slot {
	struct lk_server *server;
	enum lk_slot_state state;
	nng_ctx context;
	nng_aio *aio;
	nng_msg *
	    message; /* the request, and then the reply in the same memory; NULL while nng has it */
	struct lk_call call;
	atomic_uint met; /* of the two: the handler that has returned, and who resumes it */
	int64_t received_us;
	struct lk_slot *next; /* in the queue */
};

/* Open the context and its aio on `socket`. */
lk_status lk_slot_init(
    struct lk_slot *slot, struct lk_server *server, nng_socket socket, struct lk_error *err);
void lk_slot_receive(struct lk_slot *slot);
void lk_slot_run_on_worker(struct lk_slot *slot);
/* The aio ends and begins nothing any more; waits for a callback that runs. */
void lk_slot_stop(struct lk_slot *slot);
void lk_slot_wipe(struct lk_slot *slot); /* after lk_slot_stop */

#endif
