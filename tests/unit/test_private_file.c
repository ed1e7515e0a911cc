/*
 * Files that hold secrets are refused unless only their owner can read them; a message tells
 * why and nothing else.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"
#include "crypto/private_file.h"
#include "test.h"

static const char line[] = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\n"; /* 0 to 31 */

struct world {
	const char *dir, *path;
	struct lk_error err;
};

static int
setup(void **state)
{
	static struct world world;

	world = (struct world){ .dir = lk_test_tmpdir() };
	world.path = lk_test_path(world.dir, "pepper.key");
	*state = &world;
	return 0;
}

static void
put(struct world *w, const char *text, size_t len)
{
	lk_test_write_file(w->path, text, len);
	assert_int_equal(chmod(w->path, 0600), 0);
}

static lk_status
load(struct world *w, const char *path)
{
	struct lk_secret32 secret;

	return lk_secret_file_load32(path, "pepper", &secret, &w->err);
}

static int
count_files(const char *dir)
{
	DIR *d = opendir(dir);
	int count = -2;

	assert_non_null(d);
	while (readdir(d))
		count++;
	closedir(d);
	return count;
}

static void
a_secret_goes_through_a_file(void **state)
{
	struct world *w = *state;
	struct lk_secret32 secret, again;
	struct stat info;

	lk_secret32_random(&secret);
	expect_ok(
	    lk_secret_file_create(w->path, "pepper", lk_bytes(&secret, 32), &w->err), &w->err);
	assert_int_equal(stat(w->path, &info), 0);
	assert_int_equal(info.st_mode & 07777, 0600);
	assert_int_equal(info.st_size, 44);
	expect_ok(lk_secret_file_load32(w->path, "pepper", &again, &w->err), &w->err);
	assert_memory_equal(&again, &secret, sizeof secret);
	assert_int_equal(count_files(w->dir), 1);
}

static void
an_existing_file_is_never_overwritten_by_create(void **state)
{
	struct world *w = *state;
	char *content;

	put(w, line, sizeof line - 1);
	expect_fail(lk_secret_file_create(w->path, "pepper", lk_bytes_of("other"), &w->err),
	    &w->err, LK_ALREADY_EXISTS, "SECRET_FILE_EXISTS");
	content = lk_test_read_file(w->path, NULL);
	assert_string_equal(content, line);
	free(content);
	assert_int_equal(count_files(w->dir), 1);
}

static void
replacing_puts_the_new_content_in_place(void **state)
{
	struct world *w = *state;
	uint8_t content[16];
	size_t len = 0;

	expect_ok(
	    lk_private_file_replace(w->path, "profile", lk_bytes_of("one"), &w->err), &w->err);
	expect_ok(
	    lk_private_file_replace(w->path, "profile", lk_bytes_of("two!"), &w->err), &w->err);
	expect_ok(lk_private_file_read(w->path, "profile", content, sizeof content, &len, &w->err),
	    &w->err);
	assert_int_equal(len, 4);
	assert_memory_equal(content, "two!", 4);
	assert_int_equal(count_files(w->dir), 1);
}

static void
a_missing_file_is_not_found(void **state)
{
	struct world *w = *state;

	expect_fail(load(w, w->path), &w->err, LK_NOT_FOUND, "SECRET_FILE_MISSING");
	expect_contains(w->err.message, "pepper");
	expect_lacks(w->err.message, w->dir);
}

static void
any_right_of_group_or_others_is_refused_and_the_mode_is_told(void **state)
{
	struct world *w = *state;

	put(w, line, sizeof line - 1);
	for (mode_t bit = 01; bit <= 040; bit <<= 1) {
		assert_int_equal(chmod(w->path, 0600 | bit), 0);
		expect_fail(load(w, w->path), &w->err, LK_FAILED_PRECONDITION, "SECRET_FILE_MODE");
		expect_contains(w->err.message, "chmod 600");
		expect_lacks(w->err.message, w->dir);
	}
	assert_int_equal(chmod(w->path, 0400), 0);
	expect_ok(load(w, w->path), &w->err);
}

static void
links_directories_and_pipes_are_refused(void **state)
{
	struct world *w = *state;
	const char *link = lk_test_path(w->dir, "l"), *pipe = lk_test_path(w->dir, "p");

	put(w, line, sizeof line - 1);
	assert_int_equal(symlink(w->path, link), 0);
	assert_int_equal(mkfifo(pipe, 0600), 0);
	expect_fail(load(w, link), &w->err, LK_FAILED_PRECONDITION, "SECRET_FILE_KIND");
	expect_fail(load(w, pipe), &w->err, LK_FAILED_PRECONDITION, "SECRET_FILE_KIND");
	expect_fail(load(w, w->dir), &w->err, LK_FAILED_PRECONDITION, "SECRET_FILE_KIND");
}

static void
a_file_of_another_user_is_refused(void **state)
{
	struct world *w = *state;

	if (geteuid() != 0)
		lk_test_skip("only root can give a file away");
	put(w, line, sizeof line - 1);
	assert_int_equal(chown(w->path, 65534, 65534), 0);
	expect_fail(load(w, w->path), &w->err, LK_FAILED_PRECONDITION, "SECRET_FILE_OWNER");
}

/* The file is root's and of group `nobody`, and so are we, but for root. */
static lk_status
load_as_nobody(struct world *w, mode_t mode)
{
	put(w, line, sizeof line - 1);
	assert_int_equal(chown(w->path, 0, 65534), 0);
	assert_int_equal(chmod(w->path, mode), 0);
	assert_int_equal(chdir(w->dir), 0); /* nobody may not come here from the top */
	assert_int_equal(setegid(65534), 0);
	assert_int_equal(seteuid(65534), 0);
	const lk_status status = load(w, "pepper.key");
	assert_int_equal(seteuid(0), 0);
	assert_int_equal(setegid(0), 0);
	return status;
}

