/* A row that decides about rights and that somebody changed in the database by hand is found before
 * it is used: every column of every table, and rows that were added or taken away. */
#include "keys_house.h"

/* By SQL, $1 the row's id; and what makes it as it was. */
struct change {
	const char *made, *undone;
};

/* Each is found, once in the trail however often it is met within a minute; put back, all is well.
 */
static void
expect_found(struct house *h, const struct change *changes, size_t count, const char *id,
    const char *forgotten, const char *action)
{
	for (size_t i = 0; i < count; i++) {
		expect_active(h->w, SERVICE, h->key.secret);
		by_hand_of(h->w, changes[i].made, id, forgotten);
		expect_refused(h->w, SERVICE, h->key.secret, "KEY_REFUSED");
		expect_refused(h->w, SERVICE, h->key.secret, "KEY_REFUSED");
		expect_events(h->w, action, id, (int64_t)i + 1);
		by_hand_of(h->w, changes[i].undone, id, forgotten);
		h->w->clock.ahead_ms += 61000;
	}
	expect_active(h->w, SERVICE, h->key.secret);
}

static void
INTEGRITY_each_column_of_a_user_is_sealed(void **state)
{
	static const struct change changes[] = {
		{ "UPDATE users SET email = 'x@genomics.example' WHERE id = $1",
		    "UPDATE users SET email = 'ben@genomics.example' WHERE id = $1" },
		{ "UPDATE users SET display_name = 'Ada' WHERE id = $1",
		    "UPDATE users SET display_name = '' WHERE id = $1" },
		{ "UPDATE users SET kind = 'service' WHERE id = $1",
		    "UPDATE users SET kind = 'human' WHERE id = $1" },
		{ "UPDATE users SET state = 'disabled' WHERE id = $1",
		    "UPDATE users SET state = 'active' WHERE id = $1" },
		{ "UPDATE users SET generation = generation + 1 WHERE id = $1",
		    "UPDATE users SET generation = generation - 1 WHERE id = $1" },
		{ "UPDATE users SET created_at_ms = created_at_ms + 1 WHERE id = $1",
		    "UPDATE users SET created_at_ms = created_at_ms - 1 WHERE id = $1" },
		{ "UPDATE users SET tenant = (SELECT id FROM tenants WHERE name = 'other') "
		  "WHERE id = $1",
		    "UPDATE users SET tenant = (SELECT id FROM tenants WHERE name = 'genomics') "
		    "WHERE id = $1" },
		{ "UPDATE users SET mac_version = mac_version - 1 WHERE id = $1",
		    "UPDATE users SET mac_version = mac_version + 1 WHERE id = $1" },
		{ "UPDATE users SET mac_pepper = 2 WHERE id = $1",
		    "UPDATE users SET mac_pepper = 1 WHERE id = $1" },
	};
	struct house h = house(*state);

	expect_found(&h, changes, LK_ARRAY_LEN(changes), h.ben_id, h.ben_id, "user.damaged");
}

/* Whom the row does not concern hears what they hear of nobody. */
static void
INTEGRITY_a_damaged_row_of_another_tenant_is_not_there(void **state)
{
	struct house h = house(*state);
	const char *eve = world_redeem(h.w, world_tenant(h.w, "third", "panomics").ticket);
	GetUserRequest user = LATCHKEY__ACCOUNTS__V1__GET_USER_REQUEST__INIT;
	GetTenantRequest tenant = LATCHKEY__ACCOUNTS__V1__GET_TENANT_REQUEST__INIT;

	user.user = h.ben_id;
	tenant.tenant = h.tenant.id;
	by_hand(h.w, "UPDATE users SET display_name = 'Ada' WHERE id = $1", h.ben_id);
	by_hand(h.w, "UPDATE tenants SET generation = generation + 1 WHERE id = $1", h.tenant.id);
	ask_fails(h.w, eve, "GetUser", &user, LK_NOT_FOUND, "USER_NOT_FOUND");
	ask_fails(h.w, eve, "GetTenant", &tenant, LK_NOT_FOUND, "TENANT_NOT_FOUND");
	ask_fails(h.w, OPERATOR, "GetUser", &user, LK_DATA_LOSS, "ROW_DAMAGED");
	ask_fails(h.w, OPERATOR, "GetTenant", &tenant, LK_DATA_LOSS, "ROW_DAMAGED");
}

