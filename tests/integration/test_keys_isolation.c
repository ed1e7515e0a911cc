/* Nobody reaches another tenant through any method: what is foreign answers exactly as what is
 * absent. */
#include "keys_world.h"

/* Tenant A, with something of every kind in it, and the administrators of A and B. */
struct two {
	struct world_tenant a, b;
	char *ada, *bob; /* who come with their sessions */
	char *user, *workgroup, *session;
	struct world_key key;
};

static struct two
two_tenants(struct world *w)
{
	struct two two = { .a = world_tenant(w, "alpha", "panomics"),
		.b = world_tenant(w, "beta", "panomics") };
	CreateWorkgroupRequest req = LATCHKEY__ACCOUNTS__V1__CREATE_WORKGROUP_REQUEST__INIT;
	CreateWorkgroupResponse *rep;

	two.ada = world_redeem(w, two.a.ticket);
	two.bob = world_redeem(w, two.b.ticket);
	const char *cem = world_user(w, two.ada, "cem@alpha.example", "key-manager");
	two.user = world_id(w, cem);
	two.session = lk_arena_text(w->arena, cem + LK_ID_LEN + 1);
	two.key = world_key(w, cem, "laptop");
	req.name = text("Lab");
	ask_ok(w, two.ada, "CreateWorkgroup", &req, &rep);
	two.workgroup = rep->workgroup->id;
	return two;
}

/* Ask twice, for a foreign thing and for one that never was: both must answer the same. */
#define same_as_absent(w, who, method, req, field, foreign, absent, why)                           \
	do {                                                                                       \
		struct lk_error first_;                                                            \
		(req)->field = text(foreign);                                                      \
		ask_fails((w), (who), (method), (req), LK_NOT_FOUND, (why));                       \
		first_ = (w)->err;                                                                 \
		(req)->field = text(absent);                                                       \
		ask_fails((w), (who), (method), (req), LK_NOT_FOUND, (why));                       \
		if (strstr(first_.message, (foreign)) == NULL)                                     \
			assert_string_equal(first_.message, (w)->err.message);                     \
	} while (0)

static const char no_tenant[] = "tnt_01hzzzzzzzzzzzzzzzzzzzzzzz";
static const char no_user[] = "usr_01hzzzzzzzzzzzzzzzzzzzzzzz";
static const char no_key[] = "key_01hzzzzzzzzzzzzzzzzzzzzzzz";
static const char no_session[] = "ses_01hzzzzzzzzzzzzzzzzzzzzzzz";
static const char no_workgroup[] = "wkg_01hzzzzzzzzzzzzzzzzzzzzzzz";

static void
a_foreign_tenant_is_not_found_by_any_name(void **state)
{
	struct world *w = *state;
	const struct two two = two_tenants(w);
	GetTenantRequest get = LATCHKEY__ACCOUNTS__V1__GET_TENANT_REQUEST__INIT;
	ListUsersRequest users = LATCHKEY__ACCOUNTS__V1__LIST_USERS_REQUEST__INIT;
	ListWorkgroupsRequest groups = LATCHKEY__ACCOUNTS__V1__LIST_WORKGROUPS_REQUEST__INIT;
	GetPolicyRequest policy = LATCHKEY__ACCOUNTS__V1__GET_POLICY_REQUEST__INIT;
	ListKeysRequest keys = LATCHKEY__KEYS__V1__LIST_KEYS_REQUEST__INIT;
	const char *names[] = { two.a.id, "alpha", "alpha.example" };

	keys.all_owners = true;
	for (size_t i = 0; i < LK_ARRAY_LEN(names); i++) {
		same_as_absent(
		    w, two.bob, "GetTenant", &get, tenant, names[i], no_tenant, "TENANT_NOT_FOUND");
		same_as_absent(w, two.bob, "ListUsers", &users, tenant, names[i], no_tenant,
		    "TENANT_NOT_FOUND");
		same_as_absent(w, two.bob, "ListWorkgroups", &groups, tenant, names[i], no_tenant,
		    "TENANT_NOT_FOUND");
		same_as_absent(w, two.bob, "GetPolicy", &policy, tenant, names[i], no_tenant,
		    "TENANT_NOT_FOUND");
		same_as_absent(
		    w, two.bob, "ListKeys", &keys, tenant, names[i], no_tenant, "TENANT_NOT_FOUND");
	}
}

