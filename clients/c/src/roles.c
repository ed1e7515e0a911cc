/* Roles that a tenant makes, and workgroups once they are made: each function fills a request and
 * names its answer. */
#include <latchkey/roles.h>

#include "ask.h"

typedef const latchkey_call *call_options;

/* ---- roles ---- */

latchkey_status
latchkey_role_create(latchkey_client *client, const char *name, const char *tenant,
    const char *const *permissions, size_t count, call_options call, latchkey_role **out_role,
    latchkey_error *out_error)
{
	Latchkey__Accounts__V1__CreateRoleRequest body =
	    LATCHKEY__ACCOUNTS__V1__CREATE_ROLE_REQUEST__INIT;

	body.name = (char *)name;
	body.tenant = (char *)tenant;
	body.n_permissions = count;
	body.permissions = (char **)permissions;
	return (latchkey_status)ask_for(client, M_ROLE_CREATE, &body.base, call,
	    offsetof(CreateRoleResponse, role), out_role, error_inside(out_error));
}

latchkey_status
latchkey_role_update(latchkey_client *client, const char *role, const char *tenant,
    const char *name, const char *const *permissions, size_t count, call_options call,
    latchkey_role **out_role, latchkey_error *out_error)
{
	Latchkey__Accounts__V1__UpdateRoleRequest body =
	    LATCHKEY__ACCOUNTS__V1__UPDATE_ROLE_REQUEST__INIT;

	body.role = (char *)role;
	body.tenant = (char *)tenant;
	body.name = (char *)name;
	body.n_permissions = count;
	body.permissions = (char **)permissions;
	return (latchkey_status)ask_for(client, M_ROLE_UPDATE, &body.base, call,
	    offsetof(UpdateRoleResponse, role), out_role, error_inside(out_error));
}

latchkey_status
latchkey_role_delete(latchkey_client *client, const char *role, const char *tenant,
    call_options call, uint32_t *out_users, latchkey_error *out_error)
{
	Latchkey__Accounts__V1__DeleteRoleRequest body =
	    LATCHKEY__ACCOUNTS__V1__DELETE_ROLE_REQUEST__INIT;
	LK_AUTO(answer_wipe) struct answer answer = { 0 };
	struct lk_error *err = error_inside(out_error);

	body.role = (char *)role;
	body.tenant = (char *)tenant;
	PUBLIC_TRY(ask(
	    client, &(struct question){ M_ROLE_DELETE, &body.base, .call = call }, &answer, err));
	if (out_users)
		*out_users = ((const DeleteRoleResponse *)(void *)answer.message)->users;
	return LATCHKEY_OK;
}

/* ---- workgroups ---- */

latchkey_status
latchkey_workgroup_rename(latchkey_client *client, const char *workgroup, const char *tenant,
    const char *name, call_options call, latchkey_workgroup **out_workgroup,
    latchkey_error *out_error)
{
	Latchkey__Accounts__V1__RenameWorkgroupRequest body =
	    LATCHKEY__ACCOUNTS__V1__RENAME_WORKGROUP_REQUEST__INIT;

	body.workgroup = (char *)workgroup;
	body.tenant = (char *)tenant;
	body.name = (char *)name;
	return (latchkey_status)ask_for(client, M_WORKGROUP_RENAME, &body.base, call,
	    offsetof(RenameWorkgroupResponse, workgroup), out_workgroup, error_inside(out_error));
}

latchkey_status
latchkey_workgroup_set_permissions(latchkey_client *client, const char *workgroup,
    const char *tenant, const char *const *permissions, size_t count, call_options call,
    latchkey_workgroup **out_workgroup, latchkey_error *out_error)
{
	Latchkey__Accounts__V1__SetWorkgroupPermissionsRequest body =
	    LATCHKEY__ACCOUNTS__V1__SET_WORKGROUP_PERMISSIONS_REQUEST__INIT;

	body.workgroup = (char *)workgroup;
	body.tenant = (char *)tenant;
	body.n_permissions = count;
	body.permissions = (char **)permissions;
	return (latchkey_status)ask_for(client, M_WORKGROUP_SET_PERMISSIONS, &body.base, call,
	    offsetof(SetWorkgroupPermissionsResponse, workgroup), out_workgroup,
	    error_inside(out_error));
}

latchkey_status
latchkey_workgroup_delete(latchkey_client *client, const char *workgroup, const char *tenant,
    call_options call, latchkey_error *out_error)
{
	Latchkey__Accounts__V1__DeleteWorkgroupRequest body =
	    LATCHKEY__ACCOUNTS__V1__DELETE_WORKGROUP_REQUEST__INIT;

	body.workgroup = (char *)workgroup;
	body.tenant = (char *)tenant;
	return (latchkey_status)ask_for(
	    client, M_WORKGROUP_DELETE, &body.base, call, WHOLE, NULL, error_inside(out_error));
}

latchkey_status
latchkey_workgroup_add_admin(latchkey_client *client, const char *workgroup, const char *user,
    const char *tenant, call_options call, latchkey_workgroup **out_workgroup,
    latchkey_error *out_error)
{
	Latchkey__Accounts__V1__AddWorkgroupMemberRequest body =
	    LATCHKEY__ACCOUNTS__V1__ADD_WORKGROUP_MEMBER_REQUEST__INIT;

	body.workgroup = (char *)workgroup;
	body.user = (char *)user;
	body.tenant = (char *)tenant;
	body.admin = 1;
	return (latchkey_status)ask_for(client, M_WORKGROUP_ADD, &body.base, call,
	    offsetof(AddWorkgroupMemberResponse, workgroup), out_workgroup,
	    error_inside(out_error));
}
