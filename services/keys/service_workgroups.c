/* Workgroups: CreateWorkgroup, ListWorkgroups, AddWorkgroupMember, RemoveWorkgroupMember; what
 * becomes of one is in service_workgroup_life.c. */
#include <string.h>

#include "access.h"
#include "daemon/page.h"
#include "encode.h"
#include "ending.h"
#include "handlers.h"
#include "row_seal.h"
#include "user_store.h"
#include "workgroup_store.h"

static lk_status
workgroup_audit(struct op *op, struct lk_tx *tx, const char *action,
    const struct workgroup *workgroup, const char *user, struct lk_error *err)
{
	return op_audit(op, tx,
	    &(struct lk_audit_event){ .action = action,
		.tenant = workgroup->tenant,
		.object = workgroup->id,
		.owner = user,
		.detail = workgroup->name },
	    err);
}

static lk_status
create_workgroup(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct op *op = arg;
	const CreateWorkgroupRequest *req = op->req;
	CreateWorkgroupResponse *rep = op->rep;
	struct workgroup workgroup = { .created_at_ms = op->now_ms };
	struct tenant tenant;

	LK_TRY(workgroup_name_check(req->name, err));
	LK_TRY(access_tenant(op, tx, req->tenant, &tenant, err));
	lk_id_make(LK_ID_WORKGROUP, op->keys->setup.clock, op->keys->setup.random, workgroup.id);
	memcpy(workgroup.tenant, tenant.id, sizeof workgroup.tenant);
	lk_text_copy(workgroup.name, sizeof workgroup.name, req->name);
	LK_TRY(workgroup_insert(tx, &workgroup, err));
	LK_TRY(workgroup_audit(op, tx, "workgroup.created", &workgroup, NULL, err));
	return encode_workgroup(op->arena, &workgroup, &rep->workgroup, err);
}

lk_status
accounts_create_workgroup(
    struct lk_call *call, const CreateWorkgroupRequest *req, CreateWorkgroupResponse *rep)
{
	struct op op = op_of(call, req, rep);

	return op_write(&op, create_workgroup);
}

/* Who manages workgroups sees all of the tenant, a member those they are in. */
static bool
may_see(const struct lk_caller *caller, const struct workgroup *workgroup)
{
	return lk_caller_has(caller, LK_PERM_WORKGROUPS_MANAGE) ||
	       id_list_has(&workgroup->members, caller->id);
}

static lk_status
list_workgroups(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct op *op = arg;
	const ListWorkgroupsRequest *req = op->req;
	ListWorkgroupsResponse *rep = op->rep;
	struct tenant tenant;
	struct lk_page page;
	struct workgroup_page found;

	LK_TRY(lk_page_read(LK_ID_WORKGROUP, req->page, &page, err));
	LK_TRY(access_tenant(op, tx, req->tenant, &tenant, err));
	LK_TRY(row_check(tx, ROW_USER, op->caller->id, err)); /* what may_see is told */
	LK_TRY(workgroup_list(tx, tenant.id, &page, op->arena, &found, err));
	rep->workgroups = lk_arena_array(op->arena, found.count, sizeof *rep->workgroups);
	if (!rep->workgroups)
		return lk_fail_oom(err);
	for (size_t i = 0; i < found.count; i++) {
		if (may_see(op->caller, &found.items[i]))
			LK_TRY(encode_workgroup(op->arena, &found.items[i],
			    &rep->workgroups[rep->n_workgroups++], err));
	}
	return lk_page_reply(
	    op->arena, found.more ? found.items[found.count - 1].id : NULL, &rep->page, err);
}

lk_status
accounts_list_workgroups(
    struct lk_call *call, const ListWorkgroupsRequest *req, ListWorkgroupsResponse *rep)
{
	struct op op = op_of(call, req, rep);

	return op_read(&op, list_workgroups);
}

/* A workgroup the caller may choose the members of. */
static lk_status
find_workgroup(struct op *op, struct lk_tx *tx, const char *tenant_name, const char *workgroup_name,
    struct workgroup *workgroup, struct lk_error *err)
{
	struct tenant tenant;
	bool found;

