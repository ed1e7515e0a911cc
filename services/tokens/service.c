/* TokenService over RPC: read the request, ask the domain, write the reply. No SQL and no rules
 * live here. */
#include "service.h"

#include "audit/audit.h"
#include "base/alloc.h"
#include "daemon/write.h"
#include "encode.h"
#include "handlers.h"
#include "issue.h"
#include "keys_peer.h"
#include "own_token.h"
#include "revoked_store.h"
#include "validate.h"
#include "wire.h"

/* ---- Issue ---- */

/* The session is the token's source and dies with it, by time at the latest. */
static lk_status
sign_in(struct tokens *tokens, struct lk_call *call, const IssueTokenRequest *req,
    const char **out_secret, struct lk_error *err)
{
	SignInRequest question = LATCHKEY__ACCOUNTS__V1__SIGN_IN_REQUEST__INIT;

	question.tenant = req->tenant;
	question.email = req->user;
	question.secret_password = req->secret_password;
	question.secret_assertion = req->secret_assertion;
	question.source_address = req->source_address;
	question.session_ttl_ms = req->ttl_ms ? req->ttl_ms : (uint64_t)tokens->rules.ttl_limit_ms;
	return keys_peer_sign_in(tokens->host, call, &question, out_secret, err);
}

/* What keys says of it now, remembered for the next time. */
static lk_status
ask_source(struct tokens *tokens, struct lk_call *call, const IssueTokenRequest *req,
    struct grant_source *out, struct lk_error *err)
{
	const uint64_t number = sources_number(tokens->sources);
	const char *secret = req->secret_key;
	VerifyKeyRequest question = LATCHKEY__KEYS__V1__VERIFY_KEY_REQUEST__INIT,
			 *questions[] = { &question };
	VerifyKeyResponse **answers;

	if (!*req->secret_key)
		LK_TRY(sign_in(tokens, call, req, &secret, err));
	question.secret_key = (char *)(uintptr_t)secret;
	question.source_address = req->source_address;
	question.sign_in = !req->direct;
	question.allow_session = true;
	LK_TRY(keys_peer_verify(tokens->host, call, questions, 1, &answers, err));
	if (!answers[0]->active) {
		lk_counter_add(tokens->metrics, TOKENS_REFUSED, 1);
		return lk_fail(err, LK_UNAUTHENTICATED, answers[0]->reason, "%s",
		    lk_text_is(answers[0]->reason, "KEY_FOR_TOKENS_ONLY")
			? "this tenant takes keys at the token endpoint only"
			: "the key or session is not good");
	}
	LK_TRY(decode_source(answers[0], out, err));
	sources_keep(tokens->sources, call, req, number, answers[0], out);
	return LK_OK;
}

/* What keys has to be asked about waits for a worker. */
static lk_status
find_source(struct tokens *tokens, struct lk_call *call, const IssueTokenRequest *req,
    struct grant_source *out, struct lk_error *err)
{
	if (sources_recall(tokens->sources, call, req, out))
		return LK_OK;
	return lk_call_may_block(call) ? ask_source(tokens, call, req, out, err)
				       : lk_call_defer(call);
}

static lk_status
read_wish(const IssueTokenRequest *req, struct grant_wish *out, struct lk_error *err)
{
	const int sources = !!*req->secret_key + !!*req->user + !!*req->secret_assertion;

	if (sources == 0)
		return lk_fail_field(err, "secret_key", "KEY_MISSING",
		    "a key, a session, a user or an assertion is needed");
	if (sources > 1)
		return lk_fail_field(err, "secret_key", "SOURCE_TWICE",
		    "a token is made from one of a key, a user, an assertion");
	if (req->ttl_ms > INT64_MAX / 2)
		return lk_fail_field(err, "ttl_ms", "TTL_TOO_LONG", "the duration is out of range");
	*out = (struct grant_wish){ .audience = req->audience, .ttl_ms = (int64_t)req->ttl_ms };
	return lk_permissions_parse("scope", req->scope, req->n_scope, &out->scope, err);
}

