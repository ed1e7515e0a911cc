/* Prepared statements of SQLite behind $1, $2 … and four kinds of value. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "store/sqlite_internal.h"

/* SQLite numbers parameters by first appearance, we by the number after the $: `number[i]` is the $
 * of its parameter i + 1. */
struct lk_stmt {
	struct lk_conn *conn;
	sqlite3_stmt *handle;
	int64_t changed_before; /* all rows ever changed by the connection, when this began */
	int64_t changed_rows;
	int parameters, highest;
	int number[];
};

static lk_status
sql_fail(struct lk_error *err, const char *what)
{
	return lk_fail(err, LK_INTERNAL, "STORE_SQL", "%s", what);
}

static bool
nothing_follows(const char *tail)
{
	while (*tail == ';' || isspace((unsigned char)*tail))
		tail++;
	return *tail == '\0';
}

/* n of "$n", or 0. */
static int
parameter_number(const char *name)
{
	char *end = NULL;
	long n;

	if (!name || name[0] != '$' || name[1] < '1' || name[1] > '9')
		return 0;
	n = strtol(name + 1, &end, 10);
	return *end == '\0' && n <= 999 ? (int)n : 0;
}

static lk_status
read_parameters(struct lk_stmt *stmt, struct lk_error *err)
{
	for (int i = 0; i < stmt->parameters; i++) {
		stmt->number[i] =
		    parameter_number(sqlite3_bind_parameter_name(stmt->handle, i + 1));
		if (stmt->number[i] == 0)
			return sql_fail(err, "parameters are written $1, $2 and so on");
		if (stmt->number[i] > stmt->highest)
			stmt->highest = stmt->number[i];
	}
	return LK_OK;
}

void
lk_sqlite_finish(struct lk_stmt *stmt)
{
	if (!stmt)
		return;
	sqlite3_finalize(stmt->handle);
	lk_free(stmt);
}
LK_DEFINE_FREEP(stmt_finishp, struct lk_stmt *, lk_sqlite_finish)

/* The handle is taken, also on failure. */
static lk_status
stmt_new(
    struct lk_conn *conn, sqlite3_stmt *handle, struct lk_stmt **out_stmt, struct lk_error *err)
{
	const int parameters = sqlite3_bind_parameter_count(handle);
	LK_AUTO(stmt_finishp)
	struct lk_stmt *stmt =
	    (struct lk_stmt *)lk_alloc(sizeof *stmt + (size_t)parameters * sizeof stmt->number[0]);

	if (!stmt) {
		sqlite3_finalize(handle);
		return lk_fail_oom(err);
	}
	stmt->conn = conn;
	stmt->handle = handle;
	stmt->parameters = parameters;
	LK_TRY(read_parameters(stmt, err));
	*out_stmt = LK_TAKE(stmt);
	return LK_OK;
}

lk_status
lk_sqlite_prepare(
    struct lk_conn *conn, const char *sql, struct lk_stmt **out_stmt, struct lk_error *err)
{
	sqlite3_stmt *handle = NULL;
	const char *tail = "";
	const int code =
	    sqlite3_prepare_v3(conn->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &handle, &tail);

	if (code != SQLITE_OK)
		return lk_sqlite_conn_fail(conn, code, err);
	if (!handle || !nothing_follows(tail)) {
		sqlite3_finalize(handle);
		return sql_fail(err, "a text must hold exactly one statement");
	}
	return stmt_new(conn, handle, out_stmt, err);
}

bool
lk_sqlite_reads_only(struct lk_stmt *stmt)
{
	return sqlite3_stmt_readonly(stmt->handle) != 0;
}

/* PostgreSQL refuses such texts, so no engine of ours may take them. */
static bool
text_ok(struct lk_bytes text)
{
	return text.len == 0 || (!memchr(text.data, '\0', text.len) && lk_utf8_ok(text));
}

