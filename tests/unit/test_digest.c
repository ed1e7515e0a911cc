/*
 * Digests of keys depend on everything they are over; the plain hashes give the standards'
 * answers.
 */
#include <string.h>

#include "base/base.h"
#include "crypto/digest.h"
#include "test.h"

static const struct lk_secret32 pepper_key = { { 1, 2, 3 } }, secret = { { 4, 5, 6 } };

struct digest {
	uint8_t bytes[LK_DIGEST_LEN];
};

static struct digest
digest_of(const struct lk_secret32 *key, const char *instance, const char *tenant, const char *id,
    const struct lk_secret32 *of)
{
	struct lk_error err = { 0 };
	LK_AUTO(lk_pepper_freep) struct lk_pepper *pepper = NULL;
	struct digest digest;

	expect_ok(lk_pepper_new(1, key, instance, &pepper, &err), &err);
	lk_key_digest(pepper, tenant, id, of, digest.bytes);
	return digest;
}

static void
expect_differ(struct digest a, struct digest b)
{
	assert_memory_not_equal(&a, &b, sizeof a);
}

static void
the_same_key_gives_the_same_digest(void **state)
{
	(void)state;
	const struct digest a = digest_of(&pepper_key, "i", "t", "k", &secret);
	const struct digest b = digest_of(&pepper_key, "i", "t", "k", &secret);

	assert_memory_equal(&a, &b, sizeof a);
}

static void
pepper_instance_tenant_key_id_and_secret_each_change_the_digest(void **state)
{
	(void)state;
	const struct lk_secret32 other = { { 9 } };
	const struct digest good = digest_of(&pepper_key, "i", "t", "k", &secret);

	expect_differ(good, digest_of(&other, "i", "t", "k", &secret));
	expect_differ(good, digest_of(&pepper_key, "j", "t", "k", &secret));
	expect_differ(good, digest_of(&pepper_key, "i", "u", "k", &secret));
	expect_differ(good, digest_of(&pepper_key, "i", "t", "l", &secret));
	expect_differ(good, digest_of(&pepper_key, "i", "t", "k", &other));
}

static void
a_byte_cannot_move_from_one_field_to_the_next(void **state)
{
	(void)state;

	expect_differ(digest_of(&pepper_key, "i", "ab", "c", &secret),
	    digest_of(&pepper_key, "i", "a", "bc", &secret));
	expect_differ(digest_of(&pepper_key, "i", "", "abc", &secret),
	    digest_of(&pepper_key, "i", "abc", "", &secret));
}

static void
a_pepper_knows_its_version(void **state)
{
	(void)state;
	struct lk_error err = { 0 };
	LK_AUTO(lk_pepper_freep) struct lk_pepper *pepper = NULL;

	expect_ok(lk_pepper_new(7, &pepper_key, "i", &pepper, &err), &err);
	assert_int_equal(lk_pepper_version(pepper), 7);
}

static void
sha_256_gives_the_answers_of_fips_180_4(void **state)
{
	(void)state;
	static const uint8_t of_abc[] = { 0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41,
		0x41, 0x40, 0xde, 0x5d, 0xae, 0x22, 0x23, 0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17, 0x7a,
		0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad };
	static const uint8_t of_nothing[] = { 0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a,
		0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93,
		0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55 };
	uint8_t hash[LK_DIGEST_LEN];

	lk_sha256(lk_bytes_of("abc"), hash);
	assert_memory_equal(hash, of_abc, sizeof hash);
	lk_sha256(lk_bytes(NULL, 0), hash);
	assert_memory_equal(hash, of_nothing, sizeof hash);
}

static void
blake2b_256_gives_the_known_answer(void **state)
{
	(void)state;
	static const uint8_t of_abc[] = { 0xbd, 0xdd, 0x81, 0x3c, 0x63, 0x42, 0x39, 0x72, 0x31,
		0x71, 0xef, 0x3f, 0xee, 0x98, 0x57, 0x9b, 0x94, 0x96, 0x4e, 0x3b, 0xb1, 0xcb, 0x3e,
		0x42, 0x72, 0x62, 0xc8, 0xc0, 0x68, 0xd5, 0x23, 0x19 };
	uint8_t hash[LK_DIGEST_LEN];

	lk_hash256(lk_bytes_of("abc"), hash);
	assert_memory_equal(hash, of_abc, sizeof hash);
}

static struct digest
parts_of(const char *label, const char *a, const char *b)
{
	const struct lk_bytes parts[] = { lk_bytes_of(a), lk_bytes_of(b) };
	struct digest digest;

	lk_hash256_parts(label, parts, LK_ARRAY_LEN(parts), digest.bytes);
	return digest;
}

static void
parts_are_told_apart(void **state)
{
	(void)state;

	expect_differ(parts_of("l", "ab", "c"), parts_of("l", "a", "bc"));
	expect_differ(parts_of("l", "ab", ""), parts_of("l", "", "ab"));
	expect_differ(parts_of("l", "a", "b"), parts_of("m", "a", "b"));
	expect_differ(parts_of("la", "", "b"), parts_of("l", "a", "b"));
}

LK_TESTS(LK_CASE(the_same_key_gives_the_same_digest),
    LK_CASE(pepper_instance_tenant_key_id_and_secret_each_change_the_digest),
    LK_CASE(a_byte_cannot_move_from_one_field_to_the_next), LK_CASE(a_pepper_knows_its_version),
    LK_CASE(sha_256_gives_the_answers_of_fips_180_4), LK_CASE(blake2b_256_gives_the_known_answer),
    LK_CASE(parts_are_told_apart))
