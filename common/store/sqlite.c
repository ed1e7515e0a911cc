/*
 * The SQLite driver: write-ahead log, every commit synced, one connection that writes and
 * checkpoints. Checkpoints are run here and not by SQLite, which drops their errors: a failed sync
 * must end the process.
 */
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "store/sqlite_error.h"
#include "store/sqlite_internal.h"

enum {
	BUSY_TIMEOUT_MS = 1000, /* only a foreign program can hold a lock */
	LOG_PAGES_DUE = 1000,   /* 4 MiB: fold the log back into the database */
	LOG_PAGES_HUGE =
	    8000, /* wait for readers to do it; twice that next time, when one reads on */
	EXIT_NOT_DURABLE = 74, /* EX_IOERR of sysexits.h */
};

static const char *const control_sql[LK_CONTROLS] = {
	[LK_CONTROL_BEGIN_WRITE] = "BEGIN IMMEDIATE",
	[LK_CONTROL_BEGIN_READ] = "BEGIN",
	[LK_CONTROL_COMMIT] = "COMMIT",
	[LK_CONTROL_ROLLBACK] = "ROLLBACK",
	[LK_CONTROL_SAVEPOINT] = "SAVEPOINT one",
	[LK_CONTROL_RELEASE] = "RELEASE one",
	[LK_CONTROL_UNDO] = "ROLLBACK TO one",
};

lk_status
lk_sqlite_conn_fail(const struct lk_conn *conn, int code, struct lk_error *err)
{
	if (lk_sqlite_lost_durability(code)) {
		conn->db->on_fatal(
		    "the disk did not make a write durable; what it holds is unknown");
		_exit(EXIT_NOT_DURABLE);
	}
	return lk_sqlite_fail(code, err);
}

static lk_status
conn_script(struct lk_conn *conn, const char *sql, struct lk_error *err)
{
	const int code = sqlite3_exec(conn->handle, sql, NULL, NULL, NULL);

	return code == SQLITE_OK ? LK_OK : lk_sqlite_conn_fail(conn, code, err);
}

static lk_status
run_control(struct lk_conn *conn, enum lk_control what, struct lk_error *err)
{
	const int code = sqlite3_step(conn->control[what]);

	(void)sqlite3_reset(conn->control[what]); /* repeats the same code */
	return code == SQLITE_DONE || code == SQLITE_ROW ? LK_OK
							 : lk_sqlite_conn_fail(conn, code, err);
}

static lk_status
conn_control(struct lk_conn *conn, enum lk_control what, struct lk_error *err)
{
	LK_TRY(run_control(conn, what, err));
	if (what == LK_CONTROL_UNDO) /* SQLite keeps the savepoint it went back to */
		return run_control(conn, LK_CONTROL_RELEASE, err);
	return LK_OK;
}

static bool
conn_in_transaction(struct lk_conn *conn)
{
	return sqlite3_get_autocommit(conn->handle) == 0;
}

/* ---- Connect ---- */

static void
conn_disconnect(struct lk_conn *conn)
{
	if (!conn)
		return;
	for (size_t i = 0; i < LK_CONTROLS; i++)
		sqlite3_finalize(conn->control[i]);
	(void)sqlite3_close(conn->handle); /* every statement is finished, so it cannot refuse */
	lk_free(conn);
}
LK_DEFINE_FREEP(conn_disconnectp, struct lk_conn *, conn_disconnect)

/* Ask the engine rather than trust the request: `PRAGMA name` must answer `wanted`. */
static lk_status
expect_pragma(struct lk_conn *conn, const char *question, const char *wanted, struct lk_error *err)
{
	sqlite3_stmt *stmt = NULL;
	bool same;
	int code = sqlite3_prepare_v2(conn->handle, question, -1, &stmt, NULL);

	if (code == SQLITE_OK)
		code = sqlite3_step(stmt);
	same = code == SQLITE_ROW && lk_text_is((const char *)sqlite3_column_text(stmt, 0), wanted);
	sqlite3_finalize(stmt);
	if (code != SQLITE_ROW)
		return lk_sqlite_conn_fail(conn, code, err);
	if (!same)
		return lk_fail(err, LK_FAILED_PRECONDITION, "STORE_NOT_DURABLE",
		    "the database engine does not keep the settings we need");
	return LK_OK;
}

