/* The SQL of roles that tenants make; see role_store.h. */
#include "role_store.h"

#include "row_seal.h"

#define ROLE_COLUMNS "id, tenant, name, permissions, created_at_ms"

static const char Q_INSERT_ROLE[] =
    "INSERT INTO roles (" ROLE_COLUMNS ") VALUES ($1, $2, $3, $4, $5) "
    "ON CONFLICT (tenant, name) DO NOTHING";
static const char Q_SAVE_ROLE[] = "UPDATE roles SET name = $2, permissions = $3 WHERE id = $1";
static const char Q_DELETE_ROLE[] = "DELETE FROM roles WHERE id = $1";
static const char Q_ROLE_BY_ID[] =
    "SELECT " ROLE_COLUMNS " FROM roles WHERE tenant = $1 AND id = $2";
static const char Q_ROLE_BY_NAME[] =
    "SELECT " ROLE_COLUMNS " FROM roles WHERE tenant = $1 AND name = $2";
static const char Q_LIST_ROLES[] =
    "SELECT " ROLE_COLUMNS " FROM roles WHERE tenant = $1 ORDER BY name LIMIT $2";
static const char Q_COUNT_ROLES[] = "SELECT count(*) FROM roles WHERE tenant = $1";
static const char Q_ROLE_HOLDERS[] =
    "SELECT user_id FROM user_own_roles WHERE role = $1 ORDER BY user_id";
static const char Q_END_ROLE_HOLDER[] =
    "DELETE FROM user_own_roles WHERE role = $1 AND user_id = $2";
static const char Q_OWN_ROLES_OF_USER[] =
    "SELECT id, tenant, name, permissions, created_at_ms FROM user_own_roles, roles "
    "WHERE user_id = $1 AND roles.id = role ORDER BY name LIMIT $2";
static const char Q_INSERT_USER_OWN_ROLE[] =
    "INSERT INTO user_own_roles (user_id, role) VALUES ($1, $2)";
static const char Q_DELETE_USER_OWN_ROLES[] = "DELETE FROM user_own_roles WHERE user_id = $1";

static lk_status
role_read(struct lk_rows *rows, struct own_role *out, struct lk_error *err)
{
	struct own_role r = { .created_at_ms = lk_col_int(rows, 4) };

	if (!lk_text_copy(r.id, sizeof r.id, lk_col_text(rows, 0)) ||
	    !lk_text_copy(r.tenant, sizeof r.tenant, lk_col_text(rows, 1)) ||
	    !lk_text_copy(r.name, sizeof r.name, lk_col_text(rows, 2)) ||
	    lk_scope_parse(lk_col_text(rows, 3), &r.permissions, NULL) != LK_OK)
		return lk_fail(err, LK_DATA_LOSS, "STORE_CORRUPT", "a stored role is not readable");
	*out = r;
	return LK_OK;
}

lk_status
role_find(struct lk_tx *tx, const char *tenant, const char *name, struct own_role *out_role,
    bool *out_found, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	const char *sql = lk_id_ok(LK_ID_ROLE, name) ? Q_ROLE_BY_ID : Q_ROLE_BY_NAME;

	LK_TRY(lk_tx_query_first(
	    tx, sql, LK_ARGS(lk_text(tenant), lk_text(name)), &rows, out_found, err));
	if (!*out_found)
		return LK_OK;
	LK_TRY(row_check(tx, ROW_ROLE, lk_col_text(&rows, 0), err));
	return role_read(&rows, out_role, err);
}

static lk_status
role_exists(struct lk_error *err)
{
	return lk_fail(err, LK_ALREADY_EXISTS, "ROLE_EXISTS", "the tenant has a role of this name");
}

static lk_status
room_check(struct lk_tx *tx, const char *tenant, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	bool has;

	LK_TRY(lk_tx_query_first(tx, Q_COUNT_ROLES, LK_ARGS(lk_text(tenant)), &rows, &has, err));
	if (has && lk_col_int(&rows, 0) >= OWN_ROLES_OF_TENANT_MAX)
		return lk_fail(err, LK_FAILED_PRECONDITION, "ROLES_MANY",
		    "a tenant has at most %d roles of its own", OWN_ROLES_OF_TENANT_MAX);
	return LK_OK;
}

lk_status
role_insert(struct lk_tx *tx, const struct own_role *r, struct lk_error *err)
{
	char scope[LK_SCOPE_SIZE];
	int64_t inserted;

	LK_TRY(room_check(tx, r->tenant, err));
	lk_scope_format(r->permissions, scope, sizeof scope);
	LK_TRY(lk_tx_exec(tx, Q_INSERT_ROLE,
	    LK_ARGS(lk_text(r->id), lk_text(r->tenant), lk_text(r->name), lk_text(scope),
		lk_int(r->created_at_ms)),
	    &inserted, err));
	return inserted > 0 ? row_seal(tx, ROW_ROLE, r->id, err) : role_exists(err);
}

