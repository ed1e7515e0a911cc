/* The SQL of workgroups; see workgroup_store.h. */
#include "workgroup_store.h"

#include "row_seal.h"

#define WORKGROUP_COLUMNS "id, tenant, name, created_at_ms, permissions"

static const char Q_INSERT_WORKGROUP[] =
    "INSERT INTO workgroups (" WORKGROUP_COLUMNS ") VALUES ($1, $2, $3, $4, '') "
    "ON CONFLICT (tenant, name) DO NOTHING";
static const char Q_WORKGROUP_BY_ID[] =
    "SELECT " WORKGROUP_COLUMNS
    " FROM workgroups WHERE tenant = $1 AND id = $2 AND deleted_at_ms = 0";
static const char Q_WORKGROUP_BY_NAME[] =
    "SELECT " WORKGROUP_COLUMNS
    " FROM workgroups WHERE tenant = $1 AND name = $2 AND deleted_at_ms = 0";
static const char Q_LIST_WORKGROUPS[] =
    "SELECT " WORKGROUP_COLUMNS
    " FROM workgroups WHERE tenant = $1 AND id > $2 AND deleted_at_ms = 0 "
    "ORDER BY id LIMIT $3";
static const char Q_WORKGROUP_MEMBERS[] =
    "SELECT user_id, is_admin FROM workgroup_members WHERE workgroup = $1 ORDER BY user_id";
static const char Q_SAVE_MEMBER[] =
    "INSERT INTO workgroup_members (workgroup, user_id, is_admin) VALUES ($1, $2, $3) "
    "ON CONFLICT (workgroup, user_id) DO UPDATE SET is_admin = excluded.is_admin";
static const char Q_DELETE_MEMBER[] =
    "DELETE FROM workgroup_members WHERE workgroup = $1 AND user_id = $2";
static const char Q_WORKGROUPS_OF_USER[] =
    "SELECT workgroup FROM workgroup_members WHERE user_id = $1 ORDER BY workgroup";

static const char Q_GRANTS_OF_USER[] =
    "SELECT workgroup, permissions FROM workgroup_members, workgroups "
    "WHERE user_id = $1 AND workgroups.id = workgroup AND permissions <> ''";
static const char Q_SAVE_WORKGROUP[] =
    "UPDATE workgroups SET name = $2, permissions = $3 WHERE id = $1";
static const char Q_END_WORKGROUP[] =
    "UPDATE workgroups SET name = id, permissions = '', deleted_at_ms = $2 WHERE id = $1";

static lk_status
workgroup_read(struct lk_rows *rows, struct workgroup *out, struct lk_error *err)
{
	struct workgroup w = { .created_at_ms = lk_col_int(rows, 3) };

	if (!lk_text_copy(w.id, sizeof w.id, lk_col_text(rows, 0)) ||
	    !lk_text_copy(w.tenant, sizeof w.tenant, lk_col_text(rows, 1)) ||
	    !lk_text_copy(w.name, sizeof w.name, lk_col_text(rows, 2)) ||
	    lk_scope_parse(lk_col_text(rows, 4), &w.permissions, NULL) != LK_OK)
		return lk_fail(
		    err, LK_DATA_LOSS, "STORE_CORRUPT", "a stored workgroup is not readable");
	*out = w;
	return LK_OK;
}

lk_status
workgroup_members_load(
    struct lk_tx *tx, struct lk_arena *arena, struct workgroup *w, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	bool has;

	LK_TRY(
	    lk_tx_query_first(tx, Q_WORKGROUP_MEMBERS, LK_ARGS(lk_text(w->id)), &rows, &has, err));
	while (has) {
		LK_TRY(id_list_add(&w->members, arena, lk_col_text(&rows, 0), err));
		if (lk_col_bool(&rows, 1))
			LK_TRY(id_list_add(&w->admins, arena, lk_col_text(&rows, 0), err));
		LK_TRY(lk_rows_next(&rows, &has, err));
	}
	return LK_OK;
}

lk_status
workgroup_find(struct lk_tx *tx, const char *tenant, const char *name, struct lk_arena *arena,
    struct workgroup *out_workgroup, bool *out_found, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	const char *sql = lk_id_ok(LK_ID_WORKGROUP, name) ? Q_WORKGROUP_BY_ID : Q_WORKGROUP_BY_NAME;

	LK_TRY(lk_tx_query_first(
	    tx, sql, LK_ARGS(lk_text(tenant), lk_text(name)), &rows, out_found, err));
	if (!*out_found)
		return LK_OK;
	LK_TRY(row_check(tx, ROW_WORKGROUP, lk_col_text(&rows, 0), err));
	LK_TRY(workgroup_read(&rows, out_workgroup, err));
	return workgroup_members_load(tx, arena, out_workgroup, err);
}

static lk_status
workgroup_exists(struct lk_error *err)
{
	return lk_fail(
	    err, LK_ALREADY_EXISTS, "WORKGROUP_EXISTS", "the tenant has a workgroup of this name");
}

lk_status
workgroup_insert(struct lk_tx *tx, const struct workgroup *w, struct lk_error *err)
{
	int64_t inserted;

	LK_TRY(lk_tx_exec(tx, Q_INSERT_WORKGROUP,
	    LK_ARGS(lk_text(w->id), lk_text(w->tenant), lk_text(w->name), lk_int(w->created_at_ms)),
	    &inserted, err));
	return inserted > 0 ? row_seal(tx, ROW_WORKGROUP, w->id, err) : workgroup_exists(err);
}

