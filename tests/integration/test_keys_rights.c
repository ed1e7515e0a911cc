/* What a key may do follows its owner, its tenant and its own limits, at once; and nobody makes
 * more than they have. */
#include "keys_world.h"

static VerifyKeyResponse *
verify_for(struct world *w, const char *secret, const char *permission, const char *workgroup)
{
	VerifyKeyRequest req = LATCHKEY__KEYS__V1__VERIFY_KEY_REQUEST__INIT;
	VerifyKeyResponse *rep;

	req.secret_key = text(secret);
	req.required_permission = text(permission);
	req.required_workgroup = text(workgroup);
	ask_ok(w, SERVICE, "VerifyKey", &req, &rep);
	return rep;
}

static char *
make_workgroup(struct world *w, const char *admin, const char *name)
{
	CreateWorkgroupRequest req = LATCHKEY__ACCOUNTS__V1__CREATE_WORKGROUP_REQUEST__INIT;
	CreateWorkgroupResponse *rep;

	req.name = text(name);
	ask_ok(w, admin, "CreateWorkgroup", &req, &rep);
	return rep->workgroup->id;
}

static void
join(struct world *w, const char *admin, const char *workgroup, const char *user)
{
	AddWorkgroupMemberRequest req = LATCHKEY__ACCOUNTS__V1__ADD_WORKGROUP_MEMBER_REQUEST__INIT;

	req.workgroup = text(workgroup);
	req.user = world_id(w, user);
	ask_ok(w, admin, "AddWorkgroupMember", &req, NULL);
}

static void
leave(struct world *w, const char *admin, const char *workgroup, const char *user)
{
	RemoveWorkgroupMemberRequest req =
	    LATCHKEY__ACCOUNTS__V1__REMOVE_WORKGROUP_MEMBER_REQUEST__INIT;

	req.workgroup = text(workgroup);
	req.user = world_id(w, user);
	ask_ok(w, admin, "RemoveWorkgroupMember", &req, NULL);
}

static void
set_role(struct world *w, const char *admin, const char *user, const char *role)
{
	SetUserRolesRequest req = LATCHKEY__ACCOUNTS__V1__SET_USER_ROLES_REQUEST__INIT;
	char *roles[] = { text(role) };

	req.user = world_id(w, user);
	req.roles = roles;
	req.n_roles = 1;
	ask_ok(w, admin, "SetUserRoles", &req, NULL);
}

static void
set_state(struct world *w, const char *admin, const char *user, const char *to)
{
	SetUserStateRequest req = LATCHKEY__ACCOUNTS__V1__SET_USER_STATE_REQUEST__INIT;

	req.user = world_id(w, user);
	req.state = text(to);
	ask_ok(w, admin, "SetUserState", &req, NULL);
}

static void
G3_a_role_taken_away_is_missed_at_once(void **state)
{
	struct world *w = *state;
	const char *ada = world_redeem(w, world_tenant(w, "genomics", "panomics").ticket);
	const char *ben = world_user(w, ada, "ben@genomics.example", "key-manager");
	const struct world_key key = world_key(w, ben, "laptop");
	const VerifyKeyResponse *before = verify_for(w, key.secret, "credentials.manage", "");

	assert_true(before->active);
	set_role(w, ada, ben, "member");
	assert_string_equal(
	    verify_for(w, key.secret, "credentials.manage", "")->reason, "PERMISSION_MISSING");
	const VerifyKeyResponse *after = verify_for(w, key.secret, "", "");
	assert_true(after->active);
	assert_int_equal(after->identity->n_permissions, 0);
	assert_int_equal(
	    after->identity->generations->user, before->identity->generations->user + 1);
	set_role(w, ada, ben, "key-manager");
	assert_true(verify_for(w, key.secret, "credentials.manage", "")->active);
}

