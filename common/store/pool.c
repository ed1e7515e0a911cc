/* The pool of connections: each borrower has one for itself, and the warmest is lent first. */
#include "store/pool.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "base/alloc.h"

struct lk_pool {
	const struct lk_store_driver *driver;
	struct lk_db *db;
	enum lk_conn_role role;
	const struct lk_clock *clock;

	pthread_mutex_t mutex;
	pthread_cond_t idle_again;
	bool closing;
	_Atomic(void *) lent;
	atomic_uint_fast64_t reads;
	size_t size, open_count, idle_count; /* those that are lent are open and not idle */
	struct lk_session **idle;            /* a stack */
};

/* ---- Birth and death ---- */

void
lk_pool_free(struct lk_pool *pool)
{
	if (!pool)
		return;
	pthread_mutex_lock(&pool->mutex);
	pool->closing = true;
	pthread_cond_broadcast(&pool->idle_again);
	while (pool->idle_count < pool->open_count)
		pthread_cond_wait(&pool->idle_again, &pool->mutex);
	pthread_mutex_unlock(&pool->mutex);
	while (pool->idle_count > 0)
		lk_session_close(pool->idle[--pool->idle_count]);
	pthread_cond_destroy(&pool->idle_again);
	pthread_mutex_destroy(&pool->mutex);
	lk_free(pool->idle);
	lk_free(pool);
}

static void
init_locks(struct lk_pool *pool)
{
	pthread_condattr_t steady;

	pthread_condattr_init(&steady);
	pthread_condattr_setclock(&steady, CLOCK_MONOTONIC);
	pthread_mutex_init(&pool->mutex, NULL);
	pthread_cond_init(&pool->idle_again, &steady);
	pthread_condattr_destroy(&steady);
}

static lk_status
open_one(struct lk_pool *pool, struct lk_session **out_session, struct lk_error *err)
{
	return lk_session_open(pool->driver, pool->db, pool->role, out_session, err);
}

lk_status
lk_pool_new(const struct lk_store_driver *driver, struct lk_db *db, enum lk_conn_role role,
    size_t size, const struct lk_clock *clock, struct lk_pool **out_pool, struct lk_error *err)
{
	LK_AUTO(lk_pool_freep) struct lk_pool *pool = LK_ALLOC(struct lk_pool);
	const size_t at_once = driver->remote ? 1 : size;

	if (!pool)
		return lk_fail_oom(err);
	init_locks(pool);
	pool->driver = driver;
	pool->db = db;
	pool->role = role;
	pool->clock = clock;
	pool->size = size;
	pool->idle = lk_alloc_array(size, sizeof(struct lk_session *));
	if (!pool->idle)
		return lk_fail_oom(err);
	while (pool->open_count < at_once) {
		LK_TRY(open_one(pool, &pool->idle[pool->idle_count], err));
		pool->open_count++;
		pool->idle_count++;
	}
	*out_pool = LK_TAKE(pool);
	return LK_OK;
}

/* ---- Borrow and return ---- */

int64_t
lk_pool_left_ms(const struct lk_pool *pool, int64_t deadline)
{
	const int64_t now = lk_clock_steady_ms(pool->clock);

	if (deadline <= now)
		return 0;
	return deadline - now < LK_POOL_LONGEST_MS ? deadline - now : LK_POOL_LONGEST_MS;
}

/* Wait for a connection at most until the deadline, which is on the caller's clock. The mutex is
 * held. */
static void
wait_for_idle(struct lk_pool *pool, int64_t left_ms)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += (time_t)(left_ms / 1000);
	until.tv_nsec += (long)(left_ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	(void)pthread_cond_timedwait(&pool->idle_again, &pool->mutex, &until);
}