static void
INTEGRITY_what_belongs_to_a_user_is_sealed_with_them(void **state)
{
	static const struct change changes[] = {
		{ "INSERT INTO user_roles (user_id, role) VALUES ($1, 'tenant-admin')",
		    "DELETE FROM user_roles WHERE user_id = $1 AND role = 'tenant-admin'" },
		{ "DELETE FROM user_roles WHERE user_id = $1 AND role = 'key-manager'",
		    "INSERT INTO user_roles (user_id, role) VALUES ($1, 'key-manager')" },
		{ "UPDATE user_roles SET role = 'tenant-admin' WHERE user_id = $1",
		    "UPDATE user_roles SET role = 'key-manager' WHERE user_id = $1" },
		{ "DELETE FROM user_own_roles WHERE user_id = $1",
		    "INSERT INTO user_own_roles (user_id, role) SELECT users.id, roles.id "
		    "FROM users, roles WHERE users.id = $1" },
		{ "UPDATE workgroup_members SET is_admin = 1 WHERE user_id = $1",
		    "UPDATE workgroup_members SET is_admin = 0 WHERE user_id = $1" },
		{ "DELETE FROM workgroup_members WHERE user_id = $1",
		    "INSERT INTO workgroup_members (workgroup, user_id, is_admin) "
		    "SELECT workgroups.id, users.id, 0 FROM workgroups, users WHERE users.id = "
		    "$1" },
		{ "UPDATE linked_subjects SET subject = 'eve' WHERE user_id = $1",
		    "UPDATE linked_subjects SET subject = 'ben' WHERE user_id = $1" },
		{ "UPDATE linked_subjects SET issuer = 'https://evil.example' WHERE user_id = $1",
		    "UPDATE linked_subjects SET issuer = 'https://id.example' WHERE user_id = $1" },
		{ "INSERT INTO user_passwords (user_id, hash, changed_at_ms) VALUES ($1, 'x', 0)",
		    "DELETE FROM user_passwords WHERE user_id = $1" },
	};
	struct house h = house(*state);

	expect_found(&h, changes, LK_ARRAY_LEN(changes), h.ben_id, h.ben_id, "user.damaged");
}

static void
INTEGRITY_each_column_of_a_role_and_of_a_workgroup_is_sealed(void **state)
{
	static const struct change role[] = {
		{ "UPDATE roles SET permissions = 'audit.read roles.manage' WHERE id = $1",
		    "UPDATE roles SET permissions = 'audit.read' WHERE id = $1" },
		{ "UPDATE roles SET name = 'writer' WHERE id = $1",
		    "UPDATE roles SET name = 'reader' WHERE id = $1" },
		{ "UPDATE roles SET created_at_ms = created_at_ms + 1 WHERE id = $1",
		    "UPDATE roles SET created_at_ms = created_at_ms - 1 WHERE id = $1" },
		{ "UPDATE roles SET tenant = (SELECT id FROM tenants WHERE name = 'other') "
		  "WHERE id = $1",
		    "UPDATE roles SET tenant = (SELECT id FROM tenants WHERE name = 'genomics') "
		    "WHERE id = $1" },
	};
	static const struct change workgroup[] = {
		{ "UPDATE workgroups SET permissions = 'audit.read' WHERE id = $1",
		    "UPDATE workgroups SET permissions = '' WHERE id = $1" },
		{ "UPDATE workgroups SET name = 'other' WHERE id = $1",
		    "UPDATE workgroups SET name = 'lab' WHERE id = $1" },
		{ "UPDATE workgroups SET deleted_at_ms = 1 WHERE id = $1",
		    "UPDATE workgroups SET deleted_at_ms = 0 WHERE id = $1" },
		{ "UPDATE workgroups SET created_at_ms = created_at_ms + 1 WHERE id = $1",
		    "UPDATE workgroups SET created_at_ms = created_at_ms - 1 WHERE id = $1" },
		{ "UPDATE workgroups SET tenant = (SELECT id FROM tenants WHERE name = 'other') "
		  "WHERE id = $1",
		    "UPDATE workgroups SET tenant = (SELECT id FROM tenants WHERE name = "
		    "'genomics') "
		    "WHERE id = $1" },
	};
	struct house h = house(*state);

	expect_found(&h, role, LK_ARRAY_LEN(role), h.role, h.ben_id, "role.damaged");
	expect_found(
	    &h, workgroup, LK_ARRAY_LEN(workgroup), h.workgroup, h.ben_id, "workgroup.damaged");
}