static int
note_log_pages(void *arg, sqlite3 *handle, const char *database, int pages)
{
	struct lk_conn *conn = (struct lk_conn *)arg;

	(void)handle;
	(void)database;
	conn->log_pages = pages;
	return SQLITE_OK;
}

static lk_status
prepare_writer(struct lk_conn *conn, struct lk_error *err)
{
	LK_TRY(conn_script(conn,
	    "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON", err));
	LK_TRY(expect_pragma(conn, "PRAGMA journal_mode = WAL", "wal", err));
	LK_TRY(expect_pragma(conn, "PRAGMA synchronous", "2", err));
	LK_TRY(expect_pragma(conn, "PRAGMA foreign_keys", "1", err));
	LK_TRY(expect_pragma(conn, "PRAGMA secure_delete", "1", err));
	(void)sqlite3_wal_hook(
	    conn->handle, note_log_pages, conn); /* also switches SQLite's own checkpoints off */
	/* A first commit shows that the disk takes one, and leaves nothing to open behind a
	 * sandbox. */
	return conn_script(conn, "PRAGMA user_version = 1", err);
}

/* The first look opens the log, so that nothing is left to open behind a sandbox. */
static lk_status
prepare_reader(struct lk_conn *conn, struct lk_error *err)
{
	if (sqlite3_db_config(conn->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL) != SQLITE_OK)
		return lk_fail(
		    err, LK_INTERNAL, "STORE_SQL", "the database engine lacks a setting");
	LK_TRY(conn_script(conn, "PRAGMA wal_autocheckpoint = 0; PRAGMA query_only = ON", err));
	return conn_script(conn, "SELECT count(*) FROM sqlite_schema", err);
}

/* Double quotes never mean text, as on PostgreSQL; a schema cannot call what we did not call; pages
 * are checked as they come. */
static lk_status
prepare_common(struct lk_conn *conn, struct lk_error *err)
{
	static const int off[] = { SQLITE_DBCONFIG_DQS_DML, SQLITE_DBCONFIG_DQS_DDL,
		SQLITE_DBCONFIG_TRUSTED_SCHEMA };

	(void)sqlite3_extended_result_codes(conn->handle, 1);
	(void)sqlite3_busy_timeout(conn->handle, BUSY_TIMEOUT_MS);
	(void)sqlite3_limit(conn->handle, SQLITE_LIMIT_ATTACHED, 0);
	for (size_t i = 0; i < LK_ARRAY_LEN(off); i++)
		if (sqlite3_db_config(conn->handle, off[i], 0, NULL) != SQLITE_OK)
			return lk_fail(
			    err, LK_INTERNAL, "STORE_SQL", "the database engine lacks a setting");
	return conn_script(conn,
	    "PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY; PRAGMA mmap_size = 0", err);
}

static lk_status
prepare_controls(struct lk_conn *conn, struct lk_error *err)
{
	for (size_t i = 0; i < LK_CONTROLS; i++) {
		const int code = sqlite3_prepare_v3(conn->handle, control_sql[i], -1,
		    SQLITE_PREPARE_PERSISTENT, &conn->control[i], NULL);

		if (code != SQLITE_OK)
			return lk_sqlite_conn_fail(conn, code, err);
	}
	return LK_OK;
}

static lk_status
conn_connect(
    struct lk_db *db, enum lk_conn_role role, struct lk_conn **out_conn, struct lk_error *err)
{
	LK_AUTO(conn_disconnectp) struct lk_conn *conn = LK_ALLOC(struct lk_conn);
	const int mode = role == LK_CONN_WRITER ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY;
	int code;

