/*
 * Forward authentication: a proxy in front of somebody else's service asks here before it lets a
 * request through (nginx auth_request, Traefik ForwardAuth, Envoy ext_authz). 204 with who it is,
 * 401 without a good key or token, 403 when it is good for other things; nothing else, as nginx
 * would make a 500 of it.
 *
 * What is required is said by the proxy: in the query of exactly /auth, or in
 * X-Latchkey-Require-Permission and X-Latchkey-Require-Workgroup, which it must set itself. Below
 * /auth/ the query is the client's and is not read.
 */
#include <stdio.h>
#include <string.h>

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
auth_refuse(
    struct http_request *request, unsigned status, const char *reason, struct http_answer *answer)
{
	*answer = (struct http_answer){ .status = status, .close = answer->close };
	http_answer_header(answer, "Cache-Control", "no-store");
	http_answer_header(answer, "X-Latchkey-Reason", lk_arena_text(request->arena, reason));
	if (status == 401)
		http_answer_header(answer, "WWW-Authenticate", "Bearer realm=\"latchkey\"");
}

/* A list as one header; NULL when memory is short. */
static const char *
joined(struct lk_arena *arena, char *const *texts, size_t count)
{
	size_t size = 1, to = 0;
	char *out;

	for (size_t i = 0; i < count; i++)
		size += strlen(texts[i]) + 1;
	out = lk_arena_alloc(arena, size);
	for (size_t i = 0; out && i < count; i++)
		to += (size_t)snprintf(out + to, size - to, "%s%s", i ? " " : "", texts[i]);
	return out;
}

static lk_status
let_through(const struct http_request *request, const ValidateTokenResponse *valid,
    struct http_answer *answer, struct lk_error *err)
{
	const IdentityMsg *identity = valid->identity;
	const char *scopes = joined(request->arena, identity->permissions, identity->n_permissions);
	const char *workgroups =
	    identity->all_workgroups
		? "ALL"
		: joined(request->arena, identity->workgroups, identity->n_workgroups);

	if (!scopes || !workgroups)
		return lk_fail_oom(err);
	answer->status = 204;
	http_answer_header(answer, "Cache-Control", "no-store");
	http_answer_header(answer, "X-Latchkey-User", identity->subject);
	http_answer_header(answer, "X-Latchkey-Tenant", identity->tenant);
	http_answer_header(answer, "X-Latchkey-Key", identity->key);
	http_answer_header(answer, "X-Latchkey-Scopes", scopes);
	http_answer_header(answer, "X-Latchkey-Workgroups", workgroups);
	if (*valid->actor)
		http_answer_header(answer, "X-Latchkey-Actor", valid->actor);
	return LK_OK;
}

static lk_status
ask(struct gateway *gateway, struct http_request *request, const char *secret,
    const ValidateTokenResponse **out, struct lk_error *err)
{
	struct requirement need;
	ValidateTokenRequest body = LATCHKEY__TOKENS__V1__VALIDATE_TOKEN_REQUEST__INIT;
	ProtobufCMessage *reply;

	LK_TRY(read_requirement(request, &need, err));
	body.secret_credential = (char *)(uintptr_t)secret;
	body.source_address =
	    (char *)(uintptr_t)source_address(request, gateway->config->trusted_proxies);
	body.required_permission = (char *)(uintptr_t)need.permission;
	body.required_workgroup = (char *)(uintptr_t)need.workgroup;
	const struct upstream_call call = {
		.service = UPSTREAM_TOKENS,
		.method = "latchkey.tokens.v1.TokenService/DescribeToken",
		.body = &body.base,
		.reply_type = &latchkey__tokens__v1__validate_token_response__descriptor,
		.effect = LK_READ,
		.request_id = request->id,
		.timeout_ms = DECIDE_WITHIN_MS,
	};
	LK_TRY(upstream_ask(gateway->upstream, &call, request->arena, &reply, err));
	*out = (const ValidateTokenResponse *)(const void *)reply;
	return LK_OK;
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

lk_status
page_auth(struct gateway *gateway, struct http_request *request, struct http_answer *answer,
    struct lk_error *err)
{
	struct presented shown;
	const ValidateTokenResponse *valid = NULL;
	struct lk_error why = { 0 };

	(void)err;
	if (presented_find(request, &shown, &why) != LK_OK || shown.kind == PRESENTED_NOTHING) {
		auth_refuse(request, 401, *why.reason ? why.reason : "UNAUTHENTICATED", answer);
	} else if (ask(gateway, request, shown.secret, &valid, &why) != LK_OK) {
		auth_refuse(
		    request, 403, why.reason, answer); /* nobody could decide: not through here */
	} else if (!valid->active) {
		auth_refuse(request, status_of(valid->reason), valid->reason, answer);
	} else if (let_through(request, valid, answer, &why) != LK_OK) {
		auth_refuse(request, 403, why.reason, answer);
	}
	lk_counter_add(
	    gateway->metrics, answer->status == 204 ? AUTH_LET_THROUGH : AUTH_REFUSED, 1);
	return LK_OK;
}
