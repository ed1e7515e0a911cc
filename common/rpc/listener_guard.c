/*
 * A client that connects and closes at once, or dies just after dialling, stops an ipc listener of
 * nng before 1.6 for ever, silently. A dead listener still completes connect(), so the probe is a
 * whole exchange on a new connection (probe.h); the cure is a second listener that takes over the
 * path, while the dead one stays open so that its connections and the writes in flight on them
 * survive.
 *
 * The same version loses its reaper when a connection dies in the middle of a message while an
 * answer is being sent on it: from then on every connection that ends keeps its descriptor. The
 * probes come and go every 200 ms, so a reaper that let go of none of 300 of them in a row is lost,
 * and the process is to be replaced before it runs out. Delete this file and its header when
 * nng 1.5 is gone.
 */
#include "rpc/listener_guard.h"

#include <pthread.h>
#include <time.h>

#include "base/alloc.h"

enum { PROBE_EVERY_MS = 200, PROBE_TIMEOUT_MS = 500, UNREAPED_MAX = 300 };

static const bool needed = NNG_MAJOR_VERSION == 1 && NNG_MINOR_VERSION < 6;

struct lk_listener_guard {
	struct lk_listener_guard_config config;
	unsigned reaped, unreaped; /* what nng had let go of, and probes since */
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t stopped_changed;
	bool stopped;
};

/* False when the guard was stopped meanwhile. */
static bool
pause_between(struct lk_listener_guard *guard)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += PROBE_EVERY_MS * 1000000L;
	until.tv_sec += until.tv_nsec / 1000000000L;
	until.tv_nsec %= 1000000000L;
	pthread_mutex_lock(&guard->mutex);
	while (!guard->stopped && pthread_cond_clockwait(&guard->stopped_changed, &guard->mutex,
				      CLOCK_MONOTONIC, &until) == 0)
		;
	const bool go_on = !guard->stopped;
	pthread_mutex_unlock(&guard->mutex);
	return go_on;
}

static int64_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* A question that took much longer than it may was asked by a process that stood still meanwhile,
 * and says nothing. */
static bool
is_dead(struct lk_listener_guard *guard)
{
	const int64_t asked_ms = now_ms();

	return !guard->config.alive(guard->config.listen->path, PROBE_TIMEOUT_MS) &&
	       now_ms() - asked_ms < 2 * PROBE_TIMEOUT_MS;
}

static void
heal(struct lk_listener_guard *guard)
{
	if (lk_listen_again(guard->config.listen, NULL) == LK_OK) /* else: at the next round */
		guard->config.on_healed(guard->config.user);
}

/* After a probe that came and went. */
static void
look_after_reaper(struct lk_listener_guard *guard)
{
	if (guard->config.reaped == NULL)
		return;
	const unsigned reaped = atomic_load(guard->config.reaped);
	guard->unreaped = reaped == guard->reaped ? guard->unreaped + 1 : 0;
	guard->reaped = reaped;
	if (guard->unreaped == guard->config.unreaped_limit)
		guard->config.on_unreaped(guard->config.user);
}

static void *
watch(void *arg)
{
	struct lk_listener_guard *guard = arg;

	while (pause_between(guard)) {
		if (is_dead(guard))
			heal(guard);
		else
			look_after_reaper(guard);
	}
	return NULL;
}

lk_status
lk_listener_guard_start(struct lk_listener_guard **out_guard,
    const struct lk_listener_guard_config *config, struct lk_error *err)
{
	if (!needed)
		return LK_OK;
	struct lk_listener_guard *guard = LK_ALLOC(struct lk_listener_guard);
	if (guard == NULL)
		return lk_fail_oom(err);
	guard->config = *config;
	if (guard->config.unreaped_limit == 0)
		guard->config.unreaped_limit = UNREAPED_MAX;
	pthread_mutex_init(&guard->mutex, NULL);
	pthread_cond_init(&guard->stopped_changed, NULL);
	if (pthread_create(&guard->thread, NULL, watch, guard) != 0) {
		lk_free(guard);
		return lk_fail_oom(err);
	}
	*out_guard = guard;
	return LK_OK;
}

void
lk_listener_guard_free(struct lk_listener_guard *guard)
{
	if (guard == NULL)
		return;
	pthread_mutex_lock(&guard->mutex);
	guard->stopped = true;
	pthread_cond_signal(&guard->stopped_changed);
	pthread_mutex_unlock(&guard->mutex);
	pthread_join(guard->thread, NULL);
	pthread_cond_destroy(&guard->stopped_changed);
	pthread_mutex_destroy(&guard->mutex);
	lk_free(guard);
}
