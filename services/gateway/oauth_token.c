/*
 * The token endpoint: client_credentials, where the client's secret is an API key (RFC 6749 4.4),
 * and token exchange (RFC 8693). Also the token endpoint that clients of Illumina Connected
 * Analytics know.
 */
#include "oauth_token.h"

#include <string.h>
#include <strings.h>

#include "pages.h"
#include "presented.h"
#include "problem.h"
#include "source.h"
#include "tenant_host.h"
#include "wire.h"

static const char ACCESS_TOKEN[] = "urn:ietf:params:oauth:token-type:access_token";
static const char JWT_TYPE[] = "urn:ietf:params:oauth:token-type:jwt";
enum { SCOPES_MAX = 64 };

/* "a b c" as a list in the arena. */
static lk_status
read_scopes(struct http_request *request, const char *text, char ***out_list, size_t *out_count,
    struct lk_error *err)
{
	char *copy = lk_arena_text(request->arena, text);
	char **list = lk_arena_array(request->arena, SCOPES_MAX, sizeof *list);
	char *rest = NULL;
	size_t count = 0;

	if (!copy || !list)
		return lk_fail_oom(err);
	for (char *word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
		if (count == SCOPES_MAX)
			return lk_fail_field(err, "scope", "SCOPE_TOO_MANY",
			    "at most %d scopes may be asked for", SCOPES_MAX);
		list[count++] = word;
	}
	*out_list = list;
	*out_count = count;
	return LK_OK;
}

static lk_status
ask_tokens(struct gateway *gateway, struct http_request *request, const char *method,
    const ProtobufCMessage *body, const IssueTokenResponse **out, struct lk_error *err)
{
	const struct upstream_call call = {
		.service = UPSTREAM_TOKENS,
		.method = method,
		.body = body,
		.reply_type = &latchkey__tokens__v1__issue_token_response__descriptor,
		.effect = LK_WRITE_ONCE,
		.request_id = request->id,
		.traceparent = request->traceparent,
	};
	ProtobufCMessage *reply;

	LK_TRY(upstream_ask(gateway->upstream, &call, request->arena, &reply, err));
	*out = (const IssueTokenResponse *)(const void *)reply;
	return LK_OK;
}

lk_status
oauth_issue_read(struct gateway *gateway, struct http_request *request, const struct oauth *oauth,
    IssueTokenRequest *out, struct lk_error *err)
{
	latchkey__tokens__v1__issue_token_request__init(out);
	out->secret_key = (char *)(uintptr_t)oauth->secret;
	out->audience = (char *)(uintptr_t)oauth_value(oauth, "audience");
	out->source_address =
	    (char *)(uintptr_t)source_address(request, gateway->config->trusted_proxies);
	return read_scopes(request, oauth_value(oauth, "scope"), &out->scope, &out->n_scope, err);
}

/* RFC 6749 5.1 */
void
oauth_token_answer(struct http_request *request, const IssueTokenResponse *issued, bool exchanged,
    struct http_answer *answer)
{
	LK_AUTO(lk_json_wipe) struct lk_json json = { 0 };
	const int64_t left_ms = issued->expires_at_ms - lk_clock_wall_ms(lk_clock_system());
	char *scope = lk_arena_format(request->arena, "%s", "");

	for (size_t i = 0; scope && i < issued->n_scope; i++)
		scope = lk_arena_format(
		    request->arena, "%s%s%s", scope, i ? " " : "", issued->scope[i]);
	lk_json_object(&json, NULL);
	lk_json_string(&json, "access_token", issued->secret_token);
	if (exchanged)
		lk_json_string(&json, "issued_token_type", ACCESS_TOKEN);
	lk_json_string(&json, "token_type", "Bearer");
	lk_json_int(&json, "expires_in", left_ms > 0 ? left_ms / 1000 : 0);
	lk_json_string(&json, "scope", scope ? scope : "");
	lk_json_object_end(&json);
	oauth_answer(request, &json, answer);
}

/* ---- Grants ---- */

static lk_status
grant_client(struct gateway *gateway, struct http_request *request, const struct oauth *oauth,
    struct http_answer *answer, struct lk_error *err)
{
	const IssueTokenResponse *issued = NULL;
	IssueTokenRequest body;

