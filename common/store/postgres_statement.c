/* Prepared statements of PostgreSQL behind $1, $2 … and four kinds of value. */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "store/postgres_internal.h"

enum { PARAMS_MAX = 64, INT_TEXT_SIZE = 21, NAME_SIZE = 16, NAMED_MAX = 600 };

/* src/include/catalog/pg_type.dat; these numbers are for ever. */
enum {
	TYPE_BOOL = 16,
	TYPE_BYTEA = 17,
	TYPE_NAME = 19,
	TYPE_INT8 = 20,
	TYPE_INT2 = 21,
	TYPE_INT4 = 23,
	TYPE_TEXT = 25,
	TYPE_VARCHAR = 1043,
};

struct lk_stmt {
	struct lk_conn *conn;
	char *sql;
	char name[NAME_SIZE]; /* "" until the server knows it */
	size_t kind;          /* of the reads that begin with it */
	int parameters;       /* the highest $n */
	PGresult *result;     /* all rows, while they are read */
	int row;              /* -1 before the first */
	int64_t changed_rows;
};

LK_DEFINE_FREEP(result_clearp, PGresult *, PQclear)

static lk_status
sql_fail(struct lk_error *err, const char *what)
{
	return lk_fail(err, LK_INTERNAL, "STORE_SQL", "%s", what);
}

/* ---- Prepare ---- */

/* The highest n of "$n" outside of quotes; -1 when a $ is not followed by a number. */
static int
highest_parameter(const char *sql)
{
	int highest = 0;
	char quote = '\0';

	for (; *sql; sql++) {
		if (quote) {
			quote = *sql == quote ? '\0' : quote;
		} else if (*sql == '\'' || *sql == '"') {
			quote = *sql;
		} else if (*sql == '$') {
			const long n =
			    isdigit((unsigned char)sql[1]) ? strtol(sql + 1, NULL, 10) : 0;

			if (n < 1 || n > PARAMS_MAX)
				return -1;
			highest = n > highest ? (int)n : highest;
		}
	}
	return highest;
}

/* Two that share a kind are no worse than slow. */
static size_t
kind_of(const char *sql)
{
	uint64_t hash = 14695981039346656037ULL; /* FNV-1a */

	for (; *sql; sql++)
		hash = (hash ^ (uint8_t)*sql) * 1099511628211ULL;
	return (size_t)(hash % LK_PG_KINDS);
}

lk_status
lk_pg_prepare(
    struct lk_conn *conn, const char *sql, struct lk_stmt **out_stmt, struct lk_error *err)
{
	const int parameters = highest_parameter(sql);
	struct lk_stmt *stmt;

	if (parameters < 0)
		return sql_fail(err, "parameters are written $1, $2 and so on");
	stmt = LK_ALLOC(struct lk_stmt);
	if (!stmt)
		return lk_fail_oom(err);
	stmt->sql = lk_text_dup(sql);
	if (!stmt->sql) {
		lk_free(stmt);
		return lk_fail_oom(err);
	}
	stmt->conn = conn;
	stmt->parameters = parameters;
	stmt->kind = kind_of(sql);
	*out_stmt = stmt;
	return LK_OK;
}

/* The server forgets it with the connection. */
void
lk_pg_finish(struct lk_stmt *stmt)
{
	if (!stmt)
		return;
	PQclear(stmt->result);
	lk_free(stmt->sql);
	lk_free(stmt);
}

bool
lk_pg_reads_only(struct lk_stmt *stmt)
{
	(void)stmt; /* the transactions of a reader refuse writes by themselves */
	return true;
}

static Oid
type_of(enum lk_value_kind kind)
{
	switch (kind) {
	case LK_VALUE_NULL:
		break;
	case LK_VALUE_INT:
		return TYPE_INT8;
	case LK_VALUE_TEXT:
		return TYPE_TEXT;
	case LK_VALUE_BLOB:
		return TYPE_BYTEA;
	}
	return 0; /* as the statement needs it */
}

/* At its first use, when the kinds of its arguments are known. Those too many to keep take turns as
 * the statement without a name. */
static lk_status
make_known(struct lk_stmt *stmt, struct lk_args args, struct lk_error *err)
{
	struct lk_conn *conn = stmt->conn;
	LK_AUTO(result_clearp) PGresult *result = NULL;
	Oid types[PARAMS_MAX];
	char name[NAME_SIZE] = "";

	for (size_t i = 0; i < args.count; i++)
		types[i] = type_of(args.values[i].kind);
	if (conn->named < NAMED_MAX)
		(void)snprintf(name, sizeof name, "s%u", ++conn->named);
	LK_TRY(
	    lk_pg_sent(conn, PQsendPrepare(conn->handle, name, stmt->sql, (int)args.count, types),
		LK_PG_DUE_RESULT, err));
	LK_TRY(lk_pg_await(conn, 0, &result, err));
	memcpy(stmt->name, name, sizeof name);
	return LK_OK;
}

/* ---- Run ---- */

/* Integers travel as text, which fits every integer type; texts and blobs as their bytes. */
struct params {
	const char *values[PARAMS_MAX];
	int lengths[PARAMS_MAX], formats[PARAMS_MAX];
	char texts[PARAMS_MAX][INT_TEXT_SIZE];
};