static void
INTEGRITY_each_column_of_a_tenant_and_its_policy_is_sealed(void **state)
{
	static const struct change changes[] = {
		{ "UPDATE tenants SET name = 'else' WHERE id = $1",
		    "UPDATE tenants SET name = 'genomics' WHERE id = $1" },
		{ "UPDATE tenants SET domain = 'else.example' WHERE id = $1",
		    "UPDATE tenants SET domain = 'genomics.example' WHERE id = $1" },
		{ "UPDATE tenants SET profile = 'default' WHERE id = $1",
		    "UPDATE tenants SET profile = 'panomics' WHERE id = $1" },
		{ "UPDATE tenants SET state = 'suspended' WHERE id = $1",
		    "UPDATE tenants SET state = 'active' WHERE id = $1" },
		{ "UPDATE tenants SET generation = generation + 1 WHERE id = $1",
		    "UPDATE tenants SET generation = generation - 1 WHERE id = $1" },
		{ "UPDATE tenants SET created_at_ms = created_at_ms + 1 WHERE id = $1",
		    "UPDATE tenants SET created_at_ms = created_at_ms - 1 WHERE id = $1" },
		{ "UPDATE tenant_policy SET value = 'off' WHERE tenant = $1",
		    "UPDATE tenant_policy SET value = 'on' WHERE tenant = $1" },
		{ "DELETE FROM tenant_policy WHERE tenant = $1",
		    "INSERT INTO tenant_policy (tenant, name, value) VALUES ($1, "
		    "'password_login', 'on')" },
		{ "INSERT INTO tenant_policy (tenant, name, value) VALUES ($1, "
		  "'keys_per_user_max', '0')",
		    "DELETE FROM tenant_policy WHERE tenant = $1 AND name = 'keys_per_user_max'" },
		{ "UPDATE trusted_issuers SET jwks = jwks || ' ' WHERE tenant = $1",
		    "UPDATE trusted_issuers SET jwks = trim(jwks) WHERE tenant = $1" },
		{ "UPDATE trusted_issuers SET audience = 'x' WHERE tenant = $1",
		    "UPDATE trusted_issuers SET audience = 'latchkey' WHERE tenant = $1" },
		{ "INSERT INTO trusted_issuers (tenant, issuer, audience, jwks, created_at_ms) "
		  "VALUES ($1, 'https://evil.example', 'latchkey', '{}', 0)",
		    "DELETE FROM trusted_issuers WHERE tenant = $1 AND issuer = "
		    "'https://evil.example'" },
	};
	struct house h = house(*state);

	expect_found(
	    &h, changes, LK_ARRAY_LEN(changes), h.tenant.id, h.tenant.id, "tenant.damaged");
}

