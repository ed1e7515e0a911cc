/* Where root keys come from: what is loaded, in which order, and what is refused. */
#include "test.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/kek_source.h"
#include "crypto/private_file.h"

static struct lk_error err;
static const char *top; /* of the folders below */

static int
setup(void **state)
{
	(void)state;
	top = lk_test_tmpdir();
	return 0;
}

/* A new file with a key in a new folder of this name. */
static const char *
key_in(const char *folder, const char *name)
{
	const uint8_t key[32] = { 7 };
	const char *dir = lk_test_path(top, folder);

	mkdir(dir, 0700);
	const char *path = lk_test_path(dir, name);
	unlink(path);
	expect_ok(lk_secret_file_create(path, "key", lk_bytes(key, sizeof key), &err), &err);
	return path;
}

static lk_status
load(const char *file, const char *list, const char *store_url, struct lk_keyring **out_ring)
{
	const struct lk_kek_config config = { file, list, store_url };

	*out_ring = NULL;
	return lk_kek_load(&config, out_ring, &err);
}

static void
expect_refused(
    const char *file, const char *list, const char *store_url, lk_status status, const char *reason)
{
	struct lk_keyring *ring;

	expect_fail(load(file, list, store_url, &ring), &err, status, reason);
	assert_null(ring);
}

static void
keys_are_loaded_in_their_order(void **state)
{
	LK_AUTO(lk_keyring_freep) struct lk_keyring *ring = NULL;
	const char *path = key_in("secrets", "kek");
	char list[1024];

	(void)state;
	snprintf(list, sizeof list, "  b=file:%s\ta=file:%s ", path, path);
	expect_ok(load(path, list, NULL, &ring), &err);
	assert_int_equal(lk_keyring_count(ring), 3);
	assert_string_equal(lk_keyring_id(ring, 0), "kek-1");
	assert_string_equal(lk_keyring_id(ring, 1), "b");
	assert_string_equal(lk_keyring_id(ring, 2), "a");
	assert_string_equal(lk_keyring_active(ring), "kek-1");
}

static void
what_is_no_list_of_keys_is_refused(void **state)
{
	const char *path = key_in("secrets", "kek");
	char list[2048];

	(void)state;
	expect_refused(NULL, NULL, NULL, LK_FAILED_PRECONDITION, "KEK_NOT_CONFIGURED");
	expect_refused("", " ", NULL, LK_FAILED_PRECONDITION, "KEK_NOT_CONFIGURED");
	expect_refused(NULL, "kek-1", NULL, LK_INVALID_ARGUMENT, "KEK_SOURCE_INVALID");
	expect_refused(NULL, "kek-1=", NULL, LK_INVALID_ARGUMENT, "KEK_SOURCE_INVALID");
	expect_refused(NULL, "kek-1=vault:x", NULL, LK_INVALID_ARGUMENT, "KEK_SOURCE_INVALID");
	expect_refused(NULL, "k=file:/no/such/file", NULL, LK_NOT_FOUND, "SECRET_FILE_MISSING");
	memset(list, 'x', sizeof list - 1);
	list[sizeof list - 1] = '\0';
	expect_refused(NULL, list, NULL, LK_INVALID_ARGUMENT, "KEK_SOURCE_INVALID");
	snprintf(list, sizeof list, "K=file:%s", path);
	expect_refused(NULL, list, NULL, LK_INVALID_ARGUMENT, "KEK_ID_INVALID");
	snprintf(list, sizeof list, "kek-1=file:%s", path);
	expect_refused(path, list, NULL, LK_ALREADY_EXISTS, "KEK_EXISTS");
}

static void
a_file_that_others_can_read_is_refused(void **state)
{
	const char *path = key_in("secrets", "open");

	(void)state;
	assert_int_equal(chmod(path, 0640), 0);
	expect_refused(path, NULL, NULL, LK_FAILED_PRECONDITION, "SECRET_FILE_MODE");
}

static void
a_file_in_the_folder_of_the_database_is_refused(void **state)
{
	LK_AUTO(lk_keyring_freep) struct lk_keyring *ring = NULL;
	const char *beside = key_in("data", "kek"), *apart = key_in("data-not", "kek");
	char store_url[512], list[512], winding[512];

	(void)state;
	snprintf(store_url, sizeof store_url, "sqlite://%s/data/x.db", top);
	snprintf(list, sizeof list, "k=file:%s", beside);
	snprintf(winding, sizeof winding, "%s/data-not/../data/kek", top);
	expect_refused(beside, NULL, store_url, LK_FAILED_PRECONDITION, "KEK_BESIDE_DATA");
	expect_refused(NULL, list, store_url, LK_FAILED_PRECONDITION, "KEK_BESIDE_DATA");
	expect_refused(winding, NULL, store_url, LK_FAILED_PRECONDITION, "KEK_BESIDE_DATA");
	expect_ok(load(apart, NULL, store_url, &ring), &err);
}

#define IN_FOLDERS(fn) LK_CASE_WITH(fn, setup, NULL)
LK_TESTS(IN_FOLDERS(keys_are_loaded_in_their_order), IN_FOLDERS(what_is_no_list_of_keys_is_refused),
    IN_FOLDERS(a_file_that_others_can_read_is_refused),
    IN_FOLDERS(a_file_in_the_folder_of_the_database_is_refused))
