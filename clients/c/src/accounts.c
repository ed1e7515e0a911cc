/* Tenants, users, principals, sessions, roles, workgroups and policy: each function fills a request
 * and names its answer. */
#include <latchkey/accounts.h>

#include "ask.h"

typedef const latchkey_call *call_options;

/* ---- tickets ---- */

latchkey_status
latchkey_tenant_create(latchkey_client *client, const latchkey_tenant_request *request,
    call_options call, latchkey_ticket **out_ticket, latchkey_secret **out_secret,
    latchkey_error *out_error)
{
	Latchkey__Accounts__V1__CreateTenantRequest body =
	    LATCHKEY__ACCOUNTS__V1__CREATE_TENANT_REQUEST__INIT;
	LK_AUTO(answer_wipe) struct answer answer = { 0 };
	struct lk_error *err = error_inside(out_error);

	body.name = (char *)request->name;
	body.domain = (char *)request->domain;
	body.profile = (char *)request->profile;
	body.admin_email = (char *)request->admin_email;
	PUBLIC_TRY(ask(
	    client, &(struct question){ M_TENANT_CREATE, &body.base, .call = call }, &answer, err));
	const CreateTenantResponse *said = (void *)answer.message;
	if (!said->tenant)
		return (latchkey_status)lk_fail(err, LK_INTERNAL, "REPLY_INCOMPLETE",
		    "the service left out a part of its answer");
	const struct ticket from = { said->admin, said->tenant, said->ticket_expires_at_ms };
	return (latchkey_status)ticket_take(
	    &answer, &from, said->secret_ticket, out_ticket, out_secret, err);
}

latchkey_status
latchkey_user_create(latchkey_client *client, const latchkey_user_request *request,
    call_options call, latchkey_ticket **out_ticket, latchkey_secret **out_secret,
    latchkey_error *out_error)
{
	Latchkey__Accounts__V1__CreateUserRequest body =
	    LATCHKEY__ACCOUNTS__V1__CREATE_USER_REQUEST__INIT;
	LK_AUTO(answer_wipe) struct answer answer = { 0 };
	struct lk_error *err = error_inside(out_error);

	body.email = (char *)request->email;
	body.display_name = (char *)request->display_name;
	body.n_roles = request->roles_count;
	body.roles = (char **)request->roles;
	body.kind = (Latchkey__Common__V1__SubjectKind)request->kind;
	body.tenant = (char *)request->tenant;
	PUBLIC_TRY(ask(
	    client, &(struct question){ M_USER_CREATE, &body.base, .call = call }, &answer, err));
	const CreateUserResponse *said = (void *)answer.message;
	const struct ticket from = { said->user, NULL, said->ticket_expires_at_ms };
	return (latchkey_status)ticket_take(
	    &answer, &from, said->secret_ticket, out_ticket, out_secret, err);
}

latchkey_status
latchkey_user_ticket(latchkey_client *client, const char *user, const char *tenant,
    call_options call, latchkey_ticket **out_ticket, latchkey_secret **out_secret,
    latchkey_error *out_error)
{
	Latchkey__Accounts__V1__IssueTicketRequest body =
	    LATCHKEY__ACCOUNTS__V1__ISSUE_TICKET_REQUEST__INIT;
	LK_AUTO(answer_wipe) struct answer answer = { 0 };
	struct lk_error *err = error_inside(out_error);

	body.user = (char *)user;
	body.tenant = (char *)tenant;
	PUBLIC_TRY(ask(
	    client, &(struct question){ M_TICKET_ISSUE, &body.base, .call = call }, &answer, err));
	const IssueTicketResponse *said = (void *)answer.message;
	const struct ticket from = { said->user, NULL, said->ticket_expires_at_ms };
	return (latchkey_status)ticket_take(
	    &answer, &from, said->secret_ticket, out_ticket, out_secret, err);
}

