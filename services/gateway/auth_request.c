/*
 * Forward authentication: a proxy in front of somebody else's service asks here before it lets a
 * request through (nginx auth_request, Traefik ForwardAuth, Envoy ext_authz). 204 with who it is,
 * 401 without a good key or token, 403 when it is good for other things; nothing else, as nginx
 * would make a 500 of it. Below /auth/, where Envoy asks with the path of its request, an empty 200
 * in place of 204: no other status lets through there.
 *
 * What is required is said by the proxy: in the query of exactly /auth, or in
 * X-Latchkey-Require-Permission and X-Latchkey-Require-Workgroup, which it must set itself. Below
 * /auth/ the query is the client's and is not read.
 */
#include <string.h>

#include "local.h"
#include "pages.h"
#include "presented.h"
#include "router.h"
#include "source.h"
#include "wire.h"

enum { DECIDE_WITHIN_MS = 2000 }; /* the proxy holds its client meanwhile */

struct requirement {
	const char *permission, *workgroup; /* "" : none */
};

static const char *
or_none(const char *text)
{
	return text ? text : "";
}

static lk_status
read_requirement(const struct http_request *request, struct requirement *out, struct lk_error *err)
{
	struct parameters query = { .count = 0 };

	if (strncmp(request->target, "/auth?", strlen("/auth?")) == 0) {
		LK_TRY(router_query(request, &query, err));
		out->permission = or_none(parameter_get(&query, "permission"));
		out->workgroup = or_none(parameter_get(&query, "workgroup"));
		return LK_OK;
	}
	out->permission = or_none(http_header(request, "X-Latchkey-Require-Permission"));
	out->workgroup = or_none(http_header(request, "X-Latchkey-Require-Workgroup"));
	return LK_OK;
}

bool
auth_is_target(const char *target)
{
	return strncmp(target, "/auth", strlen("/auth")) == 0 &&
	       strchr("/?", target[strlen("/auth")]) != NULL; /* its end, too */
}

void
auth_refuse(const struct http_request *request, unsigned status, const char *reason,
    struct http_answer *answer)
{
	*answer = (struct http_answer){ .status = status, .close = answer->close };
	http_answer_header(answer, "Cache-Control", "no-store");
	http_answer_header(answer, "X-Latchkey-Reason", lk_arena_text(request->arena, reason));
	if (status == 401)
		http_answer_header(answer, "WWW-Authenticate", "Bearer realm=\"latchkey\"");
}

/* A value of the answer, which lives as long as the request. */
static bool
say(const struct http_request *request, struct http_answer *answer, const char *name,
    const char *value)
{
	const char *copy = lk_arena_text(request->arena, value);

	if (copy)
		http_answer_header(answer, name, copy);
	return copy != NULL;
}

static bool
below_auth(const struct http_request *request)
{
	return strncmp(request->target, "/auth/", strlen("/auth/")) == 0;
}

static void
let_through(
    const struct http_request *request, const struct local_text *text, struct http_answer *answer)
{
	answer->status = below_auth(request) ? 200 : 204;
	http_answer_header(answer, "Cache-Control", "no-store");
	const bool said = say(request, answer, "X-Latchkey-User", text->user) &&
			  say(request, answer, "X-Latchkey-Tenant", text->tenant) &&
			  say(request, answer, "X-Latchkey-Key", text->key) &&
			  say(request, answer, "X-Latchkey-Scopes", text->scopes) &&
			  say(request, answer, "X-Latchkey-Workgroups", text->workgroups) &&
			  (!*text->actor || say(request, answer, "X-Latchkey-Actor", text->actor));
	if (!said)
		auth_refuse(request, 403, "OUT_OF_MEMORY", answer);
}

/* Of a refused one: is it good for other things? */
static unsigned
status_of(const char *reason)
{
	return lk_text_is(reason, "KEY_REFUSED") || lk_text_is(reason, "KEY_MALFORMED") ||
		       lk_text_is(reason, "KEY_FOR_TOKENS_ONLY") ||
		       lk_text_is(reason, "TOKEN_REFUSED")
		   ? 401
		   : 403;
}

