/*
 * The right to a schema: one process has it at a time, by an advisory lock that lives as long as
 * the keeper's connection. Caches, the sealer's numbers and commits in doubt rest on it. When the
 * keeper is lost or was not heard of for a while (postgres_lease.c), or a commit was never
 * answered, nothing runs until `lk_pg_ready` has put it right.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "id/random.h"
#include "store/postgres_internal.h"

enum {
	PATIENCE_MS = 2000, /* a call waits so long for the database to come back */
	FIRST_DELAY_MS = 50,
	LONGEST_DELAY_MS = 2000,
	LOCK_WAIT_MS = 2000, /* for the connections of a process that just died */
	SETTLE_WAIT_MS = 5000,
};

LK_DEFINE_FREEP(result_clearp, PGresult *, PQclear)

static lk_status
io_fail(struct lk_error *err)
{
	return lk_pg_fail(NULL, err);
}

static void
sleep_ms(int64_t ms)
{
	const struct timespec pause = { ms / 1000, (long)(ms % 1000) * 1000000 };

	(void)nanosleep(&pause, NULL);
}

/* ---- What the keeper does ---- */

static const char Q_LOCK[] = "SELECT pg_try_advisory_lock(hashtextextended('latchkey ' || $1, 0))";
static const char Q_HAS_SCHEMA[] = "SELECT to_regnamespace($1) IS NOT NULL";

/* Connections of ours that are still busy with what we gave up on. */
static const char Q_SETTLE[] =
    "SELECT pg_terminate_backend(pid, 1000) FROM pg_stat_activity"
    " WHERE pid = $1::int AND application_name = $2 AND pid <> pg_backend_pid()";

/* The first column of the first row, as a bool; no row is false. */
static lk_status
ask(PGconn *keeper, const char *sql, int count, const char *const *values, bool *out_yes,
    int *out_rows, struct lk_error *err)
{
	LK_AUTO(result_clearp)
	PGresult *result = PQexecParams(keeper, sql, count, NULL, values, NULL, NULL, 0);

	if (PQresultStatus(result) != PGRES_TUPLES_OK)
		return lk_pg_fail(PQstatus(keeper) == CONNECTION_BAD
				      ? NULL
				      : PQresultErrorField(result, PG_DIAG_SQLSTATE),
		    err);
	*out_rows = PQntuples(result);
	*out_yes = *out_rows > 0 && strcmp(PQgetvalue(result, 0, 0), "t") == 0;
	return LK_OK;
}

static lk_status
take_lock(struct lk_db *db, struct lk_error *err)
{
	const char *const values[] = { db->schema };
	const int64_t until = lk_pg_now_ms() + LOCK_WAIT_MS;
	bool taken = false;
	int rows;

	for (;;) {
		LK_TRY(ask(db->keeper, Q_LOCK, 1, values, &taken, &rows, err));
		if (taken)
			return LK_OK;
		if (lk_pg_now_ms() >= until)
			return lk_fail(err, db->marked ? LK_UNAVAILABLE : LK_FAILED_PRECONDITION,
			    "STORE_IN_USE", "another process has this database open");
		sleep_ms(20);
	}
}

/* An administrator made the schema, or the role may. */
static lk_status
make_schema(struct lk_db *db, struct lk_error *err)
{
	const char *const values[] = { db->schema };
	char sql[LK_PG_NAME_SIZE + 32];
	bool there = false;
	int rows;

	LK_TRY(ask(db->keeper, Q_HAS_SCHEMA, 1, values, &there, &rows, err));
	if (there)
		return LK_OK;
	if (!db->make)
		return lk_fail(
		    err, LK_FAILED_PRECONDITION, "STORE_NOT_FOUND", "there is no such database");
	(void)snprintf(sql, sizeof sql, "CREATE SCHEMA %s", db->schema);
	LK_AUTO(result_clearp) PGresult *result = PQexec(db->keeper, sql);
	if (PQresultStatus(result) != PGRES_COMMAND_OK)
		return lk_pg_fail(PQresultErrorField(result, PG_DIAG_SQLSTATE), err);
	return LK_OK;
}

/* LK_OK: the backend has ended, so its last transaction is settled one way or the other. */
static lk_status
settle(struct lk_db *db, int backend, struct lk_error *err)
{
	char pid[16];
	const char *const values[] = { pid, db->tag };
	const int64_t until = lk_pg_now_ms() + SETTLE_WAIT_MS;
	int rows = 1;
	bool ended;

	(void)snprintf(pid, sizeof pid, "%d", backend);
	while (rows > 0 && lk_pg_now_ms() < until)
		LK_TRY(ask(db->keeper, Q_SETTLE, 2, values, &ended, &rows, err));
	return rows > 0 ? io_fail(err) : LK_OK;
}

