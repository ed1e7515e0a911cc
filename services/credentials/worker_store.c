/* The only SQL about enrolled workers. */
#include "worker_store.h"

enum { FORGET_AT_ONCE = 8 };

#define COLUMNS "id, public_key, enrolled_by, enrolled_at_ms"

static const char Q_SAVE[] =
    "INSERT INTO worker (" COLUMNS ") VALUES ($1, $2, $3, $4)"
    " ON CONFLICT (id) DO UPDATE SET public_key = excluded.public_key,"
    " enrolled_by = excluded.enrolled_by, enrolled_at_ms = excluded.enrolled_at_ms";
static const char Q_BY_ID[] = "SELECT " COLUMNS " FROM worker WHERE id = $1";
static const char Q_DELETE[] = "DELETE FROM worker WHERE id = $1";
static const char Q_LIST[] = "SELECT " COLUMNS " FROM worker WHERE id > $1 ORDER BY id LIMIT $2";
static const char Q_FORGET[] =
    "DELETE FROM fetch_nonce WHERE (worker, nonce) IN (SELECT worker, nonce FROM"
    " fetch_nonce WHERE until_ms < $1 ORDER BY until_ms LIMIT $2)";
static const char Q_USE[] = "INSERT INTO fetch_nonce (worker, nonce, until_ms)"
			    " VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";

static lk_status
read_row(struct lk_rows *rows, struct worker *out, struct lk_error *err)
{
	struct worker w = { .enrolled_at_ms = lk_col_int(rows, 3) };

	LK_TRY(lk_col_fixed(rows, 1, w.public_key, sizeof w.public_key, err));
	if (!lk_text_copy(w.id, sizeof w.id, lk_col_text(rows, 0)) ||
	    !lk_text_copy(w.enrolled_by, sizeof w.enrolled_by, lk_col_text(rows, 2)))
		return lk_fail(
		    err, LK_DATA_LOSS, "STORE_CORRUPT", "a worker's row is not readable");
	*out = w;
	return LK_OK;
}

lk_status
worker_save(struct lk_tx *tx, const struct worker *w, struct lk_error *err)
{
	return lk_tx_exec(tx, Q_SAVE,
	    LK_ARGS(lk_text(w->id), lk_blob(lk_bytes(w->public_key, sizeof w->public_key)),
		lk_text(w->enrolled_by), lk_int(w->enrolled_at_ms)),
	    NULL, err);
}

lk_status
worker_find(
    struct lk_tx *tx, const char *id, struct worker *out, bool *out_found, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	bool has;

	LK_TRY(lk_tx_query_first(tx, Q_BY_ID, LK_ARGS(lk_text(id)), &rows, &has, err));
	*out_found = has;
	return has ? read_row(&rows, out, err) : LK_OK;
}

lk_status
worker_load(struct lk_tx *tx, const char *id, struct worker *out, struct lk_error *err)
{
	bool found;

	LK_TRY(worker_find(tx, id, out, &found, err));
	if (!found)
		return lk_fail(
		    err, LK_NOT_FOUND, "WORKER_NOT_FOUND", "no key is enrolled for this worker");
	return LK_OK;
}

lk_status
worker_delete(struct lk_tx *tx, const char *id, struct lk_error *err)
{
	return lk_tx_exec(tx, Q_DELETE, LK_ARGS(lk_text(id)), NULL, err);
}

lk_status
worker_list(struct lk_tx *tx, const char *after, size_t limit, struct worker *out,
    size_t *out_count, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	size_t count = 0;
	bool has;

	LK_TRY(lk_tx_query_first(
	    tx, Q_LIST, LK_ARGS(lk_text(after), lk_int((int64_t)limit)), &rows, &has, err));
	while (has && count < limit) {
		LK_TRY(read_row(&rows, &out[count++], err));
		LK_TRY(lk_rows_next(&rows, &has, err));
	}
	*out_count = count;
	return LK_OK;
}

lk_status
fetch_nonce_use(struct lk_tx *tx, const char *worker, struct lk_bytes nonce, int64_t now_ms,
    int64_t until_ms, struct lk_error *err)
{
	int64_t inserted;

	LK_TRY(
	    lk_tx_exec(tx, Q_FORGET, LK_ARGS(lk_int(now_ms), lk_int(FORGET_AT_ONCE)), NULL, err));
	LK_TRY(lk_tx_exec(
	    tx, Q_USE, LK_ARGS(lk_text(worker), lk_blob(nonce), lk_int(until_ms)), &inserted, err));
	if (inserted == 0)
		return lk_fail(err, LK_PERMISSION_DENIED, "SIGNATURE_REPLAYED",
		    "this signed fetch was made before");
	return LK_OK;
}
