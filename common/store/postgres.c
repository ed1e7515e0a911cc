/*
 * The PostgreSQL driver. A write is a serializable transaction of its own: what begins it and every
 * statement that nobody waits for travel with the next one that answers, so a write without a
 * question is one round trip. A read is the implicit transaction of one pipeline, without BEGIN:
 * its snapshot lasts until the sync that ends it. Most reads ask one question: where those
 * that begin so asked no more so far, the sync goes with the first statement. Should a second
 * follow, the read runs again, and from then on they keep their pipeline open.
 */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "store/postgres_internal.h"

LK_DEFINE_FREEP(result_clearp, PGresult *, PQclear)

/* ---- Time-outs ---- */

/* The server's own limits are rounded up, so that they are set rarely; the deadline itself is
 * kept by our wait. A wait for a lock ends earlier and says so. */
static int64_t
rounded_up(int64_t left_ms)
{
	static const int64_t steps[] = { 50, 100, 250, 500, 1000, 2500, 5000, 10000, 30000, 60000 };

	for (size_t i = 0; i < LK_ARRAY_LEN(steps); i++)
		if (left_ms <= steps[i])
			return steps[i];
	return 0; /* none */
}

static lk_status
send_timeouts(struct lk_conn *conn, struct lk_error *err)
{
	const int64_t wanted = rounded_up(conn->left_ms);
	char sql[120];

	if (wanted == conn->timeout_ms)
		return LK_OK;
	(void)snprintf(sql, sizeof sql,
	    "SELECT set_config('statement_timeout', '%lld', false), set_config('lock_timeout', "
	    "'%lld', false)",
	    (long long)wanted, (long long)wanted / 2);
	LK_TRY(lk_pg_utility(conn, sql, err));
	LK_TRY(lk_pg_sync(conn, err)); /* not undone with the transaction */
	conn->timeout_ms = wanted;
	return LK_OK;
}

static void
conn_limit(struct lk_conn *conn, int64_t left_ms)
{
	conn->left_ms = left_ms;
}

/* ---- Transactions ---- */

static lk_status
begin(struct lk_conn *conn, struct lk_error *err)
{
	const int64_t now = lk_pg_now_ms();

	if (conn->broken)
		return lk_pg_fail(NULL, err);
	conn->until_ms = conn->left_ms < INT64_MAX - now ? now + conn->left_ms : INT64_MAX;
	conn->committing = conn->may_rerun = false;
	conn->failed = LK_OK;
	conn->in_transaction = true;
	conn->read = NULL;
	conn->read_is_closed = false;
	LK_TRY(send_timeouts(conn, err));
	return conn->role == LK_CONN_WRITER ? lk_pg_named(conn, "begin", err) : LK_OK;
}

/* COMMIT and the sync behind it; the tag tells, for a transaction that had failed is rolled back.
 */
static lk_status
send_commit(struct lk_conn *conn, struct lk_error *err)
{
	LK_AUTO(result_clearp) PGresult *result = NULL;

	LK_TRY(lk_pg_named(conn, "commit", err));
	LK_TRY(lk_pg_sync(conn, err));
	LK_TRY(lk_pg_await(conn, 1, &result, err));
	if (strcmp(PQcmdStatus(result), "COMMIT") != 0)
		return lk_pg_fail("40000", err);
	return lk_pg_collect(conn, 0, err);
}

static lk_status
commit(struct lk_conn *conn, struct lk_error *err)
{
	lk_status status;

	LK_TRY(lk_pg_collect(conn, conn->due_count, err)); /* what is known to have failed */
	conn->committing = true;
	status = send_commit(conn, err);
	conn->committing = false;
	if (status != LK_OK)
		return status;
	conn->in_transaction = false;
	conn->careful = false;
	return LK_OK;
}

/* What nobody waited for may fail only now; then the transaction runs again to fail where it
 * should. */
static void
drain(struct lk_conn *conn)
{
	const bool was_careful = conn->careful, may_rerun = conn->may_rerun;

	LK_IGNORE(lk_pg_collect(conn, 0, NULL));
	conn->may_rerun = may_rerun || (conn->careful && !was_careful);
	conn->aborted = false;
}

/* Two that count at once count one; a kind that is long stays so. */
static void
count_short(struct lk_conn *conn)
{
	unsigned char seen;

	if (!conn->read || conn->aborted)
		return;
	seen = atomic_load(conn->read);
	if (seen < LK_PG_SHORT)
		(void)atomic_compare_exchange_strong(conn->read, &seen, (unsigned char)(seen + 1));
}