static void
nothing_is_made_in_a_foreign_tenant(void **state)
{
	struct world *w = *state;
	const struct two two = two_tenants(w);
	CreateUserRequest user = LATCHKEY__ACCOUNTS__V1__CREATE_USER_REQUEST__INIT;
	CreateWorkgroupRequest group = LATCHKEY__ACCOUNTS__V1__CREATE_WORKGROUP_REQUEST__INIT;
	SetPolicyRequest policy = LATCHKEY__ACCOUNTS__V1__SET_POLICY_REQUEST__INIT;
	PolicyValueMsg one = LATCHKEY__ACCOUNTS__V1__POLICY_VALUE__INIT, *values[] = { &one };
	CreateKeyRequest key = LATCHKEY__KEYS__V1__CREATE_KEY_REQUEST__INIT;

	user.email = text("mallory@alpha.example");
	same_as_absent(
	    w, two.bob, "CreateUser", &user, tenant, two.a.id, no_tenant, "TENANT_NOT_FOUND");
	group.name = text("Mine");
	same_as_absent(
	    w, two.bob, "CreateWorkgroup", &group, tenant, two.a.id, no_tenant, "TENANT_NOT_FOUND");
	one.name = text("require_name");
	one.value = text("no");
	policy.values = values;
	policy.n_values = 1;
	same_as_absent(
	    w, two.bob, "SetPolicy", &policy, tenant, two.a.id, no_tenant, "TENANT_NOT_FOUND");
	key.name = text("mine");
	same_as_absent(
	    w, two.bob, "CreateKey", &key, tenant, two.a.id, no_tenant, "TENANT_NOT_FOUND");
	key.tenant = text("");
	same_as_absent(w, two.bob, "CreateKey", &key, owner, two.user, no_user, "USER_NOT_FOUND");
}

static void
a_foreign_user_is_not_found(void **state)
{
	struct world *w = *state;
	const struct two two = two_tenants(w);
	GetUserRequest get = LATCHKEY__ACCOUNTS__V1__GET_USER_REQUEST__INIT;
	SetUserRolesRequest roles = LATCHKEY__ACCOUNTS__V1__SET_USER_ROLES_REQUEST__INIT;
	SetUserStateRequest off = LATCHKEY__ACCOUNTS__V1__SET_USER_STATE_REQUEST__INIT;
	IssueTicketRequest ticket = LATCHKEY__ACCOUNTS__V1__ISSUE_TICKET_REQUEST__INIT;
	ListKeysRequest keys = LATCHKEY__KEYS__V1__LIST_KEYS_REQUEST__INIT;
	const char *names[] = { two.user, "cem@alpha.example" };

	off.state = text("disabled");
	for (size_t i = 0; i < LK_ARRAY_LEN(names); i++) {
		same_as_absent(
		    w, two.bob, "GetUser", &get, user, names[i], no_user, "USER_NOT_FOUND");
		same_as_absent(
		    w, two.bob, "SetUserRoles", &roles, user, names[i], no_user, "USER_NOT_FOUND");
		same_as_absent(
		    w, two.bob, "SetUserState", &off, user, names[i], no_user, "USER_NOT_FOUND");
		same_as_absent(
		    w, two.bob, "IssueTicket", &ticket, user, names[i], no_user, "USER_NOT_FOUND");
		same_as_absent(
		    w, two.bob, "ListKeys", &keys, owner, names[i], no_user, "USER_NOT_FOUND");
	}
	expect_active(w, SERVICE, two.key.secret);
}

static void
a_foreign_key_or_session_is_not_found(void **state)
{
	struct world *w = *state;
	const struct two two = two_tenants(w);
	GetKeyRequest get = LATCHKEY__KEYS__V1__GET_KEY_REQUEST__INIT;
	EndSessionRequest end = LATCHKEY__ACCOUNTS__V1__END_SESSION_REQUEST__INIT;
	RevokeKeysRequest revoke = LATCHKEY__KEYS__V1__REVOKE_KEYS_REQUEST__INIT;
	char *ids[1];

	same_as_absent(w, two.bob, "GetKey", &get, id, two.key.id, no_key, "KEY_NOT_FOUND");
	same_as_absent(
	    w, two.bob, "EndSession", &end, session, two.session, no_session, "SESSION_NOT_FOUND");
	revoke.ids = ids;
	revoke.n_ids = 1;
	same_as_absent(
	    w, two.bob, "RevokeKeys", &revoke, ids[0], two.key.id, no_key, "KEY_NOT_FOUND");
	expect_active(w, SERVICE, two.key.secret);
}