static void
answer_verdict(struct gateway *gateway, const struct http_request *request,
    const struct local_verdict *verdict, struct http_answer *answer)
{
	const char *reason = verdict->decision.reason;

	if (verdict->decision.active)
		let_through(request, &verdict->text, answer);
	else
		auth_refuse(request, status_of(reason), reason, answer);
	lk_counter_add(gateway->metrics, answer->status < 300 ? AUTH_LET_THROUGH : AUTH_REFUSED, 1);
}

/* ---- Deciding ---- */

static lk_status
read_question(struct gateway *gateway, const struct http_request *request, const char *secret,
    struct local_question *out, struct lk_error *err)
{
	struct requirement need;

	LK_TRY(read_requirement(request, &need, err));
	*out = (struct local_question){ .secret = secret,
		.audience = "",
		.source = source_address(request, gateway->config->trusted_proxies),
		.permission = need.permission,
		.workgroup = need.workgroup,
		.asked_by = "",
		.request = request };
	return LK_OK;
}

static lk_status
ask_service(struct gateway *gateway, struct http_request *request,
    const struct local_question *question, struct local_verdict *out, struct lk_error *err)
{
	ValidateTokenRequest body = LATCHKEY__TOKENS__V1__VALIDATE_TOKEN_REQUEST__INIT;
	ProtobufCMessage *reply;

	body.secret_credential = (char *)(uintptr_t)question->secret;
	body.source_address = (char *)(uintptr_t)question->source;
	body.required_permission = (char *)(uintptr_t)question->permission;
	body.required_workgroup = (char *)(uintptr_t)question->workgroup;
	const struct upstream_call call = {
		.service = UPSTREAM_TOKENS,
		.method = "latchkey.tokens.v1.TokenService/DescribeToken",
		.body = &body.base,
		.reply_type = &latchkey__tokens__v1__validate_token_response__descriptor,
		.effect = LK_READ,
		.request_id = request->id,
		.traceparent = request->traceparent,
		.timeout_ms = DECIDE_WITHIN_MS,
	};
	LK_TRY(upstream_ask(gateway->upstream, &call, request->arena, &reply, err));
	return local_verdict_of((const ValidateTokenResponse *)(const void *)reply, out, err);
}

static lk_status
decide(struct gateway *gateway, struct http_request *request, const char *secret,
    struct local_verdict *out, struct lk_error *err)
{
	struct local_question question;

	LK_TRY(read_question(gateway, request, secret, &question, err));
	return gateway->local ? local_decide(gateway->local, &question, out, err)
			      : ask_service(gateway, request, &question, out, err);
}

bool
auth_at_once(struct gateway *gateway, struct http_request *request, struct http_answer *answer)
{
	LK_AUTO(local_verdict_wipe) struct local_verdict verdict = { .kept = NULL };
	struct local_question question;
	struct presented shown;

	if (!gateway->local || !auth_is_target(request->target) ||
	    presented_find(request, &shown, NULL) != LK_OK || shown.kind == PRESENTED_NOTHING ||
	    read_question(gateway, request, shown.secret, &question, NULL) != LK_OK ||
	    !local_recall(gateway->local, &question, &verdict))
		return false;
	answer_verdict(gateway, request, &verdict, answer);
	return true;
}

lk_status
page_auth(struct gateway *gateway, struct http_request *request, struct http_answer *answer,
    struct lk_error *err)
{
	LK_AUTO(local_verdict_wipe) struct local_verdict verdict = { .kept = NULL };
	struct presented shown;
	struct lk_error why = { 0 };

	(void)err;
	if (presented_find(request, &shown, &why) != LK_OK || shown.kind == PRESENTED_NOTHING)
		auth_refuse(request, 401, *why.reason ? why.reason : "UNAUTHENTICATED", answer);
	else if (decide(gateway, request, shown.secret, &verdict, &why) != LK_OK)
		auth_refuse(
		    request, 403, why.reason, answer); /* nobody could decide: not through here */
	else {
		answer_verdict(gateway, request, &verdict, answer);
		return LK_OK;
	}
	lk_counter_add(gateway->metrics, AUTH_REFUSED, 1);
	return LK_OK;
}