static void
I4_a_key_follows_its_owner_through_workgroups(void **state)
{
	struct world *w = *state;
	const char *ada = world_redeem(w, world_tenant(w, "genomics", "panomics").ticket);
	const char *ben = world_user(w, ada, "ben@genomics.example", "key-manager");
	char *red = make_workgroup(w, ada, "Red"), *blue = make_workgroup(w, ada, "Blue");
	const struct world_key all = world_key(w, ben, "all");
	CreateKeyRequest req = LATCHKEY__KEYS__V1__CREATE_KEY_REQUEST__INIT;
	CreateKeyResponse *rep;
	char *groups[] = { text("Red") };

	join(w, ada, red, ben);
	req.name = text("red only");
	req.workgroups = groups;
	req.n_workgroups = 1;
	ask_ok(w, ben, "CreateKey", &req, &rep);
	join(w, ada, blue, ben);
	assert_true(verify_for(w, all.secret, "", blue)->active);
	assert_true(verify_for(w, rep->secret_key, "", red)->active);
	assert_string_equal(verify_for(w, rep->secret_key, "", blue)->reason, "WORKGROUP_MISSING");
	assert_string_equal(
	    verify_for(w, all.secret, "", "wkg_nonsense")->reason, "WORKGROUP_MISSING");
	leave(w, ada, red, ben);
	assert_string_equal(verify_for(w, all.secret, "", red)->reason, "WORKGROUP_MISSING");
	const VerifyKeyResponse *limited = verify_for(w, rep->secret_key, "", "");
	assert_true(limited->active);
	assert_int_equal(limited->identity->n_workgroups, 0);
	assert_false(limited->identity->all_workgroups);
}

static void
a_disabled_owner_suspends_every_key_and_session(void **state)
{
	struct world *w = *state;
	const char *ada = world_redeem(w, world_tenant(w, "genomics", "panomics").ticket);
	const char *ben = world_user(w, ada, "ben@genomics.example", "key-manager");
	const struct world_key key = world_key(w, ben, "laptop");
	GetMeRequest me = LATCHKEY__ACCOUNTS__V1__GET_ME_REQUEST__INIT;

	expect_active(w, SERVICE, key.secret);
	set_state(w, ada, ben, "disabled");
	expect_refused(w, SERVICE, key.secret, "KEY_REFUSED");
	ask_fails(w, ben, "GetMe", &me, LK_UNAUTHENTICATED, "TOKEN_REFUSED");
	set_state(w, ada, ben, "active");
	expect_active(w, SERVICE, key.secret);
}

static void
a_disabled_principal_is_refused(void **state)
{
	struct world *w = *state;
	struct world_key key;
	SetPrincipalStateRequest req = LATCHKEY__ACCOUNTS__V1__SET_PRINCIPAL_STATE_REQUEST__INIT;

	world_principal(w, "fleet", "credentials.fetch", NULL, &key);
	expect_active(w, SERVICE, key.secret);
	req.principal = text("fleet");
	req.state = text("disabled");
	ask_ok(w, OPERATOR, "SetPrincipalState", &req, NULL);
	expect_refused(w, SERVICE, key.secret, "KEY_REFUSED");
	ask_fails(
	    w, OPERATOR, "SetPrincipalState", &req, LK_FAILED_PRECONDITION, "PRINCIPAL_STATE");
}

static void
G4_switching_keys_off_suspends_them_and_spares_sessions(void **state)
{
	struct world *w = *state;
	const struct world_tenant t = world_tenant(w, "genomics", "panomics");
	const char *ada = world_redeem(w, t.ticket);
	const struct world_key key = world_key(w, ada, "laptop");
	CreateKeyRequest create = LATCHKEY__KEYS__V1__CREATE_KEY_REQUEST__INIT;
	GetMeRequest me = LATCHKEY__ACCOUNTS__V1__GET_ME_REQUEST__INIT;

	create.name = text("new");
	expect_active(w, SERVICE, key.secret);
	world_set_policy(w, ada, "", "api_keys_enabled", "no");
	expect_refused(w, SERVICE, key.secret, "KEY_REFUSED");
	ask_ok(w, ada, "GetMe", &me, NULL);
	ask_fails(w, ada, "CreateKey", &create, LK_FAILED_PRECONDITION, "API_KEYS_DISABLED");
	world_set_policy(w, ada, "", "on_disable", "block_new");
	expect_active(w, SERVICE, key.secret);
	ask_fails(w, ada, "CreateKey", &create, LK_FAILED_PRECONDITION, "API_KEYS_DISABLED");
	world_set_policy(w, ada, "", "api_keys_enabled", "yes");
	assert_true(verify_for(w, key.secret, "", "")->identity->generations->tenant > 1);
}

