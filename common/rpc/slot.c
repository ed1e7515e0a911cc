/* A call in progress, from the message that arrives to the reply that leaves. See slot.h. */
#include "rpc/slot.h"

#include <nng/nng.h>
#include <nng/transport/ipc/ipc.h>
#include <stddef.h>
#include <stdlib.h>

#include "rpc/server_impl.h"

static const bool legal[LK_SLOT_STATE_COUNT_][LK_SLOT_STATE_COUNT_] = {
	[LK_SLOT_IDLE] = { [LK_SLOT_RECEIVING] = true, [LK_SLOT_STOPPED] = true },
	[LK_SLOT_RECEIVING] = { [LK_SLOT_RECEIVING] = true,
	    [LK_SLOT_RUNNING] = true,
	    [LK_SLOT_STOPPED] = true },
	[LK_SLOT_RUNNING] = { [LK_SLOT_QUEUED] = true,
	    [LK_SLOT_WAITING] = true,
	    [LK_SLOT_SENDING] = true,
	    [LK_SLOT_RECEIVING] = true, /* ignored */
	    [LK_SLOT_STOPPED] = true },
	[LK_SLOT_QUEUED] = { [LK_SLOT_RUNNING] = true, [LK_SLOT_STOPPED] = true },
	[LK_SLOT_WAITING] = { [LK_SLOT_RUNNING] = true, [LK_SLOT_STOPPED] = true },
	[LK_SLOT_SENDING] = { [LK_SLOT_RECEIVING] = true, [LK_SLOT_STOPPED] = true },
};

static void
move(struct lk_slot *slot, enum lk_slot_state next)
{
	if (!legal[slot->state][next])
		abort(); /* a bug of ours; going on could answer a call twice */
	slot->state = next;
}

static void
tell_finished(struct lk_slot *slot, lk_status status)
{
	const struct lk_server_config *config = &slot->server->config;

	if (config->on_finished == NULL)
		return;
	const struct lk_finished finished = {
		.call = &slot->call,
		.method = lk_call_method(&slot->call),
		.request_id = lk_call_request_id(&slot->call),
		.caller = slot->call.caller,
		.status = status,
		.error = &slot->call.error,
		.duration_us = lk_server_now_us() - slot->received_us,
	};
	config->on_finished(config->hook_user, &finished);
}

/* The request is in the arena by now, so its message's memory can carry the reply. */
static bool
pack_reply(struct lk_slot *slot, lk_status status, size_t size)
{
	nng_msg_clear(slot->message);
	if (nng_msg_realloc(slot->message, size) != 0)
		return false;
	lk_reply_write(&slot->call, status, nng_msg_body(slot->message));
	return true;
}

static void
end_call(struct lk_slot *slot)
{
	if (slot->message != NULL)
		nng_msg_free(slot->message);
	slot->message = NULL;
	lk_call_reset(&slot->call);
	atomic_fetch_sub(&slot->server->in_progress, 1);
}

/* While most contexts wait for somebody to read, patience is short: the rest must go on hearing. */
static nng_duration
send_patience(struct lk_server *server)
{
	const unsigned waiting = atomic_fetch_add(&server->sending, 1);
	const nng_duration whole = (nng_duration)server->config.send_timeout_ms;

	return waiting < server->config.contexts / 2 ? whole : (whole + 9) / 10;
}

static void
answer(struct lk_slot *slot, lk_status status)
{
	struct lk_server *server = slot->server;
	const size_t size = lk_reply_measure(&slot->call, &status);

	move(slot, LK_SLOT_SENDING);
	atomic_fetch_add_explicit(&server->calls, 1, memory_order_relaxed);
	if (status != LK_OK)
		atomic_fetch_add_explicit(&server->failed, 1, memory_order_relaxed);
	tell_finished(slot, status);
	if (!pack_reply(slot, status, size)) { /* no memory at all: the caller's deadline tells */
		end_call(slot);
		lk_slot_receive(slot);
		return;
	}
	nng_aio_set_timeout(slot->aio, send_patience(server));
	nng_aio_set_msg(slot->aio, slot->message);
	slot->message = NULL;
	nng_ctx_send(slot->context, slot->aio);
}

