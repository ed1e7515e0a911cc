/* Tenants and their policy: CreateTenant, GetTenant, ListTenants, GetPolicy, SetPolicy. */
#include <string.h>

#include "access.h"
#include "daemon/page.h"
#include "encode.h"
#include "enrol.h"
#include "handlers.h"
#include "tenant_store.h"
#include "user_store.h"

static struct lk_audit_event
tenant_event(const char *action, const struct tenant *tenant, const char *detail)
{
	return (struct lk_audit_event){
		.action = action, .tenant = tenant->id, .object = tenant->id, .detail = detail
	};
}

static lk_status
tenant_from_request(
    struct op *op, const CreateTenantRequest *req, struct tenant *out, struct lk_error *err)
{
	struct tenant tenant = {
		.state = TENANT_ACTIVE, .generation = 1, .created_at_ms = op->now_ms
	};
	enum policy_profile profile;

	LK_TRY(tenant_check(req->name, req->domain, req->profile, &profile, err));
	lk_id_make(LK_ID_TENANT, op->keys->setup.clock, op->keys->setup.random, tenant.id);
	lk_text_copy(tenant.name, sizeof tenant.name, req->name);
	lk_text_copy(tenant.domain, sizeof tenant.domain, req->domain);
	lk_text_copy(tenant.profile, sizeof tenant.profile, profile_name(profile));
	*out = tenant;
	return LK_OK;
}

static lk_status
admin_from_request(struct op *op, const CreateTenantRequest *req, const struct tenant *tenant,
    struct user *out, struct lk_error *err)
{
	struct user admin = { .kind = USER_HUMAN,
		.state = user_first_state(USER_HUMAN),
		.roles.built_in = role_bit(ROLE_TENANT_ADMIN),
		.generation = 1,
		.created_at_ms = op->now_ms };

	LK_TRY(email_normalise("admin_email", req->admin_email, admin.email, err));
	lk_id_make(LK_ID_USER, op->keys->setup.clock, op->keys->setup.random, admin.id);
	memcpy(admin.tenant, tenant->id, sizeof admin.tenant);
	*out = admin;
	return LK_OK;
}

/* A tenant is never without somebody who can come in: its administrator's ticket is part of making
 * it. */
static lk_status
create_tenant(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct op *op = arg;
	const CreateTenantRequest *req = op->req;
	CreateTenantResponse *rep = op->rep;
	struct tenant tenant;
	struct user admin;

	LK_TRY(tenant_from_request(op, req, &tenant, err));
	LK_TRY(admin_from_request(op, req, &tenant, &admin, err));
	LK_TRY(tenant_insert(tx, &tenant, err));
	LK_TRY(user_insert(tx, &admin, err));
	const struct lk_audit_event event = tenant_event("tenant.created", &tenant, tenant.profile);
	LK_TRY(op_audit(op, tx, &event, err));
	LK_TRY(ticket_issue(op, tx, &admin, &rep->secret_ticket, &rep->ticket_expires_at_ms, err));
	LK_TRY(encode_tenant(op->arena, &tenant, &rep->tenant, err));
	return encode_user(op->arena, &admin, &rep->admin, err);
}

lk_status
accounts_create_tenant(
    struct lk_call *call, const CreateTenantRequest *req, CreateTenantResponse *rep)
{
	struct op op = op_of(call, req, rep);

	return op_write(&op, create_tenant);
}

static lk_status
get_tenant(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct op *op = arg;
	const GetTenantRequest *req = op->req;
	GetTenantResponse *rep = op->rep;
	struct tenant tenant;

	LK_TRY(access_tenant(op, tx, req->tenant, &tenant, err));
	return encode_tenant(op->arena, &tenant, &rep->tenant, err);
}

lk_status
accounts_get_tenant(struct lk_call *call, const GetTenantRequest *req, GetTenantResponse *rep)
{
	struct op op = op_of(call, req, rep);

	return op_read(&op, get_tenant);
}

