/* What is stored and shown stays readable: fixed texts and blobs, made by crypto_vectors.py, open
 * and parse as stated. */
#include <string.h>

#include "base/base.h"
#include "crypto/digest.h"
#include "crypto/key_format.h"
#include "crypto/keyring.h"
#include "crypto/seal.h"
#include "crypto_vectors.h"
#include "test.h"

#define ULID "01jd6x3v8q9r0s1t2v3w4x5y6z"

static struct lk_secret32
run_of_bytes(uint8_t start)
{
	struct lk_secret32 secret;

	for (size_t i = 0; i < sizeof secret.bytes; i++)
		secret.bytes[i] = (uint8_t)(start + i);
	return secret;
}

static void
expect_key(const char *prefix, const char *text, const char *id, const struct lk_secret32 *secret)
{
	struct lk_error err = { 0 };
	struct lk_key_parts key;
	struct lk_key_text again;

	expect_ok(lk_key_text_parse(prefix, lk_bytes_of(text), &key, &err), &err);
	assert_string_equal(key.id, id);
	assert_memory_equal(&key.secret, secret, sizeof *secret);
	expect_ok(lk_key_text_make(prefix, id, secret, &again, &err), &err);
	assert_string_equal(again.text, text);
}

static void
keys_sessions_and_tickets_have_their_text(void **state)
{
	(void)state;
	const struct lk_secret32 counted = run_of_bytes(0), zeros = { { 0 } };
	struct lk_secret32 ones;

	memset(&ones, 0xff, sizeof ones);
	expect_key("lk", vector_api_key, "key_" ULID, &counted);
	expect_key("lk", vector_session_key, "ses_" ULID, &zeros);
	expect_key("acme", vector_ticket, "tkt_" ULID, &ones);
}

static void
the_digest_of_a_key_is_the_stated_one(void **state)
{
	(void)state;
	struct lk_error err = { 0 };
	const struct lk_secret32 key = run_of_bytes(32), secret = run_of_bytes(0);
	LK_AUTO(lk_pepper_freep) struct lk_pepper *pepper = NULL;
	uint8_t digest[LK_DIGEST_LEN];

	expect_ok(lk_pepper_new(1, &key, "instance-1", &pepper, &err), &err);
	lk_key_digest(pepper, "tnt_" ULID, "key_" ULID, &secret, digest);
	assert_memory_equal(digest, vector_key_digest, sizeof digest);
}

static void
the_hash_of_parts_is_the_stated_one(void **state)
{
	(void)state;
	const struct lk_bytes parts[] = { lk_bytes_of("a"), lk_bytes_of(""), lk_bytes_of("bc") };
	uint8_t hash[LK_DIGEST_LEN];

	lk_hash256_parts("label", parts, LK_ARRAY_LEN(parts), hash);
	assert_memory_equal(hash, vector_hash256_parts, sizeof hash);
}

static void
a_wrapped_key_of_the_first_format_opens(void **state)
{
	(void)state;
	struct lk_error err = { 0 };
	const struct lk_secret32 root = run_of_bytes(64), want = run_of_bytes(96);
	const struct lk_wrap_context context = { "tenant-key", "tnt_" ULID };
	LK_AUTO(lk_keyring_freep) struct lk_keyring *ring = NULL;
	struct lk_secret32 key;

	expect_ok(lk_keyring_new(&ring, &err), &err);
	expect_ok(lk_keyring_add(ring, "root-1", &root, &err), &err);
	expect_ok(lk_unwrap_key32(ring, &context,
		      lk_bytes(vector_wrapped_key, sizeof vector_wrapped_key), &key, &err),
	    &err);
	assert_memory_equal(&key, &want, sizeof key);
}

static void
a_sealed_record_of_the_first_format_opens(void **state)
{
	(void)state;
	struct lk_error err = { 0 };
	const struct lk_secret32 tenant_key = run_of_bytes(96);
	const struct lk_seal_context context = { "credential", "tnt_" ULID, "crd_" ULID,
		"usr_" ULID, "aws", 7, 1790000000000 };
	LK_AUTO(lk_arena_freep) struct lk_arena *arena = lk_arena_new(64 * 1024);
	struct lk_bytes plain;

	expect_ok(lk_open_record(&tenant_key, &context,
		      lk_bytes(vector_record, sizeof vector_record), arena, &plain, &err),
	    &err);
	assert_true(
	    lk_bytes_equal(plain, lk_bytes(vector_record_plain, sizeof vector_record_plain)));
}

LK_TESTS(LK_CASE(keys_sessions_and_tickets_have_their_text),
    LK_CASE(the_digest_of_a_key_is_the_stated_one), LK_CASE(the_hash_of_parts_is_the_stated_one),
    LK_CASE(a_wrapped_key_of_the_first_format_opens),
    LK_CASE(a_sealed_record_of_the_first_format_opens))
