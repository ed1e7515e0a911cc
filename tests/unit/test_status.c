/* Statuses and errors: what a failure carries to its caller. */
#include <string.h>

#include "base/base.h"
#include "test.h"

static void
a_failure_carries_status_reason_and_message(void **state)
{
	struct lk_error err = { 0 };

	(void)state;
	expect_fail(lk_fail(&err, LK_NOT_FOUND, "KEY_NOT_FOUND", "no key %d", 7), &err,
	    LK_NOT_FOUND, "KEY_NOT_FOUND");
	assert_string_equal(err.message, "no key 7");
	assert_string_equal(err.field, "");
}

static void
a_field_at_fault_is_named_and_is_an_invalid_argument(void **state)
{
	struct lk_error err = { 0 };

	(void)state;
	expect_field(
	    lk_fail_field(&err, "name", "NAME_INVALID", "bad"), &err, "name", "NAME_INVALID");
}

static void
a_second_failure_leaves_nothing_of_the_first(void **state)
{
	struct lk_error err = { 0 };

	(void)state;
	LK_IGNORE(lk_fail_field(&err, "name", "NAME_INVALID", "bad"));
	err.retry_after_ms = 5;
	LK_IGNORE(lk_fail(&err, LK_ABORTED, "AGAIN", "later"));
	assert_string_equal(err.field, "");
	assert_int_equal(err.retry_after_ms, 0);
}

static void
nobody_has_to_take_the_error(void **state)
{
	(void)state;
	assert_int_equal(lk_fail(NULL, LK_ABORTED, "AGAIN", "later"), LK_ABORTED);
	assert_int_equal(lk_fail_field(NULL, "f", "R", "m"), LK_INVALID_ARGUMENT);
	assert_int_equal(lk_fail_oom(NULL), LK_RESOURCE_EXHAUSTED);
	lk_error_clear(NULL);
}

static void
a_long_message_is_cut_between_characters(void **state)
{
	struct lk_error err = { 0 };
	char text[600] = "";

	(void)state;
	for (size_t shift = 0; shift < 4; shift++) {
		memset(text, 'x', shift);
		for (size_t at = shift; at + 4 < sizeof text; at += 4)
			memcpy(text + at, "\xF0\x9F\x94\x91", 5);
		LK_IGNORE(lk_fail(&err, LK_INTERNAL, "LONG", "%s", text));
		assert_true(lk_utf8_ok(lk_bytes_of(err.message)));
		assert_true(strlen(err.message) > LK_MESSAGE_SIZE - 6);
	}
}

static void
a_short_message_of_bad_bytes_stays_as_it_is(void **state)
{
	struct lk_error err = { 0 };

	(void)state;
	LK_IGNORE(lk_fail(&err, LK_INTERNAL, "BAD", "%s", "\xFF\xFF"));
	assert_string_equal(err.message, "\xFF\xFF");
}

static void
every_code_has_the_name_grpc_gives_it(void **state)
{
	static const char *const names[] = { "OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT",
		"DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED",
		"RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE",
		"UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED" };

	(void)state;
	for (uint32_t i = 0; i < LK_ARRAY_LEN(names); i++)
		assert_string_equal(lk_status_name(i), names[i]);
	assert_string_equal(lk_status_name(17), "UNKNOWN");
	assert_string_equal(lk_status_name(UINT32_MAX), "UNKNOWN");
}

LK_TESTS(LK_CASE(a_failure_carries_status_reason_and_message),
    LK_CASE(a_field_at_fault_is_named_and_is_an_invalid_argument),
    LK_CASE(a_second_failure_leaves_nothing_of_the_first), LK_CASE(nobody_has_to_take_the_error),
    LK_CASE(a_long_message_is_cut_between_characters),
    LK_CASE(a_short_message_of_bad_bytes_stays_as_it_is),
    LK_CASE(every_code_has_the_name_grpc_gives_it))