	if (!*oauth->secret)
		return lk_fail(err, LK_UNAUTHENTICATED, "UNAUTHENTICATED", "no client");
	LK_TRY(oauth_issue_read(gateway, request, oauth, &body, err));
	LK_TRY(ask_tokens(gateway, request, "latchkey.tokens.v1.TokenService/IssueToken",
	    &body.base, &issued, err));
	oauth_token_answer(request, issued, false, answer);
	return LK_OK;
}

static bool
is_token_type(const char *type)
{
	return strcmp(type, ACCESS_TOKEN) == 0 || strcmp(type, JWT_TYPE) == 0;
}

static lk_status
check_exchange(const struct oauth *oauth, struct lk_error *err)
{
	if (!*oauth_value(oauth, "subject_token") || !*oauth_value(oauth, "actor_token"))
		return lk_fail_field(err, "subject_token", "TOKEN_MISSING",
		    "subject_token and actor_token are needed");
	if (!is_token_type(oauth_value(oauth, "subject_token_type")) ||
	    !is_token_type(oauth_value(oauth, "actor_token_type")))
		return lk_fail_field(err, "subject_token_type", "TOKEN_TYPE",
		    "the type of both tokens is %s", ACCESS_TOKEN);
	return LK_OK;
}

static lk_status
grant_exchange(struct gateway *gateway, struct http_request *request, const struct oauth *oauth,
    struct http_answer *answer, struct lk_error *err)
{
	ExchangeTokenRequest body = LATCHKEY__TOKENS__V1__EXCHANGE_TOKEN_REQUEST__INIT;
	const IssueTokenResponse *issued = NULL;

	LK_TRY(check_exchange(oauth, err));
	body.secret_subject_token = (char *)(uintptr_t)oauth_value(oauth, "subject_token");
	body.secret_actor_token = (char *)(uintptr_t)oauth_value(oauth, "actor_token");
	LK_TRY(read_scopes(request, oauth_value(oauth, "scope"), &body.scope, &body.n_scope, err));
	LK_TRY(ask_tokens(gateway, request, "latchkey.tokens.v1.TokenService/ExchangeToken",
	    &body.base, &issued, err));
	oauth_token_answer(request, issued, true, answer);
	return LK_OK;
}

/* RFC 7523 2.1, with the parameter `tenant` or a host that selects one: an assertion alone does not
 * say whose issuer it comes from. */
static lk_status
grant_assertion(struct gateway *gateway, struct http_request *request, const struct oauth *oauth,
    struct http_answer *answer, struct lk_error *err)
{
	IssueTokenRequest body = LATCHKEY__TOKENS__V1__ISSUE_TOKEN_REQUEST__INIT;
	const IssueTokenResponse *issued = NULL;

	body.secret_assertion = (char *)(uintptr_t)oauth_value(oauth, "assertion");
	body.tenant = (char *)(uintptr_t)oauth_value(oauth, "tenant");
	body.audience = (char *)(uintptr_t)oauth_value(oauth, "audience");
	if (!*body.tenant)
		body.tenant = (char *)(uintptr_t)tenant_host(gateway->config, request);
	if (!body.tenant)
		return lk_fail_oom(err);
	if (!*body.secret_assertion || !*body.tenant)
		return lk_fail_field(
		    err, "assertion", "ASSERTION_MISSING", "assertion and tenant are needed");
	LK_TRY(read_scopes(request, oauth_value(oauth, "scope"), &body.scope, &body.n_scope, err));
	LK_TRY(ask_tokens(gateway, request, "latchkey.tokens.v1.TokenService/IssueToken",
	    &body.base, &issued, err));
	oauth_token_answer(request, issued, false, answer);
	return LK_OK;
}

typedef lk_status grant_fn(struct gateway *gateway, struct http_request *request,
    const struct oauth *oauth, struct http_answer *answer, struct lk_error *err);

static grant_fn *
grant_of(const char *type)
{
	static const struct {
		const char *type;
		grant_fn *fn;
	} grants[] = {
		{ "client_credentials", grant_client },
		{ "urn:ietf:params:oauth:grant-type:token-exchange", grant_exchange },
		{ "urn:ietf:params:oauth:grant-type:jwt-bearer", grant_assertion },
	};

	for (size_t i = 0; i < LK_ARRAY_LEN(grants); i++)
		if (strcmp(grants[i].type, type) == 0)
			return grants[i].fn;
	return NULL;
}

