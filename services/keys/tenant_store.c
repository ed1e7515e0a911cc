/* The SQL of tenants and policy; see tenant_store.h. */
#include "tenant_store.h"

#include "row_seal.h"

#define TENANT_COLUMNS "id, name, domain, profile, state, generation, created_at_ms"

static const char Q_INSERT_TENANT[] =
    "INSERT INTO tenants (" TENANT_COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6, $7)";
static const char Q_TENANT_BY_ID[] =
    "SELECT " TENANT_COLUMNS " FROM tenants WHERE id = $1 AND deleted_at_ms = 0";
static const char Q_TENANT_BY_NAME[] =
    "SELECT " TENANT_COLUMNS " FROM tenants WHERE name = $1 AND deleted_at_ms = 0";
static const char Q_TENANT_BY_DOMAIN[] =
    "SELECT " TENANT_COLUMNS " FROM tenants WHERE domain = $1 AND deleted_at_ms = 0";
static const char Q_LIST_TENANTS[] =
    "SELECT " TENANT_COLUMNS
    " FROM tenants WHERE id > $1 AND deleted_at_ms = 0 ORDER BY id LIMIT $2";
static const char Q_IS_DELETED[] = "SELECT id FROM tenants WHERE id = $1 AND deleted_at_ms <> 0";
static const char Q_RAISE_TENANT[] = "UPDATE tenants SET generation = generation + 1 WHERE id = $1";
static const char Q_LOCK_TENANT[] = "UPDATE tenants SET generation = generation WHERE id = $1";
static const char Q_SAVE_TENANT_NAMES[] = "UPDATE tenants SET name = $2, domain = $3 WHERE id = $1";
static const char Q_SAVE_TENANT_STATE[] = "UPDATE tenants SET state = $2 WHERE id = $1";
static const char Q_POLICY_VALUES[] = "SELECT name, value FROM tenant_policy WHERE tenant = $1";
static const char Q_SAVE_POLICY_VALUE[] =
    "INSERT INTO tenant_policy (tenant, name, value) VALUES ($1, $2, $3) "
    "ON CONFLICT (tenant, name) DO UPDATE SET value = excluded.value";

static lk_status
broken_row(struct lk_error *err)
{
	return lk_fail(err, LK_DATA_LOSS, "STORE_CORRUPT", "a stored tenant is not readable");
}

static lk_status
tenant_read(struct lk_rows *rows, struct tenant *out, struct lk_error *err)
{
	struct tenant t = { .generation = (uint64_t)lk_col_int(rows, 5),
		.created_at_ms = lk_col_int(rows, 6) };

	if (!lk_text_copy(t.id, sizeof t.id, lk_col_text(rows, 0)) ||
	    !lk_text_copy(t.name, sizeof t.name, lk_col_text(rows, 1)) ||
	    !lk_text_copy(t.domain, sizeof t.domain, lk_col_text(rows, 2)) ||
	    !lk_text_copy(t.profile, sizeof t.profile, lk_col_text(rows, 3)) ||
	    !tenant_state_parse(lk_col_text(rows, 4), &t.state))
		return broken_row(err);
	*out = t;
	return LK_OK;
}

static lk_status
find(struct lk_tx *tx, const char *sql, const char *value, struct tenant *out_tenant,
    bool *out_found, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };

	LK_TRY(lk_tx_query_first(tx, sql, LK_ARGS(lk_text(value)), &rows, out_found, err));
	return *out_found ? tenant_read(&rows, out_tenant, err) : LK_OK;
}

/* Names have no dot, domains at least one. */
lk_status
tenant_find(struct lk_tx *tx, const char *name, struct tenant *out_tenant, bool *out_found,
    struct lk_error *err)
{
	const char *sql = lk_id_ok(LK_ID_TENANT, name)  ? Q_TENANT_BY_ID
			  : __builtin_strchr(name, '.') ? Q_TENANT_BY_DOMAIN
							: Q_TENANT_BY_NAME;

	LK_TRY(find(tx, sql, name, out_tenant, out_found, err));
	return *out_found ? row_check(tx, ROW_TENANT, out_tenant->id, err) : LK_OK;
}

static lk_status
free_check(struct lk_tx *tx, const struct tenant *mine, const char *sql, const char *field,
    const char *value, struct lk_error *err)
{
	struct tenant other;
	bool taken;

	LK_TRY(find(tx, sql, value, &other, &taken, err));
	if (!taken || lk_text_is(other.id, mine->id))
		return LK_OK;
	const lk_status status =
	    lk_fail(err, LK_ALREADY_EXISTS, "TENANT_EXISTS", "this %s is taken", field);
	if (err)
		lk_text_copy(err->field, sizeof err->field, field);
	return status;
}

