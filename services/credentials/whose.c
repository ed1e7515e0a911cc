/* Which rows the caller may list, and the permission that takes. */
#include "whose.h"

/* A user who names another tenant is told as everywhere: it is not there. */
static lk_status
check_own_tenant(struct credentials *credentials, struct lk_call *call, const char *tenant,
    struct owner *owner, struct lk_error *err)
{
	const struct lk_caller *caller = lk_call_caller(call);

	if (tenant[0] == '\0' || lk_text_is(tenant, caller->tenant))
		return LK_OK;
	return keys_peer_owner(credentials->host, call, caller->id, tenant, owner, err);
}

static lk_status
of_operator(const struct whose_wish *wish, struct whose *out, struct lk_error *err)
{
	if (wish->tenant[0] && !lk_id_ok(LK_ID_TENANT, wish->tenant))
		return lk_fail_field(
		    err, "tenant", "TENANT_INVALID", "tenant must be an id: tnt_…");
	out->tenant = wish->tenant;
	out->owner = wish->owner;
	return LK_OK;
}

lk_status
whose_find(struct credentials *credentials, struct lk_call *call, const struct whose_wish *wish,
    struct whose *out, struct lk_error *err)
{
	const struct lk_caller *caller = lk_call_caller(call);

	*out = (struct whose){ 0 };
	if (caller->kind == LK_CALLER_OPERATOR)
		return of_operator(wish, out, err);
	if (caller->kind != LK_CALLER_USER)
		return lk_fail(
		    err, LK_PERMISSION_DENIED, "USERS_ONLY", "only users list credentials");
	LK_TRY(check_own_tenant(credentials, call, wish->tenant, &out->found, err));
	out->tenant = caller->tenant;
	if (wish->all_owners)
		return lk_caller_require(caller, LK_PERM_CREDENTIALS_MANAGE_ANY, err);
	if (wish->owner[0] == '\0' || lk_text_is(wish->owner, caller->id)) {
		out->owner = caller->id;
		return lk_caller_require(caller, LK_PERM_CREDENTIALS_MANAGE, err);
	}
	LK_TRY(lk_caller_require(caller, LK_PERM_CREDENTIALS_MANAGE_ANY, err));
	LK_TRY(keys_peer_owner(
	    credentials->host, call, wish->owner, caller->tenant, &out->found, err));
	out->owner = out->found.id;
	return LK_OK;
}
