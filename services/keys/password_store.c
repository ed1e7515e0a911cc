/* The SQL of passwords; see password_store.h. */
#include "password_store.h"

#include "row_seal.h"

static const char Q_FIND_PASSWORD[] = "SELECT hash FROM user_passwords WHERE user_id = $1";
static const char Q_SAVE_PASSWORD[] =
    "INSERT INTO user_passwords (user_id, hash, changed_at_ms) VALUES ($1, $2, $3) "
    "ON CONFLICT (user_id) DO UPDATE SET hash = excluded.hash, "
    "changed_at_ms = excluded.changed_at_ms";

lk_status
password_find(struct lk_tx *tx, const char *user, char out_hash[LK_PASSWORD_HASH_SIZE],
    bool *out_found, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };

	out_hash[0] = '\0';
	LK_TRY(
	    lk_tx_query_first(tx, Q_FIND_PASSWORD, LK_ARGS(lk_text(user)), &rows, out_found, err));
	if (*out_found && !lk_text_copy(out_hash, LK_PASSWORD_HASH_SIZE, lk_col_text(&rows, 0)))
		return lk_fail(
		    err, LK_DATA_LOSS, "STORE_CORRUPT", "a stored password is not readable");
	return LK_OK;
}

lk_status
password_save(
    struct lk_tx *tx, const char *user, const char *hash, int64_t now_ms, struct lk_error *err)
{
	return row_write(tx, ROW_USER, user, Q_SAVE_PASSWORD,
	    LK_ARGS(lk_text(user), lk_text(hash), lk_int(now_ms)), err);
}
