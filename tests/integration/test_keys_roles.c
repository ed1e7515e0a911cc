/* Roles that a tenant makes, and workgroups that give permissions and are renamed and deleted. */
#include "keys_world.h"

static bool
has_permission(const IdentityMsg *identity, const char *name)
{
	for (size_t i = 0; i < identity->n_permissions; i++) {
		if (lk_text_is(identity->permissions[i], name))
			return true;
	}
	return false;
}

static GetMeResponse *
me(struct world *w, const char *who)
{
	GetMeRequest req = LATCHKEY__ACCOUNTS__V1__GET_ME_REQUEST__INIT;
	GetMeResponse *rep;

	ask_ok(w, who, "GetMe", &req, &rep);
	return rep;
}

#define expect_may(w, who, permission) assert_true(has_permission(me(w, who)->identity, permission))
#define expect_may_not(w, who, permission)                                                         \
	assert_false(has_permission(me(w, who)->identity, permission))

static CreateRoleRequest
role_of(const char *name, char **permissions, size_t count)
{
	CreateRoleRequest req = LATCHKEY__ACCOUNTS__V1__CREATE_ROLE_REQUEST__INIT;

	req.name = text(name);
	req.permissions = permissions;
	req.n_permissions = count;
	return req;
}

static RoleMsg *
make_role(struct world *w, const char *who, const char *name, const char *permission)
{
	char *permissions[] = { text(permission) };
	const CreateRoleRequest req = role_of(name, permissions, 1);
	CreateRoleResponse *rep;

	ask_ok(w, who, "CreateRole", &req, &rep);
	return rep->role;
}

static uint64_t
generation(struct world *w, const char *who)
{
	return me(w, who)->identity->generations->user;
}

static void
I2_a_role_of_the_tenants_own_gives_what_it_says_and_no_more(void **state)
{
	struct world *w = *state;
	const char *ada = world_redeem(w, world_tenant(w, "genomics", "panomics").ticket);
	const RoleMsg *role = make_role(w, ada, "reader", "audit.read");
	ListRolesRequest list = LATCHKEY__ACCOUNTS__V1__LIST_ROLES_REQUEST__INIT;
	ListRolesResponse *roles;

	assert_true(lk_id_ok(LK_ID_ROLE, role->id));
	assert_false(role->built_in);
	const char *ben = world_user(w, ada, "ben@genomics.example", "reader");
	assert_string_equal(me(w, ben)->identity->permissions[0], "audit.read");
	assert_int_equal(me(w, ben)->identity->n_permissions, 1);
	ask_ok(w, ben, "ListRoles", &list, &roles);
	assert_int_equal(roles->n_roles, ROLE_COUNT + 1);
	assert_string_equal(roles->roles[ROLE_COUNT]->name, "reader");
	ask_ok(w, OPERATOR, "ListRoles", &list, &roles);
	assert_int_equal(roles->n_roles, ROLE_COUNT);
}

static void
I2_nobody_makes_or_gives_a_role_wider_than_they_are(void **state)
{
	struct world *w = *state;
	const char *ada = world_redeem(w, world_tenant(w, "genomics", "panomics").ticket);
	char *both[] = { text("roles.manage"), text("audit.read") },
	     *fetch[] = { text("credentials.fetch") }, *verify[] = { text("keys.verify") };
	CreateRoleRequest req = role_of("clerk", both, 2);
	SetUserRolesRequest give = LATCHKEY__ACCOUNTS__V1__SET_USER_ROLES_REQUEST__INIT;
	char *roles[] = { text("power") };

	ask_ok(w, ada, "CreateRole", &req, NULL);
	make_role(w, ada, "power", "users.manage");
	const char *clerk = world_user(w, ada, "cem@genomics.example", "clerk");
	make_role(w, clerk, "peer", "audit.read");
	req = role_of("wider", (char *[]){ text("users.manage") }, 1);
	ask_fails(w, clerk, "CreateRole", &req, LK_PERMISSION_DENIED, "PERMISSION_EXCEEDS");
	give.user = text("cem@genomics.example");
	give.roles = roles;
	give.n_roles = 1;
	ask_fails(w, clerk, "SetUserRoles", &give, LK_PERMISSION_DENIED, "PERMISSION_EXCEEDS");
	req = role_of("fetcher", fetch, 1);
	ask_fails(w, ada, "CreateRole", &req, LK_PERMISSION_DENIED, "PERMISSION_EXCEEDS");
	req.tenant = text("genomics");
	ask_ok(w, OPERATOR, "CreateRole", &req, NULL);
	roles[0] = text("fetcher");
	ask_fails(w, ada, "SetUserRoles", &give, LK_PERMISSION_DENIED, "PERMISSION_EXCEEDS");
	roles[0] = text("ingestion-worker");
	ask_fails(w, ada, "SetUserRoles", &give, LK_PERMISSION_DENIED, "PERMISSION_EXCEEDS");
	req = role_of("backend", verify, 1);
	req.tenant = text("genomics");
	ask_field(w, OPERATOR, "CreateRole", &req, "permissions", "PERMISSION_REFUSED");
	roles[0] = text("nothing");
	ask_field(w, ada, "SetUserRoles", &give, "roles", "ROLE_UNKNOWN");
	expect_contains(w->err.message, "nothing");
}