static void
what_root_hands_over_may_be_readable_by_our_group(void **state)
{
	struct world *w = *state;

	if (geteuid() != 0)
		lk_test_skip("only root can hand a file over");
	assert_int_equal(chmod(w->dir, 0755), 0);
	assert_int_equal(load_as_nobody(w, 0440), LK_OK);
	expect_fail(load_as_nobody(w, 0460), &w->err, LK_FAILED_PRECONDITION, "SECRET_FILE_MODE");
	expect_fail(load_as_nobody(w, 0444), &w->err, LK_FAILED_PRECONDITION, "SECRET_FILE_MODE");
}

static void
an_empty_or_huge_file_is_refused(void **state)
{
	struct world *w = *state;
	static char huge[100000];

	put(w, "", 0);
	expect_fail(load(w, w->path), &w->err, LK_FAILED_PRECONDITION, "SECRET_FILE_SIZE");
	memset(huge, 'A', sizeof huge);
	put(w, huge, sizeof huge);
	expect_fail(load(w, w->path), &w->err, LK_FAILED_PRECONDITION, "SECRET_FILE_SIZE");
}

static void
content_that_is_not_one_line_for_the_length_is_refused_and_not_told(void **state)
{
	struct world *w = *state;
	static const char *const bad[] = { "\n", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHg\n",
		"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9\n",
		"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n",
		"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\n\n",
		" AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\n",
		"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gIQ\n", "hunter2 hunter2\n" };

	for (size_t i = 0; i < LK_ARRAY_LEN(bad); i++) {
		put(w, bad[i], strlen(bad[i]));
		expect_fail(
		    load(w, w->path), &w->err, LK_FAILED_PRECONDITION, "SECRET_FILE_CONTENT");
		expect_lacks(w->err.message, "AAEC");
		expect_lacks(w->err.message, "hunter2");
	}
	put(w, line, sizeof line - 2); /* the newline may be missing */
	expect_ok(load(w, w->path), &w->err);
}

static void
a_directory_that_is_not_there_is_told_and_nothing_is_left(void **state)
{
	struct world *w = *state;
	const char *path = lk_test_path(w->dir, "no/such/file");

	expect_fail(lk_secret_file_create(path, "pepper", lk_bytes_of("x"), &w->err), &w->err,
	    LK_UNAVAILABLE, "SECRET_FILE_WRITE");
	expect_contains(w->err.message, "directory");
	assert_int_equal(count_files(w->dir), 0);
}

/* As Kubernetes mounts a Secret: kek -> ..data/kek, ..data -> ..1; a new version is a new folder,
 * to which
 * ..data leads from one moment to the next. */
static void
mount_version(struct world *w, const char *folder, const char *text, mode_t mode)
{
	const char *dir = lk_test_path(w->dir, folder), *file = lk_test_path(dir, "kek");
	const char *data = lk_test_path(w->dir, "..data"), *next = lk_test_path(w->dir, "..tmp");

	assert_int_equal(mkdir(dir, 0755), 0);
	lk_test_write_file(file, text, strlen(text));
	assert_int_equal(chmod(file, mode), 0);
	assert_int_equal(symlink(folder, next), 0);
	assert_int_equal(rename(next, data), 0);
}

static void
a_mounted_secret_is_followed_to_its_newest_version(void **state)
{
	static const char newer[] = "CAkKCwwNDg8QERITFBUWFxgZGhscHR4fICEiIyQlJic\n"; /* 8 to 39 */
	struct world *w = *state;
	const char *kek = lk_test_path(w->dir, "kek");
	struct lk_secret32 secret;

	assert_int_equal(symlink("..data/kek", kek), 0);
	expect_fail(lk_mounted_file_load32(kek, "root key", &secret, &w->err), &w->err,
	    LK_NOT_FOUND, "SECRET_FILE_MISSING");
	mount_version(
	    w, "..1", line, 0444); /* defaultMode, and who sees the mount is its business */
	expect_ok(lk_mounted_file_load32(kek, "root key", &secret, &w->err), &w->err);
	assert_int_equal(secret.bytes[0], 0);
	mount_version(w, "..2", newer, 0440);
	expect_ok(lk_mounted_file_load32(kek, "root key", &secret, &w->err), &w->err);
	assert_int_equal(secret.bytes[0], 8);
	expect_fail(load(w, kek), &w->err, LK_FAILED_PRECONDITION, "SECRET_FILE_KIND");
	mount_version(w, "..3", line, 0646); /* anybody could put another key in its place */
	expect_fail(lk_mounted_file_load32(kek, "root key", &secret, &w->err), &w->err,
	    LK_FAILED_PRECONDITION, "SECRET_FILE_MODE");
	expect_lacks(w->err.message, w->dir);
}

#define CASE(fn) LK_CASE_WITH(fn, setup, NULL)
LK_TESTS(CASE(a_secret_goes_through_a_file), CASE(an_existing_file_is_never_overwritten_by_create),
    CASE(replacing_puts_the_new_content_in_place), CASE(a_missing_file_is_not_found),
    CASE(any_right_of_group_or_others_is_refused_and_the_mode_is_told),
    CASE(links_directories_and_pipes_are_refused), CASE(a_file_of_another_user_is_refused),
    CASE(what_root_hands_over_may_be_readable_by_our_group), CASE(an_empty_or_huge_file_is_refused),
    CASE(content_that_is_not_one_line_for_the_length_is_refused_and_not_told),
    CASE(a_directory_that_is_not_there_is_told_and_nothing_is_left),
    CASE(a_mounted_secret_is_followed_to_its_newest_version))
