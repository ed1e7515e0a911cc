/* The test support itself: what the other tests lean on. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test.h"

static void
a_case_runs_alone_by_its_name(void **state)
{
	(void)state;
	assert_true(true);
}

static int
count_up(void **state)
{
	static int count = 41;

	count++;
	*state = &count;
	return 0;
}

static int
count_down(void **state)
{
	int *count = *state;

	(*count)--;
	return 0;
}

static void
a_fixture_hands_its_state_to_the_case(void **state)
{
	const int *count = *state;

	assert_int_equal(*count, 42);
}

static void
a_temporary_directory_is_private_and_short(void **state)
{
	(void)state;
	const char *dir = lk_test_tmpdir();
	struct stat info;

	assert_int_equal(stat(dir, &info), 0);
	assert_int_equal(info.st_mode & 0777, 0700);
	assert_true(strlen(dir) < 60);
	assert_string_not_equal(dir, lk_test_tmpdir());
}

static void
a_written_file_reads_back(void **state)
{
	(void)state;
	const char *path = lk_test_path(lk_test_tmpdir(), "f");
	size_t len = 0;

	lk_test_write_file(path, "a\0b", 3);
	char *data = lk_test_read_file(path, &len);
	assert_int_equal(len, 3);
	assert_memory_equal(data, "a\0b", 4);
	free(data);
}

static void
a_mutation_stays_within_its_buffer(void **state)
{
	(void)state;
	struct lk_test_rng rng = lk_test_rng();
	uint8_t data[64 + 8];

	memset(data, 0xa5, sizeof data);
	size_t len = 10;
	for (size_t i = lk_test_repeat("mutations", 100000, 5000); i > 0; i--) {
		len = lk_test_rng_mutate(&rng, data, len, 64);
		assert_true(len <= 64);
		for (size_t guard = 64; guard < sizeof data; guard++)
			assert_int_equal(data[guard], 0xa5);
	}
}

static void
two_generators_of_a_case_differ(void **state)
{
	(void)state;
	struct lk_test_rng a = lk_test_rng();
	struct lk_test_rng b = lk_test_rng();

	assert_true(lk_test_rng_next(&a) != lk_test_rng_next(&b));
}

LK_TESTS(LK_CASE(a_case_runs_alone_by_its_name),
    LK_CASE_WITH(a_fixture_hands_its_state_to_the_case, count_up, count_down),
    LK_CASE(a_temporary_directory_is_private_and_short), LK_CASE(a_written_file_reads_back),
    LK_CASE(a_mutation_stays_within_its_buffer), LK_CASE(two_generators_of_a_case_differ))