static void
INTEGRITY_each_column_of_a_principal_is_sealed(void **state)
{
	static const struct change changes[] = {
		{ "UPDATE principals SET name = 'else' WHERE id = $1",
		    "UPDATE principals SET name = 'fleet' WHERE id = $1" },
		{ "UPDATE principals SET permissions = 'credentials.fetch keys.verify' "
		  "WHERE id = $1",
		    "UPDATE principals SET permissions = 'credentials.fetch' WHERE id = $1" },
		{ "UPDATE principals SET all_tenants = 1 WHERE id = $1",
		    "UPDATE principals SET all_tenants = 0 WHERE id = $1" },
		{ "UPDATE principals SET generation = generation + 1 WHERE id = $1",
		    "UPDATE principals SET generation = generation - 1 WHERE id = $1" },
		{ "UPDATE principals SET created_at_ms = created_at_ms + 1 WHERE id = $1",
		    "UPDATE principals SET created_at_ms = created_at_ms - 1 WHERE id = $1" },
		{ "INSERT INTO principal_tenants (principal, tenant) SELECT principals.id, "
		  "tenants.id FROM principals, tenants WHERE principals.id = $1 AND "
		  "tenants.name = 'other'",
		    "DELETE FROM principal_tenants WHERE principal = $1 AND tenant = "
		    "(SELECT id FROM tenants WHERE name = 'other')" },
		{ "UPDATE principals SET state = 'disabled' WHERE id = $1",
		    "UPDATE principals SET state = 'active' WHERE id = $1" },
	};
	struct house h = house(*state);
	const char *fleet = world_principal(h.w, "fleet", "credentials.fetch", h.tenant.id, &h.key);
	const char *id = world_id(h.w, fleet);

	expect_found(&h, changes, LK_ARRAY_LEN(changes), id, id, "principal.damaged");
}

static bool
session_opens(struct world *w, const char *secret)
{
	VerifyKeyRequest req = LATCHKEY__KEYS__V1__VERIFY_KEY_REQUEST__INIT;
	VerifyKeyResponse *rep;

	req.secret_key = text(secret);
	req.allow_session = true;
	ask_ok(w, SERVICE, "VerifyKey", &req, &rep);
	return rep->active;
}

static void
INTEGRITY_each_column_of_a_session_is_sealed(void **state)
{
	static const struct change changes[] = {
		{ "UPDATE sessions SET user_id = (SELECT id FROM users WHERE email = "
		  "'ada@genomics.example') WHERE id = $1",
		    "UPDATE sessions SET user_id = (SELECT id FROM users WHERE email = "
		    "'dora@genomics.example') WHERE id = $1" },
		{ "UPDATE sessions SET tenant = (SELECT id FROM tenants WHERE name = 'other') "
		  "WHERE id = $1",
		    "UPDATE sessions SET tenant = (SELECT id FROM tenants WHERE name = "
		    "'genomics') WHERE id = $1" },
		{ "UPDATE sessions SET expires_at_ms = expires_at_ms + 1 WHERE id = $1",
		    "UPDATE sessions SET expires_at_ms = expires_at_ms - 1 WHERE id = $1" },
		{ "UPDATE sessions SET generation = generation + 1 WHERE id = $1",
		    "UPDATE sessions SET generation = generation - 1 WHERE id = $1" },
		{ "UPDATE sessions SET created_at_ms = created_at_ms + 1 WHERE id = $1",
		    "UPDATE sessions SET created_at_ms = created_at_ms - 1 WHERE id = $1" },
	};
	struct house h = house(*state);
	CreateUserRequest req = LATCHKEY__ACCOUNTS__V1__CREATE_USER_REQUEST__INIT;
	CreateUserResponse *rep;
	char *secret;

	req.email = text("dora@genomics.example");
	ask_ok(h.w, h.ada, "CreateUser", &req, &rep);
	const char *id = world_redeem_as(h.w, rep->secret_ticket, &secret) + LK_ID_LEN + 1;
	for (size_t i = 0; i < LK_ARRAY_LEN(changes); i++) {
		assert_true(session_opens(h.w, secret));
		by_hand(h.w, changes[i].made, id);
		assert_false(session_opens(h.w, secret));
		expect_events(h.w, "session.damaged", id, (int64_t)i + 1);
		by_hand(h.w, changes[i].undone, id);
		h.w->clock.ahead_ms += 61000;
	}
	assert_true(session_opens(h.w, secret));
}