static lk_status
list_tenants(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct op *op = arg;
	const ListTenantsRequest *req = op->req;
	ListTenantsResponse *rep = op->rep;
	struct lk_page page;
	struct tenant_page found;

	LK_TRY(lk_page_read(LK_ID_TENANT, req->page, &page, err));
	LK_TRY(tenant_list(tx, &page, op->arena, &found, err));
	rep->tenants = lk_arena_array(op->arena, found.count, sizeof *rep->tenants);
	if (!rep->tenants)
		return lk_fail_oom(err);
	for (; rep->n_tenants < found.count; rep->n_tenants++)
		LK_TRY(encode_tenant(
		    op->arena, &found.items[rep->n_tenants], &rep->tenants[rep->n_tenants], err));
	return lk_page_reply(
	    op->arena, found.more ? found.items[found.count - 1].id : NULL, &rep->page, err);
}

lk_status
accounts_list_tenants(struct lk_call *call, const ListTenantsRequest *req, ListTenantsResponse *rep)
{
	struct op op = op_of(call, req, rep);

	return op_read(&op, list_tenants);
}

static lk_status
get_policy(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct op *op = arg;
	const GetPolicyRequest *req = op->req;
	GetPolicyResponse *rep = op->rep;
	struct tenant tenant;
	struct policy policy;

	LK_TRY(access_tenant(op, tx, req->tenant, &tenant, err));
	LK_TRY(policy_load(tx, &tenant, &policy, err));
	LK_TRY(lk_field_copy(op->arena, tenant.profile, &rep->profile, err));
	return encode_policy(op->arena, &policy, &rep->values, &rep->n_values, err);
}

lk_status
accounts_get_policy(struct lk_call *call, const GetPolicyRequest *req, GetPolicyResponse *rep)
{
	struct op op = op_of(call, req, rep);

	return op_read(&op, get_policy);
}

/* Saved as canonical text, so that one value has one spelling in every table and answer. */
static lk_status
apply_values(struct op *op, struct lk_tx *tx, const struct tenant *tenant,
    const SetPolicyRequest *req, struct policy *policy, struct lk_error *err)
{
	char text[POLICY_TEXT_SIZE];
	enum policy_name name;

	for (size_t i = 0; i < req->n_values; i++) {
		const PolicyValueMsg *value = req->values[i];
		if (policy_is_operators(value->name) && op->caller->kind != LK_CALLER_OPERATOR)
			return lk_fail(err, LK_PERMISSION_DENIED, "OPERATORS_ONLY",
			    "only operators set %s", value->name);
		LK_TRY(policy_set(policy, value->name, value->value, err));
		policy_find(value->name, &name);
		policy_text(policy, name, text);
		LK_TRY(policy_save_value(tx, tenant->id, policy_name(name), text, err));
		const char *detail = lk_arena_format(op->arena, "%s=%s", policy_name(name), text);
		const struct lk_audit_event event = tenant_event("policy.changed", tenant, detail);
		LK_TRY(op_audit(op, tx, &event, err));
	}
	return policy_check(policy, err);
}

static lk_status
set_policy(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct op *op = arg;
	const SetPolicyRequest *req = op->req;
	SetPolicyResponse *rep = op->rep;
	struct tenant tenant;
	struct policy before, after;

	if (req->n_values == 0 || req->n_values > POLICY_COUNT)
		return lk_fail_field(err, "values", "POLICY_VALUES_INVALID",
		    "name between 1 and %d values", POLICY_COUNT);
	LK_TRY(access_tenant(op, tx, req->tenant, &tenant, err));
	LK_TRY(policy_load(tx, &tenant, &before, err));
	after = before;
	LK_TRY(apply_values(op, tx, &tenant, req, &after, err));
	if (policy_frees_fetches(&before, &after) && op->caller->kind != LK_CALLER_OPERATOR)
		return lk_fail(err, LK_PERMISSION_DENIED, "OPERATOR_REQUIRED",
		    "only an operator ends require_signed_fetch");
	if (policy_narrows(&before, &after))
		LK_TRY(tenant_raise_generation(tx, tenant.id, err));
	LK_TRY(op_forget(op, tx, tenant.id, err));
	LK_TRY(lk_field_copy(op->arena, tenant.profile, &rep->profile, err));
	return encode_policy(op->arena, &after, &rep->values, &rep->n_values, err);
}

lk_status
accounts_set_policy(struct lk_call *call, const SetPolicyRequest *req, SetPolicyResponse *rep)
{
	struct op op = op_of(call, req, rep);

	return op_write(&op, set_policy);
}
