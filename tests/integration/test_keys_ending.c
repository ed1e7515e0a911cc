/* What was changed by hand is ended by operators, named by its id, and nothing that it says counts;
 * what is left of it is good again, so that it stands in nobody's way. */
#include "keys/row_seal.h"
#include "keys_house.h"

static const char Q_DETAIL[] =
    "SELECT count(*) FROM audit_event WHERE action = $1 AND object = $2 AND detail = 'damaged' "
    "AND actor_kind = 'operator'";

static lk_status
count_damaged(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	struct sql *sql = arg;
	bool has;

	LK_TRY(lk_tx_query_first(
	    tx, Q_DETAIL, LK_ARGS(lk_text(sql->text), lk_text(sql->id)), &rows, &has, err));
	sql->count = lk_col_int(&rows, 0);
	return LK_OK;
}

static void
expect_ended(struct world *w, const char *action, const char *id)
{
	struct sql sql = { action, id, 0 };

	expect_ok(lk_store_read(w->store, LK_NO_DEADLINE, count_damaged, &sql, &w->err), &w->err);
	assert_int_equal(sql.count, 1);
}

/* Is there a MAC, and is it right? */
static lk_status
look_at(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct sql *sql = arg;
	struct row_look look;

	LK_TRY(row_look(tx, (enum row_kind)sql->count, sql->id, &look, err));
	sql->count = look.there && look.intact;
	return LK_OK;
}

static bool
is_intact(struct world *w, enum row_kind kind, const char *id)
{
	struct sql sql = { "", id, kind };

	expect_ok(lk_store_read(w->store, LK_NO_DEADLINE, look_at, &sql, &w->err), &w->err);
	return sql.count == 1;
}

static SetUserStateRequest
state_request(const struct house *h, const char *state)
{
	SetUserStateRequest req = LATCHKEY__ACCOUNTS__V1__SET_USER_STATE_REQUEST__INIT;

	req.user = h->ben_id;
	req.state = text(state);
	return req;
}

static const UserMsg *
get_ben(struct house *h)
{
	GetUserRequest req = LATCHKEY__ACCOUNTS__V1__GET_USER_REQUEST__INIT;
	GetUserResponse *rep;

	req.user = h->ben_id;
	ask_ok(h->w, OPERATOR, "GetUser", &req, &rep);
	return rep->user;
}

/* A forged administrator, disabled and enabled again, has nothing: no role, workgroup, subject, key
 * that still gives something; and then what they are given. */
static void
INTEGRITY_a_damaged_user_is_disabled_and_comes_back_with_nothing(void **state)
{
	struct house h = house(*state);
	SetUserStateRequest disable = state_request(&h, "disabled"),
			    enable = state_request(&h, "active");

	by_hand(
	    h.w, "INSERT INTO user_roles (user_id, role) VALUES ($1, 'tenant-admin')", h.ben_id);
	by_hand(h.w, "UPDATE users SET email = 'x@genomics.example', generation = 1 WHERE id = $1",
	    h.ben_id);
	ask_fails(h.w, h.ada, "SetUserState", &disable, LK_DATA_LOSS, "ROW_DAMAGED");
	ask_fails(h.w, OPERATOR, "SetUserState", &enable, LK_DATA_LOSS, "ROW_DAMAGED");
	disable.user = text("x@genomics.example");
	disable.tenant = h.tenant.id;
	ask_fails(h.w, OPERATOR, "SetUserState", &disable, LK_DATA_LOSS, "ROW_DAMAGED");
	disable = state_request(&h, "disabled");
	ask_ok(h.w, OPERATOR, "SetUserState", &disable, NULL);
	expect_ended(h.w, "user.disabled", h.ben_id);
	assert_true(is_intact(h.w, ROW_USER, h.ben_id));
	ask_ok(h.w, OPERATOR, "SetUserState", &enable, NULL);
	const UserMsg *ben = get_ben(&h);
	assert_int_equal(ben->n_roles, 0);
	assert_string_equal(ben->email, h.ben_id);
	ListKeysRequest list = LATCHKEY__KEYS__V1__LIST_KEYS_REQUEST__INIT;
	ask_fails(h.w, h.ben, "ListKeys", &list, LK_UNAUTHENTICATED, "TOKEN_REFUSED");
	give_roles(&h, h.ben_id, "key-manager", "reader");
	assert_int_equal(get_ben(&h)->n_roles, 2);
	assert_int_equal(events(h.w, "user.roles_set", h.ben_id), 2);
}

