/*
 * Token exchange (RFC 8693): a worker acts for a user, with the user's token as subject and its own
 * as actor. What comes out is what both may do, for as long as both may do it, and dies with
 * either.
 */
#include "handlers.h"

#include "encode.h"
#include "issue.h"
#include "keys_peer.h"
#include "own_token.h"

/* One of the two: what its token states, and who it is now. */
struct party {
	struct lk_claims claims;
	IdentityMsg *identity; /* narrowed to the token */
	lk_permissions permissions;
};

static lk_status
refused(struct lk_error *err, const char *field)
{
	LK_IGNORE(lk_fail_field(err, field, "TOKEN_REFUSED", "the token is not good"));
	if (err)
		err->status = LK_UNAUTHENTICATED;
	return LK_UNAUTHENTICATED;
}

static lk_status
read_tokens(const struct tokens *tokens, const ExchangeTokenRequest *req, struct party *subject,
    struct party *actor, struct lk_error *err)
{
	if (own_token_read(
		tokens, req->secret_subject_token, OWN_TOKEN_PLATFORM, &subject->claims) != LK_OK)
		return refused(err, "secret_subject_token");
	if (own_token_read(tokens, req->secret_actor_token, OWN_TOKEN_ANY, &actor->claims) != LK_OK)
		return refused(err, "secret_actor_token");
	if (subject->claims.actor.subject[0] || actor->claims.actor.subject[0])
		return lk_fail(err, LK_FAILED_PRECONDITION, "EXCHANGE_CHAINED",
		    "a token that came from an exchange cannot be exchanged again");
	if (!subject->claims.tenant[0] ||
	    lk_text_is(subject->claims.subject, actor->claims.subject))
		return lk_fail_field(err, "secret_subject_token", "SUBJECT_INVALID",
		    "the subject must be a user, and another one than the actor");
	return LK_OK;
}

static lk_status
party_stand(struct lk_call *call, struct party *party, StandingMsg *standing, const char *field,
    struct lk_error *err)
{
	if (!standing->active || !standing->identity ||
	    !identity_generations_are(standing->identity, &party->claims))
		return refused(err, field);
	party->identity = standing->identity;
	LK_TRY(narrow_identity(lk_call_arena(call), &party->claims, party->identity, err));
	return lk_permissions_parse("permissions", party->identity->permissions,
	    party->identity->n_permissions, &party->permissions, err);
}

static lk_status
ask_standing(struct tokens *tokens, struct lk_call *call, struct party *subject,
    struct party *actor, struct lk_error *err)
{
	StandingQuery queries[2], *questions[2] = { &queries[0], &queries[1] };
	struct party *const parties[2] = { subject, actor };
	StandingMsg **standings;

	for (size_t i = 0; i < LK_ARRAY_LEN(queries); i++) {
		latchkey__accounts__v1__standing_query__init(&queries[i]);
		queries[i].subject = parties[i]->claims.subject;
		queries[i].key = parties[i]->claims.key;
		queries[i].session = parties[i]->claims.session;
	}
	LK_TRY(keys_peer_standing(
	    tokens->host, call, questions, LK_ARRAY_LEN(queries), &standings, err));
	LK_TRY(party_stand(call, subject, standings[0], "secret_subject_token", err));
	return party_stand(call, actor, standings[1], "secret_actor_token", err);
}

static lk_status
may_act(const struct party *actor, const char *tenant, struct lk_error *err)
{
	if (!lk_permissions_has(actor->permissions, LK_PERM_USERS_ACT_FOR))
		return lk_fail(err, LK_PERMISSION_DENIED, "PERMISSION_MISSING",
		    "this needs the permission users.act_for");
	if (!identity_reaches_tenant(actor->identity, tenant))
		return lk_fail(err, LK_PERMISSION_DENIED, "TENANT_NOT_REACHED",
		    "the actor does not reach the tenant of the subject");
	return LK_OK;
}

static int64_t
earlier(int64_t a_ms, int64_t b_ms)
{
	return a_ms < b_ms ? a_ms : b_ms;
}

/* What both have, without the permissions that mint power. Narrowed identities always expire. */
static lk_status
both(struct lk_call *call, const struct tokens *tokens, const struct party *subject,
    const struct party *actor, struct lk_actor *act, struct grant_source *out, struct lk_error *err)
{
	const struct lk_claims *s = &subject->claims, *a = &actor->claims;
	IdentityMsg *identity = subject->identity;

	LK_TRY(intersect_workgroups(lk_call_arena(call), identity, actor->identity, err));
	*act = (struct lk_actor){
		.tenant_generation = a->tenant_generation,
		.user_generation = a->user_generation,
		.key_generation = a->key_generation,
		.session_generation = a->session_generation,
	};
	lk_text_copy(act->subject, sizeof act->subject, a->subject);
	lk_text_copy(act->key, sizeof act->key, a->key);
	lk_text_copy(act->session, sizeof act->session, a->key[0] ? "" : a->session);
	*out = (struct grant_source){
		.subject = s->subject,
		.tenant = s->tenant,
		.key = s->key,
		.session = s->session,
		.permissions =
		    subject->permissions & actor->permissions & ~LK_PERMISSIONS_DELEGATING,
		.all_workgroups = identity->all_workgroups,
		.workgroups = (const char *const *)identity->workgroups,
		.workgroups_count = identity->n_workgroups,
		.expires_at_ms = earlier(identity->expires_at_ms, actor->identity->expires_at_ms),
		.tenant_generation = s->tenant_generation,
		.user_generation = s->user_generation,
		.key_generation = s->key_generation,
		.session_generation = s->session_generation,
		.actor = act,
		.ttl_default_ms = tokens->rules.ttl_limit_ms,
		.ttl_max_ms = tokens->rules.ttl_limit_ms,
	};
	return LK_OK;
}

static lk_status
read_wish(const ExchangeTokenRequest *req, struct grant_wish *out, struct lk_error *err)
{
	if (req->ttl_ms > INT64_MAX / 2)
		return lk_fail_field(err, "ttl_ms", "TTL_TOO_LONG", "the duration is out of range");
	*out = (struct grant_wish){ .audience = "", .ttl_ms = (int64_t)req->ttl_ms };
	return lk_permissions_parse("scope", req->scope, req->n_scope, &out->scope, err);
}

lk_status
tokens_exchange(struct lk_call *call, const ExchangeTokenRequest *req, IssueTokenResponse *rep)
{
	struct tokens *tokens = lk_call_user(call);
	struct lk_arena *arena = lk_call_arena(call);
	struct lk_error *err = lk_call_error(call);
	struct party *parties = lk_arena_array(arena, 2, sizeof *parties);
	struct issue issue = { .tokens = tokens, .call = call };
	struct grant_source source;
	struct grant_wish wish;
	struct lk_actor act;

	if (!parties)
		return lk_fail_oom(err);
	struct party *subject = &parties[0], *actor = &parties[1];
	LK_TRY(read_wish(req, &wish, err));
	LK_TRY(read_tokens(tokens, req, subject, actor, err));
	LK_TRY(ask_standing(tokens, call, subject, actor, err));
	LK_TRY(may_act(actor, subject->claims.tenant, err));
	LK_TRY(both(call, tokens, subject, actor, &act, &source, err));
	LK_TRY(grant_claims(&source, &wish, &tokens->rules, lk_call_clock(call), lk_random_system(),
	    &issue.claims, err));
	LK_TRY(issue_sign(&issue, err));
	LK_TRY(issue_record(&issue, err));
	return issue_answer(&issue, rep, err);
}
