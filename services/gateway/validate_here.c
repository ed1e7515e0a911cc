/* Two decisions of memory: may this caller ask, and what of the key or token it asks about; see
 * validate_here.h. */
#include "validate_here.h"

#include <string.h>

#include "auth/permission.h"
#include "json_write.h"
#include "local.h"
#include "presented.h"
#include "problem.h"
#include "rest.h"
#include "source.h"

static bool
known(struct local *local, const struct local_question *question, bool may_ask,
    struct local_verdict *out)
{
	return local_recall(local, question, out) ||
	       (may_ask && local_decide(local, question, out, NULL) == LK_OK);
}

/* Who may ask. Tokens that act for others open nothing here, as at every service. */
static bool
find_judge(
    struct gateway *gateway, struct http_request *request, bool may_ask, struct local_verdict *out)
{
	struct presented shown;
	const char *audience =
	    lk_arena_format(request->arena, "latchkey:%s", gateway->config->instance);

	if (!audience || presented_find(request, &shown, NULL) != LK_OK ||
	    shown.kind == PRESENTED_NOTHING)
		return false;
	const struct local_question question = { .secret = shown.secret,
		.audience = shown.kind == PRESENTED_TOKEN ? audience : "",
		.source = source_address(request, gateway->config->trusted_proxies),
		.permission = lk_permission_name(LK_PERM_TOKENS_VALIDATE),
		.workgroup = "",
		.asked_by = "",
		.request = request };
	return known(gateway->local, &question, may_ask, out) && out->decision.active &&
	       !*out->text.actor;
}

/* A principal's own identity belongs to no tenant: only those who reach all of them may ask about
 * it. */
static bool
reaches(const IdentityMsg *judge, const char *tenant)
{
	if (*judge->tenant)
		return strcmp(judge->tenant, tenant) == 0;
	for (size_t i = 0; i < judge->n_tenants; i++)
		if (*tenant && strcmp(judge->tenants[i], tenant) == 0)
			return true;
	return judge->all_tenants;
}

static const IdentityMsg *
identity_of(const struct local_verdict *verdict)
{
	return (const IdentityMsg *)(const void *)verdict->decision.identity;
}

static const char *
refusal_json(const struct local_verdict *verdict, struct lk_arena *arena)
{
	ValidateTokenResponse refused = LATCHKEY__TOKENS__V1__VALIDATE_TOKEN_RESPONSE__INIT;
	struct lk_bytes text;

	refused.reason = (char *)(uintptr_t)verdict->decision.reason;
	return json_write(&refused.base, arena, &text, NULL) == LK_OK
		   ? lk_arena_text_n(arena, (const char *)text.data, text.len)
		   : NULL;
}

static bool
answer_subject(const struct local_verdict *judge, const struct local_verdict *subject,
    struct http_request *request, struct http_answer *answer)
{
	const char *json;

	if (subject->decision.active && !reaches(identity_of(judge), subject->text.tenant))
		return false;
	json = subject->decision.active ? lk_arena_text(request->arena, subject->text.json)
					: refusal_json(subject, request->arena);
	if (json)
		answer_json(200, lk_bytes_of(json), answer);
	return json != NULL;
}

static bool
is_ours(const struct gateway *gateway, const struct http_request *request)
{
	return gateway->local && strcmp(request->target, "/v1/validate") == 0 &&
	       strcmp(request->method, "POST") == 0 && !http_header(request, "If-Match");
}

bool
validate_here(
    struct gateway *gateway, struct http_request *request, bool may_ask, struct http_answer *answer)
{
	LK_AUTO(local_verdict_wipe) struct local_verdict judge = { .kept = NULL };
	LK_AUTO(local_verdict_wipe) struct local_verdict subject = { .kept = NULL };
	ValidateTokenRequest body = LATCHKEY__TOKENS__V1__VALIDATE_TOKEN_REQUEST__INIT;

	if (!is_ours(gateway, request) || rest_read_body(request, &body.base, NULL) != LK_OK ||
	    !find_judge(gateway, request, may_ask, &judge))
		return false;
	const struct local_question question = { body.secret_credential, body.audience,
		body.source_address, body.required_permission, body.required_workgroup,
		judge.text.user, request };
	return *question.secret && known(gateway->local, &question, may_ask, &subject) &&
	       answer_subject(&judge, &subject, request, answer);
}
