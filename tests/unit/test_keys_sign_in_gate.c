/* Who may try a password: few at once, and nobody many times in a row. */
#include <stdio.h>

#include "base/base.h"
#include "keys/sign_in_gate.h"
#include "test.h"

#define BEGIN INT64_C(1000000)

struct world {
	struct sign_in_gate *gate;
	struct lk_error err;
};

static int
setup(void **state)
{
	static struct world w;

	lk_error_clear(&w.err);
	w.gate = sign_in_gate_new(2, lk_random_system());
	*state = &w;
	return w.gate ? 0 : 1;
}

static int
teardown(void **state)
{
	sign_in_gate_free(((struct world *)*state)->gate);
	return 0;
}

static void
try_once(struct world *w, const char *account, int64_t now_ms, bool right)
{
	expect_ok(sign_in_gate_enter(w->gate, account, "", now_ms, &w->err), &w->err);
	sign_in_gate_leave(w->gate, account, "", right);
}

static void
the_delay_doubles_up_to_half_a_minute(void **state)
{
	(void)state;
	assert_int_equal(sign_in_delay_ms(0), 0);
	assert_int_equal(sign_in_delay_ms(2), 0);
	assert_int_equal(sign_in_delay_ms(3), 1000);
	assert_int_equal(sign_in_delay_ms(4), 2000);
	assert_int_equal(sign_in_delay_ms(7), 16000);
	assert_int_equal(sign_in_delay_ms(8), 30000);
	assert_int_equal(sign_in_delay_ms(UINT32_MAX), 30000);
}

static void
after_three_wrong_tries_the_next_waits(void **state)
{
	struct world *w = *state;

	for (int i = 0; i < 3; i++)
		try_once(w, "ben", BEGIN, false);
	expect_fail(sign_in_gate_enter(w->gate, "ben", "", BEGIN + 999, &w->err), &w->err,
	    LK_RESOURCE_EXHAUSTED, "SIGN_IN_DELAYED");
	assert_int_equal(w->err.retry_after_ms, 1);
	try_once(w, "ben", BEGIN + 1000, false);
	expect_fail(sign_in_gate_enter(w->gate, "ben", "", BEGIN + 2999, &w->err), &w->err,
	    LK_RESOURCE_EXHAUSTED, "SIGN_IN_DELAYED");
}

static void
nobody_is_locked_out_for_longer_than_half_a_minute(void **state)
{
	struct world *w = *state;
	int64_t now_ms = BEGIN;

	for (int i = 0; i < 40; i++, now_ms += 30000)
		try_once(w, "ben", now_ms, false);
	try_once(w, "ben", now_ms, true);
}

static void
a_right_one_forgets_the_wrong_ones(void **state)
{
	struct world *w = *state;

	for (int round = 0; round < 5; round++) {
		try_once(w, "ben", BEGIN, false);
		try_once(w, "ben", BEGIN, false);
		try_once(w, "ben", BEGIN, true);
	}
}

static void
time_forgets_them_too_and_a_clock_set_back_delays_nobody(void **state)
{
	struct world *w = *state;

	for (int i = 0; i < 3; i++)
		try_once(w, "ben", BEGIN, false);
	try_once(w, "ben", BEGIN + 15 * 60 * 1000, false);
	for (int i = 0; i < 2; i++)
		try_once(w, "ben", BEGIN + 15 * 60 * 1000, false);
	try_once(w, "ben", BEGIN, false);
}

static void
others_are_not_delayed(void **state)
{
	struct world *w = *state;
	size_t delayed = 0;

	for (int i = 0; i < 10; i++)
		LK_IGNORE(sign_in_gate_enter(w->gate, "ben", "", BEGIN, NULL)); /* two, then busy */
	sign_in_gate_leave(w->gate, "ben", "", false);
	sign_in_gate_leave(w->gate, "ben", "", false);
	try_once(w, "ben", BEGIN, false);
	for (int i = 0; i < 100; i++) {
		char name[16];
		snprintf(name, sizeof name, "user %d", i);
		const lk_status status = sign_in_gate_enter(w->gate, name, "", BEGIN, NULL);
		delayed += status != LK_OK;
		if (status == LK_OK)
			sign_in_gate_leave(w->gate, name, "", true);
	}
	assert_true(delayed <= 1); /* one may share ben's slot of 16,384 */
}

