/* The JSON writer, read back by jansson. */
#include <string.h>

#include <jansson.h>

#include "base/base.h"
#include "base/json.h"
#include "test.h"

static void
objects_arrays_and_values_are_written_with_their_commas(void **state)
{
	LK_AUTO(lk_json_wipe) struct lk_json j = { 0 };

	(void)state;
	lk_json_object(&j, NULL);
	lk_json_string(&j, "a", "x");
	lk_json_string(&j, "none", NULL);
	lk_json_array(&j, "list");
	lk_json_int(&j, NULL, INT64_MIN);
	lk_json_bool(&j, NULL, true);
	lk_json_object(&j, NULL);
	lk_json_object_end(&j);
	lk_json_array_end(&j);
	lk_json_object(&j, "o");
	lk_json_null(&j, "n");
	lk_json_object_end(&j);
	lk_json_bytes(&j, "part", lk_bytes("abcdef", 3));
	lk_json_object_end(&j);
	assert_string_equal(lk_json_text(&j),
	    "{\"a\":\"x\",\"none\":null,\"list\":[-9223372036854775808,true,{}],"
	    "\"o\":{\"n\":null},\"part\":\"abc\"}");
}

static void
what_could_end_a_string_or_drive_a_terminal_is_escaped(void **state)
{
	LK_AUTO(lk_json_wipe) struct lk_json j = { 0 };

	(void)state;
	lk_json_string(
	    &j, NULL, "\" \\ / \b\f\n\r\t \x01 \x1B \x7F \xC2\x85 \xC3\xA9 \xF0\x9F\x94\x91");
	assert_string_equal(lk_json_text(&j), "\"\\\" \\\\ / \\b\\f\\n\\r\\t \\u0001 \\u001b "
					      "\\u007f \\u0085 \xC3\xA9 \xF0\x9F\x94\x91\"");
}

static void
bad_utf8_becomes_replacement_characters(void **state)
{
	LK_AUTO(lk_json_wipe) struct lk_json j = { 0 };

	(void)state;
	lk_json_string(&j, NULL, "a\xFF\xC3(\xED\xA0\x80");
	assert_string_equal(
	    lk_json_text(&j), "\"a\xEF\xBF\xBD\xEF\xBF\xBD(\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"");
}

static void
any_bytes_give_json_that_another_parser_reads(void **state)
{
	static const char corpus[] = "na\xC3\xAFve \"quoted\" \\ \n \xF0\x9F\x94\x91 \xC2\x80";
	const size_t rounds = lk_test_repeat("json mutations", 500000, 20000);
	struct lk_test_rng rng = lk_test_rng();
	uint8_t text[96];

	(void)state;
	for (size_t i = 0; i < rounds; i++) {
		LK_AUTO(lk_json_wipe) struct lk_json j = { 0 };
		memcpy(text, corpus, sizeof corpus - 1);
		const size_t len = lk_test_rng_mutate(&rng, text, sizeof corpus - 1, sizeof text);
		lk_json_object(&j, NULL);
		lk_json_bytes(&j, "v", lk_bytes(text, len));
		lk_json_object_end(&j);
		json_t *read = json_loads(lk_json_text(&j), JSON_ALLOW_NUL, NULL);
		assert_non_null(read);
		const json_t *value = json_object_get(read, "v");
		if (lk_utf8_ok(lk_bytes(text, len))) {
			assert_int_equal(json_string_length(value), len);
			assert_memory_equal(json_string_value(value), text, len);
		}
		json_decref(read);
	}
}

static void
short_of_memory_the_writer_says_so_and_goes_on_doing_nothing(void **state)
{
	(void)state;
	for (long n = 0;; n++) {
		LK_AUTO(lk_json_wipe) struct lk_json j = { 0 };
		lk_alloc_fail_after(n);
		lk_json_array(&j, NULL);
		for (int i = 0; i < 200; i++)
			lk_json_string(&j, NULL, "0123456789");
		lk_json_array_end(&j);
		const bool failed = lk_alloc_failed();
		lk_alloc_fail_after(-1);
		assert_int_equal(lk_json_text(&j) == NULL, failed);
		if (!failed)
			return;
	}
}

static void
a_fixed_buffer_is_never_passed(void **state)
{
	char buffer[17];

	(void)state;
	memset(buffer, '#', sizeof buffer);
	struct lk_json j = lk_json_fixed(buffer, sizeof buffer - 1);
	lk_json_string(&j, NULL, "0123456789abc");
	assert_string_equal(lk_json_text(&j), "\"0123456789abc\"");
	lk_json_int(&j, NULL, 5);
	assert_null(lk_json_text(&j));
	assert_int_equal(buffer[16], '#');
	lk_json_wipe(&j);
	assert_int_equal(buffer[0], 0);
}

LK_TESTS(LK_CASE(objects_arrays_and_values_are_written_with_their_commas),
    LK_CASE(what_could_end_a_string_or_drive_a_terminal_is_escaped),
    LK_CASE(bad_utf8_becomes_replacement_characters),
    LK_CASE(any_bytes_give_json_that_another_parser_reads),
    LK_CASE(short_of_memory_the_writer_says_so_and_goes_on_doing_nothing),
    LK_CASE(a_fixed_buffer_is_never_passed))