	LK_TRY(access_tenant(op, tx, tenant_name, &tenant, err));
	LK_TRY(workgroup_find(tx, tenant.id, workgroup_name, op->arena, workgroup, &found, err));
	if (!found)
		return lk_fail(
		    err, LK_NOT_FOUND, "WORKGROUP_NOT_FOUND", "there is no such workgroup");
	LK_TRY(access_manages_workgroup(op, tx, workgroup, err));
	return workgroup_reach_check(workgroup, op->caller, workgroup->permissions, err);
}

static lk_status
reload(struct op *op, struct lk_tx *tx, const struct workgroup *workgroup, WorkgroupMsg **out,
    struct lk_error *err)
{
	struct workgroup now;
	bool found;

	LK_TRY(workgroup_find(tx, workgroup->tenant, workgroup->id, op->arena, &now, &found, err));
	return encode_workgroup(op->arena, found ? &now : workgroup, out, err);
}

static lk_status
add_member(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct op *op = arg;
	const AddWorkgroupMemberRequest *req = op->req;
	AddWorkgroupMemberResponse *rep = op->rep;
	struct workgroup workgroup;
	struct user user;

	LK_TRY(find_workgroup(op, tx, req->tenant, req->workgroup, &workgroup, err));
	LK_TRY(access_user_in(tx, workgroup.tenant, req->user, &user, err));
	LK_TRY(workgroup_save_member(tx, workgroup.id, user.id, req->admin, err));
	LK_TRY(op_forget(op, tx, user.id, err));
	LK_TRY(
	    workgroup_audit(op, tx, req->admin ? "workgroup.admin_added" : "workgroup.member_added",
		&workgroup, user.id, err));
	return reload(op, tx, &workgroup, &rep->workgroup, err);
}

lk_status
accounts_add_workgroup_member(
    struct lk_call *call, const AddWorkgroupMemberRequest *req, AddWorkgroupMemberResponse *rep)
{
	struct op op = op_of(call, req, rep);

	return op_write(&op, add_member);
}

/* Of a damaged user an operator takes a membership away: where that was what was forged, all is
 * well again. */
static lk_status
find_member(struct op *op, struct lk_tx *tx, const char *tenant, const char *name,
    struct user *out_user, struct lk_error *err)
{
	struct lk_error why = { 0 };
	struct ending ending;
	const lk_status status = access_user_in(tx, tenant, name, out_user, &why);

	LK_TRY(ending_allow(op, tx, ROW_USER, name, status, &why, &ending, err));
	if (ending.blind)
		lk_text_copy(out_user->id, sizeof out_user->id, name);
	return LK_OK;
}

/* Who leaves a workgroup has less than before: their generation is raised. */
static lk_status
remove_member(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct op *op = arg;
	const RemoveWorkgroupMemberRequest *req = op->req;
	RemoveWorkgroupMemberResponse *rep = op->rep;
	struct workgroup workgroup;
	struct user user;
	bool was_member;

	LK_TRY(find_workgroup(op, tx, req->tenant, req->workgroup, &workgroup, err));
	LK_TRY(find_member(op, tx, workgroup.tenant, req->user, &user, err));
	LK_TRY(workgroup_delete_member(tx, workgroup.id, user.id, &was_member, err));
	if (!was_member)
		return lk_fail(
		    err, LK_NOT_FOUND, "MEMBER_NOT_FOUND", "the user is not in this workgroup");
	LK_TRY(user_raise_generation(tx, user.id, err));
	LK_TRY(op_forget(op, tx, user.id, err));
	LK_TRY(workgroup_audit(op, tx, "workgroup.member_removed", &workgroup, user.id, err));
	return reload(op, tx, &workgroup, &rep->workgroup, err);
}

lk_status
accounts_remove_workgroup_member(struct lk_call *call, const RemoveWorkgroupMemberRequest *req,
    RemoveWorkgroupMemberResponse *rep)
{
	struct op op = op_of(call, req, rep);

	return op_write(&op, remove_member);
}
