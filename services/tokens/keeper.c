/* A thread that does one thing every second until it is told to end. */
#include "keeper.h"

#include <pthread.h>
#include <time.h>

#include "base/alloc.h"

struct keeper {
	void (*keep)(void *user);
	void *user;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t ending;
	bool end;
};

static bool
rest(struct keeper *keeper)
{
	struct timespec next;

	clock_gettime(CLOCK_MONOTONIC, &next);
	next.tv_sec += KEEPER_PERIOD_MS / 1000;
	pthread_mutex_lock(&keeper->lock);
	while (!keeper->end && pthread_cond_timedwait(&keeper->ending, &keeper->lock, &next) == 0)
		continue;
	const bool end = keeper->end;
	pthread_mutex_unlock(&keeper->lock);
	return !end;
}

static void *
run(void *arg)
{
	struct keeper *keeper = arg;

	while (rest(keeper))
		keeper->keep(keeper->user);
	return NULL;
}

static void
keeper_free(struct keeper *keeper)
{
	pthread_cond_destroy(&keeper->ending);
	pthread_mutex_destroy(&keeper->lock);
	lk_free(keeper);
}

lk_status
keeper_start(struct keeper **out_keeper, void (*keep)(void *user), void *user, struct lk_error *err)
{
	struct keeper *keeper = LK_ALLOC(struct keeper);
	pthread_condattr_t attributes;

	if (!keeper)
		return lk_fail_oom(err);
	keeper->keep = keep;
	keeper->user = user;
	pthread_mutex_init(&keeper->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&keeper->ending, &attributes);
	pthread_condattr_destroy(&attributes);
	if (pthread_create(&keeper->thread, NULL, run, keeper) != 0) {
		keeper_free(keeper);
		return lk_fail(err, LK_RESOURCE_EXHAUSTED, "NO_THREAD",
		    "the thread that keeps the signing keys could not be started");
	}
	*out_keeper = keeper;
	return LK_OK;
}

void
keeper_stop(struct keeper *keeper)
{
	if (!keeper)
		return;
	pthread_mutex_lock(&keeper->lock);
	keeper->end = true;
	pthread_cond_signal(&keeper->ending);
	pthread_mutex_unlock(&keeper->lock);
	pthread_join(keeper->thread, NULL);
	keeper_free(keeper);
}
