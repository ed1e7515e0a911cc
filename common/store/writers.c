/*
 * Writes on a pool of connections: on their caller's thread, or on a few of ours for those that
 * were submitted. The server groups what commits at the same moment.
 */
#include "store/writers.h"

#include <pthread.h>
#include <time.h>

#include "base/alloc.h"
#include "base/thread.h"

enum {
	THREADS_MAX = 64,
	SOON = 3, /* reruns at once, before they begin to wait */
	LONGEST_PAUSE_MS = 32,
};

struct write {
	lk_tx_fn *fn;
	void *arg;
	int64_t deadline;
	lk_store_done_fn *done;
	lk_status status;
	struct lk_error error;
	struct lk_hook *hooks;
	uint64_t reruns;
	struct write *next;
};

struct lk_writers {
	struct lk_pool *pool;
	struct lk_store_options options;
	pthread_t threads[THREADS_MAX]; /* as many as connections */
	size_t started;

	pthread_mutex_t mutex;
	pthread_cond_t work;
	bool stopping;
	struct write *first, **last;
	size_t submitted, inside; /* waiting for a thread; at work or waiting for a connection */
	struct lk_store_stats stats;
};

/* ---- One transaction ---- */

static lk_status
run_transaction(const struct lk_writers *writers, struct lk_session *session, struct write *write,
    struct lk_error *err)
{
	const struct lk_store_driver *driver = session->driver;

	LK_TRY(driver->control(session->conn, LK_CONTROL_BEGIN_WRITE, err));
	LK_TRY(lk_session_run(session, write->fn, write->arg, &write->hooks, err));
	if (lk_pool_left_ms(writers->pool, write->deadline) == 0)
		return lk_fail(err, LK_DEADLINE_EXCEEDED, "STORE_DEADLINE",
		    "the deadline passed; nothing was changed");
	return driver->control(session->conn, LK_CONTROL_COMMIT, err);
}

/* A commit in doubt keeps its hooks: what they make others forget may have changed. */
static lk_status
run_once(struct lk_writers *writers, struct write *write, bool *out_again, struct lk_error *err)
{
	struct lk_session *session = NULL;
	const struct lk_store_driver *driver;
	lk_status status;
	bool undone;

	*out_again = false;
	LK_TRY(lk_pool_borrow(writers->pool, write->deadline, &session, err));
	driver = session->driver;
	driver->remote->limit(session->conn, lk_pool_left_ms(writers->pool, write->deadline));
	status = run_transaction(writers, session, write, err);
	undone = status != LK_OK && !lk_text_is(err->reason, "STORE_IN_DOUBT");
	if (driver->in_transaction(session->conn))
		LK_IGNORE(driver->control(session->conn, LK_CONTROL_ROLLBACK, NULL));
	if (undone) {
		lk_hooks_free(LK_TAKE(write->hooks));
		*out_again = driver->remote->may_rerun(session->conn);
	}
	lk_pool_return(writers->pool, session);
	return status;
}

/* Those who collided part by waiting differently long. */
static void
pause_before(uint64_t rerun, const void *who)
{
	uint64_t longest_ms, ms;

	if (rerun <= SOON)
		return;
	longest_ms = rerun - SOON < 5 ? 1ULL << (rerun - SOON) : LONGEST_PAUSE_MS;
	ms = ((uint64_t)(uintptr_t)who * 0x9E3779B97F4A7C15ULL + rerun * 0xD1B54A32D192ED03ULL) >>
	     32;
	const struct timespec pause = { 0, (long)(1 + ms % longest_ms) * 1000000 };
	(void)nanosleep(&pause, NULL);
}

static void
run(struct lk_writers *writers, struct write *write)
{
	const int64_t begun_ms = lk_clock_steady_ms(writers->options.clock);
	bool again = true;

	while (again) {
		lk_error_clear(&write->error);
		write->status = run_once(writers, write, &again, &write->error);
		if (!again || lk_pool_left_ms(writers->pool, write->deadline) == 0 ||
		    lk_clock_steady_ms(writers->options.clock) - begun_ms > LK_POOL_LONGEST_MS)
			break;
		pause_before(++write->reruns, write);
	}
	lk_hooks_fire(write->hooks);
	lk_hooks_free(LK_TAKE(write->hooks));
}

/* ---- Counting ---- */

static lk_status
enter(struct lk_writers *writers, struct lk_error *err)
{
	lk_status status = LK_OK;

	pthread_mutex_lock(&writers->mutex);
	if (writers->stopping)
		status = lk_fail(err, LK_UNAVAILABLE, "STORE_CLOSED", "the database is closing");
	else if (writers->inside + writers->submitted >= writers->options.queue_max)
		status = lk_fail(
		    err, LK_RESOURCE_EXHAUSTED, "STORE_QUEUE_FULL", "too many writes are waiting");
	else
		writers->inside++;
	pthread_mutex_unlock(&writers->mutex);
	return status;
}