latchkey_status
latchkey_ticket_redeem(latchkey_client *client, const char *ticket, const char *password,
    call_options call, latchkey_session **out_session, latchkey_secret **out_secret,
    latchkey_error *out_error)
{
	Latchkey__Accounts__V1__RedeemTicketRequest body =
	    LATCHKEY__ACCOUNTS__V1__REDEEM_TICKET_REQUEST__INIT;

	body.secret_ticket = (char *)ticket;
	body.secret_password = (char *)(password ? password : "");
	return (latchkey_status)ask_for_secret(client, M_TICKET_REDEEM, &body.base, call, WHOLE,
	    offsetof(RedeemTicketResponse, secret_session), out_session, out_secret,
	    error_inside(out_error));
}

/* ---- tenants ---- */

latchkey_status
latchkey_tenant_get(latchkey_client *client, const char *tenant, call_options call,
    latchkey_tenant **out_tenant, latchkey_error *out_error)
{
	Latchkey__Accounts__V1__GetTenantRequest body =
	    LATCHKEY__ACCOUNTS__V1__GET_TENANT_REQUEST__INIT;

	body.tenant = (char *)tenant;
	return (latchkey_status)ask_for(client, M_TENANT_GET, &body.base, call,
	    offsetof(GetTenantResponse, tenant), out_tenant, error_inside(out_error));
}

latchkey_status
latchkey_tenant_list_get(latchkey_client *client, const latchkey_page *page, call_options call,
    latchkey_tenant_list **out_list, latchkey_error *out_error)
{
	Latchkey__Accounts__V1__ListTenantsRequest body =
	    LATCHKEY__ACCOUNTS__V1__LIST_TENANTS_REQUEST__INIT;
	PageRequestMsg wire = PAGE_WIRE(page);

	body.page = &wire;
	return (latchkey_status)ask_for(
	    client, M_TENANT_LIST, &body.base, call, WHOLE, out_list, error_inside(out_error));
}

/* ---- users ---- */

latchkey_status
latchkey_user_get(latchkey_client *client, const char *user, const char *tenant, call_options call,
    latchkey_user **out_user, latchkey_error *out_error)
{
	Latchkey__Accounts__V1__GetUserRequest body =
	    LATCHKEY__ACCOUNTS__V1__GET_USER_REQUEST__INIT;

	body.user = (char *)user;
	body.tenant = (char *)tenant;
	return (latchkey_status)ask_for(client, M_USER_GET, &body.base, call,
	    offsetof(GetUserResponse, user), out_user, error_inside(out_error));
}

latchkey_status
latchkey_user_list_get(latchkey_client *client, const char *tenant, const latchkey_page *page,
    call_options call, latchkey_user_list **out_list, latchkey_error *out_error)
{
	Latchkey__Accounts__V1__ListUsersRequest body =
	    LATCHKEY__ACCOUNTS__V1__LIST_USERS_REQUEST__INIT;
	PageRequestMsg wire = PAGE_WIRE(page);

	body.page = &wire;
	body.tenant = (char *)tenant;
	return (latchkey_status)ask_for(
	    client, M_USER_LIST, &body.base, call, WHOLE, out_list, error_inside(out_error));
}

latchkey_status
latchkey_user_set_roles(latchkey_client *client, const char *user, const char *tenant,
    const char *const *roles, size_t count, call_options call, latchkey_user **out_user,
    latchkey_error *out_error)
{
	Latchkey__Accounts__V1__SetUserRolesRequest body =
	    LATCHKEY__ACCOUNTS__V1__SET_USER_ROLES_REQUEST__INIT;

	body.user = (char *)user;
	body.tenant = (char *)tenant;
	body.n_roles = count;
	body.roles = (char **)roles;
	return (latchkey_status)ask_for(client, M_USER_SET_ROLES, &body.base, call,
	    offsetof(SetUserRolesResponse, user), out_user, error_inside(out_error));
}

latchkey_status
latchkey_user_set_state(latchkey_client *client, const char *user, const char *tenant,
    const char *state, call_options call, latchkey_user **out_user, latchkey_error *out_error)
{
	Latchkey__Accounts__V1__SetUserStateRequest body =
	    LATCHKEY__ACCOUNTS__V1__SET_USER_STATE_REQUEST__INIT;

	body.user = (char *)user;
	body.tenant = (char *)tenant;
	body.state = (char *)state;
	return (latchkey_status)ask_for(client, M_USER_SET_STATE, &body.base, call,
	    offsetof(SetUserStateResponse, user), out_user, error_inside(out_error));
}

