/* Keys are asked of latchkey-keys; tokens are checked here (signature, claims, revocation) and then
 * against live standing. */
#include "validate.h"

#include <string.h>

#include "auth/caller.h"
#include "auth/network.h"
#include "base/alloc.h"
#include "encode.h"
#include "keys_peer.h"

static const char REFUSED[] = "TOKEN_REFUSED";

struct validation {
	struct tokens *tokens;
	struct lk_call *call;
	struct lk_arena *arena;
	size_t count;
	ValidateTokenRequest *const *questions;
	ValidateTokenResponse *const *answers;
	bool for_bearer; /* nobody asks but who holds the key or token */
	struct signing_set *set;
	struct lk_claims *claims; /* one for each question; only those of good tokens are filled */
	size_t asked[KEYS_PEER_BATCH_MAX]; /* which question the nth one to keys belongs to */
};

/* Outsiders learn that a token is not good; why is for operators. */
static lk_status
refuse(struct validation *v, size_t i, const char *uniform, const char *why, struct lk_error *err)
{
	const bool tell = !v->for_bearer && lk_call_caller(v->call)->kind == LK_CALLER_OPERATOR;

	lk_counter_add(v->tokens->metrics, VALIDATIONS_REFUSED, 1);
	v->answers[i]->active = false;
	v->answers[i]->identity = NULL;
	return lk_field_copy(v->arena, tell ? why : uniform, &v->answers[i]->reason, err);
}

static lk_status
accept(
    struct validation *v, size_t i, const char *kind, IdentityMsg *identity, struct lk_error *err)
{
	lk_counter_add(v->tokens->metrics, VALIDATIONS_ACTIVE, 1);
	v->answers[i]->active = true;
	v->answers[i]->identity = identity;
	return lk_field_copy(v->arena, kind, &v->answers[i]->credential_kind, err);
}

/* A principal's own identity belongs to no tenant: only those who reach every tenant may ask about
 * it. */
static bool
caller_reaches(const struct validation *v, const IdentityMsg *identity)
{
	const struct lk_caller *caller = lk_call_caller(v->call);

	if (v->for_bearer)
		return true;
	if (identity->tenant[0] == '\0')
		return caller->all_tenants || caller->kind == LK_CALLER_OPERATOR;
	return lk_caller_reaches_tenant(caller, identity->tenant);
}

/* ---- Keys ---- */

static lk_status
key_question(struct validation *v, const ValidateTokenRequest *from, VerifyKeyRequest **out,
    struct lk_error *err)
{
	const struct lk_caller *asker = lk_call_caller(v->call);
	VerifyKeyRequest *question = LK_ARENA_NEW(v->arena, VerifyKeyRequest);

	if (!question)
		return lk_fail_oom(err);
	latchkey__keys__v1__verify_key_request__init(question);
	question->secret_key = from->secret_credential;
	question->source_address = from->source_address;
	question->audience = from->audience;
	question->required_permission = from->required_permission;
	question->required_workgroup = from->required_workgroup;
	if (asker->kind == LK_CALLER_USER || asker->kind == LK_CALLER_PRINCIPAL)
		question->asked_by = lk_field_borrow(asker->id);
	*out = question;
	return LK_OK;
}

static lk_status
take_key_answer(
    struct validation *v, size_t i, const VerifyKeyResponse *answer, struct lk_error *err)
{
	if (!answer->active || !answer->identity)
		return refuse(v, i, answer->reason, answer->reason, err);
	if (!caller_reaches(v, answer->identity))
		return refuse(v, i, "KEY_REFUSED", "TENANT_NOT_REACHED", err);
	v->answers[i]->not_before_ms = answer->not_before_at_ms;
	return accept(v, i, "key", answer->identity, err);
}

static lk_status
validate_keys(struct validation *v, struct lk_error *err)
{
	VerifyKeyRequest *questions[KEYS_PEER_BATCH_MAX];
	VerifyKeyResponse **answers;
	size_t count = 0;

	for (size_t i = 0; i < v->count; i++) {
		const char *shown = v->questions[i]->secret_credential;
		if (lk_token_looks_like(shown, strlen(shown)))
			continue;
		LK_TRY(key_question(v, v->questions[i], &questions[count], err));
		v->asked[count++] = i;
	}
	if (count == 0)
		return LK_OK;
	LK_TRY(keys_peer_verify(v->tokens->host, v->call, questions, count, &answers, err));
	for (size_t n = 0; n < count; n++)
		LK_TRY(take_key_answer(v, v->asked[n], answers[n], err));
	return LK_OK;
}

/* ---- Tokens ---- */

