/* The SQL of users; see user_store.h. */
#include "user_store.h"

#include "role_store.h"
#include "row_seal.h"
#include "workgroup_store.h"

#define USER_COLUMNS                                                                               \
	"id, tenant, email, display_name, kind, state, generation, created_at_ms, "                \
	"last_sign_in_at_ms"

static const char Q_INSERT_USER[] =
    "INSERT INTO users (" USER_COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) "
    "ON CONFLICT (tenant, email) DO NOTHING";
static const char Q_USER_BY_ID[] =
    "SELECT " USER_COLUMNS " FROM users WHERE id = $1 AND deleted_at_ms = 0";
static const char Q_USER_BY_EMAIL[] =
    "SELECT " USER_COLUMNS " FROM users WHERE tenant = $1 AND email = $2 AND deleted_at_ms = 0";
static const char Q_LIST_USERS[] =
    "SELECT " USER_COLUMNS
    " FROM users WHERE tenant = $1 AND id > $2 AND deleted_at_ms = 0 ORDER BY id LIMIT $3";
static const char Q_USER_ROLES[] = "SELECT role FROM user_roles WHERE user_id = $1";
static const char Q_INSERT_USER_ROLE[] = "INSERT INTO user_roles (user_id, role) VALUES ($1, $2)";
static const char Q_DELETE_USER_ROLES[] = "DELETE FROM user_roles WHERE user_id = $1";
static const char Q_SAVE_USER_STATE[] = "UPDATE users SET state = $2 WHERE id = $1";
static const char Q_SAVE_DISPLAY_NAME[] = "UPDATE users SET display_name = $2 WHERE id = $1";
static const char Q_SAVE_EMAIL[] = "UPDATE users SET email = $2 WHERE id = $1";
static const char Q_OTHER_ADMIN[] =
    "SELECT 1 FROM users, user_roles WHERE tenant = $1 AND user_id = users.id AND role = $2 "
    "AND users.id <> $3 AND state = 'active' AND deleted_at_ms = 0 LIMIT 1";
static const char Q_END_USER[] =
    "UPDATE users SET email = id, display_name = '', state = 'disabled', deleted_at_ms = $2, "
    "generation = CASE WHEN generation < $2 THEN generation + 1 ELSE $2 END WHERE id = $1";
static const char Q_EMPTY_USER[] =
    "UPDATE users SET email = id, display_name = '', state = 'disabled', generation = $2 "
    "WHERE id = $1";
static const char Q_END_USER_OWN_ROLES[] = "DELETE FROM user_own_roles WHERE user_id = $1";
static const char Q_END_USER_PASSWORD[] = "DELETE FROM user_passwords WHERE user_id = $1";
static const char Q_END_USER_SUBJECTS[] = "DELETE FROM linked_subjects WHERE user_id = $1";
static const char Q_END_USER_MEMBERSHIPS[] = "DELETE FROM workgroup_members WHERE user_id = $1";
static const char Q_END_USER_TICKETS[] =
    "UPDATE tickets SET digest = NULL WHERE user_id = $1 AND digest IS NOT NULL";
static const char Q_RAISE_USER[] = "UPDATE users SET generation = generation + 1 WHERE id = $1";
static const char Q_USER_SIGNED_IN[] =
    "UPDATE users SET last_sign_in_at_ms = $2 WHERE id = $1 AND last_sign_in_at_ms < $2";

static lk_status
user_read(struct lk_rows *rows, struct user *out, struct lk_error *err)
{
	struct user u = { .generation = (uint64_t)lk_col_int(rows, 6),
		.created_at_ms = lk_col_int(rows, 7),
		.last_sign_in_at_ms = lk_col_int(rows, 8) };

	if (!lk_text_copy(u.id, sizeof u.id, lk_col_text(rows, 0)) ||
	    !lk_text_copy(u.tenant, sizeof u.tenant, lk_col_text(rows, 1)) ||
	    !lk_text_copy(u.email, sizeof u.email, lk_col_text(rows, 2)) ||
	    !lk_text_copy(u.display_name, sizeof u.display_name, lk_col_text(rows, 3)) ||
	    !user_kind_parse(lk_col_text(rows, 4), &u.kind) ||
	    !user_state_parse(lk_col_text(rows, 5), &u.state))
		return lk_fail(err, LK_DATA_LOSS, "STORE_CORRUPT", "a stored user is not readable");
	*out = u;
	return LK_OK;
}