/* Somebody turns their own ticket into an administrator's. */
static void
INTEGRITY_a_ticket_opens_for_the_user_it_was_made_for(void **state)
{
	struct house h = house(*state);
	CreateUserRequest req = LATCHKEY__ACCOUNTS__V1__CREATE_USER_REQUEST__INIT;
	RedeemTicketRequest redeem = LATCHKEY__ACCOUNTS__V1__REDEEM_TICKET_REQUEST__INIT;
	CreateUserResponse *rep;

	req.email = text("eve@genomics.example");
	ask_ok(h.w, h.ada, "CreateUser", &req, &rep);
	redeem.secret_ticket = rep->secret_ticket;
	by_hand(h.w,
	    "UPDATE tickets SET user_id = (SELECT id FROM users WHERE email = "
	    "'ada@genomics.example') WHERE user_id = $1",
	    rep->user->id);
	ask_fails(h.w, NULL, "RedeemTicket", &redeem, LK_UNAUTHENTICATED, "TICKET_REFUSED");
	by_hand(h.w, "UPDATE tickets SET user_id = $1 WHERE digest IS NOT NULL", rep->user->id);
	by_hand(h.w, "UPDATE tickets SET expires_at_ms = expires_at_ms + 1 WHERE user_id = $1",
	    rep->user->id);
	ask_fails(h.w, NULL, "RedeemTicket", &redeem, LK_UNAUTHENTICATED, "TICKET_REFUSED");
	by_hand(h.w, "UPDATE tickets SET expires_at_ms = expires_at_ms - 1 WHERE user_id = $1",
	    rep->user->id);
	ask_ok(h.w, NULL, "RedeemTicket", &redeem, NULL);
}

/* Rows that are good where they stand are not good elsewhere, MAC and all. */
static void
INTEGRITY_a_row_is_no_other_row(void **state)
{
	struct house h = house(*state);

	by_hand(h.w,
	    "UPDATE users SET generation = (SELECT generation FROM users WHERE email = "
	    "'ada@genomics.example'), mac = (SELECT mac FROM users WHERE email = "
	    "'ada@genomics.example'), mac_version = (SELECT mac_version FROM users WHERE email = "
	    "'ada@genomics.example') WHERE id = $1",
	    h.ben_id);
	by_hand(h.w, "UPDATE user_roles SET role = 'tenant-admin' WHERE user_id = $1", h.ben_id);
	expect_refused(h.w, SERVICE, h.key.secret, "KEY_REFUSED");
	expect_events(h.w, "user.damaged", h.ben_id, 1);
	by_hand(h.w,
	    "UPDATE tenants SET profile = 'ica', mac_version = (SELECT mac_version FROM tenants "
	    "WHERE id = $1), mac = (SELECT mac FROM tenants WHERE id = $1) WHERE name = 'other'",
	    h.tenant.id);
	GetTenantRequest get = LATCHKEY__ACCOUNTS__V1__GET_TENANT_REQUEST__INIT;
	get.tenant = text("other");
	ask_fails(h.w, OPERATOR, "GetTenant", &get, LK_DATA_LOSS, "ROW_DAMAGED");
}

/* What is in memory of Ben is still good, so he is asked about where it counts. */
static void
INTEGRITY_nobody_makes_themselves_administrator_of_a_workgroup(void **state)
{
	struct house h = house(*state);
	AddWorkgroupMemberRequest add = LATCHKEY__ACCOUNTS__V1__ADD_WORKGROUP_MEMBER_REQUEST__INIT;
	ListWorkgroupsRequest list = LATCHKEY__ACCOUNTS__V1__LIST_WORKGROUPS_REQUEST__INIT;

	by_hand_of(h.w, "UPDATE workgroup_members SET is_admin = 1 WHERE user_id = $1", h.ben_id,
	    h.carl_id);
	add.workgroup = h.workgroup;
	add.user = h.carl_id;
	ask_fails(h.w, h.ben, "AddWorkgroupMember", &add, LK_DATA_LOSS, "ROW_DAMAGED");
	ask_fails(h.w, h.ben, "ListWorkgroups", &list, LK_DATA_LOSS, "ROW_DAMAGED");
	expect_events(h.w, "user.damaged", h.ben_id, 1);
}