lk_status
role_save(struct lk_tx *tx, const struct own_role *r, struct lk_error *err)
{
	char scope[LK_SCOPE_SIZE];
	struct own_role other;
	bool taken;

	LK_TRY(role_find(tx, r->tenant, r->name, &other, &taken, err));
	if (taken && !lk_text_is(other.id, r->id))
		return role_exists(err);
	lk_scope_format(r->permissions, scope, sizeof scope);
	return row_write(tx, ROW_ROLE, r->id, Q_SAVE_ROLE,
	    LK_ARGS(lk_text(r->id), lk_text(r->name), lk_text(scope)), err);
}

lk_status
role_delete(struct lk_tx *tx, const char *id, const struct id_list *holders, struct lk_error *err)
{
	for (size_t i = 0; i < holders->count; i++)
		LK_TRY(row_write(tx, ROW_USER, holders->ids[i], Q_END_ROLE_HOLDER,
		    LK_ARGS(lk_text(id), lk_text(holders->ids[i])), err));
	return lk_tx_exec(tx, Q_DELETE_ROLE, LK_ARGS(lk_text(id)), NULL, err);
}

lk_status
role_list(struct lk_tx *tx, const char *tenant, struct lk_arena *arena,
    struct own_role_list *out_list, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	struct own_role_list list = {
		lk_arena_array(arena, OWN_ROLES_OF_TENANT_MAX, sizeof(struct own_role)), 0
	};
	bool has;

	if (!list.items)
		return lk_fail_oom(err);
	LK_TRY(lk_tx_query_first(tx, Q_LIST_ROLES,
	    LK_ARGS(lk_text(tenant), lk_int(OWN_ROLES_OF_TENANT_MAX)), &rows, &has, err));
	while (has) {
		LK_TRY(role_read(&rows, &list.items[list.count++], err));
		LK_TRY(lk_rows_next(&rows, &has, err));
	}
	*out_list = list;
	return LK_OK;
}

lk_status
role_holders(struct lk_tx *tx, const char *role, struct lk_arena *arena, struct id_list *out_users,
    struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	bool has;

	LK_TRY(lk_tx_query_first(tx, Q_ROLE_HOLDERS, LK_ARGS(lk_text(role)), &rows, &has, err));
	while (has) {
		LK_TRY(id_list_add(out_users, arena, lk_col_text(&rows, 0), err));
		LK_TRY(lk_rows_next(&rows, &has, err));
	}
	return LK_OK;
}

static lk_status
add_named(struct lk_tx *tx, const char *tenant, const char *name, struct roles *roles,
    struct lk_error *err)
{
	enum role built_in;
	bool found;

	if (role_parse(name, &built_in)) {
		roles->built_in |= role_bit(built_in);
		return LK_OK;
	}
	if (roles->own_count == OWN_ROLES_OF_USER_MAX)
		return lk_fail_field(err, "roles", "ROLES_MANY",
		    "a user has at most %d roles that are not built in", OWN_ROLES_OF_USER_MAX);
	struct own_role *own = &roles->own[roles->own_count];
	LK_TRY(role_find(tx, tenant, name, own, &found, err));
	if (!found)
		return lk_fail_field(
		    err, "roles", "ROLE_UNKNOWN", "there is no role \"%.64s\"", name);
	for (size_t i = 0; i < roles->own_count; i++) {
		if (lk_text_is(roles->own[i].id, own->id))
			return LK_OK;
	}
	roles->own_count++;
	return LK_OK;
}

lk_status
roles_of_names(struct lk_tx *tx, const char *tenant, char *const *names, size_t count,
    struct roles *out_roles, struct lk_error *err)
{
	struct roles roles = { .built_in = count > 0 ? 0 : role_bit(ROLE_MEMBER) };

	for (size_t i = 0; i < count; i++)
		LK_TRY(add_named(tx, tenant, names[i], &roles, err));
	*out_roles = roles;
	return LK_OK;
}

lk_status
roles_own_load(struct lk_tx *tx, const char *user, struct roles *roles, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	bool has;

	roles->own_count = 0;
	LK_TRY(lk_tx_query_first(tx, Q_OWN_ROLES_OF_USER,
	    LK_ARGS(lk_text(user), lk_int(OWN_ROLES_OF_USER_MAX)), &rows, &has, err));
	while (has) {
		LK_TRY(role_read(&rows, &roles->own[roles->own_count++], err));
		LK_TRY(lk_rows_next(&rows, &has, err));
	}
	return LK_OK;
}

lk_status
roles_own_save(struct lk_tx *tx, const char *user, const struct roles *roles, struct lk_error *err)
{
	LK_TRY(lk_tx_exec(tx, Q_DELETE_USER_OWN_ROLES, LK_ARGS(lk_text(user)), NULL, err));
	for (size_t i = 0; i < roles->own_count; i++)
		LK_TRY(lk_tx_exec(tx, Q_INSERT_USER_OWN_ROLE,
		    LK_ARGS(lk_text(user), lk_text(roles->own[i].id)), NULL, err));
	return LK_OK;
}
