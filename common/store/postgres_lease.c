/*
 * How long this process may believe what it remembers. Whoever loses the keeper's connection may
 * not hear of it for a while, and meanwhile another process may have taken the schema: so the
 * keeper is asked again and again, and memory is trusted for LEASE_MS from the moment of the
 * question. Whoever takes a schema leaves a mark in it; one who finds another's mark on coming back
 * begins anew.
 */
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "store/postgres_internal.h"

enum {
	LEASE_MS = 1000,
	ASK_EVERY_MS = 250,
	PATIENCE_MS = 5000,
	EXIT_TAKEN_OVER = 75 /* EX_TEMPFAIL of sysexits.h */
};

LK_DEFINE_FREEP(result_clearp, PGresult *, PQclear)

static const char DDL_OWNER[] =
    "CREATE TABLE IF NOT EXISTS lk_owner (one smallint PRIMARY KEY, tag text NOT NULL)";

/* The mark before this one, or "". */
static const char Q_MARK[] = "WITH before AS (SELECT tag FROM lk_owner)"
			     " INSERT INTO lk_owner (one, tag) VALUES (1, $1)"
			     " ON CONFLICT (one) DO UPDATE SET tag = excluded.tag"
			     " RETURNING coalesce((SELECT tag FROM before), '')";

static lk_status
failed(const struct lk_db *db, const PGresult *result, struct lk_error *err)
{
	return lk_pg_fail(PQstatus(db->keeper) == CONNECTION_BAD
			      ? NULL
			      : PQresultErrorField(result, PG_DIAG_SQLSTATE),
	    err);
}

static void
renew(struct lk_db *db, int64_t asked_at_ms)
{
	atomic_store(&db->lease_until_ms, asked_at_ms + LEASE_MS);
}

/* Everything that this process remembers may have been changed by the other. */
static void
begin_anew(const struct lk_db *db)
{
	db->on_fatal("another process had the database meanwhile: start again");
	_exit(EXIT_TAKEN_OVER);
}

lk_status
lk_pg_lease_begin(struct lk_db *db, struct lk_error *err)
{
	const char *const values[] = { db->tag };
	const int64_t asked_at_ms = lk_pg_now_ms();
	LK_AUTO(result_clearp) PGresult *made = NULL;
	LK_AUTO(result_clearp) PGresult *result = NULL;

	if (!db->marked) {
		made = PQexec(db->keeper, DDL_OWNER);
		if (PQresultStatus(made) != PGRES_COMMAND_OK)
			return failed(db, made, err);
	}
	result = PQexecParams(db->keeper, Q_MARK, 1, NULL, values, NULL, NULL, 0);
	if (PQresultStatus(result) != PGRES_TUPLES_OK)
		return failed(db, result, err);
	if (db->marked && strcmp(PQgetvalue(result, 0, 0), db->tag) != 0)
		begin_anew(db);
	db->marked = true;
	renew(db, asked_at_ms);
	return LK_OK;
}

/* False when the connection is lost or nothing came in time. */
static bool
has_answer(PGconn *keeper, int64_t until_ms)
{
	struct pollfd fd = { .fd = PQsocket(keeper), .events = POLLIN };

	while (PQisBusy(keeper)) {
		const int64_t left_ms = until_ms - lk_pg_now_ms();

		if (left_ms <= 0 || poll(&fd, 1, (int)left_ms) < 0 || !PQconsumeInput(keeper))
			return false;
	}
	return true;
}

/* A server that stands still holds nobody up for ever. */
lk_status
lk_pg_lease_renew(struct lk_db *db, struct lk_error *err)
{
	const int64_t asked_at_ms = lk_pg_now_ms();

	if (!PQsendQuery(db->keeper, "SELECT 1") ||
	    !has_answer(db->keeper, asked_at_ms + PATIENCE_MS))
		return lk_pg_fail(NULL, err);
	LK_AUTO(result_clearp) PGresult *result = PQgetResult(db->keeper);
	if (PQresultStatus(result) != PGRES_TUPLES_OK)
		return failed(db, result, err);
	while (has_answer(db->keeper, asked_at_ms + PATIENCE_MS)) {
		LK_AUTO(result_clearp) PGresult *end = PQgetResult(db->keeper);
		if (!end) {
			renew(db, asked_at_ms);
			return LK_OK;
		}
	}
	return lk_pg_fail(NULL, err);
}

bool
lk_pg_lease_holds(const struct lk_db *db)
{
	return lk_pg_now_ms() < atomic_load(&db->lease_until_ms);
}

/* ---- The thread that asks ---- */

static void *
asker(void *arg)
{
	struct lk_db *db = arg;

	pthread_mutex_lock(&db->mutex);
	while (!db->closing) {
		const int64_t at_ms = lk_pg_now_ms() + ASK_EVERY_MS;
		const struct timespec until = { at_ms / 1000, (long)(at_ms % 1000) * 1000000 };

		(void)pthread_cond_timedwait(&db->closed, &db->mutex, &until);
		if (!db->closing)
			lk_pg_look(db);
	}
	pthread_mutex_unlock(&db->mutex);
	return NULL;
}

lk_status
lk_pg_lease_start(struct lk_db *db, struct lk_error *err)
{
	db->has_asker = pthread_create(&db->asker, NULL, asker, db) == 0;
	return db->has_asker ? LK_OK : lk_fail_oom(err);
}

void
lk_pg_lease_stop(struct lk_db *db)
{
	pthread_mutex_lock(&db->mutex);
	db->closing = true;
	pthread_cond_signal(&db->closed);
	pthread_mutex_unlock(&db->mutex);
	if (db->has_asker)
		pthread_join(db->asker, NULL);
}