	if (!conn)
		return lk_fail_oom(err);
	conn->db = db;
	code = sqlite3_open_v2(db->path, &conn->handle, mode | SQLITE_OPEN_NOMUTEX, NULL);
	if (code != SQLITE_OK)
		return lk_sqlite_conn_fail(conn, code, err);
	LK_TRY(prepare_common(conn, err));
	LK_TRY(role == LK_CONN_WRITER ? prepare_writer(conn, err) : prepare_reader(conn, err));
	LK_TRY(prepare_controls(conn, err));
	*out_conn = LK_TAKE(conn);
	return LK_OK;
}

/* A transaction that has read something keeps what it saw. */
static lk_status
conn_hold(struct lk_conn *conn, struct lk_error *err)
{
	return conn_script(conn, "BEGIN; SELECT count(*) FROM sqlite_schema", err);
}

/* ---- Checkpoints ---- */

static bool
conn_tidy_due(struct lk_conn *writer)
{
	return writer->log_pages >= LOG_PAGES_DUE;
}

static int
checkpoint_mode(const struct lk_conn *writer, enum lk_tidy why)
{
	if (why != LK_TIDY_DUE)
		return SQLITE_CHECKPOINT_TRUNCATE; /* destroyed digests leave the log too */
	return writer->log_pages < (writer->huge_at ? writer->huge_at : LOG_PAGES_HUGE)
		   ? SQLITE_CHECKPOINT_PASSIVE
		   : SQLITE_CHECKPOINT_RESTART;
}

static lk_status
conn_tidy(struct lk_conn *writer, enum lk_tidy why, struct lk_error *err)
{
	int in_log = 0, folded = 0, code;

	if (why == LK_TIDY_IDLE) /* never make the next write wait for a reader */
		(void)sqlite3_busy_timeout(writer->handle, 0);
	code = sqlite3_wal_checkpoint_v2(
	    writer->handle, "main", checkpoint_mode(writer, why), &in_log, &folded);
	(void)sqlite3_busy_timeout(writer->handle, BUSY_TIMEOUT_MS);
	if (code == SQLITE_BUSY && why == LK_TIDY_DUE) /* a snapshot is held: for a backup, say */
		writer->huge_at = 2 * writer->log_pages;
	if (code != SQLITE_OK)
		return lk_sqlite_conn_fail(writer, code, err);
	if (in_log == folded)
		writer->log_pages = writer->huge_at = 0;
	return LK_OK;
}

static const struct lk_migration *
sqlite_steps(const struct lk_migrations *owner, size_t *out_count)
{
	*out_count = owner->sqlite_count;
	return owner->sqlite;
}

static const char sqlite_columns[] =
    "SELECT t.name, c.name, c.pk FROM sqlite_schema AS t JOIN pragma_table_info(t.name) AS c"
    " WHERE t.type = 'table' AND substr(t.name, 1, 7) <> 'sqlite_' ORDER BY t.name, c.cid";

static const char sqlite_references[] =
    "SELECT t.name, f.\"table\" FROM sqlite_schema AS t"
    " JOIN pragma_foreign_key_list(t.name) AS f WHERE t.type = 'table'";

const struct lk_store_driver lk_store_sqlite = {
	.scheme = "sqlite",
	.open = lk_sqlite_open,
	.close = lk_sqlite_close,
	.steps = sqlite_steps,
	.connect = conn_connect,
	.disconnect = conn_disconnect,
	.held_as = LK_CONN_READER,
	.hold = conn_hold,
	.control = conn_control,
	.in_transaction = conn_in_transaction,
	.script = conn_script,
	.tidy_due = conn_tidy_due,
	.tidy = conn_tidy,
	.prepare = lk_sqlite_prepare,
	.finish = lk_sqlite_finish,
	.reads_only = lk_sqlite_reads_only,
	.start = lk_sqlite_start,
	.step = lk_sqlite_step,
	.changed_rows = lk_sqlite_changed_rows,
	.reset = lk_sqlite_reset,
	.column = lk_sqlite_column,
	.columns = sqlite_columns,
	.references = sqlite_references,
	.sound = "PRAGMA integrity_check(1)",
};
