/* The only SQL about tenant keys. */
#include "tenant_key_store.h"

static const char Q_LOAD[] = "SELECT wrapped FROM tenant_key WHERE tenant = $1";
static const char Q_INSERT[] =
    "INSERT INTO tenant_key (tenant, wrapped, kek, created_at_ms) VALUES ($1, $2, $3, $4)";
static const char Q_PAGE[] =
    "SELECT tenant, wrapped FROM tenant_key WHERE tenant > $1 ORDER BY tenant LIMIT $2";
static const char Q_REWRAP[] =
    "UPDATE tenant_key SET wrapped = $2, kek = $3 WHERE tenant = $1 AND wrapped = $4";
static const char Q_COUNT[] = "SELECT COUNT(*) FROM tenant_key";
static const char Q_COUNT_OTHERS[] = "SELECT COUNT(*) FROM tenant_key WHERE kek <> $1";
static const char Q_DESTROY_LEASES[] = "DELETE FROM lease WHERE tenant = $1";
static const char Q_DESTROY_CREDENTIALS[] = "DELETE FROM credential WHERE tenant = $1";
static const char Q_DESTROY[] = "DELETE FROM tenant_key WHERE tenant = $1";
static const char Q_STRANGER[] = "SELECT tenant_key.kek FROM tenant_key WHERE NOT EXISTS"
				 " (SELECT 1 FROM kek WHERE kek.id = tenant_key.kek) LIMIT 1";
static const char Q_WRAPPED[] = "SELECT wrapped FROM tenant_key";

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

static lk_status
read_row(struct lk_rows *rows, struct lk_arena *arena, struct tenant_key *out, struct lk_error *err)
{
	const struct lk_bytes wrapped = lk_col_blob(rows, 1);
	const void *copy = lk_arena_copy(arena, wrapped.data, wrapped.len);

	if (!copy)
		return lk_fail_oom(err);
	out->wrapped = lk_bytes(copy, wrapped.len);
	if (!lk_text_copy(out->tenant, sizeof out->tenant, lk_col_text(rows, 0)))
		return lk_fail(
		    err, LK_DATA_LOSS, "STORE_CORRUPT", "a tenant key's row is not readable");
	return LK_OK;
}

lk_status
tenant_key_page(struct lk_tx *tx, const char *after, size_t limit, struct lk_arena *arena,
    struct tenant_key *out, size_t *out_count, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	size_t count = 0;
	bool has;

	LK_TRY(lk_tx_query_first(
	    tx, Q_PAGE, LK_ARGS(lk_text(after), lk_int((int64_t)limit)), &rows, &has, err));
	while (has && count < limit) {
		LK_TRY(read_row(&rows, arena, &out[count++], err));
		LK_TRY(lk_rows_next(&rows, &has, err));
	}
	*out_count = count;
	return LK_OK;
}

lk_status
tenant_key_rewrap(struct lk_tx *tx, const char *tenant, struct lk_bytes old,
    struct lk_bytes wrapped, const char *kek, struct lk_error *err)
{
	int64_t changed;

	LK_TRY(lk_tx_exec(tx, Q_REWRAP,
	    LK_ARGS(lk_text(tenant), lk_blob(wrapped), lk_text(kek), lk_blob(old)), &changed, err));
	if (changed == 0)
		return lk_fail(err, LK_ABORTED, "TENANT_KEY_CHANGED",
		    "a tenant's key was changed by somebody else at the same time");
	return LK_OK;
}

static lk_status
count(struct lk_tx *tx, const char *sql, struct lk_args args, int64_t *out, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	bool has;

	LK_TRY(lk_tx_query_first(tx, sql, args, &rows, &has, err));
	*out = has ? lk_col_int(&rows, 0) : 0;
	return LK_OK;
}

lk_status
tenant_key_count(
    struct lk_tx *tx, const char *kek, int64_t *out_all, int64_t *out_others, struct lk_error *err)
{
	LK_TRY(count(tx, Q_COUNT, LK_NO_ARGS, out_all, err));
	return count(tx, Q_COUNT_OTHERS, LK_ARGS(lk_text(kek)), out_others, err);
}

lk_status
tenant_key_count_named(struct lk_tx *tx, const char *kek, int64_t *out_count, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	char named[LK_KEK_ID_SIZE];
	int64_t found = 0;
	bool has;

	LK_TRY(lk_tx_query_first(tx, Q_WRAPPED, LK_NO_ARGS, &rows, &has, err));
	while (has) {
		if (lk_wrapped_kek_id(lk_col_blob(&rows, 0), named, NULL) == LK_OK &&
		    lk_text_is(named, kek))
			found++;
		LK_TRY(lk_rows_next(&rows, &has, err));
	}
	*out_count = found;
	return LK_OK;
}

lk_status
tenant_key_stranger(
    struct lk_tx *tx, char out_kek[LK_KEK_ID_SIZE], bool *out_has, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };

	LK_TRY(lk_tx_query_first(tx, Q_STRANGER, LK_NO_ARGS, &rows, out_has, err));
	if (*out_has && !lk_text_copy(out_kek, LK_KEK_ID_SIZE, lk_col_text(&rows, 0)))
		return lk_fail(
		    err, LK_DATA_LOSS, "STORE_CORRUPT", "a tenant key's row is not readable");
	return LK_OK;
}

lk_status
tenant_key_destroy(struct lk_tx *tx, const char *tenant, bool *out_destroyed, struct lk_error *err)
{
	int64_t keys;

	LK_TRY(lk_tx_exec(tx, Q_DESTROY_LEASES, LK_ARGS(lk_text(tenant)), NULL, err));
	LK_TRY(lk_tx_exec(tx, Q_DESTROY_CREDENTIALS, LK_ARGS(lk_text(tenant)), NULL, err));
	LK_TRY(lk_tx_exec(tx, Q_DESTROY, LK_ARGS(lk_text(tenant)), &keys, err));
	*out_destroyed = keys > 0;
	return LK_OK;
}
