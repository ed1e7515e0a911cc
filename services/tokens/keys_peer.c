/* Questions to latchkey-keys, each with this service's assertion and the caller's request id
 * and time left. */
#include "keys_peer.h"

#include "auth/peer_call.h"

static const char METHOD_VERIFY[] = "latchkey.keys.v1.KeyService/VerifyKeys";
static const char METHOD_SIGN_IN[] = "latchkey.accounts.v1.AccountService/SignIn";
static const char METHOD_END[] = "latchkey.accounts.v1.AccountService/EndSession";
static const char METHOD_STANDING[] = "latchkey.accounts.v1.AccountService/GetStanding";

static lk_status
ask(const struct lk_host *host, struct lk_call *call, const char *method, enum lk_effect effect,
    const ProtobufCMessage *body, const ProtobufCMessageDescriptor *reply_type,
    ProtobufCMessage **out_reply, struct lk_error *err)
{
	const struct lk_peer_question question = {
		.callee = "keys",
		.method = method,
		.body = body,
		.effect = effect,
		.deadline_steady_ms = lk_call_deadline_steady_ms(call),
		.request_id = lk_call_request_id(call),
		.traceparent = lk_call_traceparent(call),
	};
	return lk_peer_ask(host->keys, host->maker, host->clock, &question, reply_type,
	    lk_call_arena(call), out_reply, err);
}

static lk_status
check_count(size_t got, size_t want, struct lk_error *err)
{
	if (got != want)
		return lk_fail(err, LK_INTERNAL, "REPLY_INVALID",
		    "keys answered %zu of %zu questions", got, want);
	return LK_OK;
}

lk_status
keys_peer_verify(const struct lk_host *host, struct lk_call *call, VerifyKeyRequest **questions,
    size_t count, VerifyKeyResponse ***out_answers, struct lk_error *err)
{
	VerifyKeysRequest body = LATCHKEY__KEYS__V1__VERIFY_KEYS_REQUEST__INIT;
	ProtobufCMessage *reply;

	body.requests = questions;
	body.n_requests = count;
	LK_TRY(ask(host, call, METHOD_VERIFY, LK_READ, &body.base,
	    &latchkey__keys__v1__verify_keys_response__descriptor, &reply, err));
	const VerifyKeysResponse *answers = (const VerifyKeysResponse *)(const void *)reply;
	LK_TRY(check_count(answers->n_responses, count, err));
	*out_answers = answers->responses;
	return LK_OK;
}

lk_status
keys_peer_standing(const struct lk_host *host, struct lk_call *call, StandingQuery **questions,
    size_t count, StandingMsg ***out_answers, struct lk_error *err)
{
	GetStandingRequest body = LATCHKEY__ACCOUNTS__V1__GET_STANDING_REQUEST__INIT;
	ProtobufCMessage *reply;

	body.queries = questions;
	body.n_queries = count;
	LK_TRY(ask(host, call, METHOD_STANDING, LK_READ, &body.base,
	    &latchkey__accounts__v1__get_standing_response__descriptor, &reply, err));
	const GetStandingResponse *answers = (const GetStandingResponse *)(const void *)reply;
	LK_TRY(check_count(answers->n_standings, count, err));
	*out_answers = answers->standings;
	return LK_OK;
}

lk_status
keys_peer_sign_in(const struct lk_host *host, struct lk_call *call, const SignInRequest *question,
    const char **out_secret, struct lk_error *err)
{
	ProtobufCMessage *reply;

	LK_TRY(ask(host, call, METHOD_SIGN_IN, LK_WRITE_ONCE, &question->base,
	    &latchkey__accounts__v1__redeem_ticket_response__descriptor, &reply, err));
	*out_secret = ((const RedeemTicketResponse *)(const void *)reply)->secret_session;
	return LK_OK;
}

void
keys_peer_end_session(const struct lk_host *host, struct lk_call *call, const char *session)
{
	EndSessionRequest body = LATCHKEY__ACCOUNTS__V1__END_SESSION_REQUEST__INIT;
	ProtobufCMessage *reply;
	struct lk_error err;

	body.session = (char *)(uintptr_t)session;
	LK_IGNORE(ask(host, call, METHOD_END, LK_WRITE_ONCE, &body.base,
	    &latchkey__accounts__v1__end_session_response__descriptor, &reply, &err));
}
