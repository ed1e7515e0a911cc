/* See judge.h. */
#include "judge.h"

#include <string.h>

#include "auth/permission.h"
#include "json_write.h"
#include "problem.h"
#include "rest.h"
#include "source.h"

void
judgement_wipe(struct judgement *judgement)
{
	local_verdict_wipe(&judgement->judge);
	local_verdict_wipe(&judgement->subject);
}

static bool
known(struct local *local, const struct local_question *question, bool may_ask,
    struct local_verdict *out)
{
	return local_recall(local, question, out) ||
	       (may_ask && local_decide(local, question, out, NULL) == LK_OK);
}

/* Good for nothing, and not only not for this. A session's secret (lks_…) is no key, but may be
 * traded for a token. */
static bool
is_nobody(const struct presented *by, const struct local_verdict *verdict)
{
	const size_t prefix = strcspn(by->secret, "_");
	const bool may_be_session = prefix && by->secret[prefix - 1] == 's';

	return by->kind == PRESENTED_KEY && !may_be_session &&
	       (lk_text_is(verdict->decision.reason, "KEY_REFUSED") ||
		   lk_text_is(verdict->decision.reason, "KEY_MALFORMED"));
}

/* Who may ask. Tokens that act for others open nothing here, as at every service. */
static enum judged
find_judge(struct gateway *gateway, struct http_request *request, const struct presented *by,
    bool may_ask, struct local_verdict *out)
{
	const char *audience =
	    lk_arena_format(request->arena, "latchkey:%s", gateway->config->instance);

	if (!audience || by->kind == PRESENTED_NOTHING)
		return JUDGED_ELSEWHERE;
	const struct local_question question = { .secret = by->secret,
		.audience = by->kind == PRESENTED_TOKEN ? audience : "",
		.source = source_address(request, gateway->config->trusted_proxies),
		.permission = lk_permission_name(LK_PERM_TOKENS_VALIDATE),
		.workgroup = "",
		.asked_by = "",
		.request = request };
	if (!known(gateway->local, &question, may_ask, out))
		return JUDGED_ELSEWHERE;
	if (is_nobody(by, out))
		return JUDGE_REFUSED;
	return out->decision.active && !*out->text.actor ? JUDGED : JUDGED_ELSEWHERE;
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

/* What somebody's key or token lacks is not for those of another tenant, and what is refused does
 * not say whose it is. */
static bool
may_say(const IdentityMsg *judge, const struct local_verdict *subject)
{
	const char *reason = subject->decision.reason;

	if (subject->decision.active)
		return reaches(judge, subject->text.tenant);
	return judge->all_tenants || lk_text_is(reason, "KEY_REFUSED") ||
	       lk_text_is(reason, "KEY_MALFORMED") || lk_text_is(reason, "TOKEN_REFUSED");
}

enum judged
judge(struct gateway *gateway, struct http_request *request, const struct presented *by,
    const struct local_question *about, bool may_ask, struct judgement *out)
{
	struct local_question question = *about;
	const enum judged may = find_judge(gateway, request, by, may_ask, &out->judge);

	if (may != JUDGED)
		return may;
	question.asked_by = out->judge.text.user;
	if (!*question.secret || !known(gateway->local, &question, may_ask, &out->subject))
		return JUDGED_ELSEWHERE;
	return may_say(identity_of(&out->judge), &out->subject) ? JUDGED : JUDGED_ELSEWHERE;
}

/* ---- /v1/validate ---- */

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
answer_subject(
    const struct local_verdict *subject, struct http_request *request, struct http_answer *answer)
{
	const char *json = subject->decision.active
			       ? lk_arena_text(request->arena, subject->text.json)
			       : refusal_json(subject, request->arena);

	if (json)
		answer_json(200, lk_bytes_of(json), answer);
	return json != NULL;
}

static bool
answer_nobody(
    const struct local_verdict *judge, struct http_request *request, struct http_answer *answer)
{
	struct lk_error err = { 0 };

	LK_IGNORE(lk_fail(&err, LK_UNAUTHENTICATED, judge->decision.reason, "%s",
	    "the key or session is not good"));
	problem_answer(request, &err, answer);
	return true;
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
	LK_AUTO(judgement_wipe) struct judgement judgement = { .judge = { .kept = NULL } };
	ValidateTokenRequest body = LATCHKEY__TOKENS__V1__VALIDATE_TOKEN_REQUEST__INIT;
	struct presented by;

	if (!is_ours(gateway, request) || rest_read_body(request, &body.base, NULL) != LK_OK ||
	    presented_find(request, &by, NULL) != LK_OK)
		return false;
	const struct local_question about = { body.secret_credential, body.audience,
		body.source_address, body.required_permission, body.required_workgroup, "",
		request };
	switch (judge(gateway, request, &by, &about, may_ask, &judgement)) {
	case JUDGED:
		return answer_subject(&judgement.subject, request, answer);
	case JUDGE_REFUSED:
		return answer_nobody(&judgement.judge, request, answer);
	case JUDGED_ELSEWHERE:
		break;
	}
	return false;
}
