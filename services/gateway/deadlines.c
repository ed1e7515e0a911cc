/* A list, and a thread that looks at it a few times a second; see deadlines.h. */
#include "deadlines.h"

#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <time.h>

enum { LOOK_EACH_MS = 200 };

struct deadlines {
	const struct lk_clock *clock;
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t wake;
	bool stopping;
	struct deadline *first;
};

/* The mutex is held. The owner of the socket sees its end and closes it. */
static void
look(struct deadlines *deadlines)
{
	const int64_t now_ms = lk_clock_steady_ms(deadlines->clock);

	for (struct deadline *each = deadlines->first; each; each = each->next) {
		if (each->over || now_ms < each->at_ms)
			continue;
		each->over = true;
		(void)shutdown(each->socket, SHUT_RDWR);
	}
}

static void *
look_out(void *arg)
{
	struct deadlines *deadlines = (struct deadlines *)arg;

	pthread_mutex_lock(&deadlines->mutex);
	while (!deadlines->stopping) {
		struct timespec until;
		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_nsec += LOOK_EACH_MS * 1000000L;
		until.tv_sec += until.tv_nsec / 1000000000L;
		until.tv_nsec %= 1000000000L;
		(void)pthread_cond_timedwait(&deadlines->wake, &deadlines->mutex, &until);
		look(deadlines);
	}
	pthread_mutex_unlock(&deadlines->mutex);
	return NULL;
}

static void
init_locks(struct deadlines *deadlines)
{
	pthread_condattr_t steady;

	pthread_condattr_init(&steady);
	pthread_condattr_setclock(&steady, CLOCK_MONOTONIC);
	pthread_mutex_init(&deadlines->mutex, NULL);
	pthread_cond_init(&deadlines->wake, &steady);
	pthread_condattr_destroy(&steady);
}

static void
destroy(struct deadlines *deadlines)
{
	pthread_cond_destroy(&deadlines->wake);
	pthread_mutex_destroy(&deadlines->mutex);
	lk_free(deadlines);
}

lk_status
deadlines_new(const struct lk_clock *clock, struct deadlines **out_deadlines, struct lk_error *err)
{
	struct deadlines *deadlines = LK_ALLOC(struct deadlines);

	if (!deadlines)
		return lk_fail_oom(err);
	deadlines->clock = clock;
	init_locks(deadlines);
	if (pthread_create(&deadlines->thread, NULL, look_out, deadlines) != 0) {
		destroy(deadlines);
		return lk_fail(
		    err, LK_RESOURCE_EXHAUSTED, "OUT_OF_MEMORY", "a thread cannot be started");
	}
	*out_deadlines = deadlines;
	return LK_OK;
}

void
deadlines_free(struct deadlines *deadlines)
{
	if (!deadlines)
		return;
	pthread_mutex_lock(&deadlines->mutex);
	deadlines->stopping = true;
	pthread_cond_signal(&deadlines->wake);
	pthread_mutex_unlock(&deadlines->mutex);
	pthread_join(deadlines->thread, NULL);
	destroy(deadlines);
}

void
deadlines_add(struct deadlines *deadlines, struct deadline *deadline, int socket, int64_t in_ms)
{
	pthread_mutex_lock(&deadlines->mutex);
	*deadline = (struct deadline){ .socket = socket,
		.at_ms = lk_clock_steady_ms(deadlines->clock) + in_ms,
		.next = deadlines->first };
	if (deadlines->first)
		deadlines->first->previous = deadline;
	deadlines->first = deadline;
	pthread_mutex_unlock(&deadlines->mutex);
}

void
deadlines_move(struct deadlines *deadlines, struct deadline *deadline, int64_t in_ms)
{
	pthread_mutex_lock(&deadlines->mutex);
	deadline->at_ms = lk_clock_steady_ms(deadlines->clock) + in_ms;
	pthread_mutex_unlock(&deadlines->mutex);
}

void
deadlines_remove(struct deadlines *deadlines, struct deadline *deadline)
{
	pthread_mutex_lock(&deadlines->mutex);
	if (deadline->previous)
		deadline->previous->next = deadline->next;
	else
		deadlines->first = deadline->next;
	if (deadline->next)
		deadline->next->previous = deadline->previous;
	pthread_mutex_unlock(&deadlines->mutex);
}