/* A role this program does not know gives nothing. */
static lk_status
roles_load(struct lk_tx *tx, struct user *user, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	enum role role;
	bool has;

	user->roles.built_in = 0;
	LK_TRY(lk_tx_query_first(tx, Q_USER_ROLES, LK_ARGS(lk_text(user->id)), &rows, &has, err));
	while (has) {
		if (role_parse(lk_col_text(&rows, 0), &role))
			user->roles.built_in |= role_bit(role);
		LK_TRY(lk_rows_next(&rows, &has, err));
	}
	LK_TRY(roles_own_load(tx, user->id, &user->roles, err));
	return workgroup_permissions_of_user(tx, user->id, &user->workgroup_permissions, err);
}

static lk_status
find(struct lk_tx *tx, const char *sql, struct lk_args args, struct user *out_user, bool *out_found,
    struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };

	LK_TRY(lk_tx_query_first(tx, sql, args, &rows, out_found, err));
	if (!*out_found)
		return LK_OK;
	(void)lk_text_copy(out_user->tenant, sizeof out_user->tenant, lk_col_text(&rows, 1));
	LK_TRY(row_check(tx, ROW_USER, lk_col_text(&rows, 0), err));
	LK_TRY(user_read(&rows, out_user, err));
	return roles_load(tx, out_user, err);
}

lk_status
user_find(
    struct lk_tx *tx, const char *id, struct user *out_user, bool *out_found, struct lk_error *err)
{
	return find(tx, Q_USER_BY_ID, LK_ARGS(lk_text(id)), out_user, out_found, err);
}

lk_status
user_find_by_email(struct lk_tx *tx, const char *tenant, const char *email, struct user *out_user,
    bool *out_found, struct lk_error *err)
{
	return find(tx, Q_USER_BY_EMAIL, LK_ARGS(lk_text(tenant), lk_text(email)), out_user,
	    out_found, err);
}

static lk_status
roles_insert(struct lk_tx *tx, const char *user, const struct roles *roles, struct lk_error *err)
{
	for (int i = 0; i < ROLE_COUNT; i++) {
		if (roles->built_in & role_bit((enum role)i))
			LK_TRY(lk_tx_exec(tx, Q_INSERT_USER_ROLE,
			    LK_ARGS(lk_text(user), lk_text(role_name((enum role)i))), NULL, err));
	}
	return roles_own_save(tx, user, roles, err);
}

static lk_status
user_exists(struct lk_error *err)
{
	return lk_fail(err, LK_ALREADY_EXISTS, "USER_EXISTS",
	    "the tenant has a user with this e-mail address");
}

lk_status
user_insert(struct lk_tx *tx, const struct user *u, struct lk_error *err)
{
	int64_t inserted;

	LK_TRY(lk_tx_exec(tx, Q_INSERT_USER,
	    LK_ARGS(lk_text(u->id), lk_text(u->tenant), lk_text(u->email), lk_text(u->display_name),
		lk_text(user_kind_name(u->kind)), lk_text(user_state_name(u->state)),
		lk_int((int64_t)u->generation), lk_int(u->created_at_ms),
		lk_int(u->last_sign_in_at_ms)),
	    &inserted, err));
	if (inserted == 0)
		return user_exists(err);
	LK_TRY(roles_insert(tx, u->id, &u->roles, err));
	return row_seal(tx, ROW_USER, u->id, err);
}

lk_status
user_list(struct lk_tx *tx, const char *tenant, const struct lk_page *page, struct lk_arena *arena,
    struct user_page *out_page, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	struct user_page result = { lk_arena_array(arena, page->size, sizeof(struct user)), 0,
		false };
	bool has;

	if (!result.items)
		return lk_fail_oom(err);
	LK_TRY(lk_tx_query_first(tx, Q_LIST_USERS,
	    LK_ARGS(lk_text(tenant), lk_text(page->after), lk_int(page->size + 1)), &rows, &has,
	    err));
	for (; has && result.count < page->size; result.count++) {
		LK_TRY(user_read(&rows, &result.items[result.count], err));
		LK_TRY(roles_load(tx, &result.items[result.count], err));
		LK_TRY(lk_rows_next(&rows, &has, err));
	}
	result.more = has;
	*out_page = result;
	return LK_OK;
}

