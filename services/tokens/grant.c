/* From a good key or session to the claims of a token: narrowing only. */
#include "grant.h"

#include "time/duration.h"

static lk_status
grant_audience(const struct grant_wish *wish, const struct grant_rules *rules,
    struct lk_claims *claims, struct lk_error *err)
{
	const char *audience = wish->audience[0] ? wish->audience : rules->platform_audience;

	if (!lk_text_is(audience, rules->platform_audience) &&
	    !lk_text_is(audience, rules->own_audience))
		return lk_fail_field(err, "audience", "AUDIENCE_UNKNOWN",
		    "audience must be \"%s\" or \"%s\"", rules->platform_audience,
		    rules->own_audience);
	lk_text_copy(claims->audience, sizeof claims->audience, audience);
	return LK_OK;
}

static lk_status
grant_scope(const struct grant_source *source, const struct grant_wish *wish,
    struct lk_claims *claims, struct lk_error *err)
{
	const lk_permissions missing = wish->scope & ~source->permissions;
	char names[LK_SCOPE_SIZE];

	if (missing) {
		lk_scope_format(missing, names, sizeof names);
		return lk_fail(err, LK_PERMISSION_DENIED, "SCOPE_EXCEEDED",
		    "the key or session does not have: %s", names);
	}
	claims->scope = wish->scope ? wish->scope : source->permissions;
	return LK_OK;
}

static int64_t
shorter(int64_t a_ms, int64_t b_ms)
{
	return a_ms < b_ms ? a_ms : b_ms;
}

static lk_status
check_ttl(int64_t ttl_ms, int64_t ttl_max_ms, struct lk_error *err)
{
	char longest[32];

	if (ttl_ms > ttl_max_ms) {
		lk_duration_format(ttl_max_ms, longest, sizeof longest);
		return lk_fail_field(
		    err, "ttl_ms", "TTL_TOO_LONG", "a token lives at most %s here", longest);
	}
	if (ttl_ms < 1000)
		return lk_fail_field(err, "ttl_ms", "TTL_TOO_SHORT", "a token lives at least 1s");
	return LK_OK;
}

lk_status
grant_check(const struct grant_wish *wish, const struct grant_rules *rules, struct lk_error *err)
{
	struct lk_claims ignored;

	LK_TRY(grant_audience(wish, rules, &ignored, err));
	return wish->ttl_ms ? check_ttl(wish->ttl_ms, rules->ttl_limit_ms, err) : LK_OK;
}

/* Whole seconds, rounded so that a token never lives a moment longer than it may. */
static lk_status
grant_times(const struct grant_source *source, const struct grant_wish *wish,
    const struct grant_rules *rules, int64_t now_ms, struct lk_claims *claims, struct lk_error *err)
{
	const int64_t ttl_max_ms = shorter(source->ttl_max_ms, rules->ttl_limit_ms);
	const int64_t ttl_ms =
	    wish->ttl_ms ? wish->ttl_ms : shorter(source->ttl_default_ms, ttl_max_ms);

	LK_TRY(check_ttl(ttl_ms, ttl_max_ms, err));
	int64_t expires_at_ms = now_ms + ttl_ms;
	if (source->expires_at_ms && source->expires_at_ms < expires_at_ms)
		expires_at_ms = source->expires_at_ms;
	claims->issued_at_s = now_ms / 1000;
	claims->not_before_s = claims->issued_at_s - GRANT_NOT_BEFORE_SLACK_S;
	claims->expires_at_s = expires_at_ms / 1000;
	if (claims->expires_at_s <= claims->issued_at_s)
		return lk_fail(
		    err, LK_UNAUTHENTICATED, "KEY_REFUSED", "the key or session is not good");
	return LK_OK;
}

static lk_status
grant_workgroups(const struct grant_source *source, struct lk_claims *claims, struct lk_error *err)
{
	claims->all_workgroups = source->all_workgroups;
	if (source->all_workgroups)
		return LK_OK;
	if (source->workgroups_count > LK_TOKEN_WORKGROUPS_MAX)
		return lk_fail(err, LK_FAILED_PRECONDITION, "WORKGROUPS_MANY",
		    "a token names at most %d workgroups: make a key for fewer",
		    LK_TOKEN_WORKGROUPS_MAX);
	for (size_t i = 0; i < source->workgroups_count; i++)
		lk_text_copy(
		    claims->workgroups[i], sizeof claims->workgroups[i], source->workgroups[i]);
	claims->workgroups_count = source->workgroups_count;
	return LK_OK;
}

static void
grant_subject(const struct grant_source *source, struct lk_claims *claims)
{
	lk_text_copy(claims->subject, sizeof claims->subject, source->subject);
	lk_text_copy(claims->tenant, sizeof claims->tenant, source->tenant);
	lk_text_copy(claims->key, sizeof claims->key, source->key);
	lk_text_copy(claims->session, sizeof claims->session, source->session);
	/* RFC 9068 2.2: client_id is required; the client here is the key or the session itself. */
	lk_text_copy(claims->client_id, sizeof claims->client_id,
	    source->key[0] ? source->key : source->session);
	if (source->actor)
		claims->actor = *source->actor;
	claims->tenant_generation = source->tenant_generation;
	claims->user_generation = source->user_generation;
	claims->key_generation = source->key_generation;
	claims->session_generation = source->session_generation;
}

lk_status
grant_claims(const struct grant_source *source, const struct grant_wish *wish,
    const struct grant_rules *rules, const struct lk_clock *clock, const struct lk_random *random,
    struct lk_claims *out_claims, struct lk_error *err)
{
	struct lk_claims claims = { 0 };

	LK_TRY(grant_audience(wish, rules, &claims, err));
	LK_TRY(grant_scope(source, wish, &claims, err));
	LK_TRY(grant_times(source, wish, rules, lk_clock_wall_ms(clock), &claims, err));
	LK_TRY(grant_workgroups(source, &claims, err));
	grant_subject(source, &claims);
	lk_text_copy(claims.issuer, sizeof claims.issuer, rules->issuer);
	lk_id_make(LK_ID_TOKEN, clock, random, claims.token);
	*out_claims = claims;
	return LK_OK;
}