static lk_status
settle_all(struct lk_db *db, struct lk_error *err)
{
	int doubts[LK_PG_DOUBTS_MAX];
	size_t count;

	pthread_mutex_lock(&db->mutex);
	count = db->doubt_count;
	memcpy(doubts, db->doubts, sizeof doubts);
	pthread_mutex_unlock(&db->mutex);
	for (size_t i = 0; i < count; i++)
		LK_TRY(settle(db, doubts[i], err));
	pthread_mutex_lock(&db->mutex);
	db->doubt_count -= count; /* new ones come at the end */
	memmove(db->doubts, db->doubts + count, db->doubt_count * sizeof db->doubts[0]);
	pthread_mutex_unlock(&db->mutex);
	return LK_OK;
}

static bool
keeper_alive(struct lk_db *db)
{
	return db->keeper && PQconsumeInput(db->keeper) && PQstatus(db->keeper) == CONNECTION_OK;
}

static void
keeper_drop(struct lk_db *db)
{
	if (!db->keeper)
		return;
	atomic_store(&db->keeper_fd, -1);
	atomic_fetch_add(&db->era, 1);
	lk_pg_doubt(db, db->keeper_pid); /* it may still hold the lock */
	PQfinish(db->keeper);
	db->keeper = NULL;
}

static lk_status
take_schema(struct lk_db *db, struct lk_error *err)
{
	LK_TRY(take_lock(db, err));
	if (!db->marked)
		LK_TRY(make_schema(db, err));
	return lk_pg_lease_begin(db, err);
}

static lk_status
repair(struct lk_db *db, struct lk_error *err)
{
	lk_status status = LK_OK;

	if (!keeper_alive(db)) {
		keeper_drop(db);
		LK_TRY(lk_pg_connect(db, db->tag, LK_CONN_WRITER, &db->keeper, err));
		db->keeper_pid = PQbackendPID(db->keeper);
	}
	status = settle_all(db, err);
	if (status == LK_OK)
		status = atomic_load(&db->keeper_fd) < 0 ? take_schema(db, err)
							 : lk_pg_lease_renew(db, err);
	if (status == LK_OK) {
		atomic_store(&db->keeper_fd, PQsocket(db->keeper));
		return LK_OK;
	}
	if (atomic_load(&db->keeper_fd) >= 0)
		keeper_drop(db);
	else
		PQfinish(LK_TAKE(db->keeper)); /* never held the lock */
	return status;
}

/* ---- Ready ---- */

/* Something to read from a connection that asks nothing is its end. */
static bool
keeper_stirs(struct lk_db *db)
{
	struct pollfd fd = { .fd = atomic_load(&db->keeper_fd), .events = POLLIN };

	return fd.fd < 0 || poll(&fd, 1, 0) != 0;
}

void
lk_pg_doubt(struct lk_db *db, int backend)
{
	pthread_mutex_lock(&db->mutex);
	if (db->doubt_count < LK_PG_DOUBTS_MAX)
		db->doubts[db->doubt_count++] = backend;
	atomic_store(&db->suspect, true);
	pthread_mutex_unlock(&db->mutex);
}

/* The mutex is held; it is not while the database is asked. */
static lk_status
repair_now(struct lk_db *db, struct lk_error *err)
{
	lk_status status;

	db->repairing = true;
	atomic_store(&db->suspect, false); /* a doubt from here on asks for another repair */
	pthread_mutex_unlock(&db->mutex);
	status = repair(db, err);
	pthread_mutex_lock(&db->mutex);
	db->repairing = false;
	db->last_status = status;
	if (status == LK_OK) {
		db->retry_delay_ms = 0;
		atomic_store(&db->suspect, db->doubt_count > 0);
	} else {
		atomic_store(&db->suspect, true);
		db->last = *err;
		db->retry_delay_ms = db->retry_delay_ms ? db->retry_delay_ms * 2 : FIRST_DELAY_MS;
		if (db->retry_delay_ms > LONGEST_DELAY_MS)
			db->retry_delay_ms = LONGEST_DELAY_MS;
		db->retry_at_ms = lk_pg_now_ms() + db->retry_delay_ms;
	}
	pthread_cond_broadcast(&db->repaired);
	return status;
}

