/* W3C Trace Context, read strictly: what is malformed is as if it were not there. */
#include "base/trace.h"

#include <string.h>

#include "base/base.h"
#include "test.h"

#define GOOD "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

static void
a_good_one_names_its_trace(void **state)
{
	char id[LK_TRACE_ID_SIZE];

	(void)state;
	assert_true(lk_traceparent_ok(GOOD));
	lk_trace_id(GOOD, id);
	assert_string_equal(id, "4bf92f3577b34da6a3ce929d0e0e4736");
}

static void
what_is_malformed_is_none(void **state)
{
	static const char *const bad[] = {
		NULL,
		"",
		"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0",
		GOOD "-more",
		"01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
		"00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
		"00-4bf92f3577b34da6a3ce929d0e0e473g-00f067aa0ba902b7-01",
		"00-00000000000000000000000000000000-00f067aa0ba902b7-01",
		"00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
		"00-4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7-01",
		"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7\"01",
	};
	char id[LK_TRACE_ID_SIZE];

	(void)state;
	for (size_t i = 0; i < LK_ARRAY_LEN(bad); i++) {
		assert_false(lk_traceparent_ok(bad[i]));
		lk_trace_id(bad[i], id);
		assert_string_equal(id, "");
	}
}

LK_TESTS(LK_CASE(a_good_one_names_its_trace), LK_CASE(what_is_malformed_is_none))