static void
leave(struct lk_writers *writers, const struct write *write)
{
	struct lk_store_stats *stats = &writers->stats;
	const bool kept = write->status == LK_OK;

	pthread_mutex_lock(&writers->mutex);
	writers->inside--;
	stats->writes += kept;
	stats->commits += kept;
	stats->failed += !kept;
	stats->expired += lk_text_is(write->error.reason, "STORE_DEADLINE");
	stats->reruns += write->reruns;
	if (kept)
		stats->max_group = 1;
	pthread_mutex_unlock(&writers->mutex);
}

lk_status
lk_writers_write(
    struct lk_writers *writers, int64_t deadline, lk_tx_fn *fn, void *arg, struct lk_error *err)
{
	struct write write = { .fn = fn, .arg = arg, .deadline = deadline };

	LK_TRY(enter(writers, err));
	run(writers, &write);
	leave(writers, &write);
	if (write.status != LK_OK && err)
		*err = write.error;
	return write.status;
}

void
lk_writers_stats(struct lk_writers *writers, struct lk_store_stats *out_stats)
{
	pthread_mutex_lock(&writers->mutex);
	*out_stats = writers->stats;
	out_stats->waiting = writers->submitted;
	pthread_mutex_unlock(&writers->mutex);
}

/* ---- Submitted writes ---- */

lk_status
lk_writers_submit(struct lk_writers *writers, int64_t deadline, lk_tx_fn *fn,
    lk_store_done_fn *done, void *arg, struct lk_error *err)
{
	struct write *write = LK_ALLOC(struct write);
	lk_status status;

	if (!write)
		return lk_fail_oom(err);
	write->fn = fn;
	write->arg = arg;
	write->deadline = deadline;
	write->done = done;
	status = enter(writers, err);
	if (status != LK_OK) {
		lk_free(write);
		return status;
	}
	pthread_mutex_lock(&writers->mutex);
	writers->inside--;
	writers->submitted++;
	*writers->last = write;
	writers->last = &write->next;
	pthread_cond_signal(&writers->work);
	pthread_mutex_unlock(&writers->mutex);
	return LK_OK;
}

/* NULL when all is done and nothing more comes. */
static struct write *
next_submitted(struct lk_writers *writers)
{
	struct write *write;

	pthread_mutex_lock(&writers->mutex);
	while (!writers->first && !writers->stopping)
		pthread_cond_wait(&writers->work, &writers->mutex);
	write = writers->first;
	if (write) {
		writers->first = write->next;
		if (!writers->first)
			writers->last = &writers->first;
		writers->submitted--;
		writers->inside++;
	}
	pthread_mutex_unlock(&writers->mutex);
	return write;
}

static void *
thread_main(void *arg)
{
	struct lk_writers *writers = (struct lk_writers *)arg;
	struct write *write;

	while ((write = next_submitted(writers)) != NULL) {
		enum lk_inside before;

		run(writers, write);
		leave(writers, write);
		before = lk_session_enter(LK_INSIDE_DONE);
		write->done(write->arg, write->status, &write->error);
		(void)lk_session_enter(before);
		lk_free(write);
	}
	return NULL;
}

/* ---- Birth and death ---- */

void
lk_writers_free(struct lk_writers *writers)
{
	if (!writers)
		return;
	pthread_mutex_lock(&writers->mutex);
	writers->stopping = true;
	pthread_cond_broadcast(&writers->work);
	pthread_mutex_unlock(&writers->mutex);
	while (writers->started > 0)
		pthread_join(writers->threads[--writers->started], NULL);
	pthread_cond_destroy(&writers->work);
	pthread_mutex_destroy(&writers->mutex);
	lk_free(writers);
}

static bool
start_threads(struct lk_writers *writers)
{
	while (writers->started < writers->options.writers) {
		if (!lk_thread_start(&writers->threads[writers->started], thread_main, writers))
			return false;
		writers->started++;
	}
	return true;
}

lk_status
lk_writers_new(struct lk_pool *pool, const struct lk_store_options *options,
    struct lk_writers **out_writers, struct lk_error *err)
{
	LK_AUTO(lk_writers_freep) struct lk_writers *writers = LK_ALLOC(struct lk_writers);

	if (!writers)
		return lk_fail_oom(err);
	writers->pool = pool;
	writers->options = *options;
	writers->last = &writers->first;
	pthread_mutex_init(&writers->mutex, NULL);
	pthread_cond_init(&writers->work, NULL);
	if (!start_threads(writers))
		return lk_fail(
		    err, LK_RESOURCE_EXHAUSTED, "OUT_OF_MEMORY", "a thread cannot be started");
	*out_writers = LK_TAKE(writers);
	return LK_OK;
}