static lk_status
end_read(struct lk_conn *conn, struct lk_error *err)
{
	if (!conn->read_is_closed) {
		count_short(conn);
		LK_TRY(lk_pg_sync(conn, err));
		lk_pg_push(conn);
	}
	if (conn->aborted)
		drain(conn);
	return LK_OK;
}

static lk_status
rollback(struct lk_conn *conn, struct lk_error *err)
{
	conn->in_transaction = false;
	if (conn->broken)
		return lk_pg_fail(NULL, err);
	if (conn->role == LK_CONN_READER)
		return end_read(conn, err);
	LK_TRY(lk_pg_sync(conn, err)); /* ends what the server skips */
	LK_TRY(lk_pg_utility(conn, "ROLLBACK", err));
	LK_TRY(lk_pg_sync(conn, err));
	drain(conn);
	return conn->broken ? lk_pg_fail(NULL, err) : LK_OK;
}

static lk_status
conn_control(struct lk_conn *conn, enum lk_control what, struct lk_error *err)
{
	switch (what) {
	case LK_CONTROL_BEGIN_WRITE:
	case LK_CONTROL_BEGIN_READ:
		return begin(conn, err);
	case LK_CONTROL_COMMIT:
		return commit(conn, err);
	case LK_CONTROL_ROLLBACK:
		return rollback(conn, err);
	case LK_CONTROL_SAVEPOINT:
		return lk_pg_utility(conn, "SAVEPOINT one", err);
	case LK_CONTROL_RELEASE:
		return lk_pg_utility(conn, "RELEASE one", err);
	case LK_CONTROL_UNDO:
		LK_TRY(lk_pg_utility(conn, "ROLLBACK TO one", err));
		return lk_pg_utility(conn, "RELEASE one", err);
	case LK_CONTROLS:
		break;
	}
	return lk_fail(err, LK_INTERNAL, "STORE_SQL", "no such control");
}

static bool
conn_in_transaction(struct lk_conn *conn)
{
	return conn->in_transaction;
}

static bool
conn_broken(struct lk_conn *conn)
{
	return conn->broken || conn->era != atomic_load(&conn->db->era);
}

static bool
conn_may_rerun(struct lk_conn *conn)
{
	return conn->may_rerun;
}

/* ---- Scripts ---- */

static lk_status
run_script(struct lk_conn *conn, const char *sql, struct lk_error *err)
{
	lk_status status = LK_OK;
	PGresult *result;

	if (!PQsendQuery(conn->handle, sql))
		return lk_pg_fail(NULL, err);
	while ((result = PQgetResult(conn->handle)) != NULL) {
		const ExecStatusType how = PQresultStatus(result);

		if (status == LK_OK && how != PGRES_COMMAND_OK && how != PGRES_TUPLES_OK)
			status = lk_pg_fail(PQresultErrorField(result, PG_DIAG_SQLSTATE), err);
		PQclear(result);
	}
	return status;
}

/* Many statements at once are not for a pipeline. */
static lk_status
conn_script(struct lk_conn *conn, const char *sql, struct lk_error *err)
{
	lk_status status;

	LK_TRY(lk_pg_sync(conn, err));
	LK_TRY(lk_pg_collect(conn, 0, err));
	if (!PQexitPipelineMode(conn->handle))
		return lk_pg_fail(NULL, err);
	status = run_script(conn, sql, err);
	if (!PQenterPipelineMode(conn->handle))
		conn->broken = true;
	return status;
}

/* ---- Connect ---- */

static void
conn_disconnect(struct lk_conn *conn)
{
	if (!conn)
		return;
	PQfinish(conn->handle);
	lk_free(conn);
}
LK_DEFINE_FREEP(conn_disconnectp, struct lk_conn *, conn_disconnect)

static bool
prepare_one(PGconn *handle, const char *name, const char *sql)
{
	LK_AUTO(result_clearp) PGresult *result = PQprepare(handle, name, sql, 0, NULL);

	return PQresultStatus(result) == PGRES_COMMAND_OK;
}

static lk_status
conn_connect(
    struct lk_db *db, enum lk_conn_role role, struct lk_conn **out_conn, struct lk_error *err)
{
	LK_AUTO(conn_disconnectp) struct lk_conn *conn = LK_ALLOC(struct lk_conn);

