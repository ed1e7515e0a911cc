/*
 * Wrapped keys: opened by the name of their root key, for the purpose and subject they were
 * wrapped for, or not at all.
 */
#include <string.h>

#include "base/base.h"
#include "crypto/keyring.h"
#include "test.h"

struct world {
	struct lk_keyring *ring;
	struct lk_arena *arena;
	struct lk_secret32 root;
	struct lk_bytes blob; /* the key "0123…" for tenant-key of tnt_a */
	struct lk_error err;
};

static const struct lk_wrap_context context = { "tenant-key", "tnt_a" };
static const char plain_key[] = "0123456789abcdef0123456789abcdef";

static int
setup(void **state)
{
	static struct world world;
	struct world *w = &world;

	*w = (struct world){ .arena = lk_arena_new(1024 * 1024) };
	lk_secret32_random(&w->root);
	expect_ok(lk_keyring_new(&w->ring, &w->err), &w->err);
	expect_ok(lk_keyring_add(w->ring, "root-1", &w->root, &w->err), &w->err);
	expect_ok(
	    lk_wrap_key(w->ring, &context, lk_bytes(plain_key, 32), w->arena, &w->blob, &w->err),
	    &w->err);
	*state = w;
	return 0;
}

static int
teardown(void **state)
{
	struct world *w = *state;

	lk_keyring_free(w->ring);
	lk_arena_free(w->arena);
	return 0;
}

static lk_status
unwrap(struct world *w, const struct lk_wrap_context *with, struct lk_bytes blob)
{
	struct lk_bytes key;

	return lk_unwrap_key(w->ring, with, blob, w->arena, &key, &w->err);
}

static void
a_wrapped_key_comes_back(void **state)
{
	struct world *w = *state;
	struct lk_bytes key;
	struct lk_secret32 key32;

	expect_ok(lk_unwrap_key(w->ring, &context, w->blob, w->arena, &key, &w->err), &w->err);
	assert_int_equal(key.len, 32);
	assert_memory_equal(key.data, plain_key, 32);
	expect_ok(lk_unwrap_key32(w->ring, &context, w->blob, &key32, &w->err), &w->err);
	assert_memory_equal(key32.bytes, plain_key, 32);
}

static void
keys_of_every_length_up_to_the_limit_come_back(void **state)
{
	struct world *w = *state;
	static const size_t lengths[] = { 1, 31, 33, 138, LK_WRAP_KEY_MAX };
	uint8_t long_key[LK_WRAP_KEY_MAX + 1] = { 1 };
	struct lk_bytes blob, key;
	struct lk_secret32 key32;

	for (size_t i = 0; i < LK_ARRAY_LEN(lengths); i++) {
		const struct lk_bytes in = lk_bytes(long_key, lengths[i]);
		expect_ok(lk_wrap_key(w->ring, &context, in, w->arena, &blob, &w->err), &w->err);
		assert_true(blob.len <= lengths[i] + LK_WRAP_OVERHEAD_MAX);
		expect_ok(lk_unwrap_key(w->ring, &context, blob, w->arena, &key, &w->err), &w->err);
		assert_int_equal(key.len, lengths[i]);
		expect_fail(lk_unwrap_key32(w->ring, &context, blob, &key32, &w->err), &w->err,
		    LK_DATA_LOSS, "SEAL_BROKEN");
	}
	expect_fail(lk_wrap_key(w->ring, &context, lk_bytes(long_key, 0), w->arena, &blob, &w->err),
	    &w->err, LK_INVALID_ARGUMENT, "SEAL_TOO_LARGE");
	expect_fail(lk_wrap_key(w->ring, &context, lk_bytes(long_key, sizeof long_key), w->arena,
			&blob, &w->err),
	    &w->err, LK_INVALID_ARGUMENT, "SEAL_TOO_LARGE");
}