/* What was shown in the form is the grant's fault, not the client's (RFC 7521 4.1, RFC 8693 2.2.2).
 */
void
oauth_token_refuse(struct http_request *request, const struct oauth *oauth,
    const struct lk_error *why, struct http_answer *answer)
{
	if (lk_text_is(why->reason, "TOKEN_REFUSED"))
		oauth_error(request, oauth, "invalid_request", "a token is not good", answer);
	else if (lk_text_is(why->reason, "SIGN_IN_REFUSED"))
		oauth_error(request, oauth, "invalid_grant", "the assertion is not good", answer);
	else
		oauth_failed(request, oauth, why, answer);
}

lk_status
page_token(struct gateway *gateway, struct http_request *request, struct http_answer *answer,
    struct lk_error *err)
{
	struct lk_error why = { 0 };
	struct oauth oauth;

	(void)err;
	if (!oauth_read(request, false, &oauth, answer))
		return LK_OK;
	const char *type = oauth_value(&oauth, "grant_type");
	grant_fn *grant = grant_of(type);
	if (!*type)
		oauth_error(request, &oauth, "invalid_request", "grant_type is needed", answer);
	else if (!grant)
		oauth_error(
		    request, &oauth, "unsupported_grant_type", "this grant is not given", answer);
	else if (grant(gateway, request, &oauth, answer, &why) != LK_OK)
		oauth_token_refuse(request, &oauth, &why, answer);
	return LK_OK;
}

/* ---- The endpoint of ICA: a key, or Basic of a user's name and password with ?tenant= ---- */

static bool
is_basic(const char *value)
{
	return value && strncasecmp(value, "Basic ", strlen("Basic ")) == 0;
}

static lk_status
read_user(struct gateway *gateway, struct http_request *request, IssueTokenRequest *body,
    struct lk_error *err)
{
	struct parameters query = { .count = 0 };
	struct presented shown;

	LK_TRY(presented_basic(
	    request, http_header(request, "Authorization") + strlen("Basic "), &shown, err));
	if (lk_text_is(shown.client, "apikey")) {
		body->secret_key = (char *)(uintptr_t)shown.secret;
		return LK_OK;
	}
	LK_TRY(router_query(request, &query, err));
	body->user = (char *)(uintptr_t)shown.client;
	body->secret_password = (char *)(uintptr_t)shown.secret;
	const char *named = parameter_get(&query, "tenant");
	const char *tenant = named ? named : tenant_host(gateway->config, request);
	if (!tenant)
		return lk_fail_oom(err);
	body->tenant = (char *)(uintptr_t)tenant;
	return *tenant ? LK_OK
		       : lk_fail_field(err, "tenant", "TENANT_REQUIRED", "say ?tenant=DOMAIN");
}

static lk_status
read_key(struct http_request *request, IssueTokenRequest *body, struct lk_error *err)
{
	struct presented shown;

	LK_TRY(presented_find(request, &shown, err));
	if (shown.kind != PRESENTED_KEY)
		return lk_fail(err, LK_UNAUTHENTICATED, "UNAUTHENTICATED", "show an API key");
	body->secret_key = (char *)(uintptr_t)shown.secret;
	return LK_OK;
}

lk_status
page_ica_token(struct gateway *gateway, struct http_request *request, struct http_answer *answer,
    struct lk_error *err)
{
	IssueTokenRequest body = LATCHKEY__TOKENS__V1__ISSUE_TOKEN_REQUEST__INIT;
	LK_AUTO(lk_json_wipe) struct lk_json json = { 0 };
	const IssueTokenResponse *issued = NULL;

	if (is_basic(http_header(request, "Authorization")))
		LK_TRY(read_user(gateway, request, &body, err));
	else
		LK_TRY(read_key(request, &body, err));
	body.source_address =
	    (char *)(uintptr_t)source_address(request, gateway->config->trusted_proxies);
	LK_TRY(ask_tokens(gateway, request, "latchkey.tokens.v1.TokenService/IssueToken",
	    &body.base, &issued, err));
	lk_json_object(&json, NULL);
	lk_json_string(&json, "token", issued->secret_token);
	lk_json_object_end(&json);
	oauth_answer(request, &json, answer);
	return LK_OK;
}
