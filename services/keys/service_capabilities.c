/* What may I do here? GetCapabilities tells a console or a command line what to show. */
#include "access.h"
#include "encode.h"
#include "handlers.h"
#include "key_store.h"
#include "role_store.h"
#include "tenant_store.h"
#include "user_store.h"

/* The caller, where they are a user. */
struct about {
	struct op *op;
	struct tenant tenant;
	struct user user;
	struct policy policy;
};

/* The reason why CreateKey would refuse the caller now; "": it would not. */
static lk_status
why_no_key(const struct about *about, int64_t active, char **out_reason, struct lk_error *err)
{
	const bool by_owner = !lk_caller_has(about->op->caller, LK_PERM_API_KEYS_MANAGE_ANY);
	struct lk_error why = { 0 };
	bool warn;

	if (lk_caller_require(about->op->caller, LK_PERM_API_KEYS_MANAGE, &why) == LK_OK &&
	    key_creation_check(&about->policy, by_owner, about->user.roles.built_in, &warn, &why) ==
		LK_OK &&
	    key_limit_check(&about->policy, active, &why) == LK_OK)
		return LK_OK;
	return lk_field_copy(about->op->arena, why.reason, out_reason, err);
}

static bool
keys_are_on(const struct policy *policy)
{
	return policy->values[POLICY_API_KEYS_ALLOWED] == POLICY_YES &&
	       policy->values[POLICY_API_KEYS_ENABLED] == POLICY_YES;
}

static bool
has_either(const struct lk_caller *caller, enum lk_permission own, enum lk_permission any)
{
	return lk_caller_has(caller, own) || lk_caller_has(caller, any);
}

static lk_status
tell_roles(
    const struct about *about, struct lk_tx *tx, GetCapabilitiesResponse *rep, struct lk_error *err)
{
	const lk_permissions held = about->op->caller->permissions;
	struct own_role_list own;

	if (!lk_caller_has(about->op->caller, LK_PERM_ROLES_MANAGE))
		return LK_OK;
	LK_TRY(role_list(tx, about->tenant.id, about->op->arena, &own, err));
	rep->roles = lk_arena_array(about->op->arena, ROLE_COUNT + own.count, sizeof *rep->roles);
	if (!rep->roles)
		return lk_fail_oom(err);
	for (int i = 0; i < ROLE_COUNT; i++) {
		if ((role_permissions((enum role)i) & ~held) == 0)
			rep->roles[rep->n_roles++] = lk_field_borrow(role_name((enum role)i));
	}
	for (size_t i = 0; i < own.count; i++) {
		if ((own.items[i].permissions & ~held) == 0)
			rep->roles[rep->n_roles++] = lk_field_borrow(own.items[i].name);
	}
	return LK_OK;
}

static lk_status
tell_user(struct about *about, struct lk_tx *tx, GetCapabilitiesResponse *rep, struct lk_error *err)
{
	struct op *op = about->op;
	int64_t active;

	LK_TRY(access_user(op, tx, "", op->caller->id, &about->tenant, &about->user, err));
	LK_TRY(policy_load(tx, &about->tenant, &about->policy, err));
	LK_TRY(key_count_active(tx, about->user.id, op->now_ms, &active, err));
	LK_TRY(why_no_key(about, active, &rep->create_key_reason, err));
	rep->may_create_keys = *rep->create_key_reason == '\0';
	rep->active_keys = (uint32_t)active;
	rep->shows_keys =
	    keys_are_on(&about->policy) &&
	    has_either(op->caller, LK_PERM_API_KEYS_MANAGE, LK_PERM_API_KEYS_MANAGE_ANY);
	rep->shows_credentials =
	    has_either(op->caller, LK_PERM_CREDENTIALS_MANAGE, LK_PERM_CREDENTIALS_MANAGE_ANY);
	LK_TRY(tell_roles(about, tx, rep, err));
	LK_TRY(lk_field_copy(op->arena, about->tenant.profile, &rep->profile, err));
	return encode_policy(op->arena, &about->policy, &rep->policy, &rep->n_policy, err);
}

static lk_status
get_capabilities(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct op *op = arg;
	const struct lk_caller *caller = op->caller;
	GetCapabilitiesResponse *rep = op->rep;
	struct about about = { .op = op };

	LK_TRY(lk_permissions_fields(
	    caller->permissions, op->arena, &rep->permissions, &rep->n_permissions, err));
	LK_TRY(lk_field_copy(op->arena, lk_caller_kind_name(caller->kind), &rep->caller_kind, err));
	return caller->kind == LK_CALLER_USER ? tell_user(&about, tx, rep, err) : LK_OK;
}

lk_status
accounts_get_capabilities(
    struct lk_call *call, const GetCapabilitiesRequest *req, GetCapabilitiesResponse *rep)
{
	struct op op = op_of(call, req, rep);

	return op_read(&op, get_capabilities);
}
