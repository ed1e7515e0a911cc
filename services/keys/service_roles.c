/* Roles: ListRoles, CreateRole, UpdateRole, DeleteRole. */
#include <string.h>

#include "access.h"
#include "encode.h"
#include "ending.h"
#include "handlers.h"
#include "role_store.h"
#include "user_store.h"

static lk_status
role_audit(struct op *op, struct lk_tx *tx, const char *action, const struct own_role *role,
    struct lk_error *err)
{
	char scope[LK_SCOPE_SIZE];

	lk_scope_format(role->permissions, scope, sizeof scope);
	return op_audit(op, tx,
	    &(struct lk_audit_event){ .action = action,
		.tenant = role->tenant,
		.object = role->id,
		.detail = lk_arena_format(op->arena, "%s: %s", role->name, scope) },
	    err);
}

/* Everybody who has the role is looked at again, and has less from now on where it gives less. */
static lk_status
tell_holders(struct op *op, struct lk_tx *tx, const struct own_role *role, bool narrowed,
    struct id_list *out_holders, struct lk_error *err)
{
	struct id_list holders = { 0 };

	LK_TRY(role_holders(tx, role->id, op->arena, &holders, err));
	for (size_t i = 0; i < holders.count; i++) {
		if (narrowed)
			LK_TRY(user_raise_generation(tx, holders.ids[i], err));
		LK_TRY(op_forget(op, tx, holders.ids[i], err));
	}
	*out_holders = holders;
	return LK_OK;
}

/* ---- ListRoles ---- */

/* Operators and principals who name no tenant see the built-in ones. */
static lk_status
own_roles(struct op *op, struct lk_tx *tx, const char *tenant_name, struct own_role_list *out,
    struct lk_error *err)
{
	struct tenant tenant;

	*out = (struct own_role_list){ 0 };
	if (*tenant_name == '\0' && op->caller->tenant[0] == '\0')
		return LK_OK;
	LK_TRY(access_tenant(op, tx, tenant_name, &tenant, err));
	return role_list(tx, tenant.id, op->arena, out, err);
}

static lk_status
list_roles(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct op *op = arg;
	const ListRolesRequest *req = op->req;
	ListRolesResponse *rep = op->rep;
	struct own_role_list own;

	LK_TRY(own_roles(op, tx, req->tenant, &own, err));
	rep->roles = lk_arena_array(op->arena, ROLE_COUNT + own.count, sizeof *rep->roles);
	if (!rep->roles)
		return lk_fail_oom(err);
	for (int i = 0; i < ROLE_COUNT; i++)
		LK_TRY(encode_role(op->arena, (enum role)i, &rep->roles[rep->n_roles++], err));
	for (size_t i = 0; i < own.count; i++)
		LK_TRY(encode_own_role(op->arena, &own.items[i], &rep->roles[rep->n_roles++], err));
	return LK_OK;
}

lk_status
accounts_list_roles(struct lk_call *call, const ListRolesRequest *req, ListRolesResponse *rep)
{
	struct op op = op_of(call, req, rep);

	return op_read(&op, list_roles);
}

/* ---- CreateRole ---- */

static lk_status
create_role(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct op *op = arg;
	const CreateRoleRequest *req = op->req;
	CreateRoleResponse *rep = op->rep;
	struct own_role role = { .created_at_ms = op->now_ms };
	struct tenant tenant;

	LK_TRY(lk_permissions_parse(
	    "permissions", req->permissions, req->n_permissions, &role.permissions, err));
	LK_TRY(own_role_check(req->name, role.permissions, err));
	LK_TRY(own_role_reach_check(op->caller->permissions, role.permissions, req->name, err));
	LK_TRY(access_tenant(op, tx, req->tenant, &tenant, err));
	lk_id_make(LK_ID_ROLE, op->keys->setup.clock, op->keys->setup.random, role.id);
	memcpy(role.tenant, tenant.id, sizeof role.tenant);
	lk_text_copy(role.name, sizeof role.name, req->name);
	LK_TRY(role_insert(tx, &role, err));
	LK_TRY(role_audit(op, tx, "role.created", &role, err));
	return encode_own_role(op->arena, &role, &rep->role, err);
}

lk_status
accounts_create_role(struct lk_call *call, const CreateRoleRequest *req, CreateRoleResponse *rep)
{
	struct op op = op_of(call, req, rep);

	return op_write(&op, create_role);
}