static lk_status
names_free(struct lk_tx *tx, const struct tenant *t, struct lk_error *err)
{
	LK_TRY(free_check(tx, t, Q_TENANT_BY_NAME, "name", t->name, err));
	return free_check(tx, t, Q_TENANT_BY_DOMAIN, "domain", t->domain, err);
}

lk_status
tenant_insert(struct lk_tx *tx, const struct tenant *t, struct lk_error *err)
{
	LK_TRY(names_free(tx, t, err));
	LK_TRY(lk_tx_exec(tx, Q_INSERT_TENANT,
	    LK_ARGS(lk_text(t->id), lk_text(t->name), lk_text(t->domain), lk_text(t->profile),
		lk_text(tenant_state_name(t->state)), lk_int((int64_t)t->generation),
		lk_int(t->created_at_ms)),
	    NULL, err));
	return row_seal(tx, ROW_TENANT, t->id, err);
}

lk_status
tenant_list(struct lk_tx *tx, const struct lk_page *page, struct lk_arena *arena,
    struct tenant_page *out_page, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	struct tenant_page result = { lk_arena_array(arena, page->size, sizeof(struct tenant)), 0,
		false };
	bool has;

	if (!result.items)
		return lk_fail_oom(err);
	LK_TRY(lk_tx_query_first(tx, Q_LIST_TENANTS,
	    LK_ARGS(lk_text(page->after), lk_int(page->size + 1)), &rows, &has, err));
	for (; has && result.count < page->size; result.count++) {
		LK_TRY(tenant_read(&rows, &result.items[result.count], err));
		LK_TRY(lk_rows_next(&rows, &has, err));
	}
	result.more = has;
	*out_page = result;
	return LK_OK;
}

lk_status
tenant_raise_generation(struct lk_tx *tx, const char *id, struct lk_error *err)
{
	return row_write(tx, ROW_TENANT, id, Q_RAISE_TENANT, LK_ARGS(lk_text(id)), err);
}

lk_status
tenant_lock(struct lk_tx *tx, const char *id, struct lk_error *err)
{
	return lk_tx_exec(tx, Q_LOCK_TENANT, LK_ARGS(lk_text(id)), NULL, err);
}

lk_status
tenant_save_names(struct lk_tx *tx, const struct tenant *t, struct lk_error *err)
{
	LK_TRY(names_free(tx, t, err));
	return row_write(tx, ROW_TENANT, t->id, Q_SAVE_TENANT_NAMES,
	    LK_ARGS(lk_text(t->id), lk_text(t->name), lk_text(t->domain)), err);
}

lk_status
tenant_save_state(struct lk_tx *tx, const char *id, enum tenant_state state, struct lk_error *err)
{
	return row_write(tx, ROW_TENANT, id, Q_SAVE_TENANT_STATE,
	    LK_ARGS(lk_text(id), lk_text(tenant_state_name(state))), err);
}

lk_status
policy_load(
    struct lk_tx *tx, const struct tenant *tenant, struct policy *out_policy, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	enum policy_profile profile;
	bool has;

	LK_TRY(profile_parse(tenant->profile, &profile, err));
	policy_of_profile(profile, out_policy);
	LK_TRY(
	    lk_tx_query_first(tx, Q_POLICY_VALUES, LK_ARGS(lk_text(tenant->id)), &rows, &has, err));
	while (has) {
		LK_TRY(policy_set(out_policy, lk_col_text(&rows, 0), lk_col_text(&rows, 1), err));
		LK_TRY(lk_rows_next(&rows, &has, err));
	}
	return LK_OK;
}

lk_status
policy_save_value(
    struct lk_tx *tx, const char *tenant, const char *name, const char *value, struct lk_error *err)
{
	return row_write(tx, ROW_TENANT, tenant, Q_SAVE_POLICY_VALUE,
	    LK_ARGS(lk_text(tenant), lk_text(name), lk_text(value)), err);
}

lk_status
tenant_is_deleted(struct lk_tx *tx, const char *id, bool *out_deleted, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	struct lk_error why = { 0 };

	LK_TRY(lk_tx_query_first(tx, Q_IS_DELETED, LK_ARGS(lk_text(id)), &rows, out_deleted, err));
	return row_or_none(row_check(tx, ROW_TENANT, id, &why), &why, out_deleted, err);
}