/* Names of many tenants, one of which is there: who makes them up is one. */
static void
LIMITS_a_source_that_floods_leaves_a_place_to_the_others(void **state)
{
	struct world *w = *state;
	char name[32];

	expect_ok(sign_in_gate_enter(w->gate, "genomics a", "192.0.2.1", BEGIN, &w->err), &w->err);
	for (int i = 0; i < 20; i++) {
		snprintf(name, sizeof name, "tenant%d a", i);
		expect_fail(sign_in_gate_enter(w->gate, name, "192.0.2.1", BEGIN, &w->err), &w->err,
		    LK_RESOURCE_EXHAUSTED, "SIGN_IN_BUSY");
	}
	for (int i = 0; i < 20; i++) {
		snprintf(name, sizeof name, "botany %d", i);
		expect_ok(
		    sign_in_gate_enter(w->gate, name, "198.51.100.7", BEGIN, &w->err), &w->err);
		sign_in_gate_leave(w->gate, name, "198.51.100.7", true);
	}
	sign_in_gate_leave(w->gate, "genomics a", "192.0.2.1", true);
	expect_ok(sign_in_gate_enter(w->gate, "tenant0 a", "192.0.2.1", BEGIN, &w->err), &w->err);
	sign_in_gate_leave(w->gate, "tenant0 a", "192.0.2.1", true);
}

/* Ten times as many as there is room for, each of another account of one tenant. */
static void
LIMITS_a_tenant_that_floods_leaves_a_place_to_the_others(void **state)
{
	struct world *w = *state;
	size_t inside = 0;
	char name[32];

	for (int i = 0; i < 20; i++) {
		snprintf(name, sizeof name, "genomics user%d", i);
		lk_error_clear(&w->err);
		if (sign_in_gate_enter(w->gate, name, "", BEGIN, &w->err) == LK_OK) {
			inside++;
			continue;
		}
		assert_string_equal(w->err.reason, "SIGN_IN_BUSY");
		assert_true(w->err.retry_after_ms > 0);
	}
	assert_int_equal(inside, 1);
	for (int i = 0; i < 20; i++) {
		snprintf(name, sizeof name, "botany user%d", i);
		try_once(w, name, BEGIN, true);
	}
	sign_in_gate_leave(w->gate, "genomics user0", "", true);
	try_once(w, "genomics user0", BEGIN, true);
}

static void
a_third_at_once_is_told_to_come_again(void **state)
{
	struct world *w = *state;

	expect_ok(sign_in_gate_enter(w->gate, "a", "", BEGIN, &w->err), &w->err);
	expect_ok(sign_in_gate_enter(w->gate, "b", "", BEGIN, &w->err), &w->err);
	expect_fail(sign_in_gate_enter(w->gate, "c", "", BEGIN, &w->err), &w->err,
	    LK_RESOURCE_EXHAUSTED, "SIGN_IN_BUSY");
	assert_true(w->err.retry_after_ms > 0);
	sign_in_gate_leave(w->gate, "a", "", true);
	try_once(w, "c", BEGIN, true);
	sign_in_gate_leave(w->gate, "b", "", true);
}

#define IN_WORLD(fn) LK_CASE_WITH(fn, setup, teardown)

LK_TESTS(IN_WORLD(LIMITS_a_source_that_floods_leaves_a_place_to_the_others),
    IN_WORLD(LIMITS_a_tenant_that_floods_leaves_a_place_to_the_others),
    LK_CASE(the_delay_doubles_up_to_half_a_minute),
    IN_WORLD(after_three_wrong_tries_the_next_waits),
    IN_WORLD(nobody_is_locked_out_for_longer_than_half_a_minute),
    IN_WORLD(a_right_one_forgets_the_wrong_ones),
    IN_WORLD(time_forgets_them_too_and_a_clock_set_back_delays_nobody),
    IN_WORLD(others_are_not_delayed), IN_WORLD(a_third_at_once_is_told_to_come_again))