static void
L11_a_key_makes_no_keys_unless_it_was_said_by_name(void **state)
{
	struct world *w = *state;
	const char *ada = world_redeem(w, world_tenant(w, "genomics", "panomics").ticket);
	const char *ben = world_user(w, ada, "ben@genomics.example", "key-manager");
	const struct world_key plain = world_key(w, ben, "plain");
	const char *with_plain = lk_arena_format(w->arena, "%s %s", world_id(w, ben), plain.id);
	CreateKeyRequest req = LATCHKEY__KEYS__V1__CREATE_KEY_REQUEST__INIT;
	CreateKeyResponse *maker, *child;
	char *permissions[] = { text("api_keys.manage") };

	req.name = text("maker");
	ask_fails(w, with_plain, "CreateKey", &req, LK_PERMISSION_DENIED, "PERMISSION_MISSING");
	req.permissions = permissions;
	req.n_permissions = 1;
	ask_ok(w, ben, "CreateKey", &req, &maker);
	const char *with_maker =
	    lk_arena_format(w->arena, "%s %s", world_id(w, ben), maker->key->id);
	req.name = text("child");
	ask_ok(w, with_maker, "CreateKey", &req, &child);
	req.n_permissions = 0;
	ask_fails(w, with_maker, "CreateKey", &req, LK_PERMISSION_DENIED, "PERMISSION_EXCEEDS");
	permissions[0] = text("credentials.manage");
	req.n_permissions = 1;
	ask_fails(w, with_maker, "CreateKey", &req, LK_PERMISSION_DENIED, "PERMISSION_EXCEEDS");
	world_set_policy(w, ada, "", "keys_may_manage_keys", "deny");
	assert_int_equal(verify_for(w, maker->secret_key, "", "")->identity->n_permissions, 0);
}

static void
a_limited_key_makes_keys_with_its_limits(void **state)
{
	struct world *w = *state;
	const char *ada = world_redeem(w, world_tenant(w, "genomics", "panomics").ticket);
	const char *ben = world_user(w, ada, "ben@genomics.example", "key-manager");
	char *red = make_workgroup(w, ada, "Red"), *blue = make_workgroup(w, ada, "Blue");
	CreateKeyRequest req = LATCHKEY__KEYS__V1__CREATE_KEY_REQUEST__INIT;
	CreateKeyResponse *maker, *child;
	char *permissions[] = { text("api_keys.manage") }, *groups[] = { red };

	join(w, ada, red, ben);
	join(w, ada, blue, ben);
	req.name = text("red maker");
	req.permissions = permissions;
	req.n_permissions = 1;
	req.workgroups = groups;
	req.n_workgroups = 1;
	ask_ok(w, ben, "CreateKey", &req, &maker);
	const char *with_maker =
	    lk_arena_format(w->arena, "%s %s", world_id(w, ben), maker->key->id);
	req.n_workgroups = 0;
	ask_ok(w, with_maker, "CreateKey", &req, &child);
	assert_false(child->key->all_workgroups);
	assert_int_equal(child->key->n_workgroups, 1);
	assert_string_equal(child->key->workgroups[0], red);
	groups[0] = blue;
	req.n_workgroups = 1;
	ask_fails(w, with_maker, "CreateKey", &req, LK_PERMISSION_DENIED, "WORKGROUP_EXCEEDS");
	groups[0] = make_workgroup(w, ada, "Green");
	ask_fails(w, ben, "CreateKey", &req, LK_PERMISSION_DENIED, "WORKGROUP_EXCEEDS");
}