static void
INTEGRITY_a_damaged_user_is_deleted_also_one_taken_out_of_sight(void **state)
{
	struct house h = house(*state);
	DeleteUserRequest req = LATCHKEY__ACCOUNTS__V1__DELETE_USER_REQUEST__INIT;
	DeleteUserResponse *rep;
	GetUserRequest get = LATCHKEY__ACCOUNTS__V1__GET_USER_REQUEST__INIT;

	req.user = get.user = h.ben_id;
	by_hand(h.w,
	    "UPDATE users SET deleted_at_ms = 1, generation = 9223372036854775807 "
	    "WHERE id = $1",
	    h.ben_id);
	ask_fails(h.w, h.ada, "DeleteUser", &req, LK_NOT_FOUND, "USER_NOT_FOUND");
	ask_ok(h.w, OPERATOR, "DeleteUser", &req, &rep);
	assert_int_equal(rep->keys_revoked, 1);
	expect_ended(h.w, "user.deleted", h.ben_id);
	assert_true(is_intact(h.w, ROW_USER, h.ben_id));
	ask_fails(h.w, OPERATOR, "GetUser", &get, LK_NOT_FOUND, "USER_NOT_FOUND");
	ask_fails(h.w, OPERATOR, "DeleteUser", &req, LK_NOT_FOUND, "USER_NOT_FOUND");
}

/* Whoever has it is good before and after. */
static void
INTEGRITY_a_damaged_role_and_a_damaged_workgroup_are_deleted(void **state)
{
	struct house h = house(*state);
	DeleteRoleRequest role = LATCHKEY__ACCOUNTS__V1__DELETE_ROLE_REQUEST__INIT;
	DeleteWorkgroupRequest workgroup = LATCHKEY__ACCOUNTS__V1__DELETE_WORKGROUP_REQUEST__INIT;
	DeleteRoleResponse *rep;

	by_hand(
	    h.w, "UPDATE roles SET permissions = 'audit.read roles.manage' WHERE id = $1", h.role);
	by_hand(h.w, "UPDATE workgroups SET permissions = 'audit.read' WHERE id = $1", h.workgroup);
	role.tenant = workgroup.tenant = h.tenant.id;
	role.role = h.role;
	workgroup.workgroup = h.workgroup;
	ask_fails(h.w, h.ada, "DeleteRole", &role, LK_DATA_LOSS, "ROW_DAMAGED");
	ask_fails(h.w, h.ada, "DeleteWorkgroup", &workgroup, LK_DATA_LOSS, "ROW_DAMAGED");
	ask_ok(h.w, OPERATOR, "DeleteRole", &role, &rep);
	assert_int_equal(rep->users, 1);
	ask_ok(h.w, OPERATOR, "DeleteWorkgroup", &workgroup, NULL);
	expect_ended(h.w, "role.deleted", h.role);
	expect_ended(h.w, "workgroup.deleted", h.workgroup);
	assert_true(is_intact(h.w, ROW_WORKGROUP, h.workgroup));
	assert_true(is_intact(h.w, ROW_USER, h.ben_id));
	expect_active(h.w, SERVICE, h.key.secret);
}

