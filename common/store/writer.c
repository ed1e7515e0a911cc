/*
 * The one writer: operations that wait share a transaction, each in a savepoint, and one commit.
 * Whoever holds `busy` owns the connection: the writer thread, or, when nothing waits, the caller
 * itself, which saves two changes of thread.
 */
#include "store/writer.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <time.h>

#include "base/alloc.h"
#include "base/thread.h"

enum { IDLE_S = 1 }; /* after so long without a commit the log is emptied */

/* One operation, from the call to its answer. */
struct write {
	lk_tx_fn *fn;
	void *arg;
	int64_t deadline;
	lk_store_done_fn *done; /* NULL: somebody waits for `ready` */
	sem_t ready;
	lk_status status;
	struct lk_error error;
	struct lk_hook *hooks;
	bool expired;
	struct write *next;
};

/* Operations in the order they came. */
struct list {
	struct write *first, *last;
	size_t count;
};

struct lk_writer {
	struct lk_session *session; /* of the holder of `busy` */
	_Atomic(void *) lent;
	struct lk_store_options options;
	pthread_t thread;

	pthread_mutex_t mutex;
	pthread_cond_t work;
	bool started, busy, stopping;
	bool tidy_due; /* the log is long */
	bool log_used; /* the log is not empty */
	struct list waiting;
	struct lk_store_stats stats;
};

static void
list_push(struct list *list, struct write *write)
{
	write->next = NULL;
	if (list->last)
		list->last->next = write;
	else
		list->first = write;
	list->last = write;
	list->count++;
}

static struct write *
list_pop(struct list *list)
{
	struct write *write = list->first;

	if (!write)
		return NULL;
	list->first = write->next;
	if (!list->first)
		list->last = NULL;
	list->count--;
	return write;
}

/* ---- One operation inside an open transaction ---- */

static lk_status
control(struct lk_writer *writer, enum lk_control what, struct lk_error *err)
{
	return writer->session->driver->control(writer->session->conn, what, err);
}

static bool
in_transaction(struct lk_writer *writer)
{
	return writer->session->driver->in_transaction(writer->session->conn);
}

static int64_t
now_ms(const struct lk_writer *writer)
{
	return lk_clock_steady_ms(writer->options.clock);
}

static void
write_fail(struct write *write, lk_status status, const struct lk_error *error)
{
	lk_hooks_free(LK_TAKE(write->hooks));
	write->status = status;
	write->error = *error;
}

static bool
expire(const struct lk_writer *writer, struct write *write)
{
	struct lk_error error = { 0 };

	if (write->deadline == LK_NO_DEADLINE || now_ms(writer) < write->deadline)
		return false;
	write->expired = true;
	write_fail(write,
	    lk_fail(&error, LK_DEADLINE_EXCEEDED, "STORE_DEADLINE",
		"the deadline passed; nothing was changed"),
	    &error);
	return true;
}

/* Call its function, afresh. */
static void
call(struct lk_writer *writer, struct write *write)
{
	writer->session->lent = atomic_load(&writer->lent);
	lk_hooks_free(LK_TAKE(write->hooks));
	lk_error_clear(&write->error);
	write->status =
	    lk_session_run(writer->session, write->fn, write->arg, &write->hooks, &write->error);
	if (write->status == LK_OK)
		(void)expire(writer, write);
}

static void
rollback(struct lk_writer *writer)
{
	if (in_transaction(writer))
		LK_IGNORE(control(writer, LK_CONTROL_ROLLBACK,
		    NULL)); /* the next BEGIN tells if it did not work */
}

/* A transaction of its own. */
static void
run_alone(struct lk_writer *writer, struct write *write)
{
	struct lk_error error = { 0 };
	lk_status status;

	if (expire(writer, write))
		return;
	status = control(writer, LK_CONTROL_BEGIN_WRITE, &error);
	if (status == LK_OK) {
		call(writer, write);
		if (write->status == LK_OK)
			status = control(writer, LK_CONTROL_COMMIT, &error);
	}
	if (status != LK_OK)
		write_fail(write, status, &error);
	rollback(writer);
}

/* A savepoint in the group's transaction; LK_OK whatever the operation answers, unless the
 * transaction itself is lost. */