static void
INTEGRITY_who_was_deleted_does_not_come_back(void **state)
{
	struct house h = house(*state);
	const struct world_key key = world_key(h.w, h.ben, "before");
	DeleteUserRequest req = LATCHKEY__ACCOUNTS__V1__DELETE_USER_REQUEST__INIT;
	GetUserRequest get = LATCHKEY__ACCOUNTS__V1__GET_USER_REQUEST__INIT;

	req.user = get.user = h.ben_id;
	ask_ok(h.w, h.ada, "DeleteUser", &req, NULL);
	by_hand(
	    h.w, "UPDATE users SET deleted_at_ms = 0, state = 'active' WHERE id = $1", h.ben_id);
	ask_fails(h.w, h.ada, "GetUser", &get, LK_DATA_LOSS, "ROW_DAMAGED");
	expect_events(h.w, "user.damaged", h.ben_id, 1);
	expect_refused(h.w, SERVICE, key.secret, "KEY_REFUSED");
}

/* Another service destroys what a tenant has when it hears that it was deleted. */
static void
INTEGRITY_nobody_hears_of_a_deletion_that_was_none(void **state)
{
	struct house h = house(*state);
	FindDeletedTenantsRequest req = LATCHKEY__ACCOUNTS__V1__FIND_DELETED_TENANTS_REQUEST__INIT;
	FindDeletedTenantsResponse *rep;

	req.ids = &h.tenant.id;
	req.n_ids = 1;
	by_hand(h.w, "UPDATE tenants SET deleted_at_ms = 1 WHERE id = $1", h.tenant.id);
	ask_ok(h.w, SERVICE, "FindDeletedTenants", &req, &rep);
	assert_int_equal(rep->n_ids, 0);
	expect_events(h.w, "tenant.damaged", h.tenant.id, 1);
}

/* A change by others neither stops at a damaged row nor makes it good. */
static void
INTEGRITY_what_is_damaged_is_never_sealed(void **state)
{
	struct house h = house(*state);
	UpdateRoleRequest narrow = LATCHKEY__ACCOUNTS__V1__UPDATE_ROLE_REQUEST__INIT;
	DeleteRoleRequest delete = LATCHKEY__ACCOUNTS__V1__DELETE_ROLE_REQUEST__INIT;
	char *permissions[] = { text("workgroups.manage") };

	by_hand(
	    h.w, "INSERT INTO user_roles (user_id, role) VALUES ($1, 'tenant-admin')", h.ben_id);
	narrow.role = delete.role = text("reader");
	narrow.permissions = permissions;
	narrow.n_permissions = 1;
	ask_ok(h.w, h.ada, "UpdateRole", &narrow, NULL);
	ask_ok(h.w, h.ada, "DeleteRole", &delete, NULL);
	expect_refused(h.w, SERVICE, h.key.secret, "KEY_REFUSED");
	expect_events(h.w, "user.damaged", h.ben_id, 1);
}

LK_TESTS(KEYS_CASE(INTEGRITY_each_column_of_a_user_is_sealed),
    KEYS_CASE(INTEGRITY_a_damaged_row_of_another_tenant_is_not_there),
    KEYS_CASE(INTEGRITY_what_belongs_to_a_user_is_sealed_with_them),
    KEYS_CASE(INTEGRITY_each_column_of_a_role_and_of_a_workgroup_is_sealed),
    KEYS_CASE(INTEGRITY_each_column_of_a_tenant_and_its_policy_is_sealed),
    KEYS_CASE(INTEGRITY_each_column_of_a_principal_is_sealed),
    KEYS_CASE(INTEGRITY_each_column_of_a_session_is_sealed),
    KEYS_CASE(INTEGRITY_a_ticket_opens_for_the_user_it_was_made_for),
    KEYS_CASE(INTEGRITY_a_row_is_no_other_row),
    KEYS_CASE(INTEGRITY_nobody_makes_themselves_administrator_of_a_workgroup),
    KEYS_CASE(INTEGRITY_who_was_deleted_does_not_come_back),
    KEYS_CASE(INTEGRITY_nobody_hears_of_a_deletion_that_was_none),
    KEYS_CASE(INTEGRITY_what_is_damaged_is_never_sealed))
