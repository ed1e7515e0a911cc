/* Where root keys come from: what is loaded, in which order, and what is refused. */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
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

/* ---- secrets that the system mounts ---- */

static void
a_mounted_secret_is_found_by_its_name(void **state)
{
	LK_AUTO(lk_keyring_freep) struct lk_keyring *ring = NULL;
	const char *path = key_in("credentials", "kek");
	const char *folder = lk_test_path(top, "credentials");

	(void)state;
	setenv("CREDENTIALS_DIRECTORY", folder, 1);
	assert_int_equal(chmod(path, 0444), 0); /* as containers have it */
	expect_ok(load(NULL, "k=secret:kek", NULL, &ring), &err);
	assert_int_equal(symlink(path, lk_test_path(folder, "link")), 0);
	lk_keyring_free(ring);
	expect_ok(load(NULL, "k=secret:link", NULL, &ring), &err);
	expect_refused(NULL, "k=secret:other", NULL, LK_NOT_FOUND, "SECRET_FILE_MISSING");
	assert_int_equal(chmod(path, 0664), 0);
	expect_refused(NULL, "k=secret:kek", NULL, LK_FAILED_PRECONDITION, "SECRET_FILE_MODE");
	expect_refused(NULL, "k=secret:", NULL, LK_INVALID_ARGUMENT, "KEK_SOURCE_INVALID");
	expect_refused(NULL, "k=secret:..", NULL, LK_INVALID_ARGUMENT, "KEK_SOURCE_INVALID");
	expect_refused(NULL, "k=secret:a/b", NULL, LK_INVALID_ARGUMENT, "KEK_SOURCE_INVALID");
	unsetenv("CREDENTIALS_DIRECTORY");
}

/* ---- passphrases ---- */

static const char cheap[] = "argon2id m=19456 t=2 salt=AAECAwQFBgcICQoLDA0ODw\n";

static const char *
private_text(const char *name, const char *text)
{
	const char *path = lk_test_path(top, name);

	unlink(path);
	expect_ok(lk_private_file_create(path, name, lk_bytes_of(text), &err), &err);
	return path;
}

static struct lk_keyring *
ring_of(const char *parameters, const char *passphrase)
{
	struct lk_keyring *ring;
	char list[512];

	snprintf(list, sizeof list, "k=passphrase:%s?from=file:%s", parameters,
	    private_text("passphrase", passphrase));
	expect_ok(load(NULL, list, NULL, &ring), &err);
	return ring;
}

/* Is it the same key? One opens what the other wrapped. */
static bool
same_key(struct lk_keyring *one, struct lk_keyring *other)
{
	const struct lk_wrap_context context = { "tenant-key", "tnt_a" };
	LK_AUTO(lk_arena_freep) struct lk_arena *arena = lk_arena_new(4096);
	struct lk_bytes blob, key;

	expect_ok(lk_wrap_key(one, &context, lk_bytes_of("key"), arena, &blob, &err), &err);
	return lk_unwrap_key(other, &context, blob, arena, &key, NULL) == LK_OK;
}

static void
a_passphrase_and_its_parameters_make_the_same_key_again(void **state)
{
	const char *parameters = private_text("cheap", cheap);
	LK_AUTO(lk_keyring_freep)
	struct lk_keyring *one = ring_of(parameters, "correct horse battery");
	LK_AUTO(lk_keyring_freep)
	struct lk_keyring *same = ring_of(parameters, "correct horse battery\n");
	LK_AUTO(lk_keyring_freep)
	struct lk_keyring *other = ring_of(parameters, "correct horse batterx");

	(void)state;
	assert_true(same_key(one, same));
	assert_false(same_key(one, other));
}

static void
parameters_that_are_not_there_are_made_and_kept(void **state)
{
	const char *parameters = lk_test_path(top, "made");
	uint8_t line[128];
	size_t len;

	(void)state;
	LK_AUTO(lk_keyring_freep) struct lk_keyring *one = ring_of(parameters, "a long passphrase");
	expect_ok(lk_private_file_read(parameters, "p", line, sizeof line, &len, &err), &err);
	assert_memory_equal(line, "argon2id m=262144 t=3 salt=", 27);
	LK_AUTO(lk_keyring_freep)
	struct lk_keyring *again = ring_of(parameters, "a long passphrase");
	assert_true(same_key(one, again));
}

static void
weak_parameters_and_passphrases_are_refused(void **state)
{
	static const char *const bad[] = {
		"argon2id m=19455 t=2 salt=AAECAwQFBgcICQoLDA0ODw\n",
		"argon2id m=19456 t=1 salt=AAECAwQFBgcICQoLDA0ODw\n",
		"argon2id m=19456 t=2 salt=AAECAwQFBgcICQoLDA0O\n",
		"argon2id m=19456 t=2 salt=AAECAwQFBgcICQoLDA0ODw",
		"argon2id m=019456 t=2 salt=AAECAwQFBgcICQoLDA0ODw\n",
		"argon2id m=99999999 t=2 salt=AAECAwQFBgcICQoLDA0ODw\n",
		"scrypt m=19456 t=2 salt=AAECAwQFBgcICQoLDA0ODw\n",
	};
	char list[512];

	(void)state;
	for (size_t i = 0; i < LK_ARRAY_LEN(bad); i++) {
		snprintf(list, sizeof list, "k=passphrase:%s?from=file:%s",
		    private_text("bad", bad[i]), private_text("passphrase", "long enough it is"));
		expect_refused(NULL, list, NULL, LK_FAILED_PRECONDITION, "KEK_PARAMETERS_INVALID");
	}
	snprintf(list, sizeof list, "k=passphrase:%s?from=file:%s", private_text("cheap", cheap),
	    private_text("passphrase", "too short\n"));
	expect_refused(NULL, list, NULL, LK_INVALID_ARGUMENT, "KEK_PASSPHRASE_SHORT");
	expect_refused(NULL, "k=passphrase:/x", NULL, LK_INVALID_ARGUMENT, "KEK_SOURCE_INVALID");
	expect_refused(
	    NULL, "k=passphrase:/x?from=env:Y", NULL, LK_INVALID_ARGUMENT, "KEK_SOURCE_INVALID");
}

static void
a_token_uri_with_a_pin_or_without_sense_is_refused(void **state)
{
	(void)state;
	expect_refused(NULL, "k=pkcs11:token=a;object=b?pin-value=1234", NULL, LK_INVALID_ARGUMENT,
	    "KEK_SOURCE_INVALID");
	expect_refused(NULL, "k=pkcs11:token", NULL, LK_INVALID_ARGUMENT, "KEK_SOURCE_INVALID");
	expect_refused(NULL, "k=pkcs11:token=a?module-path=/no/such/module.so", NULL,
	    LK_UNAVAILABLE, "KEK_TOKEN_FAILED");
}

#define IN_FOLDERS(fn) LK_CASE_WITH(fn, setup, NULL)
LK_TESTS(IN_FOLDERS(keys_are_loaded_in_their_order), IN_FOLDERS(what_is_no_list_of_keys_is_refused),
    IN_FOLDERS(a_file_that_others_can_read_is_refused),
    IN_FOLDERS(a_file_in_the_folder_of_the_database_is_refused),
    IN_FOLDERS(a_mounted_secret_is_found_by_its_name),
    IN_FOLDERS(a_passphrase_and_its_parameters_make_the_same_key_again),
    IN_FOLDERS(parameters_that_are_not_there_are_made_and_kept),
    IN_FOLDERS(weak_parameters_and_passphrases_are_refused),
    IN_FOLDERS(a_token_uri_with_a_pin_or_without_sense_is_refused))