static lk_status
run_in_group(struct lk_writer *writer, struct write *write, struct lk_error *err)
{
	if (expire(writer, write))
		return LK_OK;
	LK_TRY(control(writer, LK_CONTROL_SAVEPOINT, err));
	call(writer, write);
	if (!in_transaction(writer)) /* a full disk ends it all */
		return lk_fail(err, LK_ABORTED, "STORE_BUSY", "the transaction was rolled back");
	return control(writer, write->status == LK_OK ? LK_CONTROL_RELEASE : LK_CONTROL_UNDO, err);
}

/* ---- Groups ---- */

/* All that waits, so that the lock is taken once for many. */
static void
take_waiting(struct lk_writer *writer, struct list *taken)
{
	pthread_mutex_lock(&writer->mutex);
	*taken = writer->waiting;
	writer->waiting = (struct list){ 0 };
	pthread_mutex_unlock(&writer->mutex);
}

/* What did not fit comes first in the next group. */
static void
put_back(struct lk_writer *writer, struct list *taken)
{
	struct write *write;

	if (!taken->first)
		return;
	pthread_mutex_lock(&writer->mutex);
	while ((write = list_pop(&writer->waiting)) != NULL)
		list_push(taken, write);
	writer->waiting = *taken;
	pthread_mutex_unlock(&writer->mutex);
}

static struct write *
next_member(
    struct lk_writer *writer, const struct list *group, struct list *taken, int64_t started_ms)
{
	if (group->count >= writer->options.group_max)
		return NULL;
	if (group->count > 0 && now_ms(writer) - started_ms >= (int64_t)writer->options.group_ms)
		return NULL;
	if (!taken->first)
		take_waiting(writer, taken);
	return list_pop(taken);
}

/* Fill `group` from the queue. On failure nothing of it happened. */
static lk_status
fill_group(struct lk_writer *writer, struct list *group, struct list *taken, struct lk_error *err)
{
	const int64_t started_ms = now_ms(writer);
	lk_status status = control(writer, LK_CONTROL_BEGIN_WRITE, err);
	struct write *write;

	while ((write = next_member(writer, group, taken, started_ms)) != NULL) {
		list_push(group, write);
		if (status == LK_OK)
			status = run_in_group(writer, write, err);
		if (status != LK_OK)
			return status;
	}
	return LK_OK;
}

static lk_status
try_group(struct lk_writer *writer, struct list *group, struct lk_error *err)
{
	struct list taken = { 0 };
	const lk_status status = fill_group(writer, group, &taken, err);

	put_back(writer, &taken);
	LK_TRY(status);
	return control(writer, LK_CONTROL_COMMIT, err);
}

static void
run_group(struct lk_writer *writer, struct list *group, size_t *out_reruns)
{
	struct lk_error error = { 0 };

	if (try_group(writer, group, &error) == LK_OK)
		return;
	rollback(writer);
	for (struct write *write = group->first; write; write = write->next)
		run_alone(writer, write);
	*out_reruns = group->count;
}

/* ---- Answers ---- */

static void
count(struct lk_writer *writer, const struct list *group, size_t reruns)
{
	struct lk_store_stats *stats = &writer->stats;
	size_t kept = 0;

	for (const struct write *write = group->first; write; write = write->next) {
		kept += write->status == LK_OK;
		stats->expired += write->expired;
	}
	stats->writes += kept;
	stats->failed += group->count - kept;
	stats->reruns += reruns;
	stats->commits += reruns ? kept : kept > 0;
	if (!reruns && kept > stats->max_group)
		stats->max_group = kept;
}

static void
answer(struct write *write)
{
	enum lk_inside before;

	if (!write->done) {
		(void)sem_post(
		    &write->ready); /* `write` is on the waiter's stack: gone from here on */
		return;
	}
	before = lk_session_enter(LK_INSIDE_DONE);
	write->done(write->arg, write->status, &write->error);
	(void)lk_session_enter(before);
	lk_free(write);
}

static void
fire_hooks(struct list *group)
{
	for (struct write *write = group->first; write; write = write->next) {
		lk_hooks_fire(write->hooks);
		lk_hooks_free(LK_TAKE(write->hooks));
	}
}