static void
a_key_may_list_and_revoke_itself(void **state)
{
	struct world *w = *state;
	const char *ada = world_redeem(w, world_tenant(w, "genomics", "panomics").ticket);
	const struct world_key key = world_key(w, ada, "laptop");
	const char *with_key = lk_arena_format(w->arena, "%s %s", world_id(w, ada), key.id);
	ListKeysRequest list = LATCHKEY__KEYS__V1__LIST_KEYS_REQUEST__INIT;
	ListKeysResponse *rep;

	ask_ok(w, with_key, "ListKeys", &list, &rep);
	assert_int_equal(rep->n_keys, 1);
	world_revoke(w, with_key, key.id);
	expect_refused(w, SERVICE, key.secret, "KEY_REFUSED");
}

static void
G8_an_administrator_manages_the_keys_of_others_within_their_own_rights(void **state)
{
	struct world *w = *state;
	const char *ada = world_redeem(w, world_tenant(w, "genomics", "panomics").ticket);
	const char *ben = world_user(w, ada, "ben@genomics.example", "key-manager");
	const char *eve = world_user(w, ada, "eve@genomics.example", NULL);
	CreateKeyRequest req = LATCHKEY__KEYS__V1__CREATE_KEY_REQUEST__INIT;
	CreateKeyResponse *rep;
	ListKeysRequest list = LATCHKEY__KEYS__V1__LIST_KEYS_REQUEST__INIT;
	ListKeysResponse *listed;

	set_role(w, OPERATOR, eve, "ingestion-worker");
	req.name = text("for ben");
	req.owner = text("ben@genomics.example");
	ask_ok(w, ada, "CreateKey", &req, &rep);
	assert_string_equal(rep->key->owner, world_id(w, ben));
	ask_fails(w, eve, "CreateKey", &req, LK_PERMISSION_DENIED, "PERMISSION_MISSING");
	req.owner = world_id(w, eve); /* may fetch credentials, which no administrator may */
	ask_fails(w, ada, "CreateKey", &req, LK_PERMISSION_DENIED, "PERMISSION_EXCEEDS");
	list.all_owners = true;
	ask_ok(w, ada, "ListKeys", &list, &listed);
	assert_int_equal(listed->n_keys, 1);
	world_revoke(w, ada, rep->key->id);
	expect_refused(w, SERVICE, rep->secret_key, "KEY_REFUSED");
	ask_ok(w, ada, "ListKeys", &list, &listed);
	assert_int_equal(listed->n_keys, 0);
	list.include_revoked = true;
	ask_ok(w, ada, "ListKeys", &list, &listed);
	assert_int_equal(listed->n_keys, 1);
	assert_string_equal(listed->keys[0]->state, "revoked");
}

static void
nobody_hands_out_what_they_do_not_hold(void **state)
{
	struct world *w = *state;
	const struct world_tenant t = world_tenant(w, "genomics", "panomics");
	const char *ada = world_redeem(w, t.ticket);
	CreateKeyRequest req = LATCHKEY__KEYS__V1__CREATE_KEY_REQUEST__INIT;
	CreateKeyResponse *key;
	char *permissions[] = { text("users.manage") }, *roles[] = { text("auditor") };
	CreateUserRequest user = LATCHKEY__ACCOUNTS__V1__CREATE_USER_REQUEST__INIT;
	IssueTicketRequest ticket = LATCHKEY__ACCOUNTS__V1__ISSUE_TICKET_REQUEST__INIT;
	SetUserStateRequest off = LATCHKEY__ACCOUNTS__V1__SET_USER_STATE_REQUEST__INIT;

	req.name = text("people");
	req.permissions = permissions;
	req.n_permissions = 1;
	ask_ok(w, ada, "CreateKey", &req, &key);
	const char *people = lk_arena_format(w->arena, "%s %s", t.admin, key->key->id);
	user.email = text("new@genomics.example");
	user.roles = roles;
	user.n_roles = 1;
	ask_fails(w, people, "CreateUser", &user, LK_PERMISSION_DENIED, "PERMISSION_MISSING");
	user.n_roles = 0;
	ask_ok(w, people, "CreateUser", &user, NULL);
	ticket.user = t.admin;
	ask_fails(w, people, "IssueTicket", &ticket, LK_PERMISSION_DENIED, "PERMISSION_EXCEEDS");
	off.user = t.admin;
	off.state = text("disabled");
	ask_fails(w, people, "SetUserState", &off, LK_PERMISSION_DENIED, "PERMISSION_EXCEEDS");
	roles[0] = text("ingestion-worker");
	user.n_roles = 1;
	user.email = text("worker@genomics.example");
	ask_fails(w, ada, "CreateUser", &user, LK_PERMISSION_DENIED, "PERMISSION_EXCEEDS");
	user.tenant = text("genomics");
	ask_ok(w, OPERATOR, "CreateUser", &user, NULL);
}

