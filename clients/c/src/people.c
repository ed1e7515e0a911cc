/* Tenants and users once they are made: each function fills a request and names its answer. */
#include <latchkey/people.h>

#include "ask.h"

typedef const latchkey_call *call_options;

/* ---- tenants ---- */

latchkey_status
latchkey_tenant_rename(latchkey_client *client, const char *tenant, const char *name,
    const char *domain, call_options call, latchkey_tenant **out_tenant, latchkey_error *out_error)
{
	Latchkey__Accounts__V1__RenameTenantRequest body =
	    LATCHKEY__ACCOUNTS__V1__RENAME_TENANT_REQUEST__INIT;

	body.tenant = (char *)tenant;
	body.name = (char *)name;
	body.domain = (char *)domain;
	return (latchkey_status)ask_for(client, M_TENANT_RENAME, &body.base, call,
	    offsetof(RenameTenantResponse, tenant), out_tenant, error_inside(out_error));
}

latchkey_status
latchkey_tenant_set_state(latchkey_client *client, const char *tenant, const char *state,
    call_options call, latchkey_tenant **out_tenant, latchkey_error *out_error)
{
	Latchkey__Accounts__V1__SetTenantStateRequest body =
	    LATCHKEY__ACCOUNTS__V1__SET_TENANT_STATE_REQUEST__INIT;

	body.tenant = (char *)tenant;
	body.state = (char *)state;
	return (latchkey_status)ask_for(client, M_TENANT_SET_STATE, &body.base, call,
	    offsetof(SetTenantStateResponse, tenant), out_tenant, error_inside(out_error));
}

latchkey_status
latchkey_tenant_delete(latchkey_client *client, const char *tenant, const char *confirm_name,
    call_options call, latchkey_error *out_error)
{
	Latchkey__Accounts__V1__DeleteTenantRequest body =
	    LATCHKEY__ACCOUNTS__V1__DELETE_TENANT_REQUEST__INIT;

	body.tenant = (char *)tenant;
	body.confirm_name = (char *)confirm_name;
	return (latchkey_status)ask_for(
	    client, M_TENANT_DELETE, &body.base, call, WHOLE, NULL, error_inside(out_error));
}

/* ---- users ---- */

latchkey_status
latchkey_user_update(latchkey_client *client, const char *user, const char *tenant,
    const char *email, const char *display_name, call_options call, latchkey_user **out_user,
    latchkey_error *out_error)
{
	Latchkey__Accounts__V1__UpdateUserRequest body =
	    LATCHKEY__ACCOUNTS__V1__UPDATE_USER_REQUEST__INIT;

	body.user = (char *)user;
	body.tenant = (char *)tenant;
	body.email = (char *)email;
	body.display_name = (char *)display_name;
	return (latchkey_status)ask_for(client, M_USER_UPDATE, &body.base, call,
	    offsetof(UpdateUserResponse, user), out_user, error_inside(out_error));
}

latchkey_status
latchkey_user_delete(latchkey_client *client, const char *user, const char *tenant,
    call_options call, uint32_t *out_keys_revoked, latchkey_error *out_error)
{
	Latchkey__Accounts__V1__DeleteUserRequest body =
	    LATCHKEY__ACCOUNTS__V1__DELETE_USER_REQUEST__INIT;
	LK_AUTO(answer_wipe) struct answer answer = { 0 };
	struct lk_error *err = error_inside(out_error);

	body.user = (char *)user;
	body.tenant = (char *)tenant;
	PUBLIC_TRY(ask(
	    client, &(struct question){ M_USER_DELETE, &body.base, .call = call }, &answer, err));
	if (out_keys_revoked)
		*out_keys_revoked =
		    ((const DeleteUserResponse *)(void *)answer.message)->keys_revoked;
	return LATCHKEY_OK;
}
