/* A server's life: made and checked, started, drained, freed. What happens to a call is in slot.c
 * and dispatch.c. */
#include "rpc/server.h"

#include <nng/nng.h>
#include <nng/protocol/reqrep0/rep.h>
#include <time.h>

#include "base/alloc.h"
#include "rpc/frame.h"
#include "rpc/probe.h"
#include "rpc/server_impl.h"

enum {
	DEFAULT_CONTEXTS = 256,
	DEFAULT_WORKERS = 4,
	DEFAULT_QUEUE = 192,
	DEFAULT_ARENA = 1024 * 1024, /* 64 tokens and 64 identities fit */
	DEFAULT_TIMEOUT_MS = 30000,
	DEFAULT_SEND_TIMEOUT_MS = 1000,
	QUIET_US = 200000, /* a request that was under way when the path went arrives within this */
	POLL_MS = 5,
};

int64_t
lk_server_now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

#define DEFAULT(field, value)                                                                      \
	do {                                                                                       \
		if ((field) == 0)                                                                  \
			(field) = (value);                                                         \
	} while (0)

static void
fill_defaults(struct lk_server_config *c)
{
	if (c->clock == NULL)
		c->clock = lk_clock_system();
	DEFAULT(c->contexts, DEFAULT_CONTEXTS);
	DEFAULT(c->workers, DEFAULT_WORKERS);
	DEFAULT(c->queue_max, DEFAULT_QUEUE);
	DEFAULT(c->arena_cap, DEFAULT_ARENA);
	DEFAULT(c->max_timeout_ms, DEFAULT_TIMEOUT_MS);
	DEFAULT(c->send_timeout_ms, DEFAULT_SEND_TIMEOUT_MS);
}

static lk_status
check_config(const struct lk_server_config *c, struct lk_error *err)
{
	LK_TRY(lk_url_check(c->url, NULL, err));
	if (c->contexts <= c->workers + c->queue_max)
		return lk_fail_field(
		    err, "contexts", "CONFIG_INVALID", "contexts must exceed workers + queue_max");
	if (c->workers > 64)
		return lk_fail_field(err, "workers", "CONFIG_INVALID", "workers may be 64 at most");
	if (c->authenticator.authenticate == NULL || c->authenticator.authorize == NULL)
		return lk_fail_field(
		    err, "authenticator", "CONFIG_INVALID", "a server needs an authenticator");
	return LK_OK;
}

lk_status
lk_server_new(
    struct lk_server **out_server, const struct lk_server_config *config, struct lk_error *err)
{
	LK_AUTO(lk_server_freep) struct lk_server *server = LK_ALLOC(struct lk_server);

	if (server == NULL)
		return lk_fail_oom(err);
	server->config = *config;
	fill_defaults(&server->config);
	LK_TRY(check_config(&server->config, err));
	lk_text_copy(server->url, sizeof server->url, config->url); /* its length was checked */
	LK_TRY(lk_dispatcher_new(&server->dispatcher, config->services, config->service_count,
	    &server->config.authenticator, server->config.max_timeout_ms, err));
	LK_TRY(lk_queue_new(&server->queue, server->config.queue_max, lk_slot_run_on_worker, err));
	LK_TRY(lk_shun_new(&server->shun, err));
	server->slots = lk_alloc_array(server->config.contexts, sizeof *server->slots);
	if (server->slots == NULL)
		return lk_fail_oom(err);
	*out_server = LK_TAKE(server);
	return LK_OK;
}

static void
on_reaped(nng_pipe pipe, nng_pipe_ev event, void *arg)
{
	struct lk_server *server = arg;

	(void)pipe, (void)event;
	atomic_fetch_add(&server->reaped, 1);
}

static lk_status
open_socket(struct lk_server *server, struct lk_error *err)
{
	if (nng_rep0_open(&server->socket) != 0)
		return lk_fail_oom(err);
	server->socket_open = true;
	if (nng_socket_set_size(server->socket, NNG_OPT_RECVMAXSZ, LK_FRAME_MESSAGE_MAX) != 0)
		return lk_fail(err, LK_INTERNAL, "INTERNAL", "nng refused the limit of a message");
	if (nng_pipe_notify(server->socket, NNG_PIPE_EV_REM_POST, on_reaped, server) != 0)
		return lk_fail(err, LK_INTERNAL, "INTERNAL", "nng refused to tell of connections");
	return LK_OK;
}