static lk_status
bind_one(struct params *params, size_t i, const struct lk_value *value, struct lk_error *err)
{
	params->values[i] = NULL;
	params->lengths[i] = 0;
	params->formats[i] = 1;
	switch (value->kind) {
	case LK_VALUE_NULL:
		return LK_OK;
	case LK_VALUE_INT:
		(void)snprintf(params->texts[i], INT_TEXT_SIZE, "%" PRId64, value->integer);
		params->values[i] = params->texts[i];
		params->formats[i] = 0;
		return LK_OK;
	case LK_VALUE_TEXT:
		if (value->bytes.len > 0 && (memchr(value->bytes.data, '\0', value->bytes.len) ||
						!lk_utf8_ok(value->bytes)))
			return lk_pg_fail("22021", err);
		break;
	case LK_VALUE_BLOB:
		break;
	}
	if (value->bytes.len > INT32_MAX / 2)
		return lk_pg_fail("54000", err);
	params->values[i] = value->bytes.len ? (const char *)value->bytes.data : "";
	params->lengths[i] = (int)value->bytes.len;
	return LK_OK;
}

/* A statement of a read: the snapshot of a closed one is gone, so it begins again. */
static lk_status
join_read(struct lk_stmt *stmt, struct lk_error *err)
{
	struct lk_conn *conn = stmt->conn;

	if (conn->role != LK_CONN_READER)
		return LK_OK;
	if (!conn->read) {
		conn->read = &conn->db->kinds[stmt->kind];
		return LK_OK;
	}
	if (atomic_load(conn->read) != LK_PG_LONG)
		atomic_store(conn->read, LK_PG_LONG);
	if (!conn->read_is_closed)
		return LK_OK;
	conn->may_rerun = true;
	return lk_pg_fail("40001", err);
}

static lk_status
close_read(struct lk_conn *conn, struct lk_error *err)
{
	if (conn->role != LK_CONN_READER || !conn->read || atomic_load(conn->read) != LK_PG_SHORT)
		return LK_OK;
	conn->read_is_closed = true;
	return lk_pg_sync(conn, err);
}

static lk_status
send_start(struct lk_stmt *stmt, struct lk_args args, struct lk_error *err)
{
	struct params params; /* only what bind_one filled is read */

	if (stmt->conn->broken)
		return lk_pg_fail(NULL, err);
	if (args.count != (size_t)stmt->parameters)
		return sql_fail(err, "a statement has not as many arguments as parameters");
	LK_TRY(join_read(stmt, err));
	for (size_t i = 0; i < args.count; i++)
		LK_TRY(bind_one(&params, i, &args.values[i], err));
	if (!stmt->name[0])
		LK_TRY(make_known(stmt, args, err));
	return lk_pg_sent(stmt->conn,
	    PQsendQueryPrepared(stmt->conn->handle, stmt->name, (int)args.count, params.values,
		params.lengths, params.formats, 1),
	    LK_PG_DUE_RESULT, err);
}

/* A SELECT changes nothing, though its tag counts rows. */
static int64_t
count_changed(PGresult *result)
{
	if (strncmp(PQcmdStatus(result), "SELECT", 6) == 0)
		return 0;
	return strtoll(PQcmdTuples(result), NULL, 10);
}

lk_status
lk_pg_start(struct lk_stmt *stmt, struct lk_args args, bool copy, struct lk_error *err)
{
	(void)copy; /* libpq copies at once */
	lk_pg_reset(stmt);
	LK_TRY(send_start(stmt, args, err));
	LK_TRY(close_read(stmt->conn, err));
	LK_TRY(lk_pg_await(stmt->conn, stmt->conn->read_is_closed, &stmt->result, err));
	stmt->row = -1;
	stmt->changed_rows = count_changed(stmt->result);
	return LK_OK;
}

lk_status
lk_pg_later(struct lk_stmt *stmt, struct lk_args args, struct lk_error *err)
{
	return stmt->conn->careful ? lk_pg_start(stmt, args, false, err)
				   : send_start(stmt, args, err);
}

lk_status
lk_pg_step(struct lk_stmt *stmt, bool *out_row, struct lk_error *err)
{
	(void)err;
	*out_row = stmt->result && ++stmt->row < PQntuples(stmt->result);
	return LK_OK;
}

int64_t
lk_pg_changed_rows(struct lk_stmt *stmt)
{
	return stmt->changed_rows;
}

void
lk_pg_reset(struct lk_stmt *stmt)
{
	PQclear(LK_TAKE(stmt->result));
}

/* ---- Columns ---- */

/* Network byte order, two's complement. */
static int64_t
read_int(const uint8_t *data, int len)
{
	uint64_t value = len > 0 && (data[0] & 0x80) ? UINT64_MAX : 0;

	for (int i = 0; i < len; i++)
		value = value << 8 | data[i];
	return (int64_t)value;
}

bool
lk_pg_column(struct lk_stmt *stmt, int column, struct lk_value *out_value)
{
	const PGresult *result = stmt->result;

	if (!result || column < 0 || column >= PQnfields(result) || stmt->row < 0 ||
	    stmt->row >= PQntuples(result))
		return false;
	if (PQgetisnull(result, stmt->row, column)) {
		*out_value = lk_null();
		return true;
	}
	const char *data = PQgetvalue(result, stmt->row, column);
	const int len = PQgetlength(result, stmt->row, column);

	switch (PQftype(result, column)) {
	case TYPE_BOOL: /* a comparison */
		*out_value = lk_bool(data[0] != 0);
		return true;
	case TYPE_INT8:
	case TYPE_INT2:
	case TYPE_INT4:
		*out_value = lk_int(read_int((const uint8_t *)data, len));
		return true;
	case TYPE_TEXT:
	case TYPE_VARCHAR:
	case TYPE_NAME:
		*out_value = lk_text_n(data, (size_t)len);
		return true;
	case TYPE_BYTEA:
		*out_value = lk_blob(lk_bytes(data, (size_t)len));
		return true;
	default: /* not a kind of value we have */
		return false;
	}
}