static void
a_narrowed_token_counts_for_less_than_its_owner(void **state)
{
	struct world *w = *state;
	const char *ada = world_redeem(w, world_tenant(w, "genomics", "panomics").ticket);
	const char *narrow = lk_arena_format(w->arena, "+%s", ada);
	ListUsersRequest users = LATCHKEY__ACCOUNTS__V1__LIST_USERS_REQUEST__INIT;
	GetMeRequest me = LATCHKEY__ACCOUNTS__V1__GET_ME_REQUEST__INIT;
	GetMeResponse *rep;

	ask_fails(w, narrow, "ListUsers", &users, LK_PERMISSION_DENIED, "PERMISSION_MISSING");
	ask_ok(w, narrow, "GetMe", &me, &rep);
	assert_int_equal(rep->identity->n_permissions, 1);
	assert_string_equal(rep->identity->permissions[0], "audit.read");
}

static void
I2_workgroup_administrators_choose_members(void **state)
{
	struct world *w = *state;
	const char *ada = world_redeem(w, world_tenant(w, "genomics", "panomics").ticket);
	const char *ben = world_user(w, ada, "ben@genomics.example", NULL);
	const char *cem = world_user(w, ada, "cem@genomics.example", NULL);
	AddWorkgroupMemberRequest req = LATCHKEY__ACCOUNTS__V1__ADD_WORKGROUP_MEMBER_REQUEST__INIT;
	AddWorkgroupMemberResponse *rep;
	ListWorkgroupsRequest list = LATCHKEY__ACCOUNTS__V1__LIST_WORKGROUPS_REQUEST__INIT;
	ListWorkgroupsResponse *listed;

	req.workgroup = make_workgroup(w, ada, "Red");
	req.user = world_id(w, cem);
	ask_fails(w, ben, "AddWorkgroupMember", &req, LK_PERMISSION_DENIED, "PERMISSION_MISSING");
	ask_ok(w, cem, "ListWorkgroups", &list, &listed);
	assert_int_equal(listed->n_workgroups, 0);
	req.user = world_id(w, ben);
	req.admin = true;
	ask_ok(w, ada, "AddWorkgroupMember", &req, &rep);
	assert_int_equal(rep->workgroup->n_admins, 1);
	req.user = world_id(w, cem);
	ask_ok(w, ben, "AddWorkgroupMember", &req, &rep);
	assert_int_equal(rep->workgroup->n_members, 2);
	assert_int_equal(rep->workgroup->n_admins, 2);
	ask_ok(w, cem, "ListWorkgroups", &list, &listed);
	assert_int_equal(listed->n_workgroups, 1);
}

LK_TESTS(KEYS_CASE(G3_a_role_taken_away_is_missed_at_once),
    KEYS_CASE(I4_a_key_follows_its_owner_through_workgroups),
    KEYS_CASE(a_disabled_owner_suspends_every_key_and_session),
    KEYS_CASE(a_disabled_principal_is_refused),
    KEYS_CASE(G4_switching_keys_off_suspends_them_and_spares_sessions),
    KEYS_CASE(L11_a_key_makes_no_keys_unless_it_was_said_by_name),
    KEYS_CASE(a_limited_key_makes_keys_with_its_limits),
    KEYS_CASE(a_key_may_list_and_revoke_itself),
    KEYS_CASE(G8_an_administrator_manages_the_keys_of_others_within_their_own_rights),
    KEYS_CASE(nobody_hands_out_what_they_do_not_hold),
    KEYS_CASE(a_narrowed_token_counts_for_less_than_its_owner),
    KEYS_CASE(I2_workgroup_administrators_choose_members))
