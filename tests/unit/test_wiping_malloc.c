/* In a program with the wiping allocator what was freed is zero, whoever freed it. */
#include <malloc.h>
#include <openssl/crypto.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "test.h"

enum { SKIP = 64 }; /* bytes at both ends where the allocator may keep its lists */

/*
 * The address as a number that the compiler knows nothing about: what is there after free is
 * what this file asks.
 */
static volatile const uint8_t *
address_of(void *ptr)
{
	uintptr_t address = (uintptr_t)ptr;

	__asm__ volatile("" : "+r"(address));
	return (volatile const uint8_t *)address;
}

static void
need_the_allocator(void)
{
#ifndef LK_WIPING_MALLOC
	lk_test_skip("sanitizers bring their own allocator");
#endif
}

static void
expect_wiped(volatile const uint8_t *at, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		assert_int_equal(at[i], 0);
}

static void
freed_memory_is_zero(void **state)
{
	(void)state;
	need_the_allocator();
	static const size_t sizes[] = { 200, 1000, 5000, 60000 };

	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		uint8_t *block = malloc(sizes[i]);
		void *guard = malloc(16); /* keeps the block from going back to the system */
		volatile const uint8_t *at = address_of(block);

		memset(block, 0xa5, sizes[i]);
		assert_int_equal(at[SKIP], 0xa5);
		free(block);
		expect_wiped(at, SKIP, sizes[i] - SKIP);
		free(guard);
	}
}

static void
a_large_block_is_zero_without_touching_what_was_never_used(void **state)
{
	enum { SIZE = 32 * 1024 * 1024, USED = 300000 };
	struct rusage before, after;

	(void)state;
	need_the_allocator();
	assert_int_equal(mallopt(M_MMAP_THRESHOLD, 2 * SIZE), 1); /* stays ours when freed */
	assert_int_equal(mallopt(M_TRIM_THRESHOLD, 4 * SIZE), 1);
	uint8_t *block = malloc(SIZE);
	void *guard = malloc(16);
	volatile const uint8_t *at = address_of(block);

	memset(block, 0xa5, USED);
	getrusage(RUSAGE_SELF, &before);
	free(block);
	getrusage(RUSAGE_SELF, &after);
	expect_wiped(at, SKIP, 2 * USED);
	expect_wiped(at, SIZE - USED, SIZE - SKIP);
	assert_true(after.ru_minflt - before.ru_minflt < 100);
	free(guard);
}

static void
a_block_that_moves_leaves_zeros_and_keeps_its_content(void **state)
{
	(void)state;
	need_the_allocator();
	uint8_t *block = malloc(1000);
	void *neighbour = malloc(1000);
	volatile const uint8_t *old = address_of(block);

	memset(block, 0x5a, 1000);
	block = realloc(block, 50000);
	assert_non_null(block);
	assert_ptr_not_equal((void *)(uintptr_t)old, block);
	for (size_t i = 0; i < 1000; i++)
		assert_int_equal(block[i], 0x5a);
	expect_wiped(old, SKIP, 1000 - SKIP);
	free(neighbour);
	free(block);
}

static void
a_block_that_shrinks_gives_back_zeros(void **state)
{
	(void)state;
	need_the_allocator();
	uint8_t *block = malloc(10000);
	void *neighbour = malloc(16);
	volatile const uint8_t *old = address_of(block);

	memset(block, 0x5a, 10000);
	block = realloc(block, 1000);
	for (size_t i = 0; i < 1000; i++)
		assert_int_equal(block[i], 0x5a);
	expect_wiped(old, 1000 + SKIP, 10000 - SKIP);
	free(neighbour);
	free(block);
}

static void
the_edges_of_realloc_are_those_of_glibc(void **state)
{
	(void)state;
	need_the_allocator();
	void *volatile nothing = NULL;
	volatile size_t none = 0, endless = SIZE_MAX / 2;
	char *volatile block =
	    realloc(nothing, 10); /* volatile: gcc 14 takes a failed realloc for a free */

	assert_non_null(block);
	memcpy(block, "123456789", 10);
	assert_null(realloc(block, endless));
	assert_string_equal(block, "123456789"); /* still there after a failure */
	assert_null(realloc(block, none));
	free(nothing);
}

static void
what_a_library_frees_is_wiped_too(void **state)
{
	(void)state;
	need_the_allocator();
	uint8_t *block = OPENSSL_malloc(1000);
	void *guard = malloc(16);
	volatile const uint8_t *at = address_of(block);

	memset(block, 0xa5, 1000);
	OPENSSL_free(block);
	expect_wiped(at, SKIP, 1000 - SKIP);
	free(guard);
}

static void
aligned_and_large_blocks_are_freed_as_well(void **state)
{
	(void)state;
	need_the_allocator();
	struct lk_test_rng rng = lk_test_rng();
	void *blocks[64] = { 0 };

	for (size_t i = lk_test_repeat("allocations", 200000, 20000); i > 0; i--) {
		const size_t at = lk_test_rng_below(&rng, 64),
			     size = lk_test_rng_below(&rng, i % 50 ? 3000 : 400000);

		if (i % 3 == 0)
			blocks[at] = realloc(blocks[at], size + 1);
		else {
			free(blocks[at]);
			blocks[at] =
			    i % 2 ? malloc(size) : aligned_alloc(64, (size + 63) / 64 * 64);
		}
		assert_non_null(blocks[at]);
		memset(blocks[at], 0x11, malloc_usable_size(blocks[at]));
	}
	for (size_t i = 0; i < 64; i++)
		free(blocks[i]);
}

LK_TESTS(LK_CASE(freed_memory_is_zero),
    LK_CASE(a_large_block_is_zero_without_touching_what_was_never_used),
    LK_CASE(a_block_that_moves_leaves_zeros_and_keeps_its_content),
    LK_CASE(a_block_that_shrinks_gives_back_zeros),
    LK_CASE(the_edges_of_realloc_are_those_of_glibc), LK_CASE(what_a_library_frees_is_wiped_too),
    LK_CASE(aligned_and_large_blocks_are_freed_as_well))