/* ---- principals ---- */

latchkey_status
latchkey_principal_create(latchkey_client *client, const latchkey_principal_request *request,
    call_options call, latchkey_principal **out_principal, latchkey_secret **out_secret,
    latchkey_error *out_error)
{
	Latchkey__Accounts__V1__CreatePrincipalRequest body =
	    LATCHKEY__ACCOUNTS__V1__CREATE_PRINCIPAL_REQUEST__INIT;

	body.name = (char *)request->name;
	body.n_permissions = request->permissions_count;
	body.permissions = (char **)request->permissions;
	body.all_tenants = request->all_tenants;
	body.n_tenants = request->tenants_count;
	body.tenants = (char **)request->tenants;
	return (latchkey_status)ask_for_secret(client, M_PRINCIPAL_CREATE, &body.base, call,
	    offsetof(CreatePrincipalResponse, principal),
	    offsetof(CreatePrincipalResponse, secret_key), out_principal, out_secret,
	    error_inside(out_error));
}

latchkey_status
latchkey_principal_list_get(latchkey_client *client, const latchkey_page *page, call_options call,
    latchkey_principal_list **out_list, latchkey_error *out_error)
{
	Latchkey__Accounts__V1__ListPrincipalsRequest body =
	    LATCHKEY__ACCOUNTS__V1__LIST_PRINCIPALS_REQUEST__INIT;
	PageRequestMsg wire = PAGE_WIRE(page);

	body.page = &wire;
	return (latchkey_status)ask_for(
	    client, M_PRINCIPAL_LIST, &body.base, call, WHOLE, out_list, error_inside(out_error));
}

latchkey_status
latchkey_principal_set_state(latchkey_client *client, const char *principal, const char *state,
    call_options call, latchkey_principal **out_principal, latchkey_error *out_error)
{
	Latchkey__Accounts__V1__SetPrincipalStateRequest body =
	    LATCHKEY__ACCOUNTS__V1__SET_PRINCIPAL_STATE_REQUEST__INIT;

	body.principal = (char *)principal;
	body.state = (char *)state;
	return (latchkey_status)ask_for(client, M_PRINCIPAL_SET_STATE, &body.base, call,
	    offsetof(SetPrincipalStateResponse, principal), out_principal, error_inside(out_error));
}

/* ---- who, sessions, roles ---- */

latchkey_status
latchkey_sign_in(latchkey_client *client, const char *tenant, const char *email,
    const char *password, call_options call, latchkey_session **out_session,
    latchkey_secret **out_secret, latchkey_error *out_error)
{
	Latchkey__Accounts__V1__SignInRequest body = LATCHKEY__ACCOUNTS__V1__SIGN_IN_REQUEST__INIT;

	body.tenant = (char *)tenant;
	body.email = (char *)email;
	body.secret_password = (char *)password;
	return (latchkey_status)ask_for_secret(client, M_SIGN_IN, &body.base, call, WHOLE,
	    offsetof(RedeemTicketResponse, secret_session), out_session, out_secret,
	    error_inside(out_error));
}

latchkey_status
latchkey_password_change(latchkey_client *client, const char *current, const char *password,
    call_options call, latchkey_error *out_error)
{
	Latchkey__Accounts__V1__ChangePasswordRequest body =
	    LATCHKEY__ACCOUNTS__V1__CHANGE_PASSWORD_REQUEST__INIT;

	body.secret_current = (char *)(current ? current : "");
	body.secret_new = (char *)password;
	return (latchkey_status)ask_for(
	    client, M_PASSWORD_CHANGE, &body.base, call, WHOLE, NULL, error_inside(out_error));
}