static void
I2_a_changed_role_is_felt_at_once_by_all_who_have_it(void **state)
{
	struct world *w = *state;
	const char *ada = world_redeem(w, world_tenant(w, "genomics", "panomics").ticket);
	char *permissions[] = { text("audit.read"), text("sessions.manage_any") };
	const CreateRoleRequest req = role_of("watcher", permissions, 2);
	UpdateRoleRequest change = LATCHKEY__ACCOUNTS__V1__UPDATE_ROLE_REQUEST__INIT;
	UpdateRoleResponse *changed;

	ask_ok(w, ada, "CreateRole", &req, NULL);
	const char *ben = world_user(w, ada, "ben@genomics.example", "watcher");
	const uint64_t before = generation(w, ben);
	expect_may(w, ben, "sessions.manage_any");
	change.role = text("watcher");
	change.permissions = permissions;
	change.n_permissions = 1;
	ask_ok(w, ada, "UpdateRole", &change, &changed);
	expect_may_not(w, ben, "sessions.manage_any");
	expect_may(w, ben, "audit.read");
	assert_int_equal(generation(w, ben), before + 1);
	change.n_permissions = 2;
	change.name = text("guard");
	ask_ok(w, ada, "UpdateRole", &change, NULL);
	expect_may(w, ben, "sessions.manage_any");
	assert_int_equal(generation(w, ben), before + 1);
	change.role = text("member");
	ask_fails(w, ada, "UpdateRole", &change, LK_FAILED_PRECONDITION, "ROLE_BUILT_IN");
	change.role = text("watcher");
	ask_fails(w, ada, "UpdateRole", &change, LK_NOT_FOUND, "ROLE_NOT_FOUND");
}

static void
I2_a_deleted_role_is_nobodys(void **state)
{
	struct world *w = *state;
	const char *ada = world_redeem(w, world_tenant(w, "genomics", "panomics").ticket);
	const RoleMsg *role = make_role(w, ada, "reader", "audit.read");
	const char *ben = world_user(w, ada, "ben@genomics.example", "reader");
	DeleteRoleRequest end = LATCHKEY__ACCOUNTS__V1__DELETE_ROLE_REQUEST__INIT;
	DeleteRoleResponse *ended;
	GetUserRequest get = LATCHKEY__ACCOUNTS__V1__GET_USER_REQUEST__INIT;
	GetUserResponse *got;

	get.user = world_id(w, ben);
	ask_ok(w, ada, "GetUser", &get, &got);
	assert_string_equal(got->user->roles[0], "reader");
	expect_may(w, ben, "audit.read");
	end.role = role->id;
	ask_fails(w, ben, "DeleteRole", &end, LK_PERMISSION_DENIED, "PERMISSION_MISSING");
	ask_ok(w, ada, "DeleteRole", &end, &ended);
	assert_int_equal(ended->users, 1);
	expect_may_not(w, ben, "audit.read");
	ask_ok(w, ada, "GetUser", &get, &got);
	assert_int_equal(got->user->n_roles, 0);
	make_role(w, ada, "reader", "audit.read");
	expect_may_not(w, ben, "audit.read");
}

/* ---- Workgroups ---- */

static char *
make_workgroup(struct world *w, const char *admin, const char *name)
{
	CreateWorkgroupRequest req = LATCHKEY__ACCOUNTS__V1__CREATE_WORKGROUP_REQUEST__INIT;
	CreateWorkgroupResponse *rep;

	req.name = text(name);
	ask_ok(w, admin, "CreateWorkgroup", &req, &rep);
	return rep->workgroup->id;
}