/* Grant, sign, and submit what is recorded of it. */
static lk_status
make_token(struct issue *issue, const struct grant_source *source, const struct grant_wish *wish,
    struct lk_error *err)
{
	LK_TRY(grant_claims(source, wish, &issue->tokens->rules, lk_call_clock(issue->call),
	    lk_random_system(), &issue->claims, err));
	LK_TRY(issue_sign(issue, err));
	return issue_submit(issue, err);
}

/* A session that was made for a token which then was not is over, and keys is told: on a worker. */
static lk_status
finish(const struct issue *issue, const IssueTokenRequest *req, IssueTokenResponse *rep,
    struct lk_error *err)
{
	if (issue->status == LK_OK)
		return issue_answer(issue, rep, err);
	if (!*req->secret_key && !lk_call_may_block(issue->call))
		return lk_call_defer(issue->call);
	if (!*req->secret_key)
		keys_peer_end_session(issue->tokens->host, issue->call, issue->session);
	*err = issue->error;
	return issue->status;
}

static lk_status
begin(struct tokens *tokens, struct lk_call *call, const IssueTokenRequest *req,
    IssueTokenResponse *rep, struct lk_error *err)
{
	struct issue *issue = LK_ARENA_NEW(lk_call_arena(call), struct issue);
	struct grant_source source;
	struct grant_wish wish;

	if (!issue)
		return lk_fail_oom(err);
	LK_TRY(read_wish(req, &wish, err));
	LK_TRY(grant_check(&wish, &tokens->rules, err));
	LK_TRY(find_source(tokens, call, req, &source, err));
	issue->tokens = tokens;
	issue->call = call;
	issue->session = source.session;
	const lk_status status = make_token(issue, &source, &wish, &issue->error);
	if (status == LK_OK)
		return lk_call_later(call); /* `issue` is the writer's now */
	issue->status = status;
	return finish(issue, req, rep, err);
}

/* In two halves: the first ends by submitting the row, the second begins when it is durable, so
 * that no thread waits for the disk. */
lk_status
tokens_issue(struct lk_call *call, const IssueTokenRequest *req, IssueTokenResponse *rep)
{
	const struct issue *issue = lk_call_kept(call);
	struct lk_error *err = lk_call_error(call);

	return issue ? finish(issue, req, rep, err)
		     : begin(lk_call_user(call), call, req, rep, err);
}

/* ---- Validate ---- */

lk_status
tokens_validate(struct lk_call *call, const ValidateTokenRequest *req, ValidateTokenResponse *rep)
{
	ValidateTokenRequest question = *req, *questions[] = { &question };
	ValidateTokenResponse *const answers[] = { rep };

	return validate_all(lk_call_user(call), call, questions, answers, 1, lk_call_error(call));
}

lk_status
tokens_describe(struct lk_call *call, const ValidateTokenRequest *req, ValidateTokenResponse *rep)
{
	ValidateTokenRequest question = *req;

	return validate_for_bearer(lk_call_user(call), call, &question, rep, lk_call_error(call));
}

lk_status
tokens_validate_batch(
    struct lk_call *call, const ValidateTokensRequest *req, ValidateTokensResponse *rep)
{
	struct lk_arena *arena = lk_call_arena(call);
	struct lk_error *err = lk_call_error(call);
	const size_t count = req->n_requests;
	ValidateTokenResponse **answers = lk_arena_array(arena, count, sizeof *answers);
	ValidateTokenResponse *storage = lk_arena_array(arena, count, sizeof *storage);

	if (!answers || !storage)
		return lk_fail_oom(err);
	for (size_t i = 0; i < count; i++) {
		latchkey__tokens__v1__validate_token_response__init(&storage[i]);
		answers[i] = &storage[i];
	}
	LK_TRY(validate_all(lk_call_user(call), call, req->requests, answers, count, err));
	rep->responses = answers;
	rep->n_responses = count;
	return LK_OK;
}