latchkey_status
latchkey_name_change(latchkey_client *client, const char *display_name, call_options call,
    latchkey_user **out_user, latchkey_error *out_error)
{
	Latchkey__Accounts__V1__ChangeNameRequest body =
	    LATCHKEY__ACCOUNTS__V1__CHANGE_NAME_REQUEST__INIT;

	body.display_name = (char *)display_name;
	return (latchkey_status)ask_for(client, M_NAME_CHANGE, &body.base, call,
	    offsetof(ChangeNameResponse, user), out_user, error_inside(out_error));
}

latchkey_status
latchkey_open_session_list_get(latchkey_client *client, const char *user, const char *tenant,
    const latchkey_page *page, call_options call, latchkey_open_session_list **out_list,
    latchkey_error *out_error)
{
	Latchkey__Accounts__V1__ListSessionsRequest body =
	    LATCHKEY__ACCOUNTS__V1__LIST_SESSIONS_REQUEST__INIT;
	PageRequestMsg wire = PAGE_WIRE(page);

	body.page = &wire;
	body.user = (char *)(user ? user : "");
	body.tenant = (char *)(tenant ? tenant : "");
	return (latchkey_status)ask_for(
	    client, M_SESSION_LIST, &body.base, call, WHOLE, out_list, error_inside(out_error));
}

latchkey_status
latchkey_session_end(
    latchkey_client *client, const char *session, call_options call, latchkey_error *out_error)
{
	Latchkey__Accounts__V1__EndSessionRequest body =
	    LATCHKEY__ACCOUNTS__V1__END_SESSION_REQUEST__INIT;

	body.session = (char *)session;
	return (latchkey_status)ask_for(
	    client, M_SESSION_END, &body.base, call, WHOLE, NULL, error_inside(out_error));
}

latchkey_status
latchkey_me_get(
    latchkey_client *client, call_options call, latchkey_me **out_me, latchkey_error *out_error)
{
	Latchkey__Accounts__V1__GetMeRequest body = LATCHKEY__ACCOUNTS__V1__GET_ME_REQUEST__INIT;

	return (latchkey_status)ask_for(
	    client, M_ME_GET, &body.base, call, WHOLE, out_me, error_inside(out_error));
}

latchkey_status
latchkey_role_list_get(latchkey_client *client, const char *tenant, call_options call,
    latchkey_role_list **out_list, latchkey_error *out_error)
{
	Latchkey__Accounts__V1__ListRolesRequest body =
	    LATCHKEY__ACCOUNTS__V1__LIST_ROLES_REQUEST__INIT;

	body.tenant = (char *)tenant;
	return (latchkey_status)ask_for(
	    client, M_ROLE_LIST, &body.base, call, WHOLE, out_list, error_inside(out_error));
}

/* ---- workgroups ---- */

latchkey_status
latchkey_workgroup_create(latchkey_client *client, const char *name, const char *tenant,
    call_options call, latchkey_workgroup **out_workgroup, latchkey_error *out_error)
{
	Latchkey__Accounts__V1__CreateWorkgroupRequest body =
	    LATCHKEY__ACCOUNTS__V1__CREATE_WORKGROUP_REQUEST__INIT;

	body.name = (char *)name;
	body.tenant = (char *)tenant;
	return (latchkey_status)ask_for(client, M_WORKGROUP_CREATE, &body.base, call,
	    offsetof(CreateWorkgroupResponse, workgroup), out_workgroup, error_inside(out_error));
}

latchkey_status
latchkey_workgroup_list_get(latchkey_client *client, const char *tenant, const latchkey_page *page,
    call_options call, latchkey_workgroup_list **out_list, latchkey_error *out_error)
{
	Latchkey__Accounts__V1__ListWorkgroupsRequest body =
	    LATCHKEY__ACCOUNTS__V1__LIST_WORKGROUPS_REQUEST__INIT;
	PageRequestMsg wire = PAGE_WIRE(page);

	body.page = &wire;
	body.tenant = (char *)tenant;
	return (latchkey_status)ask_for(
	    client, M_WORKGROUP_LIST, &body.base, call, WHOLE, out_list, error_inside(out_error));
}