static void
a_foreign_workgroup_is_not_found(void **state)
{
	struct world *w = *state;
	const struct two two = two_tenants(w);
	AddWorkgroupMemberRequest add = LATCHKEY__ACCOUNTS__V1__ADD_WORKGROUP_MEMBER_REQUEST__INIT;
	RemoveWorkgroupMemberRequest remove =
	    LATCHKEY__ACCOUNTS__V1__REMOVE_WORKGROUP_MEMBER_REQUEST__INIT;
	CreateKeyRequest key = LATCHKEY__KEYS__V1__CREATE_KEY_REQUEST__INIT;
	char *groups[1];

	add.user = remove.user = world_id(w, two.bob);
	same_as_absent(w, two.bob, "AddWorkgroupMember", &add, workgroup, two.workgroup,
	    no_workgroup, "WORKGROUP_NOT_FOUND");
	same_as_absent(w, two.bob, "RemoveWorkgroupMember", &remove, workgroup, two.workgroup,
	    no_workgroup, "WORKGROUP_NOT_FOUND");
	key.name = text("mine");
	key.workgroups = groups;
	key.n_workgroups = 1;
	same_as_absent(w, two.bob, "CreateKey", &key, workgroups[0], two.workgroup, no_workgroup,
	    "WORKGROUP_NOT_FOUND");
	add.workgroup = two.workgroup;
	add.user = world_id(w, two.bob);
	ask_fails(w, two.ada, "AddWorkgroupMember", &add, LK_NOT_FOUND, "USER_NOT_FOUND");
}

static void
a_principal_sees_the_keys_of_its_tenants_alone(void **state)
{
	struct world *w = *state;
	const struct two two = two_tenants(w);
	struct world_key own;
	const char *for_a = world_principal(w, "for-a", "keys.verify", "alpha", &own);
	const char *for_b = world_principal(w, "for-b", "keys.verify", "beta.example", NULL);
	const char *for_all = world_principal(w, "for-all", "keys.verify", NULL, NULL);

	expect_active(w, for_a, two.key.secret);
	expect_refused(w, for_b, two.key.secret, "KEY_REFUSED");
	expect_active(w, for_all, two.key.secret);
	expect_refused(w, for_b, own.secret, "KEY_REFUSED");
	expect_active(w, for_all, own.secret);
}

static void
a_principal_reaches_the_tenants_on_its_list_alone(void **state)
{
	struct world *w = *state;
	const struct two two = two_tenants(w);
	const char *for_a = world_principal(w, "for-a", "audit.read", "alpha", NULL);
	GetTenantRequest get = LATCHKEY__ACCOUNTS__V1__GET_TENANT_REQUEST__INIT;
	GetPolicyRequest policy = LATCHKEY__ACCOUNTS__V1__GET_POLICY_REQUEST__INIT;
	GetUserRequest user = LATCHKEY__ACCOUNTS__V1__GET_USER_REQUEST__INIT;
	GetKeyRequest key = LATCHKEY__KEYS__V1__GET_KEY_REQUEST__INIT;

	get.tenant = two.a.id;
	ask_ok(w, for_a, "GetTenant", &get, NULL);
	same_as_absent(
	    w, for_a, "GetTenant", &get, tenant, two.b.id, no_tenant, "TENANT_NOT_FOUND");
	same_as_absent(
	    w, for_a, "GetPolicy", &policy, tenant, two.b.id, no_tenant, "TENANT_NOT_FOUND");
	user.user = two.user;
	ask_fails(w, for_a, "GetUser", &user, LK_PERMISSION_DENIED, "PERMISSION_MISSING");
	same_as_absent(w, for_a, "GetKey", &key, id, two.key.id, no_key, "KEY_NOT_FOUND");
}

