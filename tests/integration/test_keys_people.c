/* Tenants renamed, suspended and deleted; users renamed and deleted; a tenant keeps an
 * administrator. */
#include "keys_world.h"

static void
set_tenant_state(struct world *w, const char *tenant, const char *to)
{
	SetTenantStateRequest req = LATCHKEY__ACCOUNTS__V1__SET_TENANT_STATE_REQUEST__INIT;

	req.tenant = text(tenant);
	req.state = text(to);
	ask_ok(w, OPERATOR, "SetTenantState", &req, NULL);
}

static void
I1_a_suspended_tenant_is_refused_at_once_and_comes_back(void **state)
{
	struct world *w = *state;
	const struct world_tenant t = world_tenant(w, "genomics", "panomics");
	const char *ada = world_redeem(w, t.ticket);
	const struct world_key key = world_key(w, ada, "k");
	const char *dan = world_redeem(w, world_tenant(w, "other", "panomics").ticket);
	const struct world_key foreign = world_key(w, dan, "theirs");
	SetTenantStateRequest again = LATCHKEY__ACCOUNTS__V1__SET_TENANT_STATE_REQUEST__INIT;
	GetMeRequest me = LATCHKEY__ACCOUNTS__V1__GET_ME_REQUEST__INIT;

	expect_active(w, SERVICE, key.secret);
	set_tenant_state(w, "genomics", "suspended");
	expect_refused(w, SERVICE, key.secret, "KEY_REFUSED");
	ask_fails(w, ada, "GetMe", &me, LK_UNAUTHENTICATED, "TOKEN_REFUSED");
	expect_active(w, SERVICE, foreign.secret);
	again.tenant = t.id;
	again.state = text("suspended");
	ask_fails(w, OPERATOR, "SetTenantState", &again, LK_FAILED_PRECONDITION, "TENANT_STATE");
	again.state = text("asleep");
	ask_field(w, OPERATOR, "SetTenantState", &again, "state", "STATE_INVALID");
	again.state = text("active");
	ask_fails(w, dan, "SetTenantState", &again, LK_PERMISSION_DENIED, "OPERATORS_ONLY");
	set_tenant_state(w, t.id, "active");
	expect_active(w, SERVICE, key.secret);
	ask_ok(w, ada, "GetMe", &me, NULL);
}

static void
I1_nobody_comes_into_a_suspended_tenant(void **state)
{
	struct world *w = *state;
	const struct world_tenant t = world_tenant(w, "genomics", "panomics");
	RedeemTicketRequest req = LATCHKEY__ACCOUNTS__V1__REDEEM_TICKET_REQUEST__INIT;

	req.secret_ticket = t.ticket;
	set_tenant_state(w, t.id, "suspended");
	ask_fails(w, NULL, "RedeemTicket", &req, LK_UNAUTHENTICATED, "TICKET_REFUSED");
	set_tenant_state(w, t.id, "active");
	world_redeem(w, t.ticket);
}

static void
I10_a_tenant_is_renamed_and_every_id_stays(void **state)
{
	struct world *w = *state;
	const struct world_tenant t = world_tenant(w, "genomics", "panomics");
	const char *ada = world_redeem(w, t.ticket);
	const struct world_key key = world_key(w, ada, "k");
	RenameTenantRequest req = LATCHKEY__ACCOUNTS__V1__RENAME_TENANT_REQUEST__INIT;
	RenameTenantResponse *rep;

	expect_active(w, SERVICE, key.secret);
	world_tenant(w, "other", "panomics");
	req.tenant = text("genomics");
	req.name = text("other");
	ask_fails(w, OPERATOR, "RenameTenant", &req, LK_ALREADY_EXISTS, "TENANT_EXISTS");
	req.name = text("Not a name");
	ask_field(w, OPERATOR, "RenameTenant", &req, "name", "TENANT_NAME_INVALID");
	req.name = text("proteomics");
	ask_ok(w, OPERATOR, "RenameTenant", &req, &rep);
	assert_string_equal(rep->tenant->id, t.id);
	assert_string_equal(rep->tenant->domain, "genomics.example");
	const VerifyKeyResponse *seen = world_verify(w, SERVICE, key.secret);
	assert_true(seen->active);
	assert_string_equal(seen->identity->tenant_name, "proteomics");
	assert_string_equal(seen->identity->tenant, t.id);
	req.tenant = text("proteomics");
	req.name = text("");
	req.domain = text("proteomics.example");
	ask_ok(w, OPERATOR, "RenameTenant", &req, &rep);
	assert_string_equal(rep->tenant->name, "proteomics");
	world_tenant(w, "genomics", "panomics");
}

