/* How often a worker may fetch. */
#include "test.h"

#include "credentials/fetch_rate.h"
#include "id/id.h"

static const char WORKER[] = "prn_01h0000000000000000000000a";
static const char OTHER[] = "prn_01h0000000000000000000000b";

static size_t
taken(struct fetch_rate *rate, const char *worker)
{
	size_t count = 0;

	while (count < 100000 && fetch_rate_take(rate, worker, NULL) == LK_OK)
		count++;
	return count;
}

static void
ten_seconds_worth_at_once_then_its_share(void **state)
{
	struct lk_clock_frozen clock;
	struct lk_error err = { 0 };

	(void)state;
	lk_clock_frozen_init(&clock, 1000000);
	struct fetch_rate *rate = fetch_rate_new(6000, &clock.clock);
	assert_int_equal(1000, taken(rate, WORKER));
	expect_fail(fetch_rate_take(rate, WORKER, &err), &err, LK_RESOURCE_EXHAUSTED, "FETCH_RATE");
	assert_int_equal(10, err.retry_after_ms);
	clock.now_ms += 10;
	assert_int_equal(1, taken(rate, WORKER));
	clock.now_ms += 1000;
	assert_int_equal(100, taken(rate, WORKER));
	clock.now_ms += 3600 * 1000;
	assert_int_equal(1000, taken(rate, WORKER)); /* an hour of rest is worth no more */
	fetch_rate_free(rate);
}

static void
one_worker_slows_no_other(void **state)
{
	struct lk_clock_frozen clock;

	(void)state;
	lk_clock_frozen_init(&clock, 1000000);
	struct fetch_rate *rate = fetch_rate_new(60, &clock.clock);
	assert_int_equal(10, taken(rate, WORKER));
	assert_int_equal(10, taken(rate, OTHER));
	fetch_rate_free(rate);
}

static void
a_rate_below_one_in_ten_seconds_lets_one_through(void **state)
{
	struct lk_clock_frozen clock;

	(void)state;
	lk_clock_frozen_init(&clock, 1000000);
	struct fetch_rate *rate = fetch_rate_new(1, &clock.clock);
	assert_int_equal(1, taken(rate, WORKER));
	clock.now_ms += 59999;
	assert_int_equal(0, taken(rate, WORKER));
	clock.now_ms += 1;
	assert_int_equal(1, taken(rate, WORKER));
	fetch_rate_free(rate);
}

static void
no_rate_is_no_limit(void **state)
{
	struct lk_clock_frozen clock;

	(void)state;
	lk_clock_frozen_init(&clock, 1000000);
	struct fetch_rate *rate = fetch_rate_new(0, &clock.clock);
	assert_int_equal(100000, taken(rate, WORKER));
	fetch_rate_free(rate);
}

static void
a_busy_worker_is_not_forgotten_for_idle_ones(void **state)
{
	struct lk_clock_frozen clock;
	char id[LK_ID_SIZE];

	(void)state;
	lk_clock_frozen_init(&clock, 1000000);
	struct fetch_rate *rate = fetch_rate_new(60, &clock.clock);
	assert_int_equal(10, taken(rate, WORKER));
	for (int i = 0; i < 3000; i++) {
		lk_id_make(LK_ID_PRINCIPAL, &clock.clock, lk_random_system(), id);
		(void)!fetch_rate_take(rate, id, NULL);
	}
	assert_int_equal(0, taken(rate, WORKER));
	fetch_rate_free(rate);
}

LK_TESTS(LK_CASE(ten_seconds_worth_at_once_then_its_share), LK_CASE(one_worker_slows_no_other),
    LK_CASE(a_rate_below_one_in_ten_seconds_lets_one_through), LK_CASE(no_rate_is_no_limit),
    LK_CASE(a_busy_worker_is_not_forgotten_for_idle_ones))