static void
operators_name_the_tenant(void **state)
{
	struct world *w = *state;
	const struct two two = two_tenants(w);
	ListUsersRequest users = LATCHKEY__ACCOUNTS__V1__LIST_USERS_REQUEST__INIT;
	ListUsersResponse *rep;
	ListKeysRequest keys = LATCHKEY__KEYS__V1__LIST_KEYS_REQUEST__INIT;

	ask_field(w, OPERATOR, "ListUsers", &users, "tenant", "TENANT_REQUIRED");
	ask_field(w, OPERATOR, "ListKeys", &keys, "tenant", "TENANT_REQUIRED");
	users.tenant = text("alpha.example");
	ask_ok(w, OPERATOR, "ListUsers", &users, &rep);
	assert_int_equal(rep->n_users, 2);
	world_revoke(w, OPERATOR, two.key.id);
	expect_refused(w, SERVICE, two.key.secret, "KEY_REFUSED");
}

/* Every method, asked with an empty request by nobody. */
static void
nobody_is_let_in_without_credentials(void **state)
{
	struct world *w = *state;
	const struct lk_method_table *tables[] = { &keys_account_service, &keys_key_service };

	for (size_t t = 0; t < 2; t++) {
		for (size_t i = 0; i < tables[t]->count; i++) {
			const char *rpc = tables[t]->methods[i].rpc;
			const ProtobufCServiceDescriptor *service;
			const ProtobufCMethodDescriptor *method = world_method(rpc, &service);
			ProtobufCMessage *empty =
			    lk_arena_alloc(w->arena, method->input->sizeof_message);
			method->input->message_init(empty);
			if (strcmp(rpc, "RedeemTicket") == 0)
				ask_fails(
				    w, NULL, rpc, empty, LK_UNAUTHENTICATED, "TICKET_REFUSED");
			else if (strcmp(rpc, "SignIn") == 0 || strcmp(rpc, "RequestAccount") == 0)
				ask_fails(
				    w, NULL, rpc, empty, LK_INVALID_ARGUMENT, "TENANT_REQUIRED");
			else
				ask_fails(
				    w, NULL, rpc, empty, LK_UNAUTHENTICATED, "CREDENTIALS_MISSING");
		}
	}
}

static void
services_and_operators_have_methods_of_their_own(void **state)
{
	struct world *w = *state;
	const struct two two = two_tenants(w);
	GetStandingRequest standing = LATCHKEY__ACCOUNTS__V1__GET_STANDING_REQUEST__INIT;
	ResolveUserRequest resolve = LATCHKEY__ACCOUNTS__V1__RESOLVE_USER_REQUEST__INIT;
	CreateTenantRequest tenant = LATCHKEY__ACCOUNTS__V1__CREATE_TENANT_REQUEST__INIT;
	CreatePrincipalRequest principal = LATCHKEY__ACCOUNTS__V1__CREATE_PRINCIPAL_REQUEST__INIT;
	ListTenantsRequest tenants = LATCHKEY__ACCOUNTS__V1__LIST_TENANTS_REQUEST__INIT;
	const char *others[] = { two.ada, OPERATOR };

	for (size_t i = 0; i < LK_ARRAY_LEN(others); i++) {
		ask_fails(
		    w, others[i], "GetStanding", &standing, LK_PERMISSION_DENIED, "SERVICES_ONLY");
		ask_fails(
		    w, others[i], "ResolveUser", &resolve, LK_PERMISSION_DENIED, "SERVICES_ONLY");
	}
	ask_fails(w, two.ada, "CreateTenant", &tenant, LK_PERMISSION_DENIED, "OPERATORS_ONLY");
	ask_fails(
	    w, two.ada, "CreatePrincipal", &principal, LK_PERMISSION_DENIED, "OPERATORS_ONLY");
	ask_fails(w, two.ada, "ListTenants", &tenants, LK_PERMISSION_DENIED, "OPERATORS_ONLY");
	ask_fails(w, SERVICE, "ListTenants", &tenants, LK_PERMISSION_DENIED, "OPERATORS_ONLY");
}

LK_TESTS(KEYS_CASE(a_foreign_tenant_is_not_found_by_any_name),
    KEYS_CASE(nothing_is_made_in_a_foreign_tenant), KEYS_CASE(a_foreign_user_is_not_found),
    KEYS_CASE(a_foreign_key_or_session_is_not_found), KEYS_CASE(a_foreign_workgroup_is_not_found),
    KEYS_CASE(a_principal_sees_the_keys_of_its_tenants_alone),
    KEYS_CASE(a_principal_reaches_the_tenants_on_its_list_alone),
    KEYS_CASE(operators_name_the_tenant), KEYS_CASE(nobody_is_let_in_without_credentials),
    KEYS_CASE(services_and_operators_have_methods_of_their_own))