static AddWorkgroupMemberRequest
join(struct world *w, char *workgroup, const char *user, bool admin)
{
	AddWorkgroupMemberRequest req = LATCHKEY__ACCOUNTS__V1__ADD_WORKGROUP_MEMBER_REQUEST__INIT;

	req.workgroup = workgroup;
	req.user = world_id(w, user);
	req.admin = admin;
	return req;
}

static void
set_permissions(struct world *w, const char *who, char *workgroup, const char *permission)
{
	SetWorkgroupPermissionsRequest req =
	    LATCHKEY__ACCOUNTS__V1__SET_WORKGROUP_PERMISSIONS_REQUEST__INIT;
	char *permissions[] = { text(permission) };

	req.workgroup = workgroup;
	req.permissions = permissions;
	req.n_permissions = permission ? 1 : 0;
	ask_ok(w, who, "SetWorkgroupPermissions", &req, NULL);
}

static void
I14_a_workgroup_gives_its_members_what_it_says(void **state)
{
	struct world *w = *state;
	const char *ada = world_redeem(w, world_tenant(w, "genomics", "panomics").ticket);
	const char *ben = world_user(w, ada, "ben@genomics.example", "member");
	char *red = make_workgroup(w, ada, "Red");
	const AddWorkgroupMemberRequest in = join(w, red, ben, false);
	SetWorkgroupPermissionsRequest wide =
	    LATCHKEY__ACCOUNTS__V1__SET_WORKGROUP_PERMISSIONS_REQUEST__INIT;
	char *fetch[] = { text("credentials.fetch") };

	ask_ok(w, ada, "AddWorkgroupMember", &in, NULL);
	expect_may_not(w, ben, "credentials.manage");
	const uint64_t before = generation(w, ben);
	set_permissions(w, ada, red, "credentials.manage");
	expect_may(w, ben, "credentials.manage");
	assert_int_equal(generation(w, ben), before);
	set_permissions(w, ada, red, NULL);
	expect_may_not(w, ben, "credentials.manage");
	assert_int_equal(generation(w, ben), before + 1);
	wide.workgroup = red;
	wide.permissions = fetch;
	wide.n_permissions = 1;
	ask_fails(
	    w, ada, "SetWorkgroupPermissions", &wide, LK_PERMISSION_DENIED, "PERMISSION_EXCEEDS");
	ask_fails(
	    w, ben, "SetWorkgroupPermissions", &wide, LK_PERMISSION_DENIED, "PERMISSION_MISSING");
}

static void
I4_a_key_for_one_workgroup_has_nothing_that_another_gives(void **state)
{
	struct world *w = *state;
	const char *ada = world_redeem(w, world_tenant(w, "genomics", "default").ticket);
	const char *ben = world_user(w, ada, "ben@genomics.example", "member");
	char *red = make_workgroup(w, ada, "Red"), *blue = make_workgroup(w, ada, "Blue");
	const AddWorkgroupMemberRequest in_red = join(w, red, ben, false),
					in_blue = join(w, blue, ben, false);
	CreateKeyRequest req = LATCHKEY__KEYS__V1__CREATE_KEY_REQUEST__INIT;
	CreateKeyResponse *red_key, *all_key;
	char *groups[] = { text("Red") };

	ask_ok(w, ada, "AddWorkgroupMember", &in_red, NULL);
	ask_ok(w, ada, "AddWorkgroupMember", &in_blue, NULL);
	set_permissions(w, ada, blue, "audit.read");
	req.name = text("k");
	ask_ok(w, ben, "CreateKey", &req, &all_key);
	req.workgroups = groups;
	req.n_workgroups = 1;
	ask_ok(w, ben, "CreateKey", &req, &red_key);
	assert_true(
	    has_permission(world_verify(w, SERVICE, all_key->secret_key)->identity, "audit.read"));
	assert_false(
	    has_permission(world_verify(w, SERVICE, red_key->secret_key)->identity, "audit.read"));
	set_permissions(w, ada, red, "audit.read");
	assert_true(
	    has_permission(world_verify(w, SERVICE, red_key->secret_key)->identity, "audit.read"));
}