/* Give the connection back. The mutex is held. */
static void
leave(struct lk_writer *writer)
{
	const bool was_used = writer->log_used;

	writer->busy = false;
	writer->log_used = true;
	writer->tidy_due = writer->session->driver->tidy_due(writer->session->conn);
	if (writer->waiting.first || writer->tidy_due || writer->stopping || !was_used)
		pthread_cond_signal(&writer->work);
}

/* ---- The writer thread ---- */

static void
one_group(struct lk_writer *writer)
{
	struct list group = { 0 };
	size_t reruns = 0;
	struct write *write;

	run_group(writer, &group, &reruns);
	fire_hooks(&group);
	pthread_mutex_lock(&writer->mutex);
	count(writer, &group, reruns);
	pthread_mutex_unlock(&writer->mutex);
	while ((write = list_pop(&group)) != NULL)
		answer(write);
}

/* A checkpoint that fails leaves everything in the log, where it is safe; one that cannot be synced
 * does not come back. */
static bool
tidy(struct lk_writer *writer, enum lk_tidy why)
{
	return writer->session->driver->tidy(writer->session->conn, why, NULL) == LK_OK;
}

/* Wait for work; true when none came and no commit was made for a while. The mutex is held. */
static bool
wait_idle(struct lk_writer *writer)
{
	const uint64_t commits = writer->stats.commits;
	struct timespec until;

	if (!writer->log_used) {
		pthread_cond_wait(&writer->work, &writer->mutex);
		return false;
	}
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += IDLE_S;
	return pthread_cond_timedwait(&writer->work, &writer->mutex, &until) == ETIMEDOUT &&
	       !writer->busy && !writer->waiting.first && writer->stats.commits == commits;
}

static void
run_tidy(struct lk_writer *writer, enum lk_tidy why)
{
	bool done;

	writer->busy = true;
	pthread_mutex_unlock(&writer->mutex);
	done = tidy(writer, why);
	pthread_mutex_lock(&writer->mutex);
	writer->busy = false;
	writer->tidy_due = false; /* looked at again after the next commit */
	if (why == LK_TIDY_IDLE)
		writer->log_used = !done; /* a reader was in the way: again after the next pause */
	writer->stats.checkpoints += done;
}

static void
run_waiting(struct lk_writer *writer)
{
	writer->busy = true;
	pthread_mutex_unlock(&writer->mutex);
	one_group(writer);
	pthread_mutex_lock(&writer->mutex);
	leave(writer);
}

static void *
writer_main(void *arg)
{
	struct lk_writer *writer = (struct lk_writer *)arg;

	pthread_mutex_lock(&writer->mutex);
	for (;;) {
		if (!writer->busy && writer->tidy_due)
			run_tidy(writer, LK_TIDY_DUE);
		else if (!writer->busy && writer->waiting.first)
			run_waiting(writer);
		else if (!writer->busy && writer->stopping)
			break;
		else if (wait_idle(writer))
			run_tidy(writer, LK_TIDY_IDLE);
	}
	pthread_mutex_unlock(&writer->mutex);
	(void)tidy(writer, LK_TIDY_CLOSING);
	return NULL;
}

/* ---- The callers ---- */

/* The mutex is held. */
static lk_status
may_enter(const struct lk_writer *writer, struct lk_error *err)
{
	if (writer->stopping)
		return lk_fail(err, LK_UNAVAILABLE, "STORE_CLOSED", "the database is closing");
	if (writer->waiting.count >= writer->options.queue_max)
		return lk_fail(
		    err, LK_RESOURCE_EXHAUSTED, "STORE_QUEUE_FULL", "too many writes are waiting");
	return LK_OK;
}

static lk_status
enqueue(struct lk_writer *writer, struct write *write, struct lk_error *err)
{
	lk_status status;

	pthread_mutex_lock(&writer->mutex);
	status = may_enter(writer, err);
	if (status == LK_OK) {
		list_push(&writer->waiting, write);
		if (!writer->busy)
			pthread_cond_signal(&writer->work);
	}
	pthread_mutex_unlock(&writer->mutex);
	return status;
}