static void
every_flipped_bit_is_refused(void **state)
{
	struct world *w = *state;
	uint8_t copy[256];
	struct lk_secret32 key32;
	static const struct lk_secret32 zero;

	for (size_t bit = 0; bit < w->blob.len * 8; bit++) {
		memcpy(copy, w->blob.data, w->blob.len);
		copy[bit / 8] ^= (uint8_t)(1 << bit % 8);
		expect_fail(
		    unwrap(w, &context, lk_bytes(copy, w->blob.len)), &w->err, LK_DATA_LOSS, NULL);
		memset(&key32, 1, sizeof key32);
		expect_fail(lk_unwrap_key32(
				w->ring, &context, lk_bytes(copy, w->blob.len), &key32, &w->err),
		    &w->err, LK_DATA_LOSS, NULL);
		assert_memory_equal(&key32, &zero, sizeof zero);
	}
}

static void
a_cut_or_lengthened_blob_is_refused(void **state)
{
	struct world *w = *state;
	uint8_t longer[256] = { 0 };

	for (size_t n = 0; n < w->blob.len; n++)
		expect_fail(unwrap(w, &context, lk_bytes(w->blob.data, n)), &w->err, LK_DATA_LOSS,
		    "SEAL_BROKEN");
	memcpy(longer, w->blob.data, w->blob.len);
	expect_fail(unwrap(w, &context, lk_bytes(longer, w->blob.len + 1)), &w->err, LK_DATA_LOSS,
	    "SEAL_BROKEN");
}

static void
another_purpose_or_subject_does_not_open(void **state)
{
	struct world *w = *state;
	static const struct lk_wrap_context others[] = { { "signing-key", "tnt_a" },
		{ "tenant-key", "tnt_b" }, { "tenant-keytnt_", "a" }, { "tnt_a", "tenant-key" } };

	for (size_t i = 0; i < LK_ARRAY_LEN(others); i++)
		expect_fail(unwrap(w, &others[i], w->blob), &w->err, LK_DATA_LOSS, "SEAL_BROKEN");
}

static void
a_context_without_purpose_or_subject_is_an_error(void **state)
{
	struct world *w = *state;
	static char long_text[66];
	memset(long_text, 'a', 65);
	const struct lk_wrap_context bad[] = { { "", "a" }, { "a", "" }, { NULL, "a" },
		{ "a", NULL }, { long_text, "a" }, { "a", long_text } };
	struct lk_bytes blob;

	for (size_t i = 0; i < LK_ARRAY_LEN(bad); i++) {
		expect_fail(lk_wrap_key(w->ring, &bad[i], lk_bytes(plain_key, 32), w->arena, &blob,
				&w->err),
		    &w->err, LK_INVALID_ARGUMENT, "SEAL_CONTEXT");
		expect_fail(
		    unwrap(w, &bad[i], w->blob), &w->err, LK_INVALID_ARGUMENT, "SEAL_CONTEXT");
	}
}

static void
a_new_active_root_key_wraps_and_the_old_one_still_opens(void **state)
{
	struct world *w = *state;
	struct lk_secret32 second;
	struct lk_bytes blob;
	char id[LK_KEK_ID_SIZE];

	lk_secret32_random(&second);
	expect_ok(lk_keyring_add(w->ring, "root-2", &second, &w->err), &w->err);
	assert_string_equal(lk_keyring_active(w->ring), "root-1");
	expect_ok(lk_keyring_activate(w->ring, "root-2", &w->err), &w->err);
	assert_string_equal(lk_keyring_active(w->ring), "root-2");
	expect_ok(lk_wrap_key(w->ring, &context, lk_bytes(plain_key, 32), w->arena, &blob, &w->err),
	    &w->err);
	expect_ok(lk_wrapped_kek_id(blob, id, &w->err), &w->err);
	assert_string_equal(id, "root-2");
	expect_ok(lk_wrapped_kek_id(w->blob, id, &w->err), &w->err);
	assert_string_equal(id, "root-1");
	expect_ok(unwrap(w, &context, blob), &w->err);
	expect_ok(unwrap(w, &context, w->blob), &w->err);
}

