/* What a token may say: never wider and never longer-lived than what it is made from. */
#include "test.h"

#include <string.h>

#include "tokens/grant.h"

static const struct grant_rules rules = { .issuer = "https://issuer.example",
	.platform_audience = "platform",
	.own_audience = "latchkey:test",
	.ttl_limit_ms = 8 * 60 * 60 * 1000 };
static const int64_t NOW_MS = 1700000000000;

struct world {
	struct lk_clock_frozen clock;
	struct lk_random_seeded random;
	struct grant_source source;
	struct grant_wish wish;
	struct lk_claims claims;
	struct lk_error err;
};

static struct world
world(void)
{
	struct world w = {
		.source = { .subject = "usr_01hf7yat00jz6j3k0c5m9s8w4x",
		    .tenant = "tnt_01hf7yat00jz6j3k0c5m9s8w4x",
		    .key = "key_01hf7yat00jz6j3k0c5m9s8w4x",
		    .session = "",
		    .permissions = lk_permission_bit(LK_PERM_KEYS_VERIFY) |
				   lk_permission_bit(LK_PERM_AUDIT_READ),
		    .all_workgroups = true,
		    .tenant_generation = 1,
		    .user_generation = 2,
		    .key_generation = 3,
		    .ttl_default_ms = 15 * 60 * 1000,
		    .ttl_max_ms = 60 * 60 * 1000 },
		.wish = { .audience = "" },
	};
	lk_clock_frozen_init(&w.clock, NOW_MS);
	lk_random_seeded_init(&w.random, 1);
	return w;
}

static lk_status
grant(struct world *w)
{
	return grant_claims(
	    &w->source, &w->wish, &rules, &w->clock.clock, &w->random.random, &w->claims, &w->err);
}

static void
without_a_wish_it_says_all_the_source_may_for_the_default_time(void **state)
{
	struct world w = world();

	(void)state;
	expect_ok(grant(&w), &w.err);
	assert_string_equal(w.claims.issuer, rules.issuer);
	assert_string_equal(w.claims.audience, "platform");
	assert_string_equal(w.claims.subject, w.source.subject);
	assert_string_equal(w.claims.client_id, w.source.key);
	assert_int_equal(w.claims.scope, w.source.permissions);
	assert_int_equal(w.claims.expires_at_s, NOW_MS / 1000 + 15 * 60);
	assert_int_equal(w.claims.key_generation, 3);
	assert_true(lk_id_ok(LK_ID_TOKEN, w.claims.token));
}

static void
a_scope_may_be_narrowed_but_not_widened(void **state)
{
	struct world w = world();

	(void)state;
	w.wish.scope = lk_permission_bit(LK_PERM_AUDIT_READ);
	expect_ok(grant(&w), &w.err);
	assert_int_equal(w.claims.scope, w.wish.scope);
	w.wish.scope |= lk_permission_bit(LK_PERM_USERS_MANAGE);
	expect_fail(grant(&w), &w.err, LK_PERMISSION_DENIED, "SCOPE_EXCEEDED");
	expect_contains(w.err.message, "users.manage");
	expect_lacks(w.err.message, "audit.read");
}

static void
a_token_never_outlives_its_key(void **state)
{
	struct world w = world();

	(void)state;
	w.source.expires_at_ms = NOW_MS + 90 * 1000 + 999;
	expect_ok(grant(&w), &w.err);
	assert_int_equal(w.claims.expires_at_s, NOW_MS / 1000 + 90); /* rounded down, not up */
}

static void
a_key_in_its_last_second_makes_no_token(void **state)
{
	struct world w = world();

	(void)state;
	w.source.expires_at_ms = NOW_MS + 999;
	expect_fail(grant(&w), &w.err, LK_UNAUTHENTICATED, "KEY_REFUSED");
}

static void
a_time_above_the_policy_is_an_error_that_names_the_maximum(void **state)
{
	struct world w = world();

	(void)state;
	w.wish.ttl_ms = w.source.ttl_max_ms;
	expect_ok(grant(&w), &w.err);
	w.wish.ttl_ms++;
	expect_field(grant(&w), &w.err, "ttl_ms", "TTL_TOO_LONG");
	expect_contains(w.err.message, "1h");
}

static void
a_time_below_a_second_is_refused(void **state)
{
	struct world w = world();

	(void)state;
	w.wish.ttl_ms = 999;
	expect_field(grant(&w), &w.err, "ttl_ms", "TTL_TOO_SHORT");
}

static void
only_the_two_audiences_of_the_installation_are_granted(void **state)
{
	struct world w = world();

	(void)state;
	w.wish.audience = "latchkey:test";
	expect_ok(grant(&w), &w.err);
	assert_string_equal(w.claims.audience, "latchkey:test");
	w.wish.audience = "latchkey:other";
	expect_field(grant(&w), &w.err, "audience", "AUDIENCE_UNKNOWN");
}

static void
a_list_of_workgroups_is_carried_and_bounded(void **state)
{
	const char *groups[LK_TOKEN_WORKGROUPS_MAX + 1];
	struct world w = world();

	(void)state;
	for (size_t i = 0; i < LK_ARRAY_LEN(groups); i++)
		groups[i] = "wkg_01hf7yat00jz6j3k0c5m9s8w4x";
	w.source.all_workgroups = false;
	w.source.workgroups = groups;
	w.source.workgroups_count = LK_TOKEN_WORKGROUPS_MAX;
	expect_ok(grant(&w), &w.err);
	assert_int_equal(w.claims.workgroups_count, LK_TOKEN_WORKGROUPS_MAX);
	assert_false(w.claims.all_workgroups);
	w.source.workgroups_count++;
	expect_fail(grant(&w), &w.err, LK_FAILED_PRECONDITION, "WORKGROUPS_MANY");
}

static void
a_session_is_the_client_of_its_tokens(void **state)
{
	struct world w = world();

	(void)state;
	w.source.key = "";
	w.source.session = "ses_01hf7yat00jz6j3k0c5m9s8w4x";
	expect_ok(grant(&w), &w.err);
	assert_string_equal(w.claims.client_id, w.source.session);
	assert_string_equal(w.claims.key, "");
}

LK_TESTS(LK_CASE(without_a_wish_it_says_all_the_source_may_for_the_default_time),
    LK_CASE(a_scope_may_be_narrowed_but_not_widened), LK_CASE(a_token_never_outlives_its_key),
    LK_CASE(a_key_in_its_last_second_makes_no_token),
    LK_CASE(a_time_above_the_policy_is_an_error_that_names_the_maximum),
    LK_CASE(a_time_below_a_second_is_refused),
    LK_CASE(only_the_two_audiences_of_the_installation_are_granted),
    LK_CASE(a_list_of_workgroups_is_carried_and_bounded),
    LK_CASE(a_session_is_the_client_of_its_tokens))