latchkey_status
latchkey_workgroup_add(latchkey_client *client, const char *workgroup, const char *user,
    const char *tenant, call_options call, latchkey_workgroup **out_workgroup,
    latchkey_error *out_error)
{
	Latchkey__Accounts__V1__AddWorkgroupMemberRequest body =
	    LATCHKEY__ACCOUNTS__V1__ADD_WORKGROUP_MEMBER_REQUEST__INIT;

	body.workgroup = (char *)workgroup;
	body.user = (char *)user;
	body.tenant = (char *)tenant;
	return (latchkey_status)ask_for(client, M_WORKGROUP_ADD, &body.base, call,
	    offsetof(AddWorkgroupMemberResponse, workgroup), out_workgroup,
	    error_inside(out_error));
}

latchkey_status
latchkey_workgroup_remove(latchkey_client *client, const char *workgroup, const char *user,
    const char *tenant, call_options call, latchkey_workgroup **out_workgroup,
    latchkey_error *out_error)
{
	Latchkey__Accounts__V1__RemoveWorkgroupMemberRequest body =
	    LATCHKEY__ACCOUNTS__V1__REMOVE_WORKGROUP_MEMBER_REQUEST__INIT;

	body.workgroup = (char *)workgroup;
	body.user = (char *)user;
	body.tenant = (char *)tenant;
	return (latchkey_status)ask_for(client, M_WORKGROUP_REMOVE, &body.base, call,
	    offsetof(RemoveWorkgroupMemberResponse, workgroup), out_workgroup,
	    error_inside(out_error));
}

/* ---- policy ---- */

latchkey_status
latchkey_policy_get(latchkey_client *client, const char *tenant, call_options call,
    latchkey_policy **out_policy, latchkey_error *out_error)
{
	Latchkey__Accounts__V1__GetPolicyRequest body =
	    LATCHKEY__ACCOUNTS__V1__GET_POLICY_REQUEST__INIT;

	body.tenant = (char *)tenant;
	return (latchkey_status)ask_for(
	    client, M_POLICY_GET, &body.base, call, WHOLE, out_policy, error_inside(out_error));
}

/* A latchkey_policy is the answer of GetPolicy; that of SetPolicy says the same in the same places.
 */
_Static_assert(sizeof(SetPolicyResponse) == sizeof(GetPolicyResponse) &&
		   offsetof(SetPolicyResponse, profile) == offsetof(GetPolicyResponse, profile) &&
		   offsetof(SetPolicyResponse, values) == offsetof(GetPolicyResponse, values),
    "one layout");

static lk_status
policy_values(struct lk_arena *arena, const char *const *names, const char *const *values,
    size_t count, Latchkey__Accounts__V1__SetPolicyRequest *body, struct lk_error *err)
{
	body->n_values = count;
	body->values = lk_arena_array(arena, count, sizeof *body->values);
	for (size_t i = 0; i < count && body->values; i++) {
		body->values[i] = LK_ARENA_NEW(arena, PolicyValueMsg);
		if (!body->values[i])
			return lk_fail_oom(err);
		latchkey__accounts__v1__policy_value__init(body->values[i]);
		body->values[i]->name = (char *)names[i];
		body->values[i]->value = (char *)values[i];
	}
	return body->values ? LK_OK : lk_fail_oom(err);
}

latchkey_status
latchkey_policy_set(latchkey_client *client, const char *tenant, const char *const *names,
    const char *const *values, size_t count, call_options call, latchkey_policy **out_policy,
    latchkey_error *out_error)
{
	Latchkey__Accounts__V1__SetPolicyRequest body =
	    LATCHKEY__ACCOUNTS__V1__SET_POLICY_REQUEST__INIT;
	struct lk_error *err = error_inside(out_error);
	LK_AUTO(lk_arena_freep) struct lk_arena *arena = lk_arena_new(1024 * 1024);

	if (!arena)
		return (latchkey_status)lk_fail_oom(err);
	body.tenant = (char *)tenant;
	PUBLIC_TRY(policy_values(arena, names, values, count, &body, err));
	return (latchkey_status)ask_for(
	    client, M_POLICY_SET, &body.base, call, WHOLE, out_policy, err);
}