static void
I1_a_deleted_tenant_is_gone_for_good_and_its_names_are_free(void **state)
{
	struct world *w = *state;
	const struct world_tenant t = world_tenant(w, "genomics", "panomics");
	const char *ada = world_redeem(w, t.ticket);
	const struct world_key key = world_key(w, ada, "k");
	DeleteTenantRequest req = LATCHKEY__ACCOUNTS__V1__DELETE_TENANT_REQUEST__INIT;
	GetTenantRequest get = LATCHKEY__ACCOUNTS__V1__GET_TENANT_REQUEST__INIT;
	GetMeRequest me = LATCHKEY__ACCOUNTS__V1__GET_ME_REQUEST__INIT;

	world_principal(w, "fleet", "credentials.fetch", "genomics", NULL);
	world_user(w, ada, "ben@genomics.example", "key-manager");
	expect_active(w, SERVICE, key.secret);
	req.tenant = t.id;
	req.confirm_name = t.id;
	ask_field(w, OPERATOR, "DeleteTenant", &req, "confirm_name", "CONFIRMATION_WRONG");
	expect_active(w, SERVICE, key.secret);
	req.confirm_name = text("genomics");
	ask_ok(w, OPERATOR, "DeleteTenant", &req, NULL);
	expect_refused(w, SERVICE, key.secret, "KEY_REFUSED");
	ask_fails(w, ada, "GetMe", &me, LK_UNAUTHENTICATED, "TOKEN_REFUSED");
	get.tenant = t.id;
	ask_fails(w, OPERATOR, "GetTenant", &get, LK_NOT_FOUND, "TENANT_NOT_FOUND");
	const struct world_tenant next = world_tenant(w, "genomics", "panomics");
	assert_string_not_equal(next.id, t.id);
	expect_refused(w, SERVICE, key.secret, "KEY_REFUSED");
}

static UserMsg *
update(struct world *w, const char *who, const char *user, const char *email, const char *name)
{
	UpdateUserRequest req = LATCHKEY__ACCOUNTS__V1__UPDATE_USER_REQUEST__INIT;
	UpdateUserResponse *rep;

	req.user = text(user);
	req.email = text(email);
	req.display_name = text(name);
	ask_ok(w, who, "UpdateUser", &req, &rep);
	return rep->user;
}

static void
I10_a_user_is_renamed_by_an_administrator_and_the_id_stays(void **state)
{
	struct world *w = *state;
	const char *ada = world_redeem(w, world_tenant(w, "genomics", "panomics").ticket);
	const char *ben = world_user(w, ada, "ben@genomics.example", "key-manager");
	const struct world_key key = world_key(w, ben, "laptop");
	UpdateUserRequest req = LATCHKEY__ACCOUNTS__V1__UPDATE_USER_REQUEST__INIT;

	expect_active(w, SERVICE, key.secret);
	const UserMsg *now =
	    update(w, ada, "ben@genomics.example", "Benedict@genomics.example", "");
	assert_string_equal(now->id, world_id(w, ben));
	assert_string_equal(now->email, "benedict@genomics.example");
	assert_string_equal(
	    world_verify(w, SERVICE, key.secret)->identity->name, "benedict@genomics.example");
	now = update(w, ada, world_id(w, ben), "", "Benedict");
	assert_string_equal(now->display_name, "Benedict");
	assert_string_equal(now->email, "benedict@genomics.example");
	req.user = world_id(w, ben);
	req.email = text("ada@genomics.example");
	ask_fails(w, ada, "UpdateUser", &req, LK_ALREADY_EXISTS, "USER_EXISTS");
	req.email = text("nobody");
	ask_field(w, ada, "UpdateUser", &req, "email", "EMAIL_INVALID");
	req.email = text("x@genomics.example");
	ask_fails(w, ben, "UpdateUser", &req, LK_PERMISSION_DENIED, "PERMISSION_MISSING");
}

static void
G8_a_deleted_user_is_gone_with_keys_and_sessions_and_the_address_is_free(void **state)
{
	struct world *w = *state;
	const char *ada = world_redeem(w, world_tenant(w, "genomics", "panomics").ticket);
	const char *ben = world_user(w, ada, "ben@genomics.example", "key-manager");
	const struct world_key key = world_key(w, ben, "laptop");
	DeleteUserRequest req = LATCHKEY__ACCOUNTS__V1__DELETE_USER_REQUEST__INIT;
	DeleteUserResponse *rep;
	GetKeyRequest get = LATCHKEY__KEYS__V1__GET_KEY_REQUEST__INIT;
	GetKeyResponse *tombstone;
	GetMeRequest me = LATCHKEY__ACCOUNTS__V1__GET_ME_REQUEST__INIT;

	expect_active(w, SERVICE, key.secret);
	req.user = world_id(w, ben);
	ask_fails(w, ben, "DeleteUser", &req, LK_PERMISSION_DENIED, "PERMISSION_MISSING");
	ask_ok(w, ada, "DeleteUser", &req, &rep);
	assert_int_equal(rep->keys_revoked, 1);
	expect_refused(w, SERVICE, key.secret, "KEY_REFUSED");
	ask_fails(w, ben, "GetMe", &me, LK_UNAUTHENTICATED, "TOKEN_REFUSED");
	ask_fails(w, ada, "DeleteUser", &req, LK_NOT_FOUND, "USER_NOT_FOUND");
	get.id = key.id;
	ask_ok(w, ada, "GetKey", &get, &tombstone);
	assert_string_equal(tombstone->key->state, "revoked");
	assert_string_equal(tombstone->key->revoke_reason, "owner deleted");
	const char *next = world_user(w, ada, "ben@genomics.example", NULL);
	assert_string_not_equal(world_id(w, next), world_id(w, ben));
}

