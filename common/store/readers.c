/* The pool of read connections: each read borrows one, sees one snapshot, and gives it back. */
#include "store/readers.h"

#include <pthread.h>
#include <time.h>

#include "base/alloc.h"

struct lk_readers {
	pthread_mutex_t mutex;
	pthread_cond_t idle_again;
	const struct lk_clock *clock;
	bool closing;
	uint64_t reads;
	size_t count, idle_count;
	struct lk_session **all;
	struct lk_session **idle; /* a stack: the warmest first */
};

static void
close_all(struct lk_readers *readers)
{
	for (size_t i = 0; i < readers->count; i++)
		lk_session_close(readers->all[i]);
	pthread_cond_destroy(&readers->idle_again);
	pthread_mutex_destroy(&readers->mutex);
	lk_free(readers->all);
	lk_free(readers->idle);
	lk_free(readers);
}

void
lk_readers_free(struct lk_readers *readers)
{
	if (!readers)
		return;
	pthread_mutex_lock(&readers->mutex);
	readers->closing = true;
	pthread_cond_broadcast(&readers->idle_again);
	while (readers->idle_count < readers->count)
		pthread_cond_wait(&readers->idle_again, &readers->mutex);
	pthread_mutex_unlock(&readers->mutex);
	close_all(readers);
}

static void
init_locks(struct lk_readers *readers)
{
	pthread_condattr_t steady;

	pthread_condattr_init(&steady);
	pthread_condattr_setclock(&steady, CLOCK_MONOTONIC);
	pthread_mutex_init(&readers->mutex, NULL);
	pthread_cond_init(&readers->idle_again, &steady);
	pthread_condattr_destroy(&steady);
}

lk_status
lk_readers_new(const struct lk_store_driver *driver, struct lk_db *db,
    const struct lk_store_options *options, struct lk_readers **out_readers, struct lk_error *err)
{
	LK_AUTO(lk_readers_freep) struct lk_readers *readers = LK_ALLOC(struct lk_readers);

	if (!readers)
		return lk_fail_oom(err);
	init_locks(readers);
	readers->clock = options->clock;
	readers->all = lk_alloc_array(options->readers, sizeof(struct lk_session *));
	readers->idle = lk_alloc_array(options->readers, sizeof(struct lk_session *));
	if (!readers->all || !readers->idle)
		return lk_fail_oom(err);
	while (readers->count < options->readers) {
		struct lk_session *session = NULL;

		LK_TRY(lk_session_open(driver, db, LK_CONN_READER, &session, err));
		readers->all[readers->count++] = session;
		readers->idle[readers->idle_count++] = session;
	}
	*out_readers = LK_TAKE(readers);
	return LK_OK;
}

/* Wait for a connection at most until the deadline, which is on the caller's clock. The mutex is
 * held. */
static void
wait_for_idle(struct lk_readers *readers, int64_t left_ms)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	left_ms = left_ms < 60000 ? left_ms : 60000; /* the caller looks again */
	until.tv_sec += (time_t)(left_ms / 1000);
	until.tv_nsec += (long)(left_ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	(void)pthread_cond_timedwait(&readers->idle_again, &readers->mutex, &until);
}

/* The mutex is held. */
static lk_status
take_idle(struct lk_readers *readers, int64_t deadline, struct lk_session **out_session,
    struct lk_error *err)
{
	for (;;) {
		const int64_t now = lk_clock_steady_ms(readers->clock);

		if (readers->closing)
			return lk_fail(
			    err, LK_UNAVAILABLE, "STORE_CLOSED", "the database is closing");
		if (now >= deadline)
			return lk_fail(err, LK_DEADLINE_EXCEEDED, "STORE_DEADLINE",
			    "the deadline passed before the read began");
		if (readers->idle_count > 0)
			break;
		wait_for_idle(readers, deadline - now);
	}
	readers->reads++;
	*out_session = readers->idle[--readers->idle_count];
	return LK_OK;
}

static lk_status
borrow(struct lk_readers *readers, int64_t deadline, struct lk_session **out_session,
    struct lk_error *err)
{
	lk_status status;

	pthread_mutex_lock(&readers->mutex);
	status = take_idle(readers, deadline, out_session, err);
	pthread_mutex_unlock(&readers->mutex);
	return status;
}

static void
give_back(struct lk_readers *readers, struct lk_session *session)
{
	pthread_mutex_lock(&readers->mutex);
	readers->idle[readers->idle_count++] = session;
	if (readers->closing)
		pthread_cond_broadcast(&readers->idle_again);
	else
		pthread_cond_signal(&readers->idle_again);
	pthread_mutex_unlock(&readers->mutex);
}

static lk_status
read_snapshot(struct lk_session *session, lk_tx_fn *fn, void *arg, struct lk_error *err)
{
	lk_status status;

	LK_TRY(session->driver->control(session->conn, LK_CONTROL_BEGIN_READ, err));
	status = lk_session_run(session, fn, arg, NULL, err);
	LK_IGNORE(session->driver->control(
	    session->conn, LK_CONTROL_ROLLBACK, NULL)); /* nothing was written */
	return status;
}

lk_status
lk_readers_read(
    struct lk_readers *readers, int64_t deadline, lk_tx_fn *fn, void *arg, struct lk_error *err)
{
	struct lk_session *session = NULL;
	struct lk_error own = { 0 };
	lk_status status = borrow(readers, deadline, &session, &own);

	if (status == LK_OK) {
		status = read_snapshot(session, fn, arg, &own);
		give_back(readers, session);
	}
	if (status != LK_OK && err)
		*err = own;
	return status;
}

uint64_t
lk_readers_count(struct lk_readers *readers)
{
	uint64_t reads;

	pthread_mutex_lock(&readers->mutex);
	reads = readers->reads;
	pthread_mutex_unlock(&readers->mutex);
	return reads;
}