static void
a_root_key_is_found_by_name_and_never_tried(void **state)
{
	struct world *w = *state;
	LK_AUTO(lk_keyring_freep) struct lk_keyring *other = NULL;
	struct lk_bytes key;

	/* The very same 32 bytes under another name do not open it. */
	expect_ok(lk_keyring_new(&other, &w->err), &w->err);
	expect_ok(lk_keyring_add(other, "root-9", &w->root, &w->err), &w->err);
	expect_fail(lk_unwrap_key(other, &context, w->blob, w->arena, &key, &w->err), &w->err,
	    LK_DATA_LOSS, "KEK_MISSING");
}

static void
another_root_key_under_the_same_name_does_not_open(void **state)
{
	struct world *w = *state;
	LK_AUTO(lk_keyring_freep) struct lk_keyring *other = NULL;
	const struct lk_secret32 root = { { 1 } };
	struct lk_bytes key;

	expect_ok(lk_keyring_new(&other, &w->err), &w->err);
	expect_ok(lk_keyring_add(other, "root-1", &root, &w->err), &w->err);
	expect_fail(lk_unwrap_key(other, &context, w->blob, w->arena, &key, &w->err), &w->err,
	    LK_DATA_LOSS, "SEAL_BROKEN");
}

static void
a_ring_refuses_bad_names_twins_and_too_many(void **state)
{
	struct world *w = *state;
	static const char *const bad[] = { "", "Root", "root_1", "root 1", "12345678901234567",
		NULL };

	for (size_t i = 0; i < LK_ARRAY_LEN(bad); i++)
		expect_fail(lk_keyring_add(w->ring, bad[i], &w->root, &w->err), &w->err,
		    LK_INVALID_ARGUMENT, "KEK_ID_INVALID");
	expect_fail(lk_keyring_add(w->ring, "root-1", &w->root, &w->err), &w->err,
	    LK_ALREADY_EXISTS, "KEK_EXISTS");
	expect_fail(
	    lk_keyring_activate(w->ring, "root-3", &w->err), &w->err, LK_NOT_FOUND, "KEK_MISSING");
	for (int i = 1; i < LK_KEYRING_MAX; i++) {
		const char id[] = { (char)('a' + i), '\0' };
		expect_ok(lk_keyring_add(w->ring, id, &w->root, &w->err), &w->err);
		assert_true(lk_keyring_has(w->ring, id));
	}
	expect_fail(lk_keyring_add(w->ring, "one-more", &w->root, &w->err), &w->err,
	    LK_RESOURCE_EXHAUSTED, "KEK_TOO_MANY");
	assert_false(lk_keyring_has(w->ring, "one-more"));
}

static void
an_empty_ring_wraps_nothing(void **state)
{
	struct world *w = *state;
	LK_AUTO(lk_keyring_freep) struct lk_keyring *empty = NULL;
	struct lk_bytes blob;

	expect_ok(lk_keyring_new(&empty, &w->err), &w->err);
	assert_string_equal(lk_keyring_active(empty), "");
	expect_fail(lk_wrap_key(empty, &context, lk_bytes(plain_key, 32), w->arena, &blob, &w->err),
	    &w->err, LK_FAILED_PRECONDITION, "KEK_MISSING");
}

#define CASE(fn) LK_CASE_WITH(fn, setup, teardown)
LK_TESTS(CASE(a_wrapped_key_comes_back), CASE(keys_of_every_length_up_to_the_limit_come_back),
    CASE(every_flipped_bit_is_refused), CASE(a_cut_or_lengthened_blob_is_refused),
    CASE(another_purpose_or_subject_does_not_open),
    CASE(a_context_without_purpose_or_subject_is_an_error),
    CASE(a_new_active_root_key_wraps_and_the_old_one_still_opens),
    CASE(a_root_key_is_found_by_name_and_never_tried),
    CASE(another_root_key_under_the_same_name_does_not_open),
    CASE(a_ring_refuses_bad_names_twins_and_too_many), CASE(an_empty_ring_wraps_nothing))