static void
hand_over(struct lk_slot *slot)
{
	move(slot, LK_SLOT_QUEUED);
	if (lk_queue_put(slot->server->queue, slot))
		return; /* a worker's now */
	move(slot, LK_SLOT_RUNNING);
	answer(slot, lk_fail(&slot->call.error, LK_RESOURCE_EXHAUSTED, "SERVER_BUSY",
			 "too many calls are waiting"));
}

static lk_status
open_call(struct lk_slot *slot)
{
	const struct lk_bytes message =
	    lk_bytes(nng_msg_body(slot->message), nng_msg_len(slot->message));

	LK_TRY(lk_dispatch_open(slot->server->dispatcher, &slot->call, message));
	if (atomic_load_explicit(&slot->server->draining, memory_order_relaxed))
		return lk_fail(
		    &slot->call.error, LK_UNAVAILABLE, "DRAINING", "this server is about to stop");
	return LK_OK;
}

static void go_on(struct lk_slot *slot);

/* The handler has returned, and somebody resumes it: who comes last goes on. */
static void
meet(struct lk_slot *slot)
{
	if (atomic_fetch_add(&slot->met, 1) == 1)
		go_on(slot);
}

static void
finish(struct lk_slot *slot, lk_status status)
{
	if (lk_dispatch_would_block(&slot->call, status)) {
		hand_over(slot);
	} else if (lk_dispatch_waits(&slot->call, status)) {
		move(slot, LK_SLOT_WAITING);
		atomic_fetch_add(&slot->server->waiting, 1);
		meet(slot);
	} else {
		answer(slot, status);
	}
}

static void
run(struct lk_slot *slot, bool may_block)
{
	slot->call.may_block = may_block;
	finish(slot, lk_dispatch_run(slot->server->dispatcher, &slot->call));
}

static void
go_on(struct lk_slot *slot)
{
	struct lk_server *server = slot->server;

	atomic_store(&slot->met, 0);
	move(slot, LK_SLOT_RUNNING);
	run(slot, false);
	atomic_fetch_sub(&server->waiting, 1);
}

static struct lk_slot *
slot_of(const struct lk_call *call)
{
	return (struct lk_slot *)((uintptr_t)call - offsetof(struct lk_slot, call));
}

static void
resume(struct lk_call *call)
{
	meet(slot_of(call));
}

/* Those that wait for a worker and those that wait for something else have one limit. */
static bool
is_full(struct lk_call *call)
{
	const struct lk_server *server = slot_of(call)->server;

	return atomic_load(&server->waiting) + lk_queue_depth(server->queue) >=
	       server->config.queue_max;
}

/* Half of the contexts that neither workers nor their queue can fill, and of the places for all
 * that waits. */
static unsigned
lingerers_max(const struct lk_call *call)
{
	const struct lk_server_config *config = &slot_of(call)->server->config;
	const unsigned spare = config->contexts - config->workers - config->queue_max;

	return (spare < config->queue_max ? spare : config->queue_max) / 2;
}

static void
time_anew(struct lk_call *call)
{
	slot_of(call)->received_us = lk_server_now_us();
}

static const struct lk_call_host call_host = { resume, is_full, lingerers_max, time_anew };

static void
run_inline(struct lk_slot *slot)
{
	const lk_status status = open_call(slot);

	if (status == LK_OK)
		run(slot, false);
	else
		answer(slot, status);
}

void
lk_slot_run_on_worker(struct lk_slot *slot)
{
	move(slot, LK_SLOT_RUNNING);
	run(slot, true);
}

/* Nothing was executed, and there is nobody who would read an answer. */
static void
ignore(struct lk_slot *slot)
{
	end_call(slot);
	lk_slot_receive(slot);
}

