/* The only SQL about revoked tokens. */
#include "revoked_store.h"

#include "base/alloc.h"

static const char Q_INSERT[] =
    "INSERT INTO revoked_token (token, expires_at_ms, revoked_at_ms, revoked_by)"
    " VALUES ($1, $2, $3, $4) ON CONFLICT (token) DO NOTHING";
static const char Q_PRUNE[] = "DELETE FROM revoked_token WHERE expires_at_ms < $1";
static const char Q_ALL[] =
    "SELECT token, expires_at_ms FROM revoked_token WHERE expires_at_ms >= $1";

lk_status
revoked_insert(struct lk_tx *tx, const char *token, int64_t expires_at_ms, int64_t now_ms,
    const char *revoked_by, struct lk_error *err)
{
	LK_TRY(lk_tx_exec(tx, Q_PRUNE, LK_ARGS(lk_int(now_ms)), NULL, err));
	return lk_tx_exec(tx, Q_INSERT,
	    LK_ARGS(lk_text(token), lk_int(expires_at_ms), lk_int(now_ms), lk_text(revoked_by)),
	    NULL, err);
}

lk_status
revoked_load(struct lk_tx *tx, struct lk_revoked *revoked, int64_t now_ms, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	bool has;

	LK_TRY(lk_tx_query_first(tx, Q_ALL, LK_ARGS(lk_int(now_ms)), &rows, &has, err));
	while (has) {
		struct lk_revoked_token *entry = LK_ALLOC(struct lk_revoked_token);
		if (!entry)
			return lk_fail_oom(err);
		lk_text_copy(entry->token, sizeof entry->token, lk_col_text(&rows, 0));
		entry->expires_at_ms = lk_col_int(&rows, 1);
		lk_revoked_add(revoked, entry);
		LK_TRY(lk_rows_next(&rows, &has, err));
	}
	return LK_OK;
}