/* The mutex is held. */
static void
wait_until(struct lk_db *db, int64_t at_ms)
{
	const struct timespec until = { at_ms / 1000, (long)(at_ms % 1000) * 1000000 };

	(void)pthread_cond_timedwait(&db->repaired, &db->mutex, &until);
}

static bool
is_passing(lk_status status)
{
	return status == LK_UNAVAILABLE || status == LK_RESOURCE_EXHAUSTED;
}

/* The mutex is held. */
static lk_status
last_failure(const struct lk_db *db, struct lk_error *err)
{
	if (db->last_status == LK_OK) /* a repair is under way for the first time */
		return io_fail(err);
	*err = db->last;
	return db->last_status;
}

static bool
is_sound(struct lk_db *db)
{
	return !atomic_load(&db->suspect) && !keeper_stirs(db) && lk_pg_lease_holds(db);
}

void
lk_pg_look(struct lk_db *db)
{
	struct lk_error ignored;

	if (!db->repairing && lk_pg_now_ms() >= db->retry_at_ms)
		LK_IGNORE(repair_now(db, &ignored)); /* kept as the last failure */
}

/* The mutex is held. Whoever comes first repairs, the others wait for it. */
static lk_status
ready_slowly(struct lk_db *db, int64_t until, struct lk_error *err)
{
	bool tried = false;

	while (!is_sound(db)) {
		const int64_t now = lk_pg_now_ms();

		if (!db->repairing && now >= db->retry_at_ms) {
			tried = true;
			LK_IGNORE(repair_now(db, err)); /* kept as the last failure */
		} else if (now >= until || (tried && !is_passing(db->last_status))) {
			return last_failure(db, err);
		} else if (db->repairing || db->retry_at_ms > until) {
			wait_until(db, until);
		} else {
			wait_until(db, db->retry_at_ms);
		}
	}
	return LK_OK;
}

lk_status
lk_pg_ready(struct lk_db *db, int64_t left_ms, struct lk_error *err)
{
	const int64_t patience = left_ms < PATIENCE_MS ? left_ms : PATIENCE_MS;
	struct lk_error own = { 0 };
	lk_status status;

	if (is_sound(db))
		return LK_OK;
	pthread_mutex_lock(&db->mutex);
	status = ready_slowly(db, lk_pg_now_ms() + patience, &own);
	pthread_mutex_unlock(&db->mutex);
	if (status != LK_OK && err)
		*err = own;
	return status;
}

/* ---- Open and close ---- */

static void
init_locks(struct lk_db *db)
{
	pthread_condattr_t steady;

	pthread_condattr_init(&steady);
	pthread_condattr_setclock(&steady, CLOCK_MONOTONIC);
	pthread_mutex_init(&db->mutex, NULL);
	pthread_cond_init(&db->repaired, &steady);
	pthread_cond_init(&db->closed, &steady);
	pthread_condattr_destroy(&steady);
}

void
lk_pg_close(struct lk_db *db)
{
	if (!db)
		return;
	lk_pg_lease_stop(db);
	PQfinish(db->keeper);
	lk_pg_target_wipe(&db->target);
	pthread_cond_destroy(&db->closed);
	pthread_cond_destroy(&db->repaired);
	pthread_mutex_destroy(&db->mutex);
	lk_free(db);
}
LK_DEFINE_FREEP(db_closep, struct lk_db *, lk_pg_close)

lk_status
lk_pg_open(const char *location, const char *service, enum lk_taking taking,
    void (*on_fatal)(const char *why), struct lk_db **out_db, struct lk_error *err)
{
	LK_AUTO(db_closep) struct lk_db *db = LK_ALLOC(struct lk_db);
	uint64_t unique;

	if (!db)
		return lk_fail_oom(err);
	init_locks(db);
	db->on_fatal = on_fatal;
	db->make = taking == LK_TAKE_OR_MAKE;
	atomic_init(&db->keeper_fd, -1);
	LK_TRY(lk_pg_target_parse(location, &db->target, err));
	if (!lk_text_copy(
		db->schema, sizeof db->schema, db->target.schema[0] ? db->target.schema : service))
		return lk_fail(err, LK_INVALID_ARGUMENT, "STORE_URL_INVALID",
		    "the name of a schema is too long");
	lk_random_fill(lk_random_system(), &unique, sizeof unique);
	(void)snprintf(db->tag, sizeof db->tag, "latchkey %.30s %016llx", db->schema,
	    (unsigned long long)unique);
	if (taking != LK_TAKE_NOTHING) {
		LK_TRY(repair(db, err));
		LK_TRY(lk_pg_lease_start(db, err));
	}
	*out_db = LK_TAKE(db);
	return LK_OK;
}