/* ---- Revoke ---- */

struct revocation {
	struct tokens *tokens;
	struct lk_call *call;
	RevokeTokenResponse *rep;
	struct lk_claims claims;
	struct lk_revoked_token *entry;
};

static void
remember_revoked(void *arg)
{
	struct revocation *r = arg;

	lk_revoked_add(r->tokens->revoked, LK_TAKE(r->entry));
}

static lk_status
prepare_entry(struct revocation *r, struct lk_error *err)
{
	if (!r->entry && !(r->entry = LK_ALLOC(struct lk_revoked_token)))
		return lk_fail_oom(err);
	lk_text_copy(r->entry->token, sizeof r->entry->token, r->claims.token);
	r->entry->expires_at_ms = r->claims.expires_at_s * 1000;
	return LK_OK;
}

static lk_status
revoke_in(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct revocation *r = arg;
	const struct lk_audit_event event = {
		.action = "token.revoked",
		.tenant = r->claims.tenant,
		.object = r->claims.token,
		.owner = r->claims.subject,
	};

	LK_TRY(prepare_entry(r, err));
	LK_TRY(revoked_insert(tx, r->claims.token, r->entry->expires_at_ms,
	    lk_clock_wall_ms(lk_call_clock(r->call)), lk_call_caller(r->call)->id, err));
	LK_TRY(lk_audit_write(tx, r->call, &event, err));
	LK_TRY(lk_tx_on_commit(tx, remember_revoked, r, err));
	LK_TRY(lk_feed_emit(r->tokens->host->feed, tx, lk_call_arena(r->call),
	    LK_FEED_TOKEN_REVOKED, r->claims.token, (uint64_t)r->entry->expires_at_ms, err));
	return lk_field_copy(lk_call_arena(r->call), r->claims.token, &r->rep->token_id, err);
}

static lk_status
may_revoke(const struct lk_caller *caller, const struct lk_claims *claims, struct lk_error *err)
{
	if (caller->kind == LK_CALLER_OPERATOR || lk_text_is(caller->id, claims->subject))
		return LK_OK;
	if (!lk_caller_reaches_tenant(caller, claims->tenant))
		return lk_fail(err, LK_NOT_FOUND, "TOKEN_NOT_FOUND", "there is no such token");
	return lk_caller_require(caller, LK_PERM_TOKENS_REVOKE_ANY, err);
}

lk_status
tokens_revoke(struct lk_call *call, const RevokeTokenRequest *req, RevokeTokenResponse *rep)
{
	struct lk_error *err = lk_call_error(call);
	struct revocation r = { .tokens = lk_call_user(call), .call = call, .rep = rep };

	if (own_token_read(r.tokens, req->secret_token, OWN_TOKEN_ANY, &r.claims) != LK_OK)
		return lk_fail_field(err, "secret_token", "TOKEN_REFUSED",
		    "the token is not a valid one of this installation");
	LK_TRY(may_revoke(lk_call_caller(call), &r.claims, err));
	const lk_status status =
	    lk_call_write(call, r.tokens->host->store, revoke_in, &r, &rep->base, err);
	lk_free(r.entry); /* NULL when it was handed over */
	return status;
}

#define LK_METHOD LK_METHOD_THUNK
#include "methods.def"
#undef LK_METHOD

static const struct lk_method methods[] = {
#define LK_METHOD LK_METHOD_ROW
#include "methods.def"
#undef LK_METHOD
};
LK_METHODS_COMPLETE(Latchkey__Tokens__V1__TokenService_Service, methods);

const struct lk_method_table tokens_method_table = {
	&latchkey__tokens__v1__token_service__descriptor, methods, LK_ARRAY_LEN(methods)
};