/* Neither stops at Ben, who was changed by hand, nor makes it harder to put him back. */
static void
INTEGRITY_what_a_damaged_user_has_is_deleted_and_they_can_still_be_put_back(void **state)
{
	struct house h = house(*state);
	DeleteRoleRequest role = LATCHKEY__ACCOUNTS__V1__DELETE_ROLE_REQUEST__INIT;
	DeleteWorkgroupRequest workgroup = LATCHKEY__ACCOUNTS__V1__DELETE_WORKGROUP_REQUEST__INIT;
	SetUserStateRequest disable = state_request(&h, "disabled"),
			    enable = state_request(&h, "active");

	by_hand(h.w, "UPDATE users SET display_name = 'Ada' WHERE id = $1", h.ben_id);
	workgroup.workgroup = h.workgroup;
	ask_ok(h.w, h.ada, "DeleteWorkgroup", &workgroup, NULL);
	by_hand(h.w, "UPDATE users SET display_name = '' WHERE id = $1", h.ben_id);
	by_hand(h.w,
	    "INSERT INTO workgroup_members (workgroup, user_id, is_admin) SELECT workgroups.id, "
	    "users.id, 0 FROM workgroups, users WHERE users.id = $1",
	    h.ben_id);
	assert_true(is_intact(h.w, ROW_USER, h.ben_id));
	by_hand(h.w, "UPDATE users SET display_name = 'Ada' WHERE id = $1", h.ben_id);
	role.role = h.role;
	ask_ok(h.w, h.ada, "DeleteRole", &role, NULL);
	ask_ok(h.w, OPERATOR, "SetUserState", &disable, NULL);
	ask_ok(h.w, OPERATOR, "SetUserState", &enable, NULL);
	assert_int_equal(get_ben(&h)->n_roles, 0);
}

static void
INTEGRITY_a_forged_membership_is_taken_away_and_the_user_is_good_again(void **state)
{
	struct house h = house(*state);
	RemoveWorkgroupMemberRequest req =
	    LATCHKEY__ACCOUNTS__V1__REMOVE_WORKGROUP_MEMBER_REQUEST__INIT;

	req.tenant = h.tenant.id;
	req.workgroup = h.workgroup;
	req.user = h.carl_id;
	by_hand(h.w,
	    "INSERT INTO workgroup_members (workgroup, user_id, is_admin) SELECT workgroups.id, "
	    "users.id, 1 FROM workgroups, users WHERE users.id = $1",
	    h.carl_id);
	ask_fails(h.w, h.ada, "RemoveWorkgroupMember", &req, LK_DATA_LOSS, "ROW_DAMAGED");
	ask_ok(h.w, OPERATOR, "RemoveWorkgroupMember", &req, NULL);
	assert_true(is_intact(h.w, ROW_USER, h.carl_id));
	assert_true(is_intact(h.w, ROW_WORKGROUP, h.workgroup));
}

static void
INTEGRITY_a_damaged_principal_is_disabled_and_has_nothing_when_it_is_enabled(void **state)
{
	struct house h = house(*state);
	struct world_key key;
	const char *id =
	    world_id(h.w, world_principal(h.w, "fleet", "credentials.fetch", h.tenant.id, &key));
	SetPrincipalStateRequest req = LATCHKEY__ACCOUNTS__V1__SET_PRINCIPAL_STATE_REQUEST__INIT;
	SetPrincipalStateResponse *rep;

	by_hand(h.w, "UPDATE principals SET all_tenants = 1 WHERE id = $1", id);
	req.principal = text("fleet");
	req.state = text("disabled");
	ask_fails(h.w, OPERATOR, "SetPrincipalState", &req, LK_DATA_LOSS, "ROW_DAMAGED");
	req.principal = text(id);
	req.state = text("active");
	ask_fails(h.w, OPERATOR, "SetPrincipalState", &req, LK_DATA_LOSS, "ROW_DAMAGED");
	req.state = text("disabled");
	ask_ok(h.w, OPERATOR, "SetPrincipalState", &req, NULL);
	expect_ended(h.w, "principal.disabled", id);
	assert_true(is_intact(h.w, ROW_PRINCIPAL, id));
	req.state = text("active");
	ask_ok(h.w, OPERATOR, "SetPrincipalState", &req, &rep);
	assert_int_equal(rep->principal->n_permissions, 0);
	assert_int_equal(rep->principal->n_tenants, 0);
	assert_false(rep->principal->all_tenants);
}

