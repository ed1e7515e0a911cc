/* The only SQL about tenant keys. */
#include "tenant_key_store.h"

static const char Q_LOAD[] = "SELECT wrapped FROM tenant_key WHERE tenant = $1";
static const char Q_INSERT[] =
    "INSERT INTO tenant_key (tenant, wrapped, kek, created_at_ms) VALUES ($1, $2, $3, $4)";

lk_status
tenant_key_load(struct lk_tx *tx, const char *tenant, struct lk_arena *arena, bool *out_has,
    struct lk_bytes *out_wrapped, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };

	LK_TRY(lk_tx_query_first(tx, Q_LOAD, LK_ARGS(lk_text(tenant)), &rows, out_has, err));
	if (!*out_has)
		return LK_OK;
	const struct lk_bytes wrapped = lk_col_blob(&rows, 0);
	const void *copy = lk_arena_copy(arena, wrapped.data, wrapped.len);
	if (!copy)
		return lk_fail_oom(err);
	*out_wrapped = lk_bytes(copy, wrapped.len);
	return LK_OK;
}

lk_status
tenant_key_insert(struct lk_tx *tx, const char *tenant, struct lk_bytes wrapped, const char *kek,
    int64_t now_ms, struct lk_error *err)
{
	return lk_tx_exec(tx, Q_INSERT,
	    LK_ARGS(lk_text(tenant), lk_blob(wrapped), lk_text(kek), lk_int(now_ms)), NULL, err);
}
