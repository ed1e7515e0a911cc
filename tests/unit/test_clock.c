/* The clock seam. */
#include "test.h"
#include "time/clock.h"

static void
a_frozen_clock_moves_only_when_it_is_set(void **state)
{
	struct lk_clock_frozen frozen;

	(void)state;
	lk_clock_frozen_init(&frozen, 1767323045678);
	assert_int_equal(lk_clock_wall_ms(&frozen.clock), 1767323045678);
	assert_int_equal(lk_clock_steady_ms(&frozen.clock), 1767323045678);
	frozen.now_ms += 5;
	assert_int_equal(lk_clock_wall_ms(&frozen.clock), 1767323045683);
	assert_int_equal(lk_clock_steady_ms(&frozen.clock), 1767323045683);
}

static void
the_system_clock_counts_milliseconds_of_this_century_and_never_backwards(void **state)
{
	const struct lk_clock *clock = lk_clock_system();
	const int64_t wall_ms = lk_clock_wall_ms(clock);
	int64_t before = lk_clock_steady_ms(clock);

	(void)state;
	assert_true(wall_ms > INT64_C(1600000000000) && wall_ms < INT64_C(4102444800000));
	for (int i = 0; i < 1000; i++) {
		const int64_t now = lk_clock_steady_ms(clock);
		assert_true(now >= before);
		before = now;
	}
}

LK_TESTS(LK_CASE(a_frozen_clock_moves_only_when_it_is_set),
    LK_CASE(the_system_clock_counts_milliseconds_of_this_century_and_never_backwards))
