/* What becomes of a workgroup: RenameWorkgroup, SetWorkgroupPermissions, DeleteWorkgroup. */
#include "access.h"
#include "encode.h"
#include "ending.h"
#include "handlers.h"
#include "user_store.h"
#include "workgroup_store.h"

static lk_status
workgroup_audit(struct op *op, struct lk_tx *tx, const char *action,
    const struct workgroup *workgroup, const char *detail, struct lk_error *err)
{
	return op_audit(op, tx,
	    &(struct lk_audit_event){ .action = action,
		.tenant = workgroup->tenant,
		.object = workgroup->id,
		.detail = detail },
	    err);
}

static lk_status
find_workgroup(struct op *op, struct lk_tx *tx, const char *tenant_name, const char *name,
    struct workgroup *out, struct lk_error *err)
{
	struct tenant tenant;
	bool found;

	LK_TRY(access_tenant(op, tx, tenant_name, &tenant, err));
	LK_TRY(workgroup_find(tx, tenant.id, name, op->arena, out, &found, err));
	return found ? LK_OK
		     : lk_fail(
			   err, LK_NOT_FOUND, "WORKGROUP_NOT_FOUND", "there is no such workgroup");
}

static lk_status
tell_members(struct op *op, struct lk_tx *tx, const struct workgroup *workgroup, bool narrowed,
    struct lk_error *err)
{
	for (size_t i = 0; i < workgroup->members.count; i++) {
		const char *member = workgroup->members.ids[i];
		if (narrowed)
			LK_TRY(user_raise_generation(tx, member, err));
		LK_TRY(op_forget(op, tx, member, err));
	}
	return LK_OK;
}

/* ---- RenameWorkgroup ---- */

static lk_status
rename_workgroup(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct op *op = arg;
	const RenameWorkgroupRequest *req = op->req;
	RenameWorkgroupResponse *rep = op->rep;
	struct workgroup workgroup;

	LK_TRY(find_workgroup(op, tx, req->tenant, req->workgroup, &workgroup, err));
	LK_TRY(access_manages_workgroup(op, tx, &workgroup, err));
	LK_TRY(workgroup_name_check(req->name, err));
	lk_text_copy(workgroup.name, sizeof workgroup.name, req->name);
	LK_TRY(workgroup_save(tx, &workgroup, err));
	LK_TRY(workgroup_audit(op, tx, "workgroup.renamed", &workgroup, workgroup.name, err));
	return encode_workgroup(op->arena, &workgroup, &rep->workgroup, err);
}

lk_status
accounts_rename_workgroup(
    struct lk_call *call, const RenameWorkgroupRequest *req, RenameWorkgroupResponse *rep)
{
	struct op op = op_of(call, req, rep);

	return op_write(&op, rename_workgroup);
}

/* ---- SetWorkgroupPermissions ---- */

static lk_status
set_permissions(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct op *op = arg;
	const SetWorkgroupPermissionsRequest *req = op->req;
	SetWorkgroupPermissionsResponse *rep = op->rep;
	char scope[LK_SCOPE_SIZE];
	struct workgroup workgroup;
	lk_permissions now;

	LK_TRY(
	    lk_permissions_parse("permissions", req->permissions, req->n_permissions, &now, err));
	LK_TRY(workgroup_permissions_check(now, err));
	LK_TRY(find_workgroup(op, tx, req->tenant, req->workgroup, &workgroup, err));
	const lk_permissions before = workgroup.permissions;
	LK_TRY(workgroup_reach_check(&workgroup, op->caller, before ^ now, err));
	workgroup.permissions = now;
	LK_TRY(workgroup_save(tx, &workgroup, err));
	LK_TRY(tell_members(op, tx, &workgroup, (before & ~now) != 0, err));
	lk_scope_format(now, scope, sizeof scope);
	LK_TRY(workgroup_audit(op, tx, "workgroup.permissions_set", &workgroup, scope, err));
	return encode_workgroup(op->arena, &workgroup, &rep->workgroup, err);
}

lk_status
accounts_set_workgroup_permissions(struct lk_call *call, const SetWorkgroupPermissionsRequest *req,
    SetWorkgroupPermissionsResponse *rep)
{
	struct op op = op_of(call, req, rep);

	return op_write(&op, set_permissions);
}

/* ---- DeleteWorkgroup ---- */

static lk_status
find_to_delete(struct op *op, struct lk_tx *tx, const DeleteWorkgroupRequest *req,
    struct workgroup *out, struct ending *out_ending, struct lk_error *err)
{
	struct lk_error why = { 0 };
	const lk_status status = find_workgroup(op, tx, req->tenant, req->workgroup, out, &why);

	LK_TRY(ending_allow(op, tx, ROW_WORKGROUP, req->workgroup, status, &why, out_ending, err));
	if (!out_ending->blind)
		return workgroup_reach_check(out, op->caller, out->permissions, err);
	*out = (struct workgroup){ 0 };
	lk_text_copy(out->id, sizeof out->id, req->workgroup);
	lk_text_copy(out->tenant, sizeof out->tenant, out_ending->tenant);
	return workgroup_members_load(tx, op->arena, out, err);
}

/* Its members lose it: a token that names it dies. */
static lk_status
delete_workgroup(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct op *op = arg;
	const DeleteWorkgroupRequest *req = op->req;
	struct workgroup workgroup;
	struct ending ending;

	LK_TRY(find_to_delete(op, tx, req, &workgroup, &ending, err));
	LK_TRY(tell_members(op, tx, &workgroup, true, err));
	LK_TRY(workgroup_delete(tx, &workgroup, op->now_ms, err));
	const char *detail = ending.blind ? ending_detail(op->arena, "") : workgroup.name;
	return workgroup_audit(op, tx, "workgroup.deleted", &workgroup, detail, err);
}

lk_status
accounts_delete_workgroup(
    struct lk_call *call, const DeleteWorkgroupRequest *req, DeleteWorkgroupResponse *rep)
{
	struct op op = op_of(call, req, rep);

	return op_write(&op, delete_workgroup);
}
