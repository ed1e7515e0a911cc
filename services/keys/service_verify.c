/* Is this key good? VerifyKey and VerifyKeys, answered on the spot from memory, on a worker when it
 * is not there. */
#include <arpa/inet.h>

#include "encode.h"
#include "handlers.h"
#include "verify.h"

enum { BATCH_MAX = 64, AUDIENCE_MAX = 255 };

static bool
address_ok(const char *text)
{
	uint8_t address[16];

	return *text == '\0' || inet_pton(AF_INET, text, address) == 1 ||
	       inet_pton(AF_INET6, text, address) == 1;
}

static lk_status
request_check(const struct lk_caller *asker, const VerifyKeyRequest *req, struct lk_error *err)
{
	if ((req->sign_in || req->allow_session) && asker->kind != LK_CALLER_SERVICE)
		return lk_fail(err, LK_PERMISSION_DENIED, "SERVICES_ONLY",
		    "only services exchange keys and sessions");
	if (req->asked_by[0] != '\0' &&
	    (asker->kind != LK_CALLER_SERVICE ||
		!(lk_id_ok(LK_ID_USER, req->asked_by) || lk_id_ok(LK_ID_PRINCIPAL, req->asked_by))))
		return lk_fail_field(
		    err, "asked_by", "ASKED_BY_INVALID", "only services say who asks them, by id");
	if (!address_ok(req->source_address))
		return lk_fail_field(err, "source_address", "ADDRESS_INVALID",
		    "source_address must be an IPv4 or IPv6 address, or empty");
	if (lk_bytes_of(req->audience).len > AUDIENCE_MAX)
		return lk_fail_field(err, "audience", "AUDIENCE_INVALID",
		    "audience must be at most %d bytes", AUDIENCE_MAX);
	return LK_OK;
}

static lk_status
verify_one(
    struct lk_call *call, const VerifyKeyRequest *req, VerifyKeyResponse *rep, struct lk_error *err)
{
	struct keys *keys = lk_call_user(call);
	const struct lk_caller *asker = lk_call_caller(call);
	const struct patience patience = { lk_call_may_block(call),
		lk_call_deadline_steady_ms(call), lk_call_arena(call) };
	const struct verify_ask ask = { req->secret_key, req->required_permission,
		req->required_workgroup, req->sign_in, req->allow_session, req->source_address,
		req->asked_by };
	struct verify_answer answer;

	LK_TRY(request_check(asker, req, err));
	LK_TRY(key_verify(keys, asker, &ask, &patience, &answer, err));
	lk_counter_add(
	    keys->setup.metrics, answer.active ? VERIFICATIONS_ACTIVE : VERIFICATIONS_REFUSED, 1);
	rep->active = answer.active;
	if (!answer.active)
		return lk_field_copy(patience.arena, answer.reason, &rep->reason, err);
	rep->not_before_at_ms = answer.not_before_ms;
	if (asker->kind == LK_CALLER_SERVICE) {
		rep->token_ttl_default_ms = answer.token_ttl_default_ms;
		rep->token_ttl_max_ms = answer.token_ttl_max_ms;
	}
	return encode_identity(patience.arena, &answer.identity, &rep->identity, err);
}

lk_status
keys_verify_key(struct lk_call *call, const VerifyKeyRequest *req, VerifyKeyResponse *rep)
{
	return verify_one(call, req, rep, lk_call_error(call));
}

lk_status
keys_verify_keys(struct lk_call *call, const VerifyKeysRequest *req, VerifyKeysResponse *rep)
{
	struct lk_arena *arena = lk_call_arena(call);
	struct lk_error *err = lk_call_error(call);

	if (req->n_requests == 0 || req->n_requests > BATCH_MAX)
		return lk_fail_field(
		    err, "requests", "BATCH_INVALID", "ask between 1 and %d questions", BATCH_MAX);
	rep->responses = lk_arena_array(arena, req->n_requests, sizeof *rep->responses);
	if (!rep->responses)
		return lk_fail_oom(err);
	for (size_t i = 0; i < req->n_requests; i++) {
		VerifyKeyResponse *one = LK_ARENA_NEW(arena, VerifyKeyResponse);
		if (!one)
			return lk_fail_oom(err);
		*one = (VerifyKeyResponse)LATCHKEY__KEYS__V1__VERIFY_KEY_RESPONSE__INIT;
		LK_TRY(verify_one(call, req->requests[i], one, err));
		rep->responses[rep->n_responses++] = one;
	}
	return LK_OK;
}
