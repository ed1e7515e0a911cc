/* Durations and instants as people write them, and everything that only looks like one. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/base.h"
#include "test.h"
#include "time/duration.h"
#include "time/instant.h"

#define DAY INT64_C(86400000)

static void
every_form_of_a_duration_is_read(void **state)
{
	static const struct {
		const char *text;
		int64_t ms;
	} cases[] = { { "90d", 90 * DAY }, { "12h", 43200000 }, { "30m", 1800000 },
		{ "45s", 45000 }, { "2w", 14 * DAY }, { "500ms", 500 }, { "3600", 3600000 },
		{ "1", 1000 }, { "007d", 7 * DAY }, { "P90D", 90 * DAY }, { "PT12H", 43200000 },
		{ "P1DT2H", 93600000 }, { "P2W", 14 * DAY }, { "PT1H2M3S", 3723000 },
		{ "P1W1DT1S", 8 * DAY + 1000 }, { "PT0H1S", 1000 },
		{ "253402300799999ms", LK_INSTANT_MAX_MS } };
	struct lk_error err = { 0 };
	struct lk_ttl ttl;
	int64_t ms;

	(void)state;
	for (size_t i = 0; i < LK_ARRAY_LEN(cases); i++) {
		expect_ok(lk_duration_parse("ttl", cases[i].text, &ms, &err), &err);
		assert_int_equal(ms, cases[i].ms);
		expect_ok(lk_ttl_parse("ttl", cases[i].text, &ttl, &err), &err);
		assert_int_equal(ttl.kind, LK_TTL_DURATION);
		assert_int_equal(ttl.ms, cases[i].ms);
	}
}

static void
what_is_no_duration_is_refused_and_names_the_field(void **state)
{
	static const char *const texts[] = { "90x", "", " ", "d", "ms", "90 d", " 90d", "90d ",
		"-1d", "+1d", "0", "0d", "P0D", "PT0S", "1.5h", "1h30m", "90D", "90dd", "0x10",
		"1e3", "P", "PT", "P1DT", "P1Y", "P1M", "P1Y2D", "P-1D", "P1H", "PT1D", "PT1S1H",
		"P1D1D", "P1DT1H1H", "p1d", "PT1.5H", "P1", "PT5", "P1D ", "99999999999999999999d",
		"253402300800000ms", "9223372036854775807", "P9223372036854775807D", "forever",
		"2030-01-31", "\xEF\xBC\x99\x64", "Never", "NEVER" };
	struct lk_error err;
	struct lk_ttl ttl;
	int64_t ms = 42;

	(void)state;
	for (size_t i = 0; i < LK_ARRAY_LEN(texts); i++) {
		expect_field(
		    lk_duration_parse("ttl", texts[i], &ms, &err), &err, "ttl", "DURATION_INVALID");
		expect_field(
		    lk_ttl_parse("ttl", texts[i], &ttl, &err), &err, "ttl", "DURATION_INVALID");
	}
	expect_field(lk_ttl_parse("ttl", NULL, &ttl, &err), &err, "ttl", "DURATION_INVALID");
	expect_field(lk_duration_parse("ttl", "never", &ms, &err), &err, "ttl", "DURATION_INVALID");
	assert_int_equal(ms, 42);
}

static void
a_ttl_may_be_an_instant_or_never(void **state)
{
	struct lk_error err = { 0 };
	struct lk_ttl ttl;

	(void)state;
	expect_ok(lk_ttl_parse("ttl", "never", &ttl, &err), &err);
	assert_int_equal(ttl.kind, LK_TTL_NEVER);
	assert_int_equal(ttl.ms, 0);
	expect_ok(lk_ttl_parse("ttl", "2030-01-31T00:00:00Z", &ttl, &err), &err);
	assert_int_equal(ttl.kind, LK_TTL_INSTANT);
	assert_int_equal(ttl.ms, INT64_C(1896048000000));
}

static void
instants_are_read_with_zones_and_decimals(void **state)
{
	static const struct {
		const char *text;
		int64_t ms;
	} cases[] = { { "1970-01-01T00:00:00.001Z", 1 }, { "2026-01-02T03:04:05Z", 1767323045000 },
		{ "2026-01-02T03:04:05.6789999Z", 1767323045678 },
		{ "2026-01-02T05:04:05+02:00", 1767323045000 },
		{ "2026-01-01T21:34:05-05:30", 1767323045000 },
		{ "2024-02-29T00:00:00Z", 1709164800000 },
		{ "2000-02-29T12:00:00.5Z", 951825600500 },
		{ "9999-12-31T23:59:59.999Z", LK_INSTANT_MAX_MS } };
	struct lk_error err = { 0 };
	int64_t ms;

	(void)state;
	for (size_t i = 0; i < LK_ARRAY_LEN(cases); i++) {
		expect_ok(lk_instant_parse("at", cases[i].text, &ms, &err), &err);
		assert_int_equal(ms, cases[i].ms);
	}
}

static void
what_is_no_instant_is_refused(void **state)
{
	static const char *const texts[] = { "", "2026-01-02", "2026-01-02T03:04:05",
		"2026-01-02 03:04:05Z", "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z",
		"2026-02-29T00:00:00Z", "2100-02-29T00:00:00Z", "2026-04-31T00:00:00Z",
		"2026-01-00T00:00:00Z", "2026-01-02T24:00:00Z", "2026-01-02T03:60:00Z",
		"2026-01-02T03:04:60Z", "2026-01-02T03:04:05.Z", "2026-01-02T03:04:05Zx",
		"2026-01-02T03:04:05+2:00", "2026-01-02T03:04:05+24:00", "2026-01-02T03:04:05+0200",
		"1970-01-01T00:00:00Z", "1969-12-31T23:59:59Z", "0000-01-01T00:00:00Z",
		"9999-12-31T23:59:59.999-00:01", "26-01-02T03:04:05Z", "2026-1-2T03:04:05Z",
		"2026-01-02T03:04:05z", "-026-01-02T03:04:05Z" };
	struct lk_error err;
	int64_t ms = 42;

	(void)state;
	for (size_t i = 0; i < LK_ARRAY_LEN(texts); i++)
		expect_field(
		    lk_instant_parse("at", texts[i], &ms, &err), &err, "at", "INSTANT_INVALID");
	assert_int_equal(ms, 42);
}

static void
instants_print_as_the_c_library_says_and_read_back(void **state)
{
	const size_t rounds = lk_test_repeat("instants", 1000000, 50000);
	struct lk_test_rng rng = lk_test_rng();
	char text[LK_INSTANT_SIZE], wanted[64];
	struct lk_error err = { 0 };

	(void)state;
	for (size_t i = 0; i < rounds; i++) {
		const int64_t ms =
		    1 + (int64_t)(lk_test_rng_next(&rng) % (uint64_t)LK_INSTANT_MAX_MS);
		const time_t seconds = ms / 1000;
		struct tm tm;
		int64_t again;
		gmtime_r(&seconds, &tm);
		strftime(wanted, sizeof wanted, "%Y-%m-%dT%H:%M:%S", &tm);
		snprintf(wanted + 19, sizeof wanted - 19, ".%03dZ", (int)(ms % 1000));
		lk_instant_format(ms, text);
		assert_string_equal(text, wanted);
		expect_ok(lk_instant_parse("at", text, &again, &err), &err);
		assert_int_equal(again, ms);
	}
}

static void
instants_outside_the_calendar_print_as_nothing_or_its_end(void **state)
{
	char text[LK_INSTANT_SIZE];

	(void)state;
	lk_instant_format(0, text);
	assert_string_equal(text, "");
	lk_instant_format(INT64_MIN, text);
	assert_string_equal(text, "");
	lk_instant_format(INT64_MAX, text);
	assert_string_equal(text, "9999-12-31T23:59:59.999Z");
}

static void
durations_print_in_the_largest_unit_and_read_back(void **state)
{
	static const struct {
		int64_t ms;
		const char *text;
	} cases[] = { { 0, "none" }, { 1, "1ms" }, { 1500, "1500ms" }, { 45000, "45s" },
		{ 90000, "90s" }, { 1800000, "30m" }, { 43200000, "12h" }, { 14 * DAY, "14d" },
		{ 90 * DAY, "90d" } };
	struct lk_error err = { 0 };
	char text[32];
	int64_t ms;

	(void)state;
	for (size_t i = 0; i < LK_ARRAY_LEN(cases); i++) {
		lk_duration_format(cases[i].ms, text, sizeof text);
		assert_string_equal(text, cases[i].text);
		if (cases[i].ms == 0)
			continue;
		expect_ok(lk_duration_parse("d", text, &ms, &err), &err);
		assert_int_equal(ms, cases[i].ms);
	}
}

static void
mutated_texts_never_give_a_value_out_of_range(void **state)
{
	static const char *const corpus[] = { "90d", "P1DT2H", "PT1H2M3S",
		"2026-01-02T03:04:05.678+02:00", "never", "253402300799999ms" };
	const size_t rounds = lk_test_repeat("ttl mutations", 2000000, 100000);
	struct lk_test_rng rng = lk_test_rng();
	char text[64];
	struct lk_ttl ttl;

	(void)state;
	for (size_t i = 0; i < rounds; i++) {
		const char *seed = corpus[i % LK_ARRAY_LEN(corpus)];
		memcpy(text, seed, strlen(seed));
		text[lk_test_rng_mutate(&rng, (uint8_t *)text, strlen(seed), sizeof text - 1)] =
		    '\0';
		if (lk_ttl_parse("ttl", text, &ttl, NULL) != LK_OK)
			continue;
		assert_int_equal(ttl.ms == 0, ttl.kind == LK_TTL_NEVER);
		assert_true(ttl.ms >= 0 && ttl.ms <= LK_INSTANT_MAX_MS);
	}
}

LK_TESTS(LK_CASE(every_form_of_a_duration_is_read),
    LK_CASE(what_is_no_duration_is_refused_and_names_the_field),
    LK_CASE(a_ttl_may_be_an_instant_or_never), LK_CASE(instants_are_read_with_zones_and_decimals),
    LK_CASE(what_is_no_instant_is_refused),
    LK_CASE(instants_print_as_the_c_library_says_and_read_back),
    LK_CASE(instants_outside_the_calendar_print_as_nothing_or_its_end),
    LK_CASE(durations_print_in_the_largest_unit_and_read_back),
    LK_CASE(mutated_texts_never_give_a_value_out_of_range))
