/* The SQL of principals; see principal_store.h. */
#include "principal_store.h"

#include "row_seal.h"

#define PRINCIPAL_COLUMNS "id, name, permissions, all_tenants, state, generation, created_at_ms"

static const char Q_INSERT_PRINCIPAL[] =
    "INSERT INTO principals (" PRINCIPAL_COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6, $7) "
    "ON CONFLICT (name) DO NOTHING";
static const char Q_INSERT_PRINCIPAL_TENANT[] =
    "INSERT INTO principal_tenants (principal, tenant) VALUES ($1, $2) ON CONFLICT DO NOTHING";
static const char Q_PRINCIPAL_BY_ID[] =
    "SELECT " PRINCIPAL_COLUMNS " FROM principals WHERE id = $1";
static const char Q_PRINCIPAL_BY_NAME[] =
    "SELECT " PRINCIPAL_COLUMNS " FROM principals WHERE name = $1";
static const char Q_LIST_PRINCIPALS[] =
    "SELECT " PRINCIPAL_COLUMNS " FROM principals WHERE id > $1 ORDER BY id LIMIT $2";
static const char Q_PRINCIPAL_TENANTS[] =
    "SELECT tenant FROM principal_tenants WHERE principal = $1 ORDER BY tenant";
static const char Q_SAVE_PRINCIPAL_STATE[] =
    "UPDATE principals SET state = $2, generation = generation + 1 WHERE id = $1";
static const char Q_EMPTY_PRINCIPAL_TENANTS[] =
    "DELETE FROM principal_tenants WHERE principal = $1";
static const char Q_EMPTY_PRINCIPAL[] =
    "UPDATE principals SET name = id, permissions = '', all_tenants = 0, state = 'disabled', "
    "generation = $2 WHERE id = $1";

static lk_status
principal_read(struct lk_rows *rows, struct principal *out, struct lk_error *err)
{
	struct principal p = { .all_tenants = lk_col_bool(rows, 3),
		.generation = (uint64_t)lk_col_int(rows, 5),
		.created_at_ms = lk_col_int(rows, 6) };

	if (!lk_text_copy(p.id, sizeof p.id, lk_col_text(rows, 0)) ||
	    !lk_text_copy(p.name, sizeof p.name, lk_col_text(rows, 1)) ||
	    lk_scope_parse(lk_col_text(rows, 2), &p.permissions, NULL) != LK_OK ||
	    !principal_state_parse(lk_col_text(rows, 4), &p.state))
		return lk_fail(
		    err, LK_DATA_LOSS, "STORE_CORRUPT", "a stored principal is not readable");
	*out = p;
	return LK_OK;
}

static lk_status
tenants_load(
    struct lk_tx *tx, struct lk_arena *arena, struct principal *principal, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	bool has;

	LK_TRY(lk_tx_query_first(
	    tx, Q_PRINCIPAL_TENANTS, LK_ARGS(lk_text(principal->id)), &rows, &has, err));
	while (has) {
		LK_TRY(id_list_add(&principal->tenants, arena, lk_col_text(&rows, 0), err));
		LK_TRY(lk_rows_next(&rows, &has, err));
	}
	return LK_OK;
}

lk_status
principal_find(struct lk_tx *tx, const char *name, struct lk_arena *arena,
    struct principal *out_principal, bool *out_found, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	const char *sql = lk_id_ok(LK_ID_PRINCIPAL, name) ? Q_PRINCIPAL_BY_ID : Q_PRINCIPAL_BY_NAME;

	LK_TRY(lk_tx_query_first(tx, sql, LK_ARGS(lk_text(name)), &rows, out_found, err));
	if (!*out_found)
		return LK_OK;
	LK_TRY(row_check(tx, ROW_PRINCIPAL, lk_col_text(&rows, 0), err));
	LK_TRY(principal_read(&rows, out_principal, err));
	return tenants_load(tx, arena, out_principal, err);
}

lk_status
principal_insert(struct lk_tx *tx, const struct principal *p, struct lk_error *err)
{
	char scope[LK_SCOPE_SIZE];
	int64_t inserted;

	lk_scope_format(p->permissions, scope, sizeof scope);
	LK_TRY(lk_tx_exec(tx, Q_INSERT_PRINCIPAL,
	    LK_ARGS(lk_text(p->id), lk_text(p->name), lk_text(scope), lk_bool(p->all_tenants),
		lk_text(principal_state_name(p->state)), lk_int((int64_t)p->generation),
		lk_int(p->created_at_ms)),
	    &inserted, err));
	if (inserted == 0)
		return lk_fail(err, LK_ALREADY_EXISTS, "PRINCIPAL_EXISTS", "this name is taken");
	for (size_t i = 0; i < p->tenants.count; i++)
		LK_TRY(lk_tx_exec(tx, Q_INSERT_PRINCIPAL_TENANT,
		    LK_ARGS(lk_text(p->id), lk_text(p->tenants.ids[i])), NULL, err));
	return row_seal(tx, ROW_PRINCIPAL, p->id, err);
}

lk_status
principal_list(struct lk_tx *tx, const struct lk_page *page, struct lk_arena *arena,
    struct principal_page *out_page, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	struct principal_page result = {
		lk_arena_array(arena, page->size, sizeof(struct principal)), 0, false
	};
	bool has;

	if (!result.items)
		return lk_fail_oom(err);
	LK_TRY(lk_tx_query_first(tx, Q_LIST_PRINCIPALS,
	    LK_ARGS(lk_text(page->after), lk_int(page->size + 1)), &rows, &has, err));
	for (; has && result.count < page->size; result.count++) {
		LK_TRY(principal_read(&rows, &result.items[result.count], err));
		LK_TRY(tenants_load(tx, arena, &result.items[result.count], err));
		LK_TRY(lk_rows_next(&rows, &has, err));
	}
	result.more = has;
	*out_page = result;
	return LK_OK;
}

lk_status
principal_save_state(
    struct lk_tx *tx, const char *id, enum principal_state state, struct lk_error *err)
{
	return row_write(tx, ROW_PRINCIPAL, id, Q_SAVE_PRINCIPAL_STATE,
	    LK_ARGS(lk_text(id), lk_text(principal_state_name(state))), err);
}

lk_status
principal_empty(struct lk_tx *tx, const char *id, int64_t now_ms, struct lk_error *err)
{
	LK_TRY(lk_tx_exec(tx, Q_EMPTY_PRINCIPAL_TENANTS, LK_ARGS(lk_text(id)), NULL, err));
	LK_TRY(lk_tx_exec(tx, Q_EMPTY_PRINCIPAL, LK_ARGS(lk_text(id), lk_int(now_ms)), NULL, err));
	return row_seal(tx, ROW_PRINCIPAL, id, err);
}
