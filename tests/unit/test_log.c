/* Log lines: always one whole JSON object, bounded, with the fields given. */
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include <jansson.h>

#include "base/base.h"
#include "log/log.h"
#include "test.h"

struct capture {
	struct lk_log_sink sink; /* first */
	struct lk_clock_frozen clock;
	char line[LK_LOG_LINE_MAX + 1];
	size_t len, lines;
};

static void
capture_write(const struct lk_log_sink *sink, const char *line, size_t len)
{
	struct capture *c = sink->user;

	assert_true(len <= LK_LOG_LINE_MAX);
	memcpy(c->line, line, len);
	c->line[len] = '\0';
	c->len = len;
	c->lines++;
}

static int
capture_start(void **state)
{
	static struct capture c;

	memset(&c, 0, sizeof c);
	lk_clock_frozen_init(&c.clock, 1767323045678);
	c.sink = (struct lk_log_sink){ capture_write, &c.clock.clock, &c };
	lk_log_set_service("latchkey-test");
	lk_log_set_level(LK_LOG_INFO);
	lk_log_set_sink(&c.sink);
	*state = &c;
	return 0;
}

static int
capture_end(void **state)
{
	(void)state;
	lk_log_set_sink(NULL);
	return 0;
}

/* One object, one line: what every case expects besides its own point. Yours. */
static json_t *
line_read(const struct capture *c)
{
	json_t *line = json_loadb(c->line, c->len, JSON_REJECT_DUPLICATES, NULL);

	assert_non_null(line);
	assert_int_equal(c->line[c->len - 1], '\n');
	assert_ptr_equal(strchr(c->line, '\n'), c->line + c->len - 1);
	return line;
}

static void
a_line_has_time_level_service_event_and_its_fields(void **state)
{
	const struct capture *c = *state;

	lk_log(LK_LOG_WARN, "key.revoked", LK_LOG_REQUEST("req_1"), LK_LOG_ID("key", "key_1"),
	    LK_LOG_INT("count", -3), LK_LOG_BOOL("first", true), LK_LOG_TEXT("absent", NULL));
	assert_string_equal(c->line, "{\"time\":\"2026-01-02T03:04:05.678Z\",\"level\":\"warn\","
				     "\"service\":\"latchkey-test\","
				     "\"event\":\"key.revoked\",\"request_id\":\"req_1\",\"key\":"
				     "\"key_1\",\"count\":-3,\"first\":true}\n");
}

static void
a_line_without_fields_is_whole(void **state)
{
	const struct capture *c = *state;

	lk_log(LK_LOG_INFO, "service.ready");
	json_decref(line_read(c));
}

static void
a_failure_is_logged_with_status_reason_and_message(void **state)
{
	const struct capture *c = *state;
	struct lk_error err = { 0 };

	LK_IGNORE(lk_fail_field(&err, "name", "NAME_INVALID", "too \"long\""));
	lk_log(LK_LOG_ERROR, "call.failed", LK_LOG_FAILURE(&err));
	expect_contains(c->line, "\"status\":\"INVALID_ARGUMENT\",\"reason\":\"NAME_INVALID\","
				 "\"message\":\"too \\\"long\\\"\",\"field\":\"name\"}");
	lk_log(LK_LOG_ERROR, "call.failed", LK_LOG_FAILURE(NULL));
	expect_lacks(c->line, "status");
}

static void
lines_below_the_level_are_dropped_and_the_level_changes_at_run_time(void **state)
{
	const struct capture *c = *state;

	lk_log(LK_LOG_DEBUG, "quiet");
	assert_int_equal(c->lines, 0);
	lk_log_set_level(LK_LOG_DEBUG);
	lk_log(LK_LOG_DEBUG, "loud");
	assert_int_equal(c->lines, 1);
	lk_log_set_level(LK_LOG_ERROR);
	assert_false(lk_log_enabled(LK_LOG_WARN));
	lk_log(LK_LOG_WARN, "quiet");
	assert_int_equal(c->lines, 1);
}

static void
a_long_text_is_cut_between_characters_and_marked(void **state)
{
	const struct capture *c = *state;
	char text[3000] = "";

	for (size_t shift = 0; shift < 4; shift++) {
		memset(text, 'x', shift);
		for (size_t at = shift; at + 4 < sizeof text; at += 4)
			memcpy(text + at, "\xF0\x9F\x94\x91", 5);
		lk_log(LK_LOG_INFO, "long", LK_LOG_TEXT("text", text), LK_LOG_INT("after", 1));
		expect_contains(c->line, "\xE2\x80\xA6\",\"after\":1}");
		expect_lacks(c->line, "\xEF\xBF\xBD");
		json_decref(line_read(c));
	}
}