/* ---- UpdateRole ---- */

static lk_status
find_own(struct op *op, struct lk_tx *tx, const char *tenant_name, const char *name,
    struct own_role *out_role, struct lk_error *err)
{
	struct tenant tenant;
	enum role built_in;
	bool found;

	LK_TRY(access_tenant(op, tx, tenant_name, &tenant, err));
	if (role_parse(name, &built_in))
		return lk_fail(err, LK_FAILED_PRECONDITION, "ROLE_BUILT_IN",
		    "%s is built in and stays as it is", role_name(built_in));
	LK_TRY(role_find(tx, tenant.id, name, out_role, &found, err));
	return found ? LK_OK
		     : lk_fail(err, LK_NOT_FOUND, "ROLE_NOT_FOUND", "there is no such role");
}

static lk_status
changes_from_request(const UpdateRoleRequest *req, struct own_role *role, struct lk_error *err)
{
	if (req->n_permissions > 0)
		LK_TRY(lk_permissions_parse(
		    "permissions", req->permissions, req->n_permissions, &role->permissions, err));
	LK_TRY(own_role_check(*req->name ? req->name : role->name, role->permissions, err));
	if (*req->name)
		lk_text_copy(role->name, sizeof role->name, req->name);
	return LK_OK;
}

static lk_status
update_role(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct op *op = arg;
	const UpdateRoleRequest *req = op->req;
	UpdateRoleResponse *rep = op->rep;
	struct own_role role;
	struct id_list holders;

	LK_TRY(find_own(op, tx, req->tenant, req->role, &role, err));
	const lk_permissions before = role.permissions;
	LK_TRY(changes_from_request(req, &role, err));
	LK_TRY(own_role_reach_check(
	    op->caller->permissions, before ^ role.permissions, role.name, err));
	LK_TRY(role_save(tx, &role, err));
	LK_TRY(tell_holders(op, tx, &role, (before & ~role.permissions) != 0, &holders, err));
	LK_TRY(role_audit(op, tx, "role.changed", &role, err));
	return encode_own_role(op->arena, &role, &rep->role, err);
}

lk_status
accounts_update_role(struct lk_call *call, const UpdateRoleRequest *req, UpdateRoleResponse *rep)
{
	struct op op = op_of(call, req, rep);

	return op_write(&op, update_role);
}

/* ---- DeleteRole ---- */

static lk_status
find_to_delete(struct op *op, struct lk_tx *tx, const DeleteRoleRequest *req,
    struct own_role *out_role, struct ending *out_ending, struct lk_error *err)
{
	struct lk_error why = { 0 };
	const lk_status status = find_own(op, tx, req->tenant, req->role, out_role, &why);

	LK_TRY(ending_allow(op, tx, ROW_ROLE, req->role, status, &why, out_ending, err));
	if (!out_ending->blind)
		return own_role_reach_check(
		    op->caller->permissions, out_role->permissions, out_role->name, err);
	*out_role = (struct own_role){ 0 };
	lk_text_copy(out_role->id, sizeof out_role->id, req->role);
	memcpy(out_role->tenant, out_ending->tenant, sizeof out_role->tenant);
	return LK_OK;
}

static lk_status
damaged_role_audit(
    struct op *op, struct lk_tx *tx, const struct own_role *role, struct lk_error *err)
{
	return op_audit(op, tx,
	    &(struct lk_audit_event){ .action = "role.deleted",
		.tenant = role->tenant,
		.object = role->id,
		.detail = ending_detail(op->arena, "") },
	    err);
}

static lk_status
delete_role(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct op *op = arg;
	const DeleteRoleRequest *req = op->req;
	DeleteRoleResponse *rep = op->rep;
	struct own_role role;
	struct ending ending;
	struct id_list holders;

	LK_TRY(find_to_delete(op, tx, req, &role, &ending, err));
	LK_TRY(tell_holders(op, tx, &role, true, &holders, err));
	LK_TRY(role_delete(tx, role.id, &holders, err));
	rep->users = (uint32_t)holders.count;
	return ending.blind ? damaged_role_audit(op, tx, &role, err)
			    : role_audit(op, tx, "role.deleted", &role, err);
}

lk_status
accounts_delete_role(struct lk_call *call, const DeleteRoleRequest *req, DeleteRoleResponse *rep)
{
	struct op op = op_of(call, req, rep);

	return op_write(&op, delete_role);
}
