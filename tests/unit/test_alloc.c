/* The allocation seam that the torture tests stand on. */
#include <stdint.h>
#include <string.h>

#include "base/base.h"
#include "test.h"

static int
seam_off(void **state)
{
	(void)state;
	lk_alloc_fail_after(-1);
	return 0;
}

static void
exactly_the_asked_allocation_fails(void **state)
{
	LK_AUTO(lk_freep) void *first = NULL;
	LK_AUTO(lk_freep) void *third = NULL;

	(void)state;
	lk_alloc_fail_after(1);
	first = lk_alloc(8);
	assert_non_null(first);
	assert_false(lk_alloc_failed());
	assert_null(lk_alloc(8));
	assert_true(lk_alloc_failed());
	third = lk_alloc(8);
	assert_non_null(third);
	assert_true(lk_alloc_failed());
}

static void
every_way_to_allocate_passes_the_seam(void **state)
{
	LK_AUTO(lk_freep) char *text = lk_text_dup("abc");

	(void)state;
	lk_alloc_fail_after(0);
	assert_null(lk_realloc(text, 100));
	assert_string_equal(text, "abc");
	lk_alloc_fail_after(0);
	assert_null(lk_text_dup("abc"));
	lk_alloc_fail_after(0);
	assert_null(lk_alloc_array(2, 2));
	lk_alloc_fail_after(0);
	assert_null(lk_arena_new(100));
	lk_alloc_fail_after(1);
	assert_null(lk_arena_new(100));
}

static void
memory_comes_zeroed_and_an_overflow_is_refused(void **state)
{
	LK_AUTO(lk_freep) unsigned char *memory = lk_alloc(64);
	LK_AUTO(lk_freep) void *empty = lk_alloc(0);

	(void)state;
	assert_non_null(empty);
	for (size_t i = 0; i < 64; i++)
		assert_int_equal(memory[i], 0);
	assert_null(lk_alloc_array(SIZE_MAX / 2, 3));
	assert_null(lk_text_dup(NULL));
	assert_null(lk_text_dup_n("x", SIZE_MAX));
}

LK_TESTS(LK_CASE_WITH(exactly_the_asked_allocation_fails, NULL, seam_off),
    LK_CASE_WITH(every_way_to_allocate_passes_the_seam, NULL, seam_off),
    LK_CASE(memory_comes_zeroed_and_an_overflow_is_refused))