static void
fields_that_do_not_fit_are_left_out_and_the_line_says_so(void **state)
{
	const struct capture *c = *state;
	char text[LK_LOG_TEXT_MAX];

	memset(text, 1, sizeof text - 1); /* six bytes each when escaped */
	text[sizeof text - 1] = '\0';
	lk_log(LK_LOG_INFO, "full", LK_LOG_TEXT("text", text), LK_LOG_REQUEST("req_1"));
	expect_contains(c->line, "\"event\":\"full\",\"request_id\":\"req_1\",\"cut\":true}\n");
}

static void
any_texts_of_any_length_give_one_bounded_object(void **state)
{
	const size_t rounds = lk_test_repeat("log lines", 200000, 10000);
	struct lk_test_rng rng = lk_test_rng();
	const struct capture *c = *state;
	char texts[3][1500];

	for (size_t i = 0; i < rounds; i++) {
		for (size_t k = 0; k < 3; k++) {
			const size_t len = lk_test_rng_below(&rng, sizeof texts[k]);
			lk_test_rng_fill(&rng, texts[k], len);
			for (size_t at = 0; i % 3 == k && at < len; at++)
				texts[k][at] = (char)('a' + (texts[k][at] & 15));
			texts[k][len] = '\0';
		}
		lk_log(LK_LOG_INFO, "noise", LK_LOG_TEXT("a", texts[0]), LK_LOG_TEXT("b", texts[1]),
		    LK_LOG_TEXT("c", texts[2]));
		assert_int_equal(c->lines, i + 1);
		json_decref(line_read(c));
	}
}

/* Lines exactly at the bound: the closing has its own room. */
static void
every_length_around_the_bound_closes_its_object(void **state)
{
	const struct capture *c = *state;
	char filler[LK_LOG_TEXT_MAX + 1], rest[LK_LOG_TEXT_MAX + 1];

	memset(filler, 'f', LK_LOG_TEXT_MAX);
	filler[LK_LOG_TEXT_MAX] = '\0';
	for (size_t len = 700; len <= LK_LOG_TEXT_MAX; len++) {
		memset(rest, 'r', len);
		rest[len] = '\0';
		lk_log(LK_LOG_INFO, "full", LK_LOG_TEXT("a", filler), LK_LOG_TEXT("b", filler),
		    LK_LOG_TEXT("c", filler), LK_LOG_TEXT("d", rest));
		json_decref(line_read(c));
	}
}

static void
count_write(const struct lk_log_sink *sink, const char *line, size_t len)
{
	json_t *read = json_loadb(line, len, 0, NULL);

	assert_non_null(read);
	json_decref(read);
	atomic_fetch_add((atomic_size_t *)sink->user, 1);
}

static void *
log_much(void *unused)
{
	for (int i = 0; i < 1000; i++) {
		lk_log(LK_LOG_ERROR, "busy", LK_LOG_INT("i", i));
		lk_log_set_level(i % 2 ? LK_LOG_DEBUG : LK_LOG_WARN);
	}
	return unused;
}

static void
many_threads_log_and_change_the_level_at_once(void **state)
{
	atomic_size_t lines = 0;
	const struct lk_log_sink sink = { count_write, NULL, &lines };
	pthread_t threads[4];

	(void)state;
	lk_log_set_sink(&sink);
	for (size_t i = 0; i < LK_ARRAY_LEN(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, log_much, NULL), 0);
	for (size_t i = 0; i < LK_ARRAY_LEN(threads); i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_int_equal(atomic_load(&lines), 4000);
}

#define LOG_CASE(fn) LK_CASE_WITH(fn, capture_start, capture_end)

LK_TESTS(LOG_CASE(a_line_has_time_level_service_event_and_its_fields),
    LOG_CASE(a_line_without_fields_is_whole),
    LOG_CASE(a_failure_is_logged_with_status_reason_and_message),
    LOG_CASE(lines_below_the_level_are_dropped_and_the_level_changes_at_run_time),
    LOG_CASE(a_long_text_is_cut_between_characters_and_marked),
    LOG_CASE(fields_that_do_not_fit_are_left_out_and_the_line_says_so),
    LOG_CASE(any_texts_of_any_length_give_one_bounded_object),
    LOG_CASE(every_length_around_the_bound_closes_its_object),
    LOG_CASE(many_threads_log_and_change_the_level_at_once))
