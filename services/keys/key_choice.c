/* Whose keys, and which of them; see key_choice.h. */
#include "key_choice.h"

#include "access.h"

/* Somebody who neither may make keys nor ever had one has nothing to do here. */
static lk_status
own_list_check(struct op *op, struct lk_tx *tx, struct lk_error *err)
{
	bool has;

	if (lk_caller_has(op->caller, LK_PERM_API_KEYS_MANAGE) ||
	    lk_caller_has(op->caller, LK_PERM_API_KEYS_MANAGE_ANY))
		return LK_OK;
	LK_TRY(key_owner_has_any(tx, op->caller->id, &has, err));
	return has ? LK_OK : lk_caller_require(op->caller, LK_PERM_API_KEYS_MANAGE, err);
}

static lk_status
filter_of_all(struct op *op, struct lk_tx *tx, const ListKeysRequest *req,
    struct key_filter *filter, struct lk_error *err)
{
	struct tenant tenant;

	LK_TRY(lk_caller_require(op->caller, LK_PERM_API_KEYS_MANAGE_ANY, err));
	if (req->all_tenants)
		return LK_OK;
	LK_TRY(access_tenant(op, tx, req->tenant, &tenant, err));
	filter->tenant = lk_arena_text(op->arena, tenant.id);
	return filter->tenant ? LK_OK : lk_fail_oom(err);
}

static lk_status
filter_of_owner(struct op *op, struct lk_tx *tx, const ListKeysRequest *req,
    struct key_filter *filter, struct lk_error *err)
{
	struct tenant tenant;
	struct user user;

	if (op->caller->kind == LK_CALLER_OPERATOR && lk_id_ok(LK_ID_PRINCIPAL, req->owner)) {
		filter->owner = req->owner;
		return LK_OK;
	}
	LK_TRY(lk_caller_require(op->caller, LK_PERM_API_KEYS_MANAGE_ANY, err));
	LK_TRY(access_user(op, tx, req->tenant, req->owner, &tenant, &user, err));
	filter->owner = lk_arena_text(op->arena, user.id);
	return filter->owner ? LK_OK : lk_fail_oom(err);
}

static lk_status
filter_check(const struct op *op, const ListKeysRequest *req, struct lk_error *err)
{
	enum key_state state;

	if (*req->state != '\0' && !key_state_find(req->state, &state))
		return lk_fail_field(err, "state", "KEY_STATE_UNKNOWN",
		    "state must be active, pending, suspended, expired or revoked");
	if (req->expiring_before_at_ms < 0 || req->unused_since_at_ms < 0)
		return lk_fail_field(err,
		    req->expiring_before_at_ms < 0 ? "expiring_before_at_ms" : "unused_since_at_ms",
		    "INSTANT_INVALID", "an instant is not before 1970");
	if (req->all_tenants && op->caller->kind != LK_CALLER_OPERATOR)
		return lk_fail(err, LK_PERMISSION_DENIED, "OPERATORS_ONLY",
		    "only operators look across tenants");
	if (req->all_tenants && (*req->owner != '\0' || *req->tenant != '\0'))
		return lk_fail_field(err, "all_tenants", "FILTER_CONFLICT",
		    "all_tenants goes without owner and tenant");
	return LK_OK;
}

lk_status
key_filter_of(struct op *op, struct lk_tx *tx, const ListKeysRequest *req,
    struct key_filter *filter, struct lk_error *err)
{
	const bool has_own =
	    op->caller->kind == LK_CALLER_USER || op->caller->kind == LK_CALLER_PRINCIPAL;
	struct tenant tenant;

	LK_TRY(filter_check(op, req, err));
	*filter = (struct key_filter){
		.include_revoked = req->include_revoked || lk_text_is(req->state, "revoked"),
		.state = req->state,
		.name = req->name,
		.now_ms = op->now_ms,
		.expiring_before_ms = req->expiring_before_at_ms,
		.unused_since_ms = req->unused_since_at_ms,
	};
	if (*req->tenant != '\0')
		LK_TRY(access_tenant(op, tx, req->tenant, &tenant, err));
	if (req->all_owners || (*req->owner == '\0' && !has_own))
		return filter_of_all(op, tx, req, filter, err);
	if (*req->owner != '\0' && !caller_is(op->caller, req->owner))
		return filter_of_owner(op, tx, req, filter, err);
	filter->owner = op->caller->id;
	return own_list_check(op, tx, err);
}