static lk_status
check_token(struct validation *v, size_t i, bool *out_good, struct lk_error *err)
{
	const ValidateTokenRequest *question = v->questions[i];
	const struct tokens *tokens = v->tokens;
	const struct lk_token_rules rules = {
		.issuer = tokens->rules.issuer,
		.audience =
		    question->audience[0] ? question->audience : tokens->rules.platform_audience,
		.typ = tokens->rules.typ,
		.clock = tokens->host->clock,
	};
	struct lk_error why = { 0 };

	*out_good = false;
	if (lk_token_verify(question->secret_credential, strlen(question->secret_credential),
		signing_set_jwks(v->set), &rules, &v->claims[i], &why) != LK_OK)
		return refuse(v, i, REFUSED, why.reason, err);
	if (lk_revoked_has(tokens->revoked, v->claims[i].token))
		return refuse(v, i, REFUSED, "TOKEN_REVOKED", err);
	*out_good = true;
	return LK_OK;
}

static lk_status
standing_question(
    struct validation *v, struct lk_claims *claims, StandingQuery **out, struct lk_error *err)
{
	StandingQuery *question = LK_ARENA_NEW(v->arena, StandingQuery);

	if (!question)
		return lk_fail_oom(err);
	latchkey__accounts__v1__standing_query__init(question);
	question->subject = claims->subject;
	question->key = claims->key;
	question->session = claims->session;
	*out = question;
	return LK_OK;
}

static lk_status
actor_question(
    struct validation *v, struct lk_actor *actor, StandingQuery **out, struct lk_error *err)
{
	StandingQuery *question = LK_ARENA_NEW(v->arena, StandingQuery);

	if (!question)
		return lk_fail_oom(err);
	latchkey__accounts__v1__standing_query__init(question);
	question->subject = actor->subject;
	question->key = actor->key;
	question->session = actor->session;
	*out = question;
	return LK_OK;
}

/* Whoever acts for another must still stand where the token was made, and still be allowed to. */
static bool
actor_stands(const struct lk_claims *claims, const StandingMsg *standing)
{
	const IdentityMsg *identity = standing->identity;

	return standing->active && identity &&
	       identity_generations_are_actors(identity, &claims->actor) &&
	       identity_has_permission(identity, lk_permission_name(LK_PERM_USERS_ACT_FOR)) &&
	       identity_reaches_tenant(identity, claims->tenant);
}

/* Refuse the tokens among the good ones whose actor may not act any more; `good` shrinks. */
static lk_status
check_actors(struct validation *v, bool *good, struct lk_error *err)
{
	StandingQuery *questions[KEYS_PEER_BATCH_MAX];
	StandingMsg **standings;
	size_t of[KEYS_PEER_BATCH_MAX], count = 0;

	for (size_t i = 0; i < v->count; i++) {
		if (!good[i] || !v->claims[i].actor.subject[0])
			continue;
		LK_TRY(actor_question(v, &v->claims[i].actor, &questions[count], err));
		of[count++] = i;
	}
	if (count == 0)
		return LK_OK;
	LK_TRY(keys_peer_standing(v->tokens->host, v->call, questions, count, &standings, err));
	for (size_t n = 0; n < count; n++) {
		good[of[n]] = actor_stands(&v->claims[of[n]], standings[n]);
		if (!good[of[n]])
			LK_TRY(refuse(v, of[n], REFUSED, "ACTOR_NOT_ACTIVE", err));
	}
	return LK_OK;
}

static lk_status
describe_token(struct validation *v, size_t i, struct lk_error *err)
{
	const struct lk_claims *claims = &v->claims[i];
	ValidateTokenResponse *answer = v->answers[i];

	answer->issued_at_ms = claims->issued_at_s * 1000;
	answer->not_before_ms = claims->not_before_s * 1000;
	LK_TRY(lk_field_copy(v->arena, claims->actor.subject, &answer->actor, err));
	LK_TRY(lk_field_copy(v->arena, claims->token, &answer->token_id, err));
	LK_TRY(lk_field_copy(v->arena, claims->issuer, &answer->issuer, err));
	return lk_field_copy(v->arena, claims->audience, &answer->audience, err);
}

/* A token that is good is a use of the key it was made from, which keys does not see. */
static void
note_key(const struct validation *v, const char *key)
{
	const struct lk_caller *asker = lk_call_caller(v->call);
	const bool named = asker->kind == LK_CALLER_USER || asker->kind == LK_CALLER_PRINCIPAL;

	if (v->tokens->host->uses)
		lk_use_report_note(v->tokens->host->uses, key, named ? asker->id : "", "");
}

