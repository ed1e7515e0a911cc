/* Failing allocations reach our code, one by one, and stop when told. */
#include <stdlib.h>
#include <string.h>

#include "test.h"
#include "torture.h"

/* Assigned here, a pointer cannot be optimised away together with its allocation. */
static void *volatile kept;

static lk_status
two_copies(void *arg, struct lk_error *err)
{
	(void)arg;
	char *a = strdup("a");
	char *b = a ? strdup("b") : NULL;
	const bool both = a && b;

	kept = a;
	kept = b;

	free(a);
	free(b);
	return both ? LK_OK : lk_fail_oom(err);
}

static void
count_refusals(void *arg, lk_status answered)
{
	size_t *refused = arg;

	*refused += answered != LK_OK;
}

static void
every_allocation_fails_once_alone_and_once_with_all_after_it(void **state)
{
	(void)state;
	size_t refused = 0;

	assert_int_equal(lk_torture(two_copies, count_refusals, &refused), 2);
	assert_int_equal(refused, 4);
}

static void
allocations_succeed_again_when_told(void **state)
{
	(void)state;

	lk_torture_fail(2);
	void *first = kept = malloc(1);
	void *second = kept = malloc(1);
	assert_true(lk_torture_fail(0));
	void *third = kept = malloc(1);
	assert_non_null(first);
	assert_null(second);
	assert_non_null(third);
	free(first);
	free(second);
	free(third);
}

LK_TESTS(LK_CASE(every_allocation_fails_once_alone_and_once_with_all_after_it),
    LK_CASE(allocations_succeed_again_when_told))
