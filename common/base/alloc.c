/* Allocation with a seam for torture tests; see alloc.h. */
#include "base/alloc.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { SEAM_OFF = -1, SEAM_FIRED = -2 };

static atomic_long allocations_left = SEAM_OFF;

static bool
seam_refuses(void)
{
	long left = atomic_load_explicit(&allocations_left, memory_order_relaxed);

	while (left >= 0) {
		const long next = left == 0 ? SEAM_FIRED : left - 1;
		if (atomic_compare_exchange_weak(&allocations_left, &left, next))
			return next == SEAM_FIRED;
	}
	return false;
}

void
lk_alloc_fail_after(long n)
{
	atomic_store(&allocations_left, n < 0 ? SEAM_OFF : n);
}

bool
lk_alloc_failed(void)
{
	return atomic_load(&allocations_left) == SEAM_FIRED;
}

void *
lk_alloc(size_t size)
{
	return lk_alloc_array(1, size);
}

void *
lk_alloc_array(size_t count, size_t size)
{
	if (seam_refuses() || (size != 0 && count > SIZE_MAX / size))
		return NULL;
	return count == 0 || size == 0 ? calloc(1, 1) : calloc(count, size);
}

void *
lk_realloc(void *memory, size_t size)
{
	return seam_refuses() ? NULL : realloc(memory, size == 0 ? 1 : size);
}

char *
lk_text_dup(const char *text)
{
	return text == NULL ? NULL : lk_text_dup_n(text, strlen(text));
}

char *
lk_text_dup_n(const void *text, size_t len)
{
	char *copy = len == SIZE_MAX ? NULL : lk_alloc(len + 1);

	if (copy != NULL && len > 0)
		memcpy(copy, text, len);
	return copy;
}

void
lk_free(void *memory)
{
	free(memory);
}

void
lk_freep(void *address_of_pointer)
{
	void *memory;

	memcpy(&memory, address_of_pointer, sizeof memory);
	free(memory);
}

void
lk_wipe(void *memory, size_t size)
{
	if (size > 0)
		explicit_bzero(memory, size);
}