static void
I2_an_administrator_of_a_workgroup_names_others_and_gives_no_more_than_they_have(void **state)
{
	struct world *w = *state;
	const char *ada = world_redeem(w, world_tenant(w, "genomics", "panomics").ticket);
	const char *ben = world_user(w, ada, "ben@genomics.example", "member");
	const char *cem = world_user(w, ada, "cem@genomics.example", "member");
	const char *dan = world_user(w, ada, "dan@genomics.example", "workgroup-admin");
	char *red = make_workgroup(w, ada, "Red");
	const AddWorkgroupMemberRequest ben_admin = join(w, red, ben, true),
					cem_admin = join(w, red, cem, true),
					dan_in = join(w, red, dan, false);
	RenameWorkgroupRequest name = LATCHKEY__ACCOUNTS__V1__RENAME_WORKGROUP_REQUEST__INIT;
	RenameWorkgroupResponse *named;

	ask_ok(w, ada, "AddWorkgroupMember", &ben_admin, NULL);
	ask_fails(
	    w, cem, "AddWorkgroupMember", &dan_in, LK_PERMISSION_DENIED, "PERMISSION_MISSING");
	ask_ok(w, ben, "AddWorkgroupMember", &cem_admin, NULL);
	ask_ok(w, cem, "AddWorkgroupMember", &dan_in, NULL);
	set_permissions(w, ada, red, "audit.read");
	ask_ok(w, ben, "AddWorkgroupMember", &cem_admin, NULL);
	char *blue = make_workgroup(w, ada, "Blue");
	set_permissions(w, ada, blue, "users.manage");
	const AddWorkgroupMemberRequest self = join(w, blue, dan, false);
	ask_fails(w, dan, "AddWorkgroupMember", &self, LK_PERMISSION_DENIED, "PERMISSION_EXCEEDS");
	name.workgroup = red;
	name.name = text("Scarlet");
	ask_ok(w, ben, "RenameWorkgroup", &name, &named);
	assert_string_equal(named->workgroup->id, red);
	assert_int_equal(named->workgroup->n_admins, 2);
	name.name = text("Blue");
	ask_fails(w, ben, "RenameWorkgroup", &name, LK_ALREADY_EXISTS, "WORKGROUP_EXISTS");
}

static void
I4_a_deleted_workgroup_is_reached_by_nobody(void **state)
{
	struct world *w = *state;
	const char *ada = world_redeem(w, world_tenant(w, "genomics", "default").ticket);
	const char *ben = world_user(w, ada, "ben@genomics.example", "member");
	char *red = make_workgroup(w, ada, "Red");
	const AddWorkgroupMemberRequest in = join(w, red, ben, true);
	CreateKeyRequest req = LATCHKEY__KEYS__V1__CREATE_KEY_REQUEST__INIT;
	CreateKeyResponse *key;
	DeleteWorkgroupRequest end = LATCHKEY__ACCOUNTS__V1__DELETE_WORKGROUP_REQUEST__INIT;
	char *groups[] = { text("Red") };

	ask_ok(w, ada, "AddWorkgroupMember", &in, NULL);
	req.name = text("k");
	req.workgroups = groups;
	req.n_workgroups = 1;
	ask_ok(w, ben, "CreateKey", &req, &key);
	assert_int_equal(world_verify(w, SERVICE, key->secret_key)->identity->n_workgroups, 1);
	end.workgroup = red;
	ask_fails(w, ben, "DeleteWorkgroup", &end, LK_PERMISSION_DENIED, "PERMISSION_MISSING");
	ask_ok(w, ada, "DeleteWorkgroup", &end, NULL);
	const VerifyKeyResponse *after = world_verify(w, SERVICE, key->secret_key);
	assert_true(after->active);
	assert_int_equal(after->identity->n_workgroups, 0);
	assert_false(after->identity->all_workgroups);
	ask_fails(w, ada, "DeleteWorkgroup", &end, LK_NOT_FOUND, "WORKGROUP_NOT_FOUND");
	make_workgroup(w, ada, "Red");
}

LK_TESTS(KEYS_CASE(I2_a_role_of_the_tenants_own_gives_what_it_says_and_no_more),
    KEYS_CASE(I2_nobody_makes_or_gives_a_role_wider_than_they_are),
    KEYS_CASE(I2_a_changed_role_is_felt_at_once_by_all_who_have_it),
    KEYS_CASE(I2_a_deleted_role_is_nobodys),
    KEYS_CASE(I14_a_workgroup_gives_its_members_what_it_says),
    KEYS_CASE(I4_a_key_for_one_workgroup_has_nothing_that_another_gives),
    KEYS_CASE(I2_an_administrator_of_a_workgroup_names_others_and_gives_no_more_than_they_have),
    KEYS_CASE(I4_a_deleted_workgroup_is_reached_by_nobody))