/* Rows that say they are another tenant's do not hold it up. */
static void
INTEGRITY_a_damaged_tenant_is_deleted_with_all_that_hangs_on_it(void **state)
{
	struct house h = house(*state);
	const char *eve = world_redeem(h.w, world_tenant(h.w, "third", "panomics").ticket);
	DeleteTenantRequest req = LATCHKEY__ACCOUNTS__V1__DELETE_TENANT_REQUEST__INIT;
	FindDeletedTenantsRequest find = LATCHKEY__ACCOUNTS__V1__FIND_DELETED_TENANTS_REQUEST__INIT;
	FindDeletedTenantsResponse *rep;

	by_hand(h.w, "UPDATE tenants SET name = 'fourth' WHERE id = $1", h.tenant.id);
	by_hand(h.w,
	    "INSERT INTO workgroup_members (workgroup, user_id, is_admin) SELECT workgroups.id, "
	    "$1, 1 FROM workgroups",
	    world_id(h.w, eve));
	by_hand(h.w,
	    "UPDATE sessions SET tenant = (SELECT id FROM tenants WHERE name = 'third') "
	    "WHERE user_id = $1",
	    h.ben_id);
	req.tenant = h.tenant.id;
	req.confirm_name = text("fourth");
	ask_fails(h.w, OPERATOR, "DeleteTenant", &req, LK_INVALID_ARGUMENT, "CONFIRMATION_WRONG");
	req.confirm_name = h.tenant.id;
	ask_ok(h.w, OPERATOR, "DeleteTenant", &req, NULL);
	expect_ended(h.w, "tenant.deleted", h.tenant.id);
	assert_true(is_intact(h.w, ROW_TENANT, h.tenant.id));
	find.ids = &h.tenant.id;
	find.n_ids = 1;
	ask_ok(h.w, SERVICE, "FindDeletedTenants", &find, &rep);
	assert_int_equal(rep->n_ids, 1);
	assert_true(is_intact(h.w, ROW_USER, world_id(h.w, eve)));
}

/* A MAC of another length is a wrong one. */
static void
INTEGRITY_a_mac_of_another_length_is_a_damaged_row_and_no_broken_database(void **state)
{
	struct house h = house(*state);
	GetKeyRequest get = LATCHKEY__KEYS__V1__GET_KEY_REQUEST__INIT;
	GetUserRequest user = LATCHKEY__ACCOUNTS__V1__GET_USER_REQUEST__INIT;
	GetKeyResponse *rep;

	get.id = text(h.key.id);
	user.user = h.carl_id;
	by_hand(h.w, "UPDATE api_keys SET mac = substr(mac, 1, 3) WHERE id = $1", h.key.id);
	by_hand(h.w, "UPDATE users SET mac = substr(mac, 1, 3) WHERE id = $1", h.carl_id);
	ask_ok(h.w, OPERATOR, "GetKey", &get, &rep);
	ask_fails(h.w, OPERATOR, "GetUser", &user, LK_DATA_LOSS, "ROW_DAMAGED");
}

LK_TESTS(KEYS_CASE(INTEGRITY_a_damaged_user_is_disabled_and_comes_back_with_nothing),
    KEYS_CASE(INTEGRITY_a_damaged_user_is_deleted_also_one_taken_out_of_sight),
    KEYS_CASE(INTEGRITY_a_damaged_role_and_a_damaged_workgroup_are_deleted),
    KEYS_CASE(INTEGRITY_what_a_damaged_user_has_is_deleted_and_they_can_still_be_put_back),
    KEYS_CASE(INTEGRITY_a_forged_membership_is_taken_away_and_the_user_is_good_again),
    KEYS_CASE(INTEGRITY_a_damaged_principal_is_disabled_and_has_nothing_when_it_is_enabled),
    KEYS_CASE(INTEGRITY_a_damaged_tenant_is_deleted_with_all_that_hangs_on_it),
    KEYS_CASE(INTEGRITY_a_mac_of_another_length_is_a_damaged_row_and_no_broken_database))