static lk_status
name_check(struct lk_tx *tx, const struct workgroup *w, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	bool taken;

	LK_TRY(lk_tx_query_first(tx, Q_WORKGROUP_BY_NAME,
	    LK_ARGS(lk_text(w->tenant), lk_text(w->name)), &rows, &taken, err));
	return taken && !lk_text_is(lk_col_text(&rows, 0), w->id) ? workgroup_exists(err) : LK_OK;
}

lk_status
workgroup_save(struct lk_tx *tx, const struct workgroup *w, struct lk_error *err)
{
	char scope[LK_SCOPE_SIZE];

	LK_TRY(name_check(tx, w, err));
	lk_scope_format(w->permissions, scope, sizeof scope);
	return row_write(tx, ROW_WORKGROUP, w->id, Q_SAVE_WORKGROUP,
	    LK_ARGS(lk_text(w->id), lk_text(w->name), lk_text(scope)), err);
}

/* Nothing of it is left that gives anything, whoever wrote what it was. */
lk_status
workgroup_delete(struct lk_tx *tx, const struct workgroup *w, int64_t now_ms, struct lk_error *err)
{
	for (size_t i = 0; i < w->members.count; i++)
		LK_TRY(row_write(tx, ROW_USER, w->members.ids[i], Q_DELETE_MEMBER,
		    LK_ARGS(lk_text(w->id), lk_text(w->members.ids[i])), err));
	LK_TRY(lk_tx_exec(tx, Q_END_WORKGROUP, LK_ARGS(lk_text(w->id), lk_int(now_ms)), NULL, err));
	return row_seal(tx, ROW_WORKGROUP, w->id, err);
}

lk_status
workgroup_list(struct lk_tx *tx, const char *tenant, const struct lk_page *page,
    struct lk_arena *arena, struct workgroup_page *out_page, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	struct workgroup_page result = {
		lk_arena_array(arena, page->size, sizeof(struct workgroup)), 0, false
	};
	bool has;

	if (!result.items)
		return lk_fail_oom(err);
	LK_TRY(lk_tx_query_first(tx, Q_LIST_WORKGROUPS,
	    LK_ARGS(lk_text(tenant), lk_text(page->after), lk_int(page->size + 1)), &rows, &has,
	    err));
	for (; has && result.count < page->size; result.count++) {
		LK_TRY(workgroup_read(&rows, &result.items[result.count], err));
		LK_TRY(workgroup_members_load(tx, arena, &result.items[result.count], err));
		LK_TRY(lk_rows_next(&rows, &has, err));
	}
	result.more = has;
	*out_page = result;
	return LK_OK;
}

lk_status
workgroup_save_member(
    struct lk_tx *tx, const char *workgroup, const char *user, bool is_admin, struct lk_error *err)
{
	return row_write(tx, ROW_USER, user, Q_SAVE_MEMBER,
	    LK_ARGS(lk_text(workgroup), lk_text(user), lk_bool(is_admin)), err);
}

lk_status
workgroup_delete_member(struct lk_tx *tx, const char *workgroup, const char *user,
    bool *out_was_member, struct lk_error *err)
{
	struct row_change change;
	int64_t deleted;

	LK_TRY(row_change_begin(tx, ROW_USER, user, &change, err));
	LK_TRY(lk_tx_exec(
	    tx, Q_DELETE_MEMBER, LK_ARGS(lk_text(workgroup), lk_text(user)), &deleted, err));
	*out_was_member = deleted > 0;
	return row_change_end(tx, &change, err);
}

lk_status
workgroups_of_user(struct lk_tx *tx, const char *user, struct lk_arena *arena,
    struct id_list *out_list, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	bool has;

	LK_TRY(
	    lk_tx_query_first(tx, Q_WORKGROUPS_OF_USER, LK_ARGS(lk_text(user)), &rows, &has, err));
	while (has) {
		LK_TRY(id_list_add(out_list, arena, lk_col_text(&rows, 0), err));
		LK_TRY(lk_rows_next(&rows, &has, err));
	}
	return LK_OK;
}

static lk_status
grant_read(struct lk_rows *rows, lk_permissions *out, struct lk_error *err)
{
	return lk_scope_parse(lk_col_text(rows, 1), out, NULL) == LK_OK
		   ? LK_OK
		   : lk_fail(
			 err, LK_DATA_LOSS, "STORE_CORRUPT", "a stored workgroup is not readable");
}

lk_status
workgroup_permissions_of_user(
    struct lk_tx *tx, const char *user, lk_permissions *out_permissions, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	lk_permissions all = 0, one;
	bool has;

	LK_TRY(lk_tx_query_first(tx, Q_GRANTS_OF_USER, LK_ARGS(lk_text(user)), &rows, &has, err));
	while (has) {
		LK_TRY(grant_read(&rows, &one, err));
		all |= one;
		LK_TRY(lk_rows_next(&rows, &has, err));
	}
	*out_permissions = all;
	return LK_OK;
}

lk_status
workgroup_grants_of_user(struct lk_tx *tx, const char *user, const struct id_list *workgroups,
    struct lk_arena *arena, lk_permissions **out_grants, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	lk_permissions *grants = lk_arena_array(arena, workgroups->count, sizeof *grants);
	bool has;

	if (!grants)
		return lk_fail_oom(err);
	LK_TRY(lk_tx_query_first(tx, Q_GRANTS_OF_USER, LK_ARGS(lk_text(user)), &rows, &has, err));
	while (has) {
		for (size_t i = 0; i < workgroups->count; i++)
			if (lk_text_is(workgroups->ids[i], lk_col_text(&rows, 0)))
				LK_TRY(grant_read(&rows, &grants[i], err));
		LK_TRY(lk_rows_next(&rows, &has, err));
	}
	*out_grants = grants;
	return LK_OK;
}
