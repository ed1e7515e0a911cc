/* The only SQL about counts of uses. */
#include "key_use_store.h"

static const char Q_ADD[] =
    "INSERT INTO key_use (key_id, caller, day, uses, last_used_at_ms, source_address)"
    " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (key_id, caller, day) DO UPDATE SET"
    " uses = key_use.uses + excluded.uses,"
    " last_used_at_ms = CASE WHEN excluded.last_used_at_ms > key_use.last_used_at_ms"
    " THEN excluded.last_used_at_ms ELSE key_use.last_used_at_ms END,"
    " source_address = CASE WHEN excluded.source_address = '' THEN key_use.source_address"
    " ELSE excluded.source_address END";
static const char Q_LIST[] =
    "SELECT u.caller, u.day, u.uses, u.last_used_at_ms, u.source_address,"
    " COALESCE(p.name, u.caller) FROM key_use u LEFT JOIN principals p ON p.id = u.caller"
    " WHERE u.key_id = $1 AND u.day >= $2 ORDER BY u.day DESC, u.caller LIMIT $3";
static const char Q_PRUNE[] = "DELETE FROM key_use WHERE day < $1";

lk_status
key_use_add(struct lk_tx *tx, const struct key_use *use, struct lk_error *err)
{
	return lk_tx_exec(tx, Q_ADD,
	    LK_ARGS(lk_text(use->key), lk_text(use->caller), lk_int(use->day),
		lk_int((int64_t)use->count), lk_int(use->last_used_at_ms),
		lk_text(use->source_address)),
	    NULL, err);
}

static bool
row_read(const char *key, struct lk_rows *rows, struct key_use *out)
{
	*out = (struct key_use){
		.day = lk_col_int(rows, 1),
		.count = (uint64_t)lk_col_int(rows, 2),
		.last_used_at_ms = lk_col_int(rows, 3),
	};
	return lk_text_copy(out->key, sizeof out->key, key) &&
	       lk_text_copy(out->caller, sizeof out->caller, lk_col_text(rows, 0)) &&
	       lk_text_copy(
		   out->source_address, sizeof out->source_address, lk_col_text(rows, 4)) &&
	       lk_text_copy(out->caller_name, sizeof out->caller_name, lk_col_text(rows, 5));
}

lk_status
key_use_list(struct lk_tx *tx, const char *key, int64_t day, size_t max, struct lk_arena *arena,
    struct key_use **out_uses, size_t *out_count, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	struct key_use *uses = lk_arena_array(arena, max, sizeof *uses);
	size_t count = 0;
	bool has;

	if (!uses)
		return lk_fail_oom(err);
	LK_TRY(lk_tx_query_first(tx, Q_LIST,
	    LK_ARGS(lk_text(key), lk_int(day), lk_int((int64_t)max)), &rows, &has, err));
	for (; has && count < max; count++) {
		if (!row_read(key, &rows, &uses[count]))
			return lk_fail(
			    err, LK_DATA_LOSS, "STORE_CORRUPT", "a count of uses is out of range");
		LK_TRY(lk_rows_next(&rows, &has, err));
	}
	*out_uses = uses;
	*out_count = count;
	return LK_OK;
}

lk_status
key_use_prune(struct lk_tx *tx, int64_t before_day, struct lk_error *err)
{
	return lk_tx_exec(tx, Q_PRUNE, LK_ARGS(lk_int(before_day)), NULL, err);
}
