/* Statements, rows and columns of a transaction, whatever the engine. */
#include "store/tx.h"

#include <string.h>

#include "base/alloc.h"

/* The first failure ends the transaction; `status` and `failure` are kept to answer everything
 * after it. */
static lk_status
tx_over(struct lk_tx *tx, lk_status status, const struct lk_error *failure, struct lk_error *err)
{
	if (status == LK_OK)
		return LK_OK;
	if (tx->failed == LK_OK) {
		tx->failed = status;
		tx->failure = *failure;
	}
	if (err)
		*err = *failure;
	return status;
}

static lk_status
tx_alive(const struct lk_tx *tx, struct lk_error *err)
{
	if (tx->failed != LK_OK && err)
		*err = tx->failure;
	return tx->failed;
}

static lk_status
acquire(struct lk_tx *tx, const char *sql, struct lk_prepared **out_prepared, struct lk_error *err)
{
	struct lk_prepared *prepared = NULL;

	LK_TRY(lk_session_acquire(tx->session, sql, &prepared, err));
	if (tx->session->reads_only && !lk_tx_driver(tx)->reads_only(prepared->stmt)) {
		lk_session_release(tx->session, prepared);
		return lk_fail(err, LK_INTERNAL, "STORE_SQL", "a read tried to write");
	}
	*out_prepared = prepared;
	return LK_OK;
}

static lk_status
exec_prepared(struct lk_tx *tx, struct lk_prepared *prepared, struct lk_args args,
    int64_t *out_changed, struct lk_error *err)
{
	const struct lk_remote *remote = lk_tx_driver(tx)->remote;
	bool has = true;

	if (remote && !out_changed)
		return remote->later(prepared->stmt, args, err);
	LK_TRY(lk_tx_driver(tx)->start(prepared->stmt, args, false, err));
	while (has)
		LK_TRY(lk_tx_driver(tx)->step(prepared->stmt, &has, err));
	if (out_changed)
		*out_changed = lk_tx_driver(tx)->changed_rows(prepared->stmt);
	return LK_OK;
}

lk_status
lk_tx_exec(struct lk_tx *tx, const char *sql, struct lk_args args, int64_t *out_changed_rows,
    struct lk_error *err)
{
	struct lk_error failure = { 0 };
	struct lk_prepared *prepared = NULL;
	lk_status status;

	LK_TRY(tx_alive(tx, err));
	status = acquire(tx, sql, &prepared, &failure);
	if (status == LK_OK) {
		status = exec_prepared(tx, prepared, args, out_changed_rows, &failure);
		lk_session_release(tx->session, prepared);
	}
	return tx_over(tx, status, &failure, err);
}

lk_status
lk_tx_query(struct lk_tx *tx, const char *sql, struct lk_args args, struct lk_rows *out_rows,
    struct lk_error *err)
{
	struct lk_error failure = { 0 };
	struct lk_prepared *prepared = NULL;
	lk_status status;

	lk_rows_end(out_rows);
	LK_TRY(tx_alive(tx, err));
	status = acquire(tx, sql, &prepared, &failure);
	if (status == LK_OK)
		status = lk_tx_driver(tx)->start(prepared->stmt, args, true, &failure);
	if (status == LK_OK)
		*out_rows = (struct lk_rows){ tx, prepared };
	else if (prepared)
		lk_session_release(tx->session, prepared);
	return tx_over(tx, status, &failure, err);
}

static struct lk_stmt *
stmt_of(const struct lk_rows *rows)
{
	return ((struct lk_prepared *)rows->statement)->stmt;
}

lk_status
lk_rows_next(struct lk_rows *rows, bool *out_has, struct lk_error *err)
{
	struct lk_error failure = { 0 };
	lk_status status;
	bool has = false;

	if (!rows->tx) { /* past the end */
		*out_has = false;
		return LK_OK;
	}
	LK_TRY(tx_alive(rows->tx, err));
	status = lk_tx_driver(rows->tx)->step(stmt_of(rows), &has, &failure);
	LK_TRY(tx_over(rows->tx, status, &failure, err));
	if (!has)
		lk_rows_end(rows);
	*out_has = has;
	return LK_OK;
}

lk_status
lk_tx_query_first(struct lk_tx *tx, const char *sql, struct lk_args args, struct lk_rows *out_rows,
    bool *out_has, struct lk_error *err)
{
	LK_TRY(lk_tx_query(tx, sql, args, out_rows, err));
	return lk_rows_next(out_rows, out_has, err);
}

void
lk_rows_end(struct lk_rows *rows)
{
	if (rows->tx)
		lk_session_release(rows->tx->session, (struct lk_prepared *)rows->statement);
	*rows = (struct lk_rows){ 0 };
}

/* ---- Columns ---- */

/* NULL when the column holds NULL, or something else than `kind`: then the transaction is over. */
static bool
column(const struct lk_rows *rows, int at, enum lk_value_kind kind, struct lk_value *out_value)
{
	struct lk_error failure = { 0 };
	struct lk_value value = lk_null();

	if (!rows->tx)
		return false;
	if (lk_tx_driver(rows->tx)->column(stmt_of(rows), at, &value)) {
		*out_value = value;
		if (value.kind == LK_VALUE_NULL || value.kind == kind)
			return value.kind == kind;
	}
	LK_IGNORE(tx_over(rows->tx, /* kept: it is the answer of whatever comes next */
	    lk_fail(
		&failure, LK_INTERNAL, "STORE_COLUMN", "a column is missing or of another type"),
	    &failure, NULL));
	return false;
}

bool
lk_col_is_null(struct lk_rows *rows, int at)
{
	struct lk_value value = lk_null();

	return !rows->tx || !lk_tx_driver(rows->tx)->column(stmt_of(rows), at, &value) ||
	       value.kind == LK_VALUE_NULL;
}

int64_t
lk_col_int(struct lk_rows *rows, int at)
{
	struct lk_value value;

	return column(rows, at, LK_VALUE_INT, &value) ? value.integer : 0;
}

bool
lk_col_bool(struct lk_rows *rows, int at)
{
	return lk_col_int(rows, at) != 0;
}

const char *
lk_col_text(struct lk_rows *rows, int at)
{
	struct lk_value value;

	return column(rows, at, LK_VALUE_TEXT, &value) ? (const char *)value.bytes.data : "";
}

struct lk_bytes
lk_col_blob(struct lk_rows *rows, int at)
{
	struct lk_value value;

	return column(rows, at, LK_VALUE_BLOB, &value) ? value.bytes : lk_bytes(NULL, 0);
}

lk_status
lk_col_fixed(struct lk_rows *rows, int at, void *out, size_t size, struct lk_error *err)
{
	const struct lk_bytes blob = lk_col_blob(rows, at);

	if (blob.len != size)
		return lk_fail(
		    err, LK_DATA_LOSS, "STORE_CORRUPT", "a stored value does not have its size");
	memcpy(out, blob.data, size);
	return LK_OK;
}

/* ---- After the commit ---- */

lk_status
lk_tx_on_commit(struct lk_tx *tx, lk_tx_commit_fn *fn, void *arg, struct lk_error *err)
{
	struct lk_hook *hook;

	if (!tx->may_hook)
		return lk_fail(err, LK_INTERNAL, "STORE_NESTED", "a read never commits");
	hook = LK_ALLOC(struct lk_hook);
	if (!hook)
		return lk_fail_oom(err);
	hook->fn = fn;
	hook->arg = arg;
	*tx->last_hook = hook;
	tx->last_hook = &hook->next;
	return LK_OK;
}

void *
lk_tx_lent(const struct lk_tx *tx)
{
	return tx->session->lent;
}
