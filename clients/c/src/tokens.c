/* Access tokens: each function fills a request and names its answer. */
#include <latchkey/tokens.h>

#include "ask.h"

latchkey_status
latchkey_token_issue(latchkey_client *client, const latchkey_token_request *request,
    const latchkey_call *call, latchkey_token **out_token, latchkey_secret **out_secret,
    latchkey_error *out_error)
{
	Latchkey__Tokens__V1__IssueTokenRequest body =
	    LATCHKEY__TOKENS__V1__ISSUE_TOKEN_REQUEST__INIT;
	static const latchkey_token_request nothing = { 0 };
	const latchkey_token_request *r = request ? request : &nothing;
	struct lk_error *err = error_inside(out_error);

	body.secret_key = (char *)r->secret;
	body.tenant = (char *)r->tenant;
	body.user = (char *)r->user;
	body.secret_password = (char *)r->password;
	body.secret_assertion = (char *)r->assertion;
	if (!r->secret && !r->user && !r->assertion) {
		if (!client->settings.secret)
			return (latchkey_status)lk_fail(err, LK_FAILED_PRECONDITION, "NO_KEY",
			    "a token is made from an API key or a session, and there is none");
		body.secret_key = (char *)latchkey_secret_text(client->settings.secret);
	}
	body.audience = (char *)r->audience;
	body.n_scope = r->scope_count;
	body.scope = (char **)r->scope;
	body.ttl_ms = r->ttl_ms;
	body.source_address = (char *)r->source_address;
	return (latchkey_status)ask_for_secret(client, M_TOKEN_ISSUE, &body.base, call, WHOLE,
	    offsetof(IssueTokenResponse, secret_token), out_token, out_secret, err);
}

/* The one who acts shows a token of its own: the one given, or one made for this. */
static lk_status
actor_token(latchkey_client *client, const latchkey_exchange_request *request,
    const latchkey_call *call, latchkey_secret **out_made, latchkey_error *out_error)
{
	return request->actor_token
		   ? LK_OK
		   : (lk_status)latchkey_token_issue(client, NULL, call, NULL, out_made, out_error);
}

latchkey_status
latchkey_token_exchange(latchkey_client *client, const latchkey_exchange_request *request,
    const latchkey_call *call, latchkey_token **out_token, latchkey_secret **out_secret,
    latchkey_error *out_error)
{
	Latchkey__Tokens__V1__ExchangeTokenRequest body =
	    LATCHKEY__TOKENS__V1__EXCHANGE_TOKEN_REQUEST__INIT;
	LK_AUTO(secret_freep) latchkey_secret *made = NULL;

	PUBLIC_TRY(actor_token(client, request, call, &made, out_error));
	body.secret_subject_token = (char *)request->subject_token;
	body.secret_actor_token =
	    (char *)(made ? latchkey_secret_text(made) : request->actor_token);
	body.n_scope = request->scope_count;
	body.scope = (char **)request->scope;
	body.ttl_ms = request->ttl_ms;
	return (latchkey_status)ask_for_secret(client, M_TOKEN_EXCHANGE, &body.base, call, WHOLE,
	    offsetof(IssueTokenResponse, secret_token), out_token, out_secret,
	    error_inside(out_error));
}

static void
validate_fill(
    ValidateTokenRequest *body, const char *credential, const latchkey_requirements *requirements)
{
	latchkey__tokens__v1__validate_token_request__init(body);
	body->secret_credential = (char *)credential;
	if (!requirements)
		return;
	body->source_address = (char *)requirements->source_address;
	body->audience = (char *)requirements->audience;
	body->required_permission = (char *)requirements->permission;
	body->required_workgroup = (char *)requirements->workgroup;
}

latchkey_status
latchkey_validate(latchkey_client *client, const char *credential,
    const latchkey_requirements *requirements, const latchkey_call *call,
    latchkey_validation **out_validation, latchkey_error *out_error)
{
	ValidateTokenRequest body;

	validate_fill(&body, credential, requirements);
	return (latchkey_status)ask_for(
	    client, M_VALIDATE, &body.base, call, WHOLE, out_validation, error_inside(out_error));
}

latchkey_status
latchkey_validate_many(latchkey_client *client, const char *const *credentials, size_t count,
    const latchkey_requirements *requirements, const latchkey_call *call,
    latchkey_validation_list **out_list, latchkey_error *out_error)
{
	Latchkey__Tokens__V1__ValidateTokensRequest body =
	    LATCHKEY__TOKENS__V1__VALIDATE_TOKENS_REQUEST__INIT;
	ValidateTokenRequest requests[BATCH_MAX], *pointers[BATCH_MAX];
	struct lk_error *err = error_inside(out_error);

	PUBLIC_TRY(batch_check(count, err));
	for (size_t i = 0; i < count; i++) {
		validate_fill(&requests[i], credentials[i], requirements);
		pointers[i] = &requests[i];
	}
	body.n_requests = count;
	body.requests = pointers;
	return (latchkey_status)ask_for(
	    client, M_VALIDATE_MANY, &body.base, call, WHOLE, out_list, err);
}

latchkey_status
latchkey_token_revoke(latchkey_client *client, const char *token, const latchkey_call *call,
    latchkey_error *out_error)
{
	Latchkey__Tokens__V1__RevokeTokenRequest body =
	    LATCHKEY__TOKENS__V1__REVOKE_TOKEN_REQUEST__INIT;

	body.secret_token = (char *)token;
	return (latchkey_status)ask_for(
	    client, M_TOKEN_REVOKE, &body.base, call, WHOLE, NULL, error_inside(out_error));
}

latchkey_status
latchkey_jwks_get(latchkey_client *client, const latchkey_call *call, latchkey_jwks **out_jwks,
    latchkey_error *out_error)
{
	Latchkey__Tokens__V1__GetJwksRequest body = LATCHKEY__TOKENS__V1__GET_JWKS_REQUEST__INIT;

	return (latchkey_status)ask_for(
	    client, M_JWKS_GET, &body.base, call, WHOLE, out_jwks, error_inside(out_error));
}