	if (!conn)
		return lk_fail_oom(err);
	conn->db = db;
	conn->role = role;
	conn->era = atomic_load(&db->era);
	conn->left_ms = INT64_MAX;
	LK_TRY(lk_pg_connect(db, db->tag, role, &conn->handle, err));
	conn->backend = PQbackendPID(conn->handle);
	if (!prepare_one(conn->handle, "begin", "BEGIN") ||
	    !prepare_one(conn->handle, "commit", "COMMIT"))
		return lk_pg_fail(NULL, err);
	if (PQsetnonblocking(conn->handle, 1) != 0 || !PQenterPipelineMode(conn->handle))
		return lk_pg_fail(NULL, err);
	*out_conn = LK_TAKE(conn);
	return LK_OK;
}

/* A read of ours has no transaction around it, so this is one of the other kind that only reads;
 * repeatable, not serializable: what it sees stops no writer. */
static lk_status
conn_hold(struct lk_conn *conn, struct lk_error *err)
{
	LK_TRY(begin(conn, err));
	return lk_pg_utility(
	    conn, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY", err);
}

/* The server keeps its own log short. */
static bool
conn_tidy_due(struct lk_conn *writer)
{
	(void)writer;
	return false;
}

static lk_status
conn_tidy(struct lk_conn *writer, enum lk_tidy why, struct lk_error *err)
{
	(void)writer;
	(void)why;
	(void)err;
	return LK_OK;
}

static const struct lk_migration *
postgres_steps(const struct lk_migrations *owner, size_t *out_count)
{
	*out_count = owner->postgres_count;
	return owner->postgres;
}

static const struct lk_remote remote = {
	.ready = lk_pg_ready,
	.holds = lk_pg_lease_holds,
	.limit = conn_limit,
	.broken = conn_broken,
	.may_rerun = conn_may_rerun,
	.later = lk_pg_later,
};

/* lk_owner says who has the schema, and is made with it (postgres_lease.c). */
static const char postgres_columns[] =
    "SELECT t.relname, a.attname, coalesce(array_position(i.indkey::int2[], a.attnum) + 1, 0)::int"
    " FROM pg_class AS t JOIN pg_namespace AS n ON n.oid = t.relnamespace"
    " JOIN pg_attribute AS a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped"
    " LEFT JOIN pg_index AS i ON i.indrelid = t.oid AND i.indisprimary"
    " WHERE n.nspname = current_schema() AND t.relkind IN ('r', 'p') AND t.relname <> 'lk_owner'"
    " ORDER BY t.relname, a.attnum";

static const char postgres_references[] =
    "SELECT t.relname, f.relname FROM pg_constraint AS k JOIN pg_class AS t ON t.oid = k.conrelid"
    " JOIN pg_class AS f ON f.oid = k.confrelid JOIN pg_namespace AS n ON n.oid = t.relnamespace"
    " WHERE k.contype = 'f' AND n.nspname = current_schema()";

/* Rows that brought their own numbers did not move what makes them. */
static const char postgres_moved[] =
    "DO $$ DECLARE c record; BEGIN"
    " FOR c IN SELECT t.relname, a.attname FROM pg_class AS t"
    "  JOIN pg_namespace AS n ON n.oid = t.relnamespace"
    "  JOIN pg_attribute AS a ON a.attrelid = t.oid AND a.attidentity <> ''"
    "  WHERE n.nspname = current_schema() AND t.relkind IN ('r', 'p') LOOP"
    " EXECUTE format('SELECT setval(pg_get_serial_sequence(%L, %L), max(%I)) FROM %I',"
    "  c.relname, c.attname, c.attname, c.relname);"
    " END LOOP; END $$";

const struct lk_store_driver lk_store_postgres = {
	.scheme = "postgresql",
	.remote = &remote,
	.open = lk_pg_open,
	.close = lk_pg_close,
	.steps = postgres_steps,
	.connect = conn_connect,
	.disconnect = conn_disconnect,
	.held_as = LK_CONN_WRITER,
	.hold = conn_hold,
	.control = conn_control,
	.in_transaction = conn_in_transaction,
	.script = conn_script,
	.tidy_due = conn_tidy_due,
	.tidy = conn_tidy,
	.prepare = lk_pg_prepare,
	.finish = lk_pg_finish,
	.reads_only = lk_pg_reads_only,
	.start = lk_pg_start,
	.step = lk_pg_step,
	.changed_rows = lk_pg_changed_rows,
	.reset = lk_pg_reset,
	.column = lk_pg_column,
	.columns = postgres_columns,
	.references = postgres_references,
	.moved = postgres_moved,
};
