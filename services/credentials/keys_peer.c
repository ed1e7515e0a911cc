/* One question to latchkey-keys, with this service's assertion and the caller's request id and time
 * left. */
#include "keys_peer.h"

#include "auth/peer_call.h"
#include "rpc/field.h"
#include "time/duration.h"
#include "wire.h"

static const char *
policy_text(const ResolveUserResponse *answer, const char *name)
{
	for (size_t i = 0; i < answer->n_policy; i++)
		if (lk_text_is(answer->policy[i]->name, name))
			return answer->policy[i]->value;
	return "";
}

/* "0" is no limit; anything else a duration. */
static lk_status
policy_duration(
    const ResolveUserResponse *answer, const char *name, int64_t *out_ms, struct lk_error *err)
{
	const char *text = policy_text(answer, name);

	*out_ms = 0;
	return lk_text_is(text, "0") ? LK_OK : lk_duration_parse(name, text, out_ms, err);
}

static lk_status
read_owner(const ResolveUserResponse *answer, struct owner *out, struct lk_error *err)
{
	struct owner owner = { .policy = {
				   .block_expired = !lk_text_is(
				       policy_text(answer, "external_on_expiry"), "warn"),
				   .one_per_tenant = lk_text_is(
				       policy_text(answer, "external_unique_scope"), "tenant"),
				   .needs_lease =
				       !lk_text_is(policy_text(answer, "require_lease"), "no"),
				   .needs_signature = !lk_text_is(
				       policy_text(answer, "require_signed_fetch"), "no"),
				   .sessions_only =
				       lk_text_is(policy_text(answer, "vend"), "session_only"),
			       } };

	if (!answer->user || !lk_text_copy(owner.id, sizeof owner.id, answer->user->id) ||
	    !lk_text_copy(owner.tenant, sizeof owner.tenant, answer->user->tenant) ||
	    policy_duration(answer, "external_ttl_default", &owner.policy.ttl_default_ms, err) !=
		LK_OK ||
	    policy_duration(answer, "external_ttl_max", &owner.policy.ttl_max_ms, err) != LK_OK)
		return lk_fail(err, LK_INTERNAL, "REPLY_INVALID",
		    "keys described a user in a way this service cannot read");
	owner.active = lk_text_is(answer->user->state, "active");
	*out = owner;
	return LK_OK;
}

/* keys judged by the key or session; what the caller came with may be narrower still. */
static bool
caller_sees(const struct lk_caller *caller, const ResolveUserResponse *answer)
{
	if (caller->kind != LK_CALLER_USER || lk_text_is(answer->user->id, caller->id) ||
	    lk_caller_has(caller, LK_PERM_CREDENTIALS_MANAGE_ANY))
		return true;
	for (size_t i = 0; i < answer->n_workgroups; i++)
		if (lk_caller_reaches_workgroup(caller, answer->workgroups[i]))
			return true;
	return false;
}

static lk_status
take_owner(const struct lk_caller *caller, const ResolveUserResponse *answer, struct owner *out,
    struct lk_error *err)
{
	LK_TRY(read_owner(answer, out, err));
	if (caller_sees(caller, answer))
		return LK_OK;
	*out = (struct owner){ 0 };
	return lk_fail(err, LK_NOT_FOUND, "USER_NOT_FOUND", "there is no such user");
}

lk_status
keys_peer_owner(const struct lk_host *host, struct lk_call *call, const char *user,
    const char *tenant, struct owner *out_owner, struct lk_error *err)
{
	const struct lk_caller *caller = lk_call_caller(call);
	ResolveUserRequest body = LATCHKEY__ACCOUNTS__V1__RESOLVE_USER_REQUEST__INIT;
	ProtobufCMessage *reply;

	body.user = lk_field_borrow(user);
	body.tenant = lk_field_borrow(tenant);
	body.for_subject = lk_field_borrow(caller->id);
	body.for_key = lk_field_borrow(caller->key);
	body.for_session = lk_field_borrow(caller->session);
	const struct lk_peer_question question = {
		.callee = "keys",
		.method = "latchkey.accounts.v1.AccountService/ResolveUser",
		.body = &body.base,
		.effect = LK_READ,
		.deadline_steady_ms = lk_call_deadline_steady_ms(call),
		.request_id = lk_call_request_id(call),
		.traceparent = lk_call_traceparent(call),
	};
	LK_TRY(lk_peer_ask(host->keys, host->maker, host->clock, &question,
	    &latchkey__accounts__v1__resolve_user_response__descriptor, lk_call_arena(call), &reply,
	    err));
	return take_owner(caller, (const ResolveUserResponse *)(const void *)reply, out_owner, err);
}

lk_status
keys_peer_active(const struct owner *owner, struct lk_error *err)
{
	if (!owner->active)
		return lk_fail(err, LK_FAILED_PRECONDITION, "OWNER_NOT_ACTIVE",
		    "the owner's account is not active");
	return LK_OK;
}