static int
bind_one(sqlite3_stmt *handle, int at, const struct lk_value *value, sqlite3_destructor_type keep)
{
	const void *data =
	    value->bytes.data ? value->bytes.data : (const uint8_t *)""; /* NULL would bind null */

	switch (value->kind) {
	case LK_VALUE_NULL:
		return sqlite3_bind_null(handle, at);
	case LK_VALUE_INT:
		return sqlite3_bind_int64(handle, at, value->integer);
	case LK_VALUE_TEXT:
		return sqlite3_bind_text64(handle, at, data, value->bytes.len, keep, SQLITE_UTF8);
	case LK_VALUE_BLOB:
		return sqlite3_bind_blob64(handle, at, data, value->bytes.len, keep);
	}
	return SQLITE_MISUSE;
}

lk_status
lk_sqlite_start(struct lk_stmt *stmt, struct lk_args args, bool copy, struct lk_error *err)
{
	if (args.count != (size_t)stmt->highest)
		return sql_fail(err, "a statement has not as many arguments as parameters");
	for (int i = 0; i < stmt->parameters; i++) {
		const struct lk_value *value = &args.values[stmt->number[i] - 1];
		int code;

		if (value->kind == LK_VALUE_TEXT && !text_ok(value->bytes))
			return lk_fail(err, LK_INVALID_ARGUMENT, "STORE_TEXT_INVALID",
			    "text must be UTF-8 without NUL");
		code =
		    bind_one(stmt->handle, i + 1, value, copy ? SQLITE_TRANSIENT : SQLITE_STATIC);
		if (code != SQLITE_OK)
			return lk_sqlite_conn_fail(stmt->conn, code, err);
	}
	stmt->changed_before = sqlite3_total_changes64(stmt->conn->handle);
	stmt->changed_rows = 0;
	return LK_OK;
}

/* sqlite3_changes() still tells of the statement before when this one changed nothing. */
static int64_t
count_changed(const struct lk_stmt *stmt)
{
	if (sqlite3_total_changes64(stmt->conn->handle) == stmt->changed_before)
		return 0;
	return sqlite3_changes64(stmt->conn->handle);
}

lk_status
lk_sqlite_step(struct lk_stmt *stmt, bool *out_row, struct lk_error *err)
{
	const int code = sqlite3_step(stmt->handle);

	if (code != SQLITE_ROW && code != SQLITE_DONE) {
		(void)sqlite3_reset(stmt->handle); /* repeats the same code */
		return lk_sqlite_conn_fail(stmt->conn, code, err);
	}
	if (code == SQLITE_DONE) {
		stmt->changed_rows = count_changed(stmt);
		(void)sqlite3_reset(stmt->handle);
	}
	*out_row = code == SQLITE_ROW;
	return LK_OK;
}

int64_t
lk_sqlite_changed_rows(struct lk_stmt *stmt)
{
	return stmt->changed_rows;
}

void
lk_sqlite_reset(struct lk_stmt *stmt)
{
	(void)sqlite3_reset(stmt->handle); /* repeats what the last step answered */
}

bool
lk_sqlite_column(struct lk_stmt *stmt, int column, struct lk_value *out_value)
{
	const void *data;

	if (column < 0 || column >= sqlite3_data_count(stmt->handle))
		return false;
	switch (sqlite3_column_type(stmt->handle, column)) {
	case SQLITE_NULL:
		*out_value = lk_null();
		return true;
	case SQLITE_INTEGER:
		*out_value = lk_int(sqlite3_column_int64(stmt->handle, column));
		return true;
	case SQLITE_TEXT:
		data = sqlite3_column_text(stmt->handle, column);
		*out_value = lk_text_n(data, (size_t)sqlite3_column_bytes(stmt->handle, column));
		return data != NULL;
	case SQLITE_BLOB:
		data = sqlite3_column_blob(stmt->handle, column);
		*out_value =
		    lk_blob(lk_bytes(data, (size_t)sqlite3_column_bytes(stmt->handle, column)));
		return true;
	default: /* a float: not a kind of value we have */
		return false;
	}
}
