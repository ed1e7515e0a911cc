/* Connections that do not read: heard once a second, until they do. */
#include "rpc/shun.h"
#include "test.h"

static int
up(void **state)
{
	struct lk_shun *shun = NULL;
	struct lk_error err = { 0 };

	expect_ok(lk_shun_new(&shun, &err), &err);
	*state = shun;
	return 0;
}

static int
down(void **state)
{
	lk_shun_free(*state);
	return 0;
}

static void
everybody_is_heard_at_first(void **state)
{
	for (uint32_t pipe = 1; pipe < 100; pipe++)
		assert_true(lk_shun_admits(*state, pipe, 0));
}

static void
one_that_is_shunned_is_heard_once_a_second_and_others_always(void **state)
{
	lk_shun_add(*state, 7, 5000);
	assert_false(lk_shun_admits(*state, 7, 5000 + LK_SHUN_MS - 1));
	assert_true(lk_shun_admits(*state, 8, 5001));
	assert_true(lk_shun_admits(*state, 7, 5000 + LK_SHUN_MS));
	assert_false(lk_shun_admits(*state, 7, 5000 + LK_SHUN_MS));
	assert_false(lk_shun_admits(*state, 7, 5000 + 2 * LK_SHUN_MS - 1));
	assert_true(lk_shun_admits(*state, 7, 5000 + 2 * LK_SHUN_MS));
}

static void
one_that_reads_again_is_heard_again(void **state)
{
	lk_shun_add(*state, 7, 0);
	lk_shun_add(*state, 7, 1);
	lk_shun_add(*state, 9, 1);
	lk_shun_forgive(*state, 8);
	lk_shun_forgive(*state, 7);
	assert_true(lk_shun_admits(*state, 7, 1));
	assert_true(lk_shun_admits(*state, 7, 1));
	assert_false(lk_shun_admits(*state, 9, 1));
}

static void
when_the_list_is_full_the_first_is_forgotten(void **state)
{
	for (uint32_t pipe = 0; pipe <= LK_SHUN_MAX; pipe++)
		lk_shun_add(*state, pipe, pipe);
	assert_true(lk_shun_admits(*state, 0, LK_SHUN_MAX));
	for (uint32_t pipe = LK_SHUN_MAX - LK_SHUN_MS + 10; pipe <= LK_SHUN_MAX; pipe++)
		assert_false(lk_shun_admits(*state, pipe, LK_SHUN_MAX));
}

LK_TESTS(LK_CASE_WITH(everybody_is_heard_at_first, up, down),
    LK_CASE_WITH(one_that_is_shunned_is_heard_once_a_second_and_others_always, up, down),
    LK_CASE_WITH(one_that_reads_again_is_heard_again, up, down),
    LK_CASE_WITH(when_the_list_is_full_the_first_is_forgotten, up, down))
