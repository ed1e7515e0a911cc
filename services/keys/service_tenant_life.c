/* What becomes of a tenant: RenameTenant, SetTenantState, DeleteTenant. */
#include "access.h"
#include "encode.h"
#include "ending.h"
#include "handlers.h"
#include "tenant_end_store.h"
#include "tenant_store.h"

static lk_status
tenant_audit(struct op *op, struct lk_tx *tx, const char *action, const struct tenant *tenant,
    const char *detail, struct lk_error *err)
{
	return op_audit(op, tx,
	    &(struct lk_audit_event){
		.action = action, .tenant = tenant->id, .object = tenant->id, .detail = detail },
	    err);
}

/* ---- RenameTenant ---- */

static lk_status
names_from_request(const RenameTenantRequest *req, struct tenant *tenant, struct lk_error *err)
{
	const char *name = *req->name ? req->name : tenant->name;
	const char *domain = *req->domain ? req->domain : tenant->domain;
	enum policy_profile profile;

	LK_TRY(tenant_check(name, domain, tenant->profile, &profile, err));
	if (*req->name)
		lk_text_copy(tenant->name, sizeof tenant->name, req->name);
	if (*req->domain)
		lk_text_copy(tenant->domain, sizeof tenant->domain, req->domain);
	return LK_OK;
}

static lk_status
rename_tenant(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct op *op = arg;
	const RenameTenantRequest *req = op->req;
	RenameTenantResponse *rep = op->rep;
	struct tenant tenant;

	LK_TRY(access_tenant(op, tx, req->tenant, &tenant, err));
	LK_TRY(names_from_request(req, &tenant, err));
	LK_TRY(tenant_save_names(tx, &tenant, err));
	LK_TRY(op_forget(op, tx, tenant.id, err));
	const char *detail = lk_arena_format(op->arena, "%s %s", tenant.name, tenant.domain);
	LK_TRY(tenant_audit(op, tx, "tenant.renamed", &tenant, detail, err));
	return encode_tenant(op->arena, &tenant, &rep->tenant, err);
}

lk_status
accounts_rename_tenant(
    struct lk_call *call, const RenameTenantRequest *req, RenameTenantResponse *rep)
{
	struct op op = op_of(call, req, rep);

	return op_write(&op, rename_tenant);
}

/* ---- SetTenantState ---- */

/* Tokens made before a suspension stay dead after it. */
static lk_status
set_tenant_state(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct op *op = arg;
	const SetTenantStateRequest *req = op->req;
	SetTenantStateResponse *rep = op->rep;
	struct tenant tenant;

	LK_TRY(access_tenant(op, tx, req->tenant, &tenant, err));
	LK_TRY(tenant_state_asked(&tenant, req->state, &tenant.state, err));
	LK_TRY(tenant_save_state(tx, tenant.id, tenant.state, err));
	if (tenant.state == TENANT_SUSPENDED)
		LK_TRY(tenant_raise_generation(tx, tenant.id, err));
	LK_TRY(op_forget(op, tx, tenant.id, err));
	const bool suspended = tenant.state == TENANT_SUSPENDED;
	LK_TRY(tenant_audit(
	    op, tx, suspended ? "tenant.suspended" : "tenant.resumed", &tenant, NULL, err));
	return encode_tenant(op->arena, &tenant, &rep->tenant, err);
}

lk_status
accounts_set_tenant_state(
    struct lk_call *call, const SetTenantStateRequest *req, SetTenantStateResponse *rep)
{
	struct op op = op_of(call, req, rep);

	return op_write(&op, set_tenant_state);
}

/* ---- DeleteTenant ---- */

/* The name of a damaged one is its id: what it says of itself may be another's. */
static lk_status
find_to_delete(struct op *op, struct lk_tx *tx, const DeleteTenantRequest *req,
    struct tenant *out_tenant, struct ending *out_ending, struct lk_error *err)
{
	struct lk_error why = { 0 };
	const lk_status status = access_tenant(op, tx, req->tenant, out_tenant, &why);

	LK_TRY(ending_allow(op, tx, ROW_TENANT, req->tenant, status, &why, out_ending, err));
	if (!out_ending->blind)
		return LK_OK;
	*out_tenant = (struct tenant){ 0 };
	lk_text_copy(out_tenant->id, sizeof out_tenant->id, req->tenant);
	lk_text_copy(out_tenant->name, sizeof out_tenant->name, req->tenant);
	return LK_OK;
}

static lk_status
delete_tenant(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct op *op = arg;
	const DeleteTenantRequest *req = op->req;
	struct tenant tenant;
	struct ending ending;

	LK_TRY(find_to_delete(op, tx, req, &tenant, &ending, err));
	if (!lk_text_is(tenant.name, req->confirm_name))
		return lk_fail_field(err, "confirm_name", "CONFIRMATION_WRONG",
		    "a deleted tenant does not come back: confirm with its name");
	LK_TRY(tenant_end(tx, tenant.id, op->now_ms, err));
	LK_TRY(op_forget(op, tx, tenant.id, err));
	LK_TRY(op_tell(op, tx, LK_FEED_TENANT_DELETED, tenant.id, err));
	const char *detail = ending.blind ? ending_detail(op->arena, "") : tenant.name;
	return tenant_audit(op, tx, "tenant.deleted", &tenant, detail, err);
}

lk_status
accounts_delete_tenant(
    struct lk_call *call, const DeleteTenantRequest *req, DeleteTenantResponse *rep)
{
	struct op op = op_of(call, req, rep);

	return op_write(&op, delete_tenant);
}
