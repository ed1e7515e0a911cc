/* Arenas: capped, aligned, zeroed, and wiped when they are reset. */
#include <stdint.h>
#include <string.h>

#include "base/base.h"
#include "test.h"

static int
open_arena(void **state)
{
	*state = lk_arena_new(100000);
	return *state == NULL;
}

static int
close_arena(void **state)
{
	lk_arena_free(*state);
	return 0;
}

static void
memory_is_aligned_zeroed_and_apart(void **state)
{
	unsigned char *before = NULL;

	for (size_t size = 0; size < 300; size++) {
		unsigned char *memory = lk_arena_alloc(*state, size);
		assert_non_null(memory);
		assert_int_equal((uintptr_t)memory % 16, 0);
		assert_ptr_not_equal(memory, before);
		for (size_t i = 0; i < size; i++)
			assert_int_equal(memory[i], 0);
		memset(memory, 0xAA, size);
		before = memory;
	}
}

static void
what_was_handed_out_is_zero_after_a_reset(void **state)
{
	unsigned char *secret = lk_arena_copy(*state, "a planted secret", 16);

	assert_memory_equal(secret, "a planted secret", 16);
	for (int i = 0; i < 50; i++)
		assert_non_null(lk_arena_alloc(*state, 1000));
	lk_arena_reset(*state);
	assert_int_equal(lk_arena_used(*state), 0);
	for (size_t i = 0; i < 16; i++)
		assert_int_equal(secret[i], 0); /* the first block stays with the arena */
	assert_ptr_equal(lk_arena_alloc(*state, 16), secret);
}

static void
an_arena_never_hands_out_more_than_its_cap(void **state)
{
	static const size_t caps[] = { 0, 15, 16, 100, 4095, 4096, 4097, 5000, 70000, 300000 };

	(void)state;
	for (size_t i = 0; i < LK_ARRAY_LEN(caps); i++) {
		LK_AUTO(lk_arena_freep) struct lk_arena *arena = lk_arena_new(caps[i]);
		size_t handed_out = 0;
		while (lk_arena_alloc(arena, 48) != NULL)
			handed_out += 48;
		assert_true(handed_out <= caps[i]);
		assert_true(lk_arena_used(arena) <= caps[i]);
		assert_true(handed_out + 256 + caps[i] / 20 >= caps[i]);
		lk_arena_reset(arena);
		assert_int_equal(lk_arena_alloc(arena, 48) != NULL, caps[i] >= 48);
	}
}

static void
sizes_that_overflow_are_refused(void **state)
{
	assert_null(lk_arena_alloc(*state, SIZE_MAX));
	assert_null(lk_arena_alloc(*state, SIZE_MAX - 8));
	assert_null(lk_arena_array(*state, SIZE_MAX / 2, 3));
	assert_null(lk_arena_text_n(*state, "x", SIZE_MAX));
	assert_non_null(lk_arena_array(*state, 0, 8));
	assert_non_null(lk_arena_array(*state, 8, 0));
}

static void
texts_are_copies_that_end(void **state)
{
	assert_string_equal(lk_arena_text(*state, "abc"), "abc");
	assert_string_equal(lk_arena_text(*state, NULL), "");
	assert_string_equal(lk_arena_text_n(*state, "abcdef", 3), "abc");
	assert_string_equal(lk_arena_format(*state, "%s-%d", "key", 7), "key-7");
	assert_null(lk_arena_format(*state, "%200000d", 1));
}

static void
when_memory_is_short_the_arena_stays_usable(void **state)
{
	assert_non_null(lk_arena_alloc(*state, 4000));
	lk_alloc_fail_after(0);
	assert_null(lk_arena_alloc(*state, 4000));
	lk_alloc_fail_after(-1);
	assert_non_null(lk_arena_alloc(*state, 4000));
}

#define ARENA_CASE(fn) LK_CASE_WITH(fn, open_arena, close_arena)

LK_TESTS(ARENA_CASE(memory_is_aligned_zeroed_and_apart),
    ARENA_CASE(what_was_handed_out_is_zero_after_a_reset),
    LK_CASE(an_arena_never_hands_out_more_than_its_cap),
    ARENA_CASE(sizes_that_overflow_are_refused), ARENA_CASE(texts_are_copies_that_end),
    ARENA_CASE(when_memory_is_short_the_arena_stays_usable))
