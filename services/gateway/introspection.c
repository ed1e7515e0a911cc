/* See introspection.h. */
#include "introspection.h"

#include <string.h>

#include "judge.h"
#include "oauth.h"
#include "pages.h"

/* ---- What is said ---- */

static void
write_scope(struct lk_arena *arena, struct lk_json *json, const IdentityMsg *identity)
{
	const char *scope = "";

	for (size_t i = 0; scope && i < identity->n_permissions; i++)
		scope =
		    lk_arena_format(arena, "%s%s%s", scope, i ? " " : "", identity->permissions[i]);
	lk_json_string(json, "scope", scope ? scope : "");
}

static void
write_time(struct lk_json *json, const char *name, int64_t at_ms)
{
	if (at_ms)
		lk_json_int(json, name, at_ms / 1000);
}

static void
write_text(struct lk_json *json, const char *name, const char *text)
{
	if (text && *text)
		lk_json_string(json, name, text);
}

/* RFC 7662 2.2, beside it what of our own a resource server wants to know. */
static void
write_active(struct lk_arena *arena, struct lk_json *json, const ValidateTokenResponse *valid)
{
	const IdentityMsg *identity = valid->identity;

	write_scope(arena, json, identity);
	write_text(json, "client_id", *identity->key ? identity->key : identity->subject);
	write_text(json, "username", identity->name);
	write_text(json, "token_type", lk_text_is(valid->credential_kind, "token") ? "Bearer" : "");
	write_time(json, "exp", identity->expires_at_ms);
	write_time(json, "iat", valid->issued_at_ms);
	write_time(json, "nbf", valid->not_before_ms);
	write_text(json, "sub", identity->subject);
	write_text(json, "aud", valid->audience);
	write_text(json, "iss", valid->issuer);
	write_text(json, "jti", valid->token_id);
	write_text(json, "tenant", identity->tenant);
}

const char *
introspection_json(const ValidateTokenResponse *valid, struct lk_arena *arena)
{
	LK_AUTO(lk_json_wipe) struct lk_json json = { 0 };
	const char *text;

	lk_json_object(&json, NULL);
	lk_json_bool(&json, "active", valid->active);
	if (valid->active)
		write_active(arena, &json, valid);
	lk_json_object_end(&json);
	text = lk_json_text(&json);
	return text ? lk_arena_text(arena, text) : NULL;
}

/* ---- From memory ---- */

static bool
answer_here(
    const struct local_verdict *subject, struct http_request *request, struct http_answer *answer)
{
	const char *text =
	    subject->decision.active ? subject->text.introspection : "{\"active\":false}";
	const char *copy = lk_arena_text(request->arena, text);

	if (copy)
		oauth_answer_text(copy, answer);
	return copy != NULL;
}

/* A client shows a key; whatever else it shows, the service judges. */
static bool
introspect_here(struct gateway *gateway, struct http_request *request, const struct oauth *oauth,
    bool may_ask, struct http_answer *answer)
{
	LK_AUTO(judgement_wipe) struct judgement judgement = { .judge = { .kept = NULL } };
	const struct local_question about = { oauth_value(oauth, "token"), "", "", "", "", "",
		request };
	struct presented by;

	if (!gateway->local || presented_bare(oauth->secret, &by, NULL) != LK_OK ||
	    by.kind != PRESENTED_KEY)
		return false;
	switch (judge(gateway, request, &by, &about, may_ask, &judgement)) {
	case JUDGED:
		return answer_here(&judgement.subject, request, answer);
	case JUDGE_REFUSED:
		oauth_error(request, oauth, "invalid_client", "the client is not known", answer);
		return true;
	case JUDGED_ELSEWHERE:
		break;
	}
	return false;
}

bool
introspect_at_once(
    struct gateway *gateway, struct http_request *request, struct http_answer *answer)
{
	struct http_answer refused = { 0 };
	struct oauth oauth;

	return gateway->local && strcmp(request->target, "/oauth2/introspect") == 0 &&
	       strcmp(request->method, "POST") == 0 &&
	       oauth_read(request, true, &oauth, &refused) &&
	       introspect_here(gateway, request, &oauth, false, answer);
}

/* ---- From the service ---- */

static void
introspect_there(struct gateway *gateway, struct http_request *request, const struct oauth *oauth,
    struct http_answer *answer)
{
	ValidateTokenRequest body = LATCHKEY__TOKENS__V1__VALIDATE_TOKEN_REQUEST__INIT;
	const struct oauth_question question = { "latchkey.tokens.v1.TokenService/ValidateToken",
		&body.base, &latchkey__tokens__v1__validate_token_response__descriptor, LK_READ };
	struct lk_error why = { 0 };
	ProtobufCMessage *reply;

	body.secret_credential = (char *)(uintptr_t)oauth_value(oauth, "token");
	if (oauth_ask(gateway, request, oauth, &question, &reply, &why) != LK_OK)
		oauth_failed(request, oauth, &why, answer);
	else
		oauth_answer_text(
		    introspection_json(
			(const ValidateTokenResponse *)(const void *)reply, request->arena),
		    answer);
}

lk_status
page_introspect(struct gateway *gateway, struct http_request *request, struct http_answer *answer,
    struct lk_error *err)
{
	struct oauth oauth;

	(void)err;
	if (!oauth_read(request, true, &oauth, answer))
		return LK_OK;
	if (!*oauth_value(&oauth, "token"))
		oauth_error(request, &oauth, "invalid_request", "token is needed", answer);
	else if (!introspect_here(gateway, request, &oauth, true, answer))
		introspect_there(gateway, request, &oauth, answer);
	return LK_OK;
}