lk_status
user_save_roles(struct lk_tx *tx, const char *user, const struct roles *roles, struct lk_error *err)
{
	struct row_change change;

	LK_TRY(row_change_begin(tx, ROW_USER, user, &change, err));
	LK_TRY(lk_tx_exec(tx, Q_DELETE_USER_ROLES, LK_ARGS(lk_text(user)), NULL, err));
	LK_TRY(roles_insert(tx, user, roles, err));
	return row_change_end(tx, &change, err);
}

lk_status
user_save_state(struct lk_tx *tx, const char *user, enum user_state state, struct lk_error *err)
{
	return row_write(tx, ROW_USER, user, Q_SAVE_USER_STATE,
	    LK_ARGS(lk_text(user), lk_text(user_state_name(state))), err);
}

lk_status
user_save_display_name(struct lk_tx *tx, const char *user, const char *name, struct lk_error *err)
{
	return row_write(
	    tx, ROW_USER, user, Q_SAVE_DISPLAY_NAME, LK_ARGS(lk_text(user), lk_text(name)), err);
}

lk_status
user_raise_generation(struct lk_tx *tx, const char *user, struct lk_error *err)
{
	struct row_change change;

	LK_TRY(row_change_begin(tx, ROW_USER, user, &change, err));
	if (!change.seal)
		return LK_OK;
	LK_TRY(lk_tx_exec(tx, Q_RAISE_USER, LK_ARGS(lk_text(user)), NULL, err));
	return row_change_end(tx, &change, err);
}

lk_status
user_signed_in(struct lk_tx *tx, const char *user, int64_t at_ms, struct lk_error *err)
{
	return lk_tx_exec(tx, Q_USER_SIGNED_IN, LK_ARGS(lk_text(user), lk_int(at_ms)), NULL, err);
}

lk_status
user_save_email(struct lk_tx *tx, const struct user *user, const char *email, struct lk_error *err)
{
	struct user other;
	bool taken;

	LK_TRY(user_find_by_email(tx, user->tenant, email, &other, &taken, err));
	if (taken && !lk_text_is(other.id, user->id))
		return user_exists(err);
	return row_write(
	    tx, ROW_USER, user->id, Q_SAVE_EMAIL, LK_ARGS(lk_text(user->id), lk_text(email)), err);
}

lk_status
user_other_admin(struct lk_tx *tx, const struct user *user, bool *out_has, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };

	return lk_tx_query_first(tx, Q_OTHER_ADMIN,
	    LK_ARGS(
		lk_text(user->tenant), lk_text(role_name(ROLE_TENANT_ADMIN)), lk_text(user->id)),
	    &rows, out_has, err);
}

/* Nothing of it is left: so it does not matter whether that was as we wrote it. */
static lk_status
strip(struct lk_tx *tx, const char *user, const char *last, int64_t now_ms, struct lk_error *err)
{
	static const char *const queries[] = { Q_DELETE_USER_ROLES, Q_END_USER_OWN_ROLES,
		Q_END_USER_PASSWORD, Q_END_USER_SUBJECTS, Q_END_USER_MEMBERSHIPS,
		Q_END_USER_TICKETS };

	for (size_t i = 0; i < LK_ARRAY_LEN(queries); i++)
		LK_TRY(lk_tx_exec(tx, queries[i], LK_ARGS(lk_text(user)), NULL, err));
	LK_TRY(lk_tx_exec(tx, last, LK_ARGS(lk_text(user), lk_int(now_ms)), NULL, err));
	return row_seal(tx, ROW_USER, user, err);
}

lk_status
user_end(struct lk_tx *tx, const char *user, int64_t now_ms, struct lk_error *err)
{
	return strip(tx, user, Q_END_USER, now_ms, err);
}

lk_status
user_empty(struct lk_tx *tx, const char *user, int64_t now_ms, struct lk_error *err)
{
	return strip(tx, user, Q_EMPTY_USER, now_ms, err);
}