static void
I2_the_last_administrator_of_a_tenant_stays(void **state)
{
	struct world *w = *state;
	const struct world_tenant t = world_tenant(w, "genomics", "panomics");
	const char *ada = world_redeem(w, t.ticket);
	DeleteUserRequest end = LATCHKEY__ACCOUNTS__V1__DELETE_USER_REQUEST__INIT;
	SetUserStateRequest off = LATCHKEY__ACCOUNTS__V1__SET_USER_STATE_REQUEST__INIT;
	SetUserRolesRequest less = LATCHKEY__ACCOUNTS__V1__SET_USER_ROLES_REQUEST__INIT;
	char *member[] = { text("member") };

	end.user = off.user = less.user = t.admin;
	off.state = text("disabled");
	less.roles = member;
	less.n_roles = 1;
	ask_fails(w, ada, "DeleteUser", &end, LK_FAILED_PRECONDITION, "LAST_ADMIN");
	ask_fails(w, ada, "SetUserState", &off, LK_FAILED_PRECONDITION, "LAST_ADMIN");
	ask_fails(w, ada, "SetUserRoles", &less, LK_FAILED_PRECONDITION, "LAST_ADMIN");
	const char *eve = world_user(w, ada, "eve@genomics.example", "tenant-admin");
	ask_ok(w, ada, "SetUserRoles", &less, NULL);
	end.user = world_id(w, eve);
	ask_fails(w, eve, "DeleteUser", &end, LK_FAILED_PRECONDITION, "LAST_ADMIN");
	ask_ok(w, OPERATOR, "DeleteUser", &end, NULL);
}

static void
G1_G5_a_key_needs_no_password_and_its_name_is_a_label(void **state)
{
	struct world *w = *state;
	const char *ada = world_redeem(w, world_tenant(w, "genomics", "panomics").ticket);
	const char *ben = world_user(w, ada, "ben@genomics.example", "key-manager");

	world_set_policy(w, ada, "", "password_login", "off");
	const struct world_key one = world_key(w, ben, "laptop"), two = world_key(w, ben, "laptop");
	assert_string_not_equal(one.id, two.id);
	expect_active(w, SERVICE, one.secret);
	world_revoke(w, ben, one.id);
	expect_refused(w, SERVICE, one.secret, "KEY_REFUSED");
	expect_active(w, SERVICE, two.secret);
}

static void
G2_a_service_account_owns_keys_and_is_managed_apart(void **state)
{
	struct world *w = *state;
	const char *ada = world_redeem(w, world_tenant(w, "genomics", "panomics").ticket);
	CreateUserRequest make = LATCHKEY__ACCOUNTS__V1__CREATE_USER_REQUEST__INIT;
	CreateUserResponse *made;
	CreateKeyRequest req = LATCHKEY__KEYS__V1__CREATE_KEY_REQUEST__INIT;
	CreateKeyResponse *key;
	SetUserStateRequest off = LATCHKEY__ACCOUNTS__V1__SET_USER_STATE_REQUEST__INIT;
	char *roles[] = { text("key-manager") };

	make.email = text("pipeline@genomics.example");
	make.kind = LATCHKEY__COMMON__V1__SUBJECT_KIND__SUBJECT_KIND_SERVICE;
	make.roles = roles;
	make.n_roles = 1;
	ask_ok(w, ada, "CreateUser", &make, &made);
	req.owner = off.user = made->user->id;
	req.name = text("nightly");
	ask_ok(w, ada, "CreateKey", &req, &key);
	const VerifyKeyResponse *seen = world_verify(w, SERVICE, key->secret_key);
	assert_true(seen->active);
	assert_int_equal(
	    seen->identity->kind, LATCHKEY__COMMON__V1__SUBJECT_KIND__SUBJECT_KIND_SERVICE);
	assert_string_equal(seen->identity->subject, made->user->id);
	off.state = text("disabled");
	ask_ok(w, ada, "SetUserState", &off, NULL);
	expect_refused(w, SERVICE, key->secret_key, "KEY_REFUSED");
}

LK_TESTS(KEYS_CASE(I1_a_suspended_tenant_is_refused_at_once_and_comes_back),
    KEYS_CASE(I1_nobody_comes_into_a_suspended_tenant),
    KEYS_CASE(I10_a_tenant_is_renamed_and_every_id_stays),
    KEYS_CASE(I1_a_deleted_tenant_is_gone_for_good_and_its_names_are_free),
    KEYS_CASE(I10_a_user_is_renamed_by_an_administrator_and_the_id_stays),
    KEYS_CASE(G8_a_deleted_user_is_gone_with_keys_and_sessions_and_the_address_is_free),
    KEYS_CASE(I2_the_last_administrator_of_a_tenant_stays),
    KEYS_CASE(G1_G5_a_key_needs_no_password_and_its_name_is_a_label),
    KEYS_CASE(G2_a_service_account_owns_keys_and_is_managed_apart))
