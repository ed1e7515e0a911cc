/* One process per state file. Two open files stand for two processes: flock(2) belongs to the open
 * file. */
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"
#include "base/lock_file.h"
#include "test.h"

static void
a_second_holder_is_refused_until_the_first_lets_go(void **state)
{
	const char *path = lk_test_path(lk_test_tmpdir(), "lock");
	LK_AUTO(lk_lock_file_releasep) int first = -1;
	LK_AUTO(lk_lock_file_releasep) int second = -1;
	struct lk_error err = { 0 };

	(void)state;
	expect_ok(lk_lock_file(path, &first, &err), &err);
	expect_fail(
	    lk_lock_file(path, &second, &err), &err, LK_FAILED_PRECONDITION, "ALREADY_RUNNING");
	assert_int_equal(second, -1);
	lk_lock_file_releasep(&first);
	expect_ok(lk_lock_file(path, &second, &err), &err);
}

static void
the_file_is_private_and_may_not_be_a_link(void **state)
{
	const char *dir = lk_test_tmpdir();
	const char *path = lk_test_path(dir, "lock"), *alias = lk_test_path(dir, "alias");
	LK_AUTO(lk_lock_file_releasep) int fd = -1;
	struct lk_error err = { 0 };
	struct stat st;

	(void)state;
	expect_ok(lk_lock_file(path, &fd, &err), &err);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	lk_lock_file_releasep(&fd);
	assert_int_equal(symlink(path, alias), 0);
	expect_fail(lk_lock_file(alias, &fd, &err), &err, LK_INTERNAL, "LOCK_FILE_FAILED");
	expect_fail(lk_lock_file(lk_test_path(dir, "absent/lock"), &fd, &err), &err, LK_INTERNAL,
	    "LOCK_FILE_FAILED");
}

LK_TESTS(LK_CASE(a_second_holder_is_refused_until_the_first_lets_go),
    LK_CASE(the_file_is_private_and_may_not_be_a_link))
