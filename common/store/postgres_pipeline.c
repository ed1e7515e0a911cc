/* Statements on their way: sent without waiting, answered in order. Everything that waits for the
 * server waits here, by poll() and not beyond the transaction's deadline. */
#include <poll.h>
#include <string.h>

#include "store/postgres_internal.h"

enum { COMMIT_GRACE_MS = 5000 }; /* a commit that was sent is waited for, whatever the deadline */

LK_DEFINE_FREEP(result_clearp, PGresult *, PQclear)

/* ---- Failures of the connection ---- */

static lk_status
in_doubt(struct lk_conn *conn, struct lk_error *err)
{
	lk_pg_doubt(conn->db, conn->backend);
	conn->may_rerun = false;
	return lk_fail(err, LK_UNKNOWN, "STORE_IN_DOUBT",
	    "the connection was lost while committing; it may have happened");
}

/* The connection is of no use any more, for this transaction and for later ones. */
static lk_status
lost(struct lk_conn *conn, struct lk_error *err)
{
	conn->broken = true;
	if (conn->committing)
		return in_doubt(conn, err);
	conn->may_rerun = true; /* what was not committed is undone */
	return lk_pg_fail(NULL, err);
}

static lk_status
late(struct lk_conn *conn, struct lk_error *err)
{
	conn->broken = true;
	if (conn->committing)
		return in_doubt(conn, err);
	conn->may_rerun = false;
	return lk_pg_fail("57014", err);
}

static lk_status
result_fail(struct lk_conn *conn, const PGresult *result, struct lk_error *err)
{
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);

	if (state && conn->role == LK_CONN_READER && strcmp(state, "25006") == 0)
		return lk_fail(err, LK_INTERNAL, "STORE_SQL", "a read tried to write");
	if (PQstatus(conn->handle) == CONNECTION_BAD)
		return lost(conn, err);
	switch (lk_pg_kind_of(state, conn->role)) {
	case LK_PG_LOST:
		LK_IGNORE(lost(conn, err));
		return conn->committing ? LK_UNKNOWN : lk_pg_fail(state, err);
	case LK_PG_SERIALIZE:
		conn->may_rerun = true;
		break;
	case LK_PG_ORDINARY:
		break;
	}
	return lk_pg_fail(state, err);
}

/* ---- Waiting ---- */

/* Until an answer can be read without waiting. */
static lk_status
wait_for_answer(struct lk_conn *conn, struct lk_error *err)
{
	for (;;) {
		const int unsent = PQflush(conn->handle);
		struct pollfd fd = { .fd = PQsocket(conn->handle),
			.events = (short)(unsent ? POLLIN | POLLOUT : POLLIN) };
		int64_t left = conn->until_ms - lk_pg_now_ms();

		if (unsent < 0)
			return lost(conn, err);
		if (!PQisBusy(conn->handle))
			return LK_OK;
		if (conn->committing && left < COMMIT_GRACE_MS)
			left = COMMIT_GRACE_MS;
		if (left <= 0)
			return late(conn, err);
		switch (poll(&fd, 1, left < 60000 ? (int)left : 60000)) {
		case 0:
			if (left <= 60000)
				return late(conn, err);
			break;
		case 1:
			if (!PQconsumeInput(conn->handle))
				return lost(conn, err);
			break;
		default: /* a signal */
			break;
		}
	}
}

static lk_status
next_result(struct lk_conn *conn, PGresult **out_result, struct lk_error *err)
{
	LK_TRY(wait_for_answer(conn, err));
	*out_result = PQgetResult(conn->handle);
	return LK_OK;
}

/* The result of one statement is followed by NULL, a sync by nothing. */
static lk_status
read_due(struct lk_conn *conn, PGresult **out_result, struct lk_error *err)
{
	const enum lk_pg_due due = (enum lk_pg_due)conn->due[conn->due_first];
	PGresult *end = NULL;

	LK_TRY(next_result(conn, out_result, err));
	if (!*out_result)
		return lost(conn, err);
	conn->due_first = (conn->due_first + 1) % LK_PG_PENDING_MAX;
	conn->due_count--;
	if (due == LK_PG_DUE_SYNC)
		return PQstatus(conn->handle) == CONNECTION_BAD ? lost(conn, err) : LK_OK;
	LK_TRY(next_result(conn, &end, err));
	PQclear(end); /* NULL, or the second death of a dead connection */
	return LK_OK;
}