/* An idle connection, or NULL and the right to open one. The mutex is held. */
static lk_status
take(struct lk_pool *pool, int64_t deadline, struct lk_session **out_session, struct lk_error *err)
{
	for (;;) {
		const int64_t left_ms = lk_pool_left_ms(pool, deadline);

		if (pool->closing)
			return lk_fail(
			    err, LK_UNAVAILABLE, "STORE_CLOSED", "the database is closing");
		if (left_ms == 0)
			return lk_fail(err, LK_DEADLINE_EXCEEDED, "STORE_DEADLINE",
			    "the deadline passed; nothing was changed");
		if (pool->idle_count > 0) {
			*out_session = pool->idle[--pool->idle_count];
			return LK_OK;
		}
		if (pool->open_count < pool->size) {
			pool->open_count++;
			*out_session = NULL;
			return LK_OK;
		}
		wait_for_idle(pool, left_ms);
	}
}

static bool
is_broken(const struct lk_pool *pool, const struct lk_session *session)
{
	return pool->driver->remote && pool->driver->remote->broken(session->conn);
}

/* NULL gives back the right to open one. */
static void
give_back(struct lk_pool *pool, struct lk_session *session)
{
	pthread_mutex_lock(&pool->mutex);
	if (session)
		pool->idle[pool->idle_count++] = session;
	else
		pool->open_count--;
	if (pool->closing)
		pthread_cond_broadcast(&pool->idle_again);
	else
		pthread_cond_signal(&pool->idle_again);
	pthread_mutex_unlock(&pool->mutex);
}

void
lk_pool_return(struct lk_pool *pool, struct lk_session *session)
{
	if (is_broken(pool, session)) {
		lk_session_close(session);
		session = NULL;
	}
	give_back(pool, session);
}

lk_status
lk_pool_borrow(
    struct lk_pool *pool, int64_t deadline, struct lk_session **out_session, struct lk_error *err)
{
	struct lk_session *session = NULL;
	lk_status status;

	if (pool->driver->remote)
		LK_TRY(pool->driver->remote->ready(pool->db, lk_pool_left_ms(pool, deadline), err));
	pthread_mutex_lock(&pool->mutex);
	status = take(pool, deadline, &session, err);
	pthread_mutex_unlock(&pool->mutex);
	LK_TRY(status);
	if (session && is_broken(pool, session)) {
		lk_session_close(session);
		session = NULL;
	}
	if (!session) {
		status = open_one(pool, &session, err);
		if (status != LK_OK) {
			give_back(pool, NULL);
			return status;
		}
	}
	session->lent = atomic_load(&pool->lent);
	*out_session = session;
	return LK_OK;
}

void
lk_pool_lend(struct lk_pool *pool, void *lent)
{
	atomic_store(&pool->lent, lent);
}

/* ---- Reads ---- */

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

static lk_status
read_once(struct lk_pool *pool, int64_t deadline, lk_tx_fn *fn, void *arg, bool *out_again,
    struct lk_error *err)
{
	const struct lk_remote *remote = pool->driver->remote;
	struct lk_session *session = NULL;
	lk_status status;

	*out_again = false;
	LK_TRY(lk_pool_borrow(pool, deadline, &session, err));
	if (remote)
		remote->limit(session->conn, lk_pool_left_ms(pool, deadline));
	status = read_snapshot(session, fn, arg, err);
	if (remote && status != LK_OK)
		*out_again = remote->may_rerun(session->conn);
	lk_pool_return(pool, session);
	return status;
}

enum { READS_AGAIN_MAX = 3 }; /* connections that turn out to be dead, one after the other */

lk_status
lk_pool_read(struct lk_pool *pool, int64_t deadline, lk_tx_fn *fn, void *arg, struct lk_error *err)
{
	struct lk_error own = { 0 };
	bool again = true;
	lk_status status = LK_OK;

	atomic_fetch_add_explicit(&pool->reads, 1, memory_order_relaxed);
	for (int i = 0; again && i <= READS_AGAIN_MAX; i++) {
		lk_error_clear(&own);
		status = read_once(pool, deadline, fn, arg, &again, &own);
	}
	if (status != LK_OK && err)
		*err = own;
	return status;
}

uint64_t
lk_pool_reads(struct lk_pool *pool)
{
	return atomic_load_explicit(&pool->reads, memory_order_relaxed);
}
