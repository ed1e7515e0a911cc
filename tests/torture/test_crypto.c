/*
 * Memory that runs short anywhere in common/crypto is reported, leaks nothing and leaves
 * outputs as they were.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"
#include "crypto/digest.h"
#include "crypto/es256.h"
#include "crypto/keyring.h"
#include "crypto/seal.h"
#include "crypto/sign.h"
#include "crypto/transport.h"
#include "test.h"
#include "torture.h"

static lk_status
act_guarded(void *arg, struct lk_error *err)
{
	LK_AUTO(lk_secret_freep) struct lk_secret *secret = NULL;
	LK_AUTO(lk_pepper_freep) struct lk_pepper *pepper = NULL;
	LK_AUTO(lk_sign_key_freep) struct lk_sign_key *key = NULL;
	const struct lk_secret32 seed = { { 1 } };

	(void)arg;
	LK_TRY(lk_secret_new(lk_bytes_of("secret"), &secret, err));
	LK_TRY(lk_pepper_new(1, &seed, "instance", &pepper, err));
	return lk_sign_key_from_seed(&seed, &key, err);
}

static lk_status
act_wrap(void *arg, struct lk_error *err)
{
	LK_AUTO(lk_keyring_freep) struct lk_keyring *ring = NULL;
	LK_AUTO(lk_arena_freep) struct lk_arena *arena = lk_arena_new(64 * 1024);
	const struct lk_secret32 root = { { 1 } };
	const struct lk_wrap_context context = { "tenant-key", "tnt_a" };
	struct lk_bytes blob, key;

	(void)arg;
	if (!arena)
		return lk_fail_oom(err);
	LK_TRY(lk_keyring_new(&ring, err));
	LK_TRY(lk_keyring_add(ring, "root-1", &root, err));
	LK_TRY(lk_keyring_add(ring, "root-2", &root, err));
	LK_TRY(lk_wrap_key(ring, &context, lk_bytes(&root, sizeof root), arena, &blob, err));
	return lk_unwrap_key(ring, &context, blob, arena, &key, err);
}

static lk_status
act_es256(void *arg, struct lk_error *err)
{
	LK_AUTO(lk_es256_unrefp) struct lk_es256 *key = NULL;
	LK_AUTO(lk_es256_unrefp) struct lk_es256 *again = NULL;
	LK_AUTO(lk_es256_unrefp) struct lk_es256 *public_key = NULL;
	LK_AUTO(lk_es256_private_wipe) struct lk_es256_private der = { 0 };

	(void)arg;
	LK_TRY(lk_es256_generate(&key, err));
	LK_TRY(lk_es256_export(key, &der, err));
	LK_TRY(lk_es256_import(lk_bytes(der.pkcs8, der.len), &again, err));
	return lk_es256_from_public(lk_es256_x(key), lk_es256_y(key), &public_key, err);
}

static lk_status
act_files(void *arg, struct lk_error *err)
{
	char path[256];
	LK_AUTO(lk_sign_key_freep) struct lk_sign_key *key = NULL;
	LK_AUTO(lk_sign_key_freep) struct lk_sign_key *again = NULL;

	snprintf(path, sizeof path, "%s/key", (const char *)arg);
	unlink(path);
	LK_TRY(lk_sign_key_generate(&key, err));
	LK_TRY(lk_sign_key_create_file(key, path, "key", err));
	return lk_sign_key_load(path, "key", &again, err);
}

static void
guarded_secrets_survive_every_failing_allocation(void **state)
{
	(void)state;

	assert_int_equal(lk_torture(act_guarded, NULL, NULL), 10);
}

static void
wrapping_survives_every_failing_allocation(void **state)
{
	(void)state;

	assert_true(lk_torture(act_wrap, NULL, NULL) > 4);
}

static void
signing_keys_survive_every_failing_allocation(void **state)
{
	(void)state;

	assert_int_equal(lk_torture(act_es256, NULL, NULL), 3);
}

static void
key_files_survive_every_failing_allocation(void **state)
{
	(void)state;
	char dir[200];

	assert_true(lk_text_copy(dir, sizeof dir, lk_test_tmpdir()));
	assert_int_equal(lk_torture(act_files, NULL, dir), 6);
}

/* Seal and open one record, box and message in an arena of `cap` bytes. */
static lk_status
seal_all(size_t cap, struct lk_error *err)
{
	LK_AUTO(lk_arena_freep) struct lk_arena *arena = lk_arena_new(cap);
	static const struct lk_seal_context row = { "credential", "tnt_a", "crd_b", "usr_c", "aws",
		1, 0 };
	static const struct lk_transport_call call = { "req_1", "m" };
	const struct lk_secret32 key = { { 1 } };
	const struct lk_bytes said = lk_bytes_of("secret");
	struct lk_box_pair pair;
	struct lk_transport transport;
	struct lk_bytes blob, plain;

	if (!arena)
		return lk_fail_oom(err);
	lk_box_pair_make(&pair);
	LK_TRY(lk_transport_init_client(&pair, pair.public_key, &transport, err));
	LK_TRY(lk_seal_record(&key, &row, said, arena, &blob, err));
	LK_TRY(lk_open_record(&key, &row, blob, arena, &plain, err));
	LK_TRY(lk_box_seal(pair.public_key, said, arena, &blob, err));
	LK_TRY(lk_box_open(&pair, blob, arena, &plain, err));
	return lk_transport_seal(&transport, &call, said, arena, &blob, err);
}

static void
every_arena_cap_is_enough_or_is_reported(void **state)
{
	(void)state;
	struct lk_error err = { 0 };
	size_t cap = 0;

	for (; seal_all(cap, &err) != LK_OK; cap += 16) {
		assert_int_equal(err.status, LK_RESOURCE_EXHAUSTED);
		assert_true(cap < 64 * 1024);
	}
	assert_true(cap > 256);
}

LK_TESTS(LK_CASE(guarded_secrets_survive_every_failing_allocation),
    LK_CASE(wrapping_survives_every_failing_allocation),
    LK_CASE(signing_keys_survive_every_failing_allocation),
    LK_CASE(key_files_survive_every_failing_allocation),
    LK_CASE(every_arena_cap_is_enough_or_is_reported))