static lk_status
judge(struct lk_conn *conn, const PGresult *result, struct lk_error *err)
{
	switch (PQresultStatus(result)) {
	case PGRES_TUPLES_OK:
	case PGRES_COMMAND_OK:
		return LK_OK;
	case PGRES_PIPELINE_SYNC:
		conn->aborted = false;
		return LK_OK;
	case PGRES_PIPELINE_ABORTED: /* the one that failed came before */
		conn->aborted = true;
		return conn->failed;
	case PGRES_EMPTY_QUERY:
		return lk_pg_fail("42601", err);
	default:
		conn->aborted = true;
		return result_fail(conn, result, err);
	}
}

/* The first failure of what nobody waited for is kept: it is the answer of what comes next. */
static void
keep_failure(struct lk_conn *conn, lk_status status, const struct lk_error *error)
{
	if (status == LK_OK || conn->failed != LK_OK)
		return;
	conn->failed = status;
	conn->failure = *error;
	if (!conn->broken && !conn->may_rerun) { /* at the place where it belongs */
		conn->careful = true;
		conn->may_rerun = true;
	}
}

lk_status
lk_pg_collect(struct lk_conn *conn, size_t leave, struct lk_error *err)
{
	while (conn->due_count > leave && !conn->broken) {
		LK_AUTO(result_clearp) PGresult *result = NULL;
		struct lk_error error = { 0 };
		lk_status status = read_due(conn, &result, &error);

		if (status == LK_OK)
			status = judge(conn, result, &error);
		keep_failure(conn, status, &error);
	}
	if (conn->failed != LK_OK && err)
		*err = conn->failure;
	return conn->failed;
}

/* ---- Sending ---- */

lk_status
lk_pg_sent(struct lk_conn *conn, int sent, enum lk_pg_due due, struct lk_error *err)
{
	if (!sent)
		return lost(conn, err);
	conn->due[(conn->due_first + conn->due_count++) % LK_PG_PENDING_MAX] = (uint8_t)due;
	if (conn->due_count < LK_PG_PENDING_MAX)
		return LK_OK;
	(void)PQsendFlushRequest(conn->handle);
	return lk_pg_collect(conn, 0, err);
}

lk_status
lk_pg_await(struct lk_conn *conn, size_t after, PGresult **out_result, struct lk_error *err)
{
	LK_AUTO(result_clearp) PGresult *result = NULL;

	if (after == 0)
		(void)PQsendFlushRequest(conn->handle);
	LK_TRY(lk_pg_collect(conn, after + 1, err));
	LK_TRY(read_due(conn, &result, err));
	LK_TRY(judge(conn, result, err));
	*out_result = LK_TAKE(result);
	return LK_OK;
}

void
lk_pg_push(struct lk_conn *conn)
{
	(void)PQflush(conn->handle); /* what does not go now goes with the next wait */
}

lk_status
lk_pg_utility(struct lk_conn *conn, const char *sql, struct lk_error *err)
{
	return lk_pg_sent(conn, PQsendQueryParams(conn->handle, sql, 0, NULL, NULL, NULL, NULL, 1),
	    LK_PG_DUE_RESULT, err);
}

lk_status
lk_pg_named(struct lk_conn *conn, const char *name, struct lk_error *err)
{
	return lk_pg_sent(conn, PQsendQueryPrepared(conn->handle, name, 0, NULL, NULL, NULL, 1),
	    LK_PG_DUE_RESULT, err);
}

lk_status
lk_pg_sync(struct lk_conn *conn, struct lk_error *err)
{
	return lk_pg_sent(conn, PQpipelineSync(conn->handle), LK_PG_DUE_SYNC, err);
}