/* Take the connection when nobody has it and nobody waits. */
static bool
enter_idle(struct lk_writer *writer)
{
	bool entered;

	pthread_mutex_lock(&writer->mutex);
	entered = !writer->busy && !writer->stopping && !writer->waiting.first && !writer->tidy_due;
	if (entered)
		writer->busy = true;
	pthread_mutex_unlock(&writer->mutex);
	return entered;
}

static void
write_here(struct lk_writer *writer, struct write *write)
{
	struct list group = { 0 };

	run_alone(writer, write);
	list_push(&group, write);
	fire_hooks(&group);
	pthread_mutex_lock(&writer->mutex);
	count(writer, &group, 0);
	leave(writer);
	pthread_mutex_unlock(&writer->mutex);
}

static lk_status
write_there(struct lk_writer *writer, struct write *write, struct lk_error *err)
{
	lk_status status;

	(void)sem_init(&write->ready, 0, 0);
	status = enqueue(writer, write, err);
	while (status == LK_OK && sem_wait(&write->ready) != 0)
		; /* a signal came */
	(void)sem_destroy(&write->ready);
	return status;
}

lk_status
lk_writer_write(
    struct lk_writer *writer, int64_t deadline, lk_tx_fn *fn, void *arg, struct lk_error *err)
{
	struct write write = { .fn = fn, .arg = arg, .deadline = deadline };

	if (enter_idle(writer))
		write_here(writer, &write);
	else
		LK_TRY(write_there(writer, &write, err));
	if (write.status != LK_OK && err)
		*err = write.error;
	return write.status;
}

lk_status
lk_writer_submit(struct lk_writer *writer, int64_t deadline, lk_tx_fn *fn, lk_store_done_fn *done,
    void *arg, struct lk_error *err)
{
	struct write *write = LK_ALLOC(struct write);
	lk_status status;

	if (!write)
		return lk_fail_oom(err);
	write->fn = fn;
	write->arg = arg;
	write->deadline = deadline;
	write->done = done;
	status = enqueue(writer, write, err);
	if (status != LK_OK)
		lk_free(write);
	return status;
}

void
lk_writer_stats(struct lk_writer *writer, struct lk_store_stats *out_stats)
{
	pthread_mutex_lock(&writer->mutex);
	*out_stats = writer->stats;
	out_stats->waiting = writer->waiting.count;
	pthread_mutex_unlock(&writer->mutex);
}

/* ---- Birth and death ---- */

void
lk_writer_free(struct lk_writer *writer)
{
	if (!writer)
		return;
	pthread_mutex_lock(&writer->mutex);
	writer->stopping = true;
	pthread_cond_signal(&writer->work);
	pthread_mutex_unlock(&writer->mutex);
	if (writer->started)
		pthread_join(writer->thread, NULL);
	lk_session_close(writer->session);
	pthread_cond_destroy(&writer->work);
	pthread_mutex_destroy(&writer->mutex);
	lk_free(writer);
}

static void
init_locks(struct lk_writer *writer)
{
	pthread_condattr_t steady;

	pthread_condattr_init(&steady);
	pthread_condattr_setclock(&steady, CLOCK_MONOTONIC);
	pthread_mutex_init(&writer->mutex, NULL);
	pthread_cond_init(&writer->work, &steady);
	pthread_condattr_destroy(&steady);
}

static bool
start_thread(struct lk_writer *writer)
{
	writer->started = lk_thread_start(&writer->thread, writer_main, writer);
	return writer->started;
}

lk_status
lk_writer_new(struct lk_session *session, const struct lk_store_options *options,
    struct lk_writer **out_writer, struct lk_error *err)
{
	LK_AUTO(lk_writer_freep) struct lk_writer *writer = LK_ALLOC(struct lk_writer);

	if (!writer) {
		lk_session_close(session);
		return lk_fail_oom(err);
	}
	init_locks(writer);
	writer->session = session;
	writer->options = *options;
	if (!start_thread(writer))
		return lk_fail(
		    err, LK_RESOURCE_EXHAUSTED, "OUT_OF_MEMORY", "a thread cannot be started");
	*out_writer = LK_TAKE(writer);
	return LK_OK;
}

void
lk_writer_lend(struct lk_writer *writer, void *lent)
{
	atomic_store(&writer->lent, lent);
}
