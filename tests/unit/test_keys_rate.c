/* Rates: so many a minute, all at once or spread out, each for itself. */
#include <stdio.h>

#include "keys/rate.h"
#include "test.h"

static const int64_t start_ms = INT64_C(1700000000000);

static struct rate *
rate_of(uint32_t per_minute)
{
	static struct lk_random_seeded random;
	struct rate *rate;

	lk_random_seeded_init(&random, 1);
	rate = rate_new((const uint32_t[RATE_KINDS]){ per_minute, 0, per_minute }, &random.random);
	assert_non_null(rate);
	return rate;
}

static void
a_minute_holds_so_many_and_says_when_the_next_may_come(void **state)
{
	struct rate *rate = rate_of(10);
	struct lk_error err = { 0 };

	(void)state;
	for (int i = 0; i < 10; i++)
		expect_ok(rate_take(rate, RATE_CREATIONS, "ben", start_ms, &err), &err);
	assert_true(rate_is_over(rate, RATE_CREATIONS, "ben", start_ms));
	expect_fail(rate_take(rate, RATE_CREATIONS, "ben", start_ms, &err), &err,
	    LK_RESOURCE_EXHAUSTED, "RATE_LIMITED");
	assert_in_range(err.retry_after_ms, 5900, 6100);
	expect_ok(
	    rate_take(rate, RATE_CREATIONS, "ben", start_ms + err.retry_after_ms, &err), &err);
	expect_ok(rate_take(rate, RATE_CREATIONS, "ada", start_ms, &err), &err);
	expect_ok(rate_take(rate, RATE_FAILURES, "ben", start_ms, &err), &err);
	rate_free(rate);
}

static void
at_an_even_pace_nobody_waits(void **state)
{
	struct rate *rate = rate_of(10);
	struct lk_error err = { 0 };

	(void)state;
	for (int i = 0; i < 100; i++)
		expect_ok(
		    rate_take(rate, RATE_CREATIONS, "ben", start_ms + i * INT64_C(6000), &err),
		    &err);
	assert_false(rate_is_over(rate, RATE_CREATIONS, "ben", start_ms + 600000));
	rate_free(rate);
}

static void
without_a_limit_there_is_none_and_a_clock_set_back_forgives(void **state)
{
	struct rate *rate = rate_of(10);
	struct lk_error err = { 0 };

	(void)state;
	for (int i = 0; i < 1000; i++)
		expect_ok(rate_take(rate, RATE_TENANT_CREATIONS, "t", start_ms, &err), &err);
	for (int i = 0; i < 10; i++)
		expect_ok(rate_take(rate, RATE_CREATIONS, "ben", start_ms, &err), &err);
	expect_ok(rate_take(rate, RATE_CREATIONS, "ben", start_ms - 86400000, &err), &err);
	rate_free(rate);
}

/* More callers of one kind than there is room for leave no mark on another kind. */
static void
LIMITS_what_is_done_of_one_kind_counts_for_no_other(void **state)
{
	struct rate *rate = rate_of(1);
	struct lk_error err = { 0 };
	char who[16];

	(void)state;
	for (int i = 0; i < 100000; i++) {
		snprintf(who, sizeof who, "%d", i);
		LK_IGNORE(rate_take(rate, RATE_FAILURES, who, start_ms, &err));
	}
	assert_true(rate_is_over(rate, RATE_FAILURES, "ben", start_ms));
	for (int i = 0; i < 100; i++) {
		snprintf(who, sizeof who, "%d", i);
		assert_false(rate_is_over(rate, RATE_CREATIONS, who, start_ms));
	}
	rate_free(rate);
}

static void
LIMITS_an_address_counts_by_what_one_subscriber_has(void **state)
{
	static const char *const pairs[][2] = {
		{ "192.0.2.7", "192.0.2.7" },
		{ "::ffff:192.0.2.7", "192.0.2.7" },
		{ "2001:db8:1:2::1", "2001:db8:1:2::" },
		{ "2001:DB8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::" },
		{ "2001:db8:1:3::1", "2001:db8:1:3::" },
		{ "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255", "ffff:ffff:ffff:ffff::" },
		{ "::1", "::" },
		{ "", "" },
	};

	(void)state;
	for (size_t i = 0; i < LK_ARRAY_LEN(pairs); i++) {
		char source[RATE_SOURCE_SIZE];
		rate_source(pairs[i][0], source);
		assert_string_equal(source, pairs[i][1]);
	}
}

LK_TESTS(LK_CASE(LIMITS_what_is_done_of_one_kind_counts_for_no_other),
    LK_CASE(LIMITS_an_address_counts_by_what_one_subscriber_has),
    LK_CASE(a_minute_holds_so_many_and_says_when_the_next_may_come),
    LK_CASE(at_an_even_pace_nobody_waits),
    LK_CASE(without_a_limit_there_is_none_and_a_clock_set_back_forgives))