static lk_status
open_slots(struct lk_server *server, struct lk_error *err)
{
	while (server->slot_count < server->config.contexts)
		LK_TRY(lk_slot_init(
		    &server->slots[server->slot_count++], server, server->socket, err));
	for (unsigned i = 0; i < server->slot_count; i++)
		lk_slot_receive(&server->slots[i]);
	return LK_OK;
}

static void
healed(void *user)
{
	struct lk_server *server = user;

	atomic_fetch_add(&server->healed, 1);
	if (server->config.on_healed != NULL)
		server->config.on_healed(server->config.hook_user);
}

static void
unreaped(void *user)
{
	struct lk_server *server = user;

	if (server->config.on_unreaped != NULL)
		server->config.on_unreaped(server->config.hook_user);
}

static lk_status
listen_at(struct lk_server *server, struct lk_error *err)
{
	const struct lk_server_config *config = &server->config;

	if (lk_url_is_tls(server->url)) {
		LK_TRY(lk_listen_tls(&server->listen, server->socket, server->url, config->tls,
		    config->allow_old_tls, err));
		server->listening = true;
		return LK_OK;
	}
	LK_TRY(lk_listen_start(&server->listen, server->socket, server->url, err));
	server->listening = true;
	const struct lk_listener_guard_config guard = { .listen = &server->listen,
		.alive = lk_probe_answers,
		.on_healed = healed,
		.reaped = &server->reaped,
		.on_unreaped = unreaped,
		.user = server };
	return lk_listener_guard_start(&server->guard, &guard, err);
}

lk_status
lk_server_start(struct lk_server *server, struct lk_error *err)
{
	LK_TRY(open_socket(server, err));
	LK_TRY(open_slots(server, err));
	LK_TRY(lk_queue_start(server->queue, server->config.workers, err));
	return listen_at(server, err);
}

/* From here on nobody new finds us, and nothing puts the path back. */
static void
close_door(struct lk_server *server)
{
	lk_listener_guard_free(LK_TAKE(server->guard));
	if (server->listening)
		lk_listen_unlink(&server->listen);
	server->listening = false;
}

static bool
is_quiet(struct lk_server *server, int64_t closed_us)
{
	const int64_t last_us = atomic_load(&server->last_received_us);
	const int64_t since_us = last_us > closed_us ? last_us : closed_us;

	return atomic_load(&server->in_progress) == 0 && lk_server_now_us() - since_us >= QUIET_US;
}

lk_status
lk_server_drain(struct lk_server *server, uint32_t timeout_ms, struct lk_error *err)
{
	const struct timespec pause = { .tv_nsec = POLL_MS * 1000000L };

	close_door(server);
	atomic_store(&server->draining, true);
	const int64_t closed_us = lk_server_now_us();
	while (!is_quiet(server, closed_us)) {
		if (lk_server_now_us() - closed_us >= (int64_t)timeout_ms * 1000)
			return lk_fail(err, LK_DEADLINE_EXCEEDED, "DRAIN_TIMEOUT",
			    "calls were still unanswered when the time was over");
		nanosleep(&pause, NULL);
	}
	return LK_OK;
}

struct lk_server_stats
lk_server_stats(struct lk_server *server)
{
	return (struct lk_server_stats){
		.calls = atomic_load(&server->calls),
		.failed = atomic_load(&server->failed),
		.healed = atomic_load(&server->healed),
		.in_progress = atomic_load(&server->in_progress),
		.queued = lk_queue_depth(server->queue),
		.waiting = atomic_load(&server->waiting),
	};
}

/* Who waits is resumed also when nobody hears the answer; what that sends is stopped, too. */
static void
stop_slots(struct lk_server *server)
{
	const struct timespec pause = { .tv_nsec = 1000000L };

	for (unsigned i = 0; i < server->slot_count; i++)
		lk_slot_stop(&server->slots[i]);
	while (atomic_load(&server->waiting) > 0)
		nanosleep(&pause, NULL);
	for (unsigned i = 0; i < server->slot_count; i++)
		lk_slot_stop(&server->slots[i]);
}

void
lk_server_free(struct lk_server *server)
{
	if (server == NULL)
		return;
	close_door(server);
	if (server->queue != NULL)
		lk_queue_stop(server->queue);
	stop_slots(server);
	for (unsigned i = 0; i < server->slot_count; i++)
		lk_slot_wipe(&server->slots[i]);
	if (server->socket_open)
		nng_close(server->socket);
	lk_queue_free(server->queue);
	lk_shun_free(server->shun);
	lk_dispatcher_free(server->dispatcher);
	lk_free(server->slots);
	lk_free(server);
}