static void
received(struct lk_slot *slot)
{
	struct lk_server *server = slot->server;

	move(slot, LK_SLOT_RUNNING);
	slot->message = nng_aio_get_msg(slot->aio);
	nng_aio_set_msg(slot->aio, NULL);
	slot->received_us = lk_server_now_us();
	slot->call.pipe = (uint32_t)nng_msg_get_pipe(slot->message).id;
	atomic_fetch_add(&server->in_progress, 1);
	atomic_store_explicit(&server->last_received_us, slot->received_us, memory_order_relaxed);
	if (lk_shun_admits(server->shun, slot->call.pipe, slot->received_us / 1000))
		run_inline(slot);
	else
		ignore(slot);
}

static void
sent(struct lk_slot *slot)
{
	struct lk_shun *shun = slot->server->shun;
	const int result = nng_aio_result(slot->aio);

	atomic_fetch_sub(&slot->server->sending, 1);
	if (result == NNG_ETIMEDOUT)
		lk_shun_add(shun, slot->call.pipe, lk_server_now_us() / 1000);
	else if (result == 0)
		lk_shun_forgive(shun, slot->call.pipe);
	slot->message = nng_aio_get_msg(slot->aio); /* ours again when nobody took it */
	nng_aio_set_msg(slot->aio, NULL);
	end_call(slot);
	lk_slot_receive(slot);
}

static void
on_aio(void *arg)
{
	struct lk_slot *slot = arg;
	const int result = nng_aio_result(slot->aio);

	if (slot->state == LK_SLOT_SENDING)
		sent(slot);
	else if (result == 0)
		received(slot);
	else if (result == NNG_ECLOSED || result == NNG_ECANCELED)
		move(slot, LK_SLOT_STOPPED);
	else
		lk_slot_receive(slot);
}

void
lk_slot_receive(struct lk_slot *slot)
{
	move(slot, LK_SLOT_RECEIVING);
	nng_aio_set_timeout(slot->aio, NNG_DURATION_INFINITE);
	nng_ctx_recv(slot->context, slot->aio);
}

lk_status
lk_slot_init(
    struct lk_slot *slot, struct lk_server *server, nng_socket socket, struct lk_error *err)
{
	slot->server = server;
	slot->call.arena = lk_arena_new(server->config.arena_cap);
	slot->call.clock = server->config.clock;
	slot->call.host = &call_host;
	if (slot->call.arena == NULL)
		return lk_fail_oom(err);
	lk_call_reset(&slot->call);
	if (nng_aio_alloc(&slot->aio, on_aio, slot) != 0 ||
	    nng_ctx_open(&slot->context, socket) != 0)
		return lk_fail_oom(err);
	return LK_OK;
}

void
lk_slot_stop(struct lk_slot *slot)
{
	if (slot->aio != NULL)
		nng_aio_stop(slot->aio);
}

void
lk_slot_wipe(struct lk_slot *slot)
{
	if (slot->aio != NULL) {
		if (nng_aio_get_msg(slot->aio) != NULL)
			nng_msg_free(nng_aio_get_msg(slot->aio));
		nng_ctx_close(slot->context);
		nng_aio_free(slot->aio);
	}
	if (slot->message != NULL)
		nng_msg_free(slot->message);
	lk_arena_free(slot->call.arena);
}

struct lk_call_origin
lk_call_origin(const struct lk_call *call)
{
	const nng_pipe pipe = { .id = call->pipe };
	uint64_t uid = 0, pid = 0;

	if (call->pipe == 0 || nng_pipe_get_uint64(pipe, NNG_OPT_IPC_PEER_UID, &uid) != 0 ||
	    nng_pipe_get_uint64(pipe, NNG_OPT_IPC_PEER_PID, &pid) != 0)
		return (struct lk_call_origin){ 0 };
	return (struct lk_call_origin){ .known = true, .uid = (uid_t)uid, .pid = (pid_t)pid };
}