static lk_status
take_standing(struct validation *v, size_t i, StandingMsg *standing, struct lk_error *err)
{
	const ValidateTokenRequest *question = v->questions[i];
	IdentityMsg *identity = standing->identity;

	if (!standing->active || !identity)
		return refuse(v, i, REFUSED, "SUBJECT_NOT_ACTIVE", err);
	if (!identity_generations_are(identity, &v->claims[i]))
		return refuse(v, i, REFUSED, "TOKEN_SUPERSEDED", err);
	if (!caller_reaches(v, identity))
		return refuse(v, i, REFUSED, "TENANT_NOT_REACHED", err);
	if (!lk_network_texts_allow(
		identity->source_networks, identity->n_source_networks, question->source_address))
		return refuse(v, i, "SOURCE_REFUSED", "SOURCE_REFUSED", err);
	LK_TRY(narrow_identity(v->arena, &v->claims[i], identity, err));
	if (question->required_permission[0] &&
	    !identity_has_permission(identity, question->required_permission))
		return refuse(v, i, "PERMISSION_MISSING", "PERMISSION_MISSING", err);
	if (question->required_workgroup[0] &&
	    !identity_has_workgroup(identity, question->required_workgroup))
		return refuse(v, i, "WORKGROUP_MISSING", "WORKGROUP_MISSING", err);
	LK_TRY(describe_token(v, i, err));
	note_key(v, v->claims[i].key);
	return accept(v, i, "token", identity, err);
}

static lk_status
ask_subjects(struct validation *v, const bool *good, struct lk_error *err)
{
	StandingQuery *questions[KEYS_PEER_BATCH_MAX];
	StandingMsg **standings;
	size_t count = 0;

	for (size_t i = 0; i < v->count; i++) {
		if (!good[i])
			continue;
		LK_TRY(standing_question(v, &v->claims[i], &questions[count], err));
		v->asked[count++] = i;
	}
	if (count == 0)
		return LK_OK;
	LK_TRY(keys_peer_standing(v->tokens->host, v->call, questions, count, &standings, err));
	for (size_t n = 0; n < count; n++)
		LK_TRY(take_standing(v, v->asked[n], standings[n], err));
	return LK_OK;
}

static lk_status
validate_tokens(struct validation *v, struct lk_error *err)
{
	bool good[KEYS_PEER_BATCH_MAX] = { false };

	for (size_t i = 0; i < v->count; i++) {
		const char *shown = v->questions[i]->secret_credential;
		if (lk_token_looks_like(shown, strlen(shown)))
			LK_TRY(check_token(v, i, &good[i], err));
	}
	LK_TRY(check_actors(v, good, err));
	return ask_subjects(v, good, err);
}

static lk_status
check_question(const ValidateTokenRequest *question, struct lk_error *err)
{
	enum lk_permission permission;

	if (question->secret_credential[0] == '\0')
		return lk_fail_field(
		    err, "secret_credential", "CREDENTIAL_MISSING", "a key or token is needed");
	if (question->required_permission[0] &&
	    !lk_permission_parse(question->required_permission, &permission))
		return lk_fail_field(err, "required_permission", "PERMISSION_UNKNOWN",
		    "there is no such permission");
	return LK_OK;
}

/* Too large for the memory of a call, 64 at once. */
static void
claims_freep(struct lk_claims **claims)
{
	lk_free(*claims);
}

static lk_status
run(struct validation *v, struct lk_error *err)
{
	LK_AUTO(claims_freep) struct lk_claims *claims = NULL;

	if (v->count == 0 || v->count > KEYS_PEER_BATCH_MAX)
		return lk_fail_field(err, "requests", "BATCH_SIZE", "1 to %d may be asked at once",
		    KEYS_PEER_BATCH_MAX);
	for (size_t i = 0; i < v->count; i++)
		LK_TRY(check_question(v->questions[i], err));
	v->claims = claims = lk_alloc_array(v->count, sizeof *claims);
	if (!claims)
		return lk_fail_oom(err);
	LK_TRY(validate_keys(v, err));
	LK_AUTO(signing_set_unrefp) struct signing_set *set = signer_set(v->tokens->signer);
	v->set = set;
	return validate_tokens(v, err);
}

lk_status
validate_all(struct tokens *tokens, struct lk_call *call, ValidateTokenRequest *const *questions,
    ValidateTokenResponse *const *answers, size_t count, struct lk_error *err)
{
	struct validation v = {
		.tokens = tokens,
		.call = call,
		.arena = lk_call_arena(call),
		.count = count,
		.questions = questions,
		.answers = answers,
	};

	return run(&v, err);
}

lk_status
validate_for_bearer(struct tokens *tokens, struct lk_call *call, ValidateTokenRequest *question,
    ValidateTokenResponse *answer, struct lk_error *err)
{
	struct validation v = {
		.tokens = tokens,
		.call = call,
		.arena = lk_call_arena(call),
		.count = 1,
		.questions = &question,
		.answers = &answer,
		.for_bearer = true,
	};

	return run(&v, err);
}
