/*
 * ES256 by the vectors of RFC 7515, 7638 and 6979; keys go out and in unchanged; strangers'
 * signatures are refused.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "crypto/encode.h"
#include "crypto/es256.h"
#include "test.h"

/* RFC 7515 A.3 */
static const char rfc_x[] = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
static const char rfc_y[] = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";
static const char rfc_input[] =
    "eyJhbGciOiJFUzI1NiJ9."
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9p"
    "c19yb290Ijp0cnVlfQ";
static const char rfc_signature[] =
    "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";

/* SEC 2, 2.4.2: the order n, and n - 1 */
static const char order_hex[] = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
static const char order_less_1_hex[] =
    "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632550";

static void
from_base64url(const char *text, uint8_t *out, size_t len)
{
	size_t got = 0;

	assert_true(lk_base64url_decode(lk_bytes_of(text), out, len, &got));
	assert_int_equal(got, len);
}

static void
from_hex(const char *text, uint8_t *out, size_t len)
{
	size_t got = 0;

	assert_true(lk_hex_decode(lk_bytes_of(text), out, len, &got));
	assert_int_equal(got, len);
}

static struct lk_es256 *
rfc_key(void)
{
	struct lk_error err = { 0 };
	uint8_t x[32], y[32];
	struct lk_es256 *key = NULL;

	from_base64url(rfc_x, x, 32);
	from_base64url(rfc_y, y, 32);
	expect_ok(lk_es256_from_public(x, y, &key, &err), &err);
	return key;
}

static struct lk_es256 *
new_key(void)
{
	struct lk_error err = { 0 };
	struct lk_es256 *key = NULL;

	expect_ok(lk_es256_generate(&key, &err), &err);
	return key;
}

static void
expect_refused(struct lk_es256 *key, struct lk_bytes message, struct lk_bytes signature)
{
	struct lk_error err = { 0 };

	expect_fail(lk_es256_verify(key, message, signature, &err), &err, LK_UNAUTHENTICATED,
	    "SIGNATURE_INVALID");
}

static void
the_signature_of_rfc_7515_verifies(void **state)
{
	(void)state;
	struct lk_error err = { 0 };
	LK_AUTO(lk_es256_unrefp) struct lk_es256 *key = rfc_key();
	uint8_t signature[LK_ES256_SIGNATURE_LEN];

	from_base64url(rfc_signature, signature, sizeof signature);
	expect_ok(lk_es256_verify(
		      key, lk_bytes_of(rfc_input), lk_bytes(signature, sizeof signature), &err),
	    &err);
	assert_false(lk_es256_has_private(key));
}

static void
the_signature_of_rfc_6979_verifies(void **state)
{
	(void)state;
	struct lk_error err = { 0 };
	uint8_t x[32], y[32], signature[64];
	LK_AUTO(lk_es256_unrefp) struct lk_es256 *key = NULL;

	/* A.2.5, SHA-256, message "sample" */
	from_hex("60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6", x, 32);
	from_hex("7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299", y, 32);
	from_hex("efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
		 "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8",
	    signature, 64);
	expect_ok(lk_es256_from_public(x, y, &key, &err), &err);
	expect_ok(lk_es256_verify(key, lk_bytes_of("sample"), lk_bytes(signature, 64), &err), &err);
	expect_refused(key, lk_bytes_of("test"), lk_bytes(signature, 64));
}

static void
the_thumbprint_is_that_of_rfc_7638(void **state)
{
	(void)state;
	LK_AUTO(lk_es256_unrefp) struct lk_es256 *key = rfc_key();
	char thumbprint[LK_ES256_THUMBPRINT_SIZE];

	/* Worked out with Python's hashlib from the key of RFC 7515 A.3. */
	lk_es256_thumbprint(key, thumbprint);
	assert_string_equal(thumbprint, "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U");
}

static void
what_a_key_signs_its_public_half_verifies(void **state)
{
	(void)state;
	struct lk_error err = { 0 };
	LK_AUTO(lk_es256_unrefp) struct lk_es256 *key = new_key();
	LK_AUTO(lk_es256_unrefp) struct lk_es256 *public_key = NULL;
	uint8_t signature[LK_ES256_SIGNATURE_LEN], message[300] = { 7 };

	expect_ok(lk_es256_from_public(lk_es256_x(key), lk_es256_y(key), &public_key, &err), &err);
	for (size_t i = lk_test_repeat("signatures", 20000, 1000); i > 0; i--) {
		const struct lk_bytes said = lk_bytes(message, i % sizeof message);
		expect_ok(lk_es256_sign(key, said, signature, &err), &err);
		expect_ok(
		    lk_es256_verify(public_key, said, lk_bytes(signature, sizeof signature), &err),
		    &err);
	}
}

static void
a_public_key_does_not_sign_and_has_nothing_to_export(void **state)
{
	(void)state;
	struct lk_error err = { 0 };
	LK_AUTO(lk_es256_unrefp) struct lk_es256 *key = rfc_key();
	LK_AUTO(lk_es256_private_wipe) struct lk_es256_private der = { 0 };
	uint8_t signature[LK_ES256_SIGNATURE_LEN];

	expect_fail(lk_es256_sign(key, lk_bytes_of("m"), signature, &err), &err,
	    LK_FAILED_PRECONDITION, "SIGNING_KEY_PUBLIC");
	expect_fail(
	    lk_es256_export(key, &der, &err), &err, LK_FAILED_PRECONDITION, "SIGNING_KEY_PUBLIC");
}

static void
a_flipped_bit_of_message_or_signature_is_refused(void **state)
{
	(void)state;
	struct lk_error err = { 0 };
	LK_AUTO(lk_es256_unrefp) struct lk_es256 *key = new_key();
	uint8_t all[8 + LK_ES256_SIGNATURE_LEN] = "message";

	expect_ok(lk_es256_sign(key, lk_bytes(all, 8), all + 8, &err), &err);
	for (size_t bit = 0; bit < sizeof all * 8; bit++) {
		all[bit / 8] ^= (uint8_t)(1 << bit % 8);
		expect_refused(key, lk_bytes(all, 8), lk_bytes(all + 8, LK_ES256_SIGNATURE_LEN));
		all[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	expect_ok(
	    lk_es256_verify(key, lk_bytes(all, 8), lk_bytes(all + 8, LK_ES256_SIGNATURE_LEN), &err),
	    &err);
}

static void
signatures_of_another_length_or_form_are_refused(void **state)
{
	(void)state;
	static const uint8_t der[] = { 0x30, 0x06, 0x02, 0x01, 0x01, 0x02, 0x01, 0x01 };
	struct lk_error err = { 0 };
	LK_AUTO(lk_es256_unrefp) struct lk_es256 *key = new_key();
	uint8_t signature[LK_ES256_SIGNATURE_LEN + 1] = { 0 };

	expect_ok(lk_es256_sign(key, lk_bytes_of("m"), signature, &err), &err);
	for (size_t n = 0; n <= sizeof signature; n++)
		if (n != LK_ES256_SIGNATURE_LEN)
			expect_refused(key, lk_bytes_of("m"), lk_bytes(signature, n));
	expect_refused(key, lk_bytes_of("m"), lk_bytes(der, sizeof der));
}

static void
r_or_s_of_zero_or_from_the_order_on_is_refused(void **state)
{
	(void)state;
	static const char zero[] =
	    "0000000000000000000000000000000000000000000000000000000000000000";
	static const char one[] =
	    "0000000000000000000000000000000000000000000000000000000000000001";
	static const char most[] =
	    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff";
	const char *const bad[][2] = { { zero, one }, { one, zero }, { zero, zero },
		{ order_hex, one }, { one, order_hex }, { most, one }, { one, most },
		{ order_less_1_hex, order_less_1_hex } };
	LK_AUTO(lk_es256_unrefp) struct lk_es256 *key = new_key();

	for (size_t i = 0; i < LK_ARRAY_LEN(bad); i++) {
		uint8_t signature[64];

		from_hex(bad[i][0], signature, 32);
		from_hex(bad[i][1], signature + 32, 32);
		expect_refused(key, lk_bytes_of("m"), lk_bytes(signature, 64));
	}
}

static void
a_point_off_the_curve_is_refused(void **state)
{
	(void)state;
	struct lk_error err = { 0 };
	struct lk_es256 *key = NULL;
	uint8_t x[32], y[32], zero[32] = { 0 };

	from_base64url(rfc_x, x, 32);
	from_base64url(rfc_y, y, 32);
	y[31] ^= 1;
	expect_fail(lk_es256_from_public(x, y, &key, &err), &err, LK_INVALID_ARGUMENT,
	    "SIGNING_KEY_INVALID");
	expect_fail(lk_es256_from_public(zero, zero, &key, &err), &err, LK_INVALID_ARGUMENT,
	    "SIGNING_KEY_INVALID");
	memset(x, 0xff, 32);
	expect_fail(lk_es256_from_public(x, y, &key, &err), &err, LK_INVALID_ARGUMENT,
	    "SIGNING_KEY_INVALID");
	assert_null(key);
}

static void
a_private_key_goes_out_and_comes_in_unchanged(void **state)
{
	(void)state;
	struct lk_error err = { 0 };
	LK_AUTO(lk_es256_unrefp) struct lk_es256 *key = new_key();
	LK_AUTO(lk_es256_unrefp) struct lk_es256 *again = NULL;
	LK_AUTO(lk_es256_private_wipe) struct lk_es256_private der = { 0 };
	uint8_t signature[LK_ES256_SIGNATURE_LEN];

	expect_ok(lk_es256_export(key, &der, &err), &err);
	assert_int_equal(der.len, 138);
	expect_ok(lk_es256_import(lk_bytes(der.pkcs8, der.len), &again, &err), &err);
	assert_memory_equal(lk_es256_x(again), lk_es256_x(key), 32);
	assert_memory_equal(lk_es256_y(again), lk_es256_y(key), 32);
	expect_ok(lk_es256_sign(again, lk_bytes_of("m"), signature, &err), &err);
	expect_ok(
	    lk_es256_verify(key, lk_bytes_of("m"), lk_bytes(signature, sizeof signature), &err),
	    &err);
}

static void
a_changed_private_key_is_refused(void **state)
{
	(void)state;
	struct lk_error err = { 0 };
	LK_AUTO(lk_es256_unrefp) struct lk_es256 *key = new_key();
	struct lk_es256 *other = NULL;
	struct lk_es256_private der = { 0 };

	expect_ok(lk_es256_export(key, &der, &err), &err);
	for (size_t at = 0; at < der.len; at++) {
		der.pkcs8[at] ^= 0x01;
		expect_fail(lk_es256_import(lk_bytes(der.pkcs8, der.len), &other, &err), &err,
		    LK_INVALID_ARGUMENT, "SIGNING_KEY_INVALID");
		der.pkcs8[at] ^= 0x01;
	}
	for (size_t n = 0; n <= sizeof der.pkcs8; n++)
		if (n != der.len)
			expect_fail(lk_es256_import(lk_bytes(der.pkcs8, n), &other, &err), &err,
			    LK_INVALID_ARGUMENT, "SIGNING_KEY_INVALID");
}

static void
mutated_private_keys_are_refused(void **state)
{
	(void)state;
	struct lk_error err = { 0 };
	struct lk_test_rng rng = lk_test_rng();
	LK_AUTO(lk_es256_unrefp) struct lk_es256 *key = new_key();
	struct lk_es256_private der = { 0 };

	expect_ok(lk_es256_export(key, &der, &err), &err);
	for (size_t i = lk_test_repeat("mutations", 100000, 5000); i > 0; i--) {
		uint8_t copy[300];
		struct lk_es256 *other = NULL;

		memcpy(copy, der.pkcs8, der.len);
		const size_t len = lk_test_rng_mutate(&rng, copy, der.len, sizeof copy);
		if (!lk_bytes_equal(lk_bytes(copy, len), lk_bytes(der.pkcs8, der.len)))
			expect_fail(lk_es256_import(lk_bytes(copy, len), &other, &err), &err,
			    LK_INVALID_ARGUMENT, "SIGNING_KEY_INVALID");
	}
}

static void
a_key_lives_until_its_last_reference(void **state)
{
	(void)state;
	struct lk_error err = { 0 };
	struct lk_es256 *key = new_key();
	struct lk_es256 *second = lk_es256_ref(key);
	uint8_t signature[LK_ES256_SIGNATURE_LEN];

	lk_es256_unref(key);
	expect_ok(lk_es256_sign(second, lk_bytes_of("m"), signature, &err), &err);
	lk_es256_unref(second);
	lk_es256_unref(NULL);
}

enum { THREADS = 12, ROUNDS = 50 }; /* more threads than a key keeps contexts */

static void *
sign_and_verify(void *arg)
{
	struct lk_es256 *key = arg;
	uintptr_t failures = 0;

	for (int i = 0; i < ROUNDS; i++) {
		struct lk_error err;
		uint8_t signature[LK_ES256_SIGNATURE_LEN];
		const struct lk_bytes said = lk_bytes(&i, sizeof i);

		failures += lk_es256_sign(key, said, signature, &err) != LK_OK ||
			    lk_es256_verify(
				key, said, lk_bytes(signature, sizeof signature), &err) != LK_OK;
		signature[i] ^= 1;
		failures += lk_es256_verify(key, said, lk_bytes(signature, sizeof signature),
				&err) != LK_UNAUTHENTICATED;
	}
	lk_es256_unref(key);
	return (void *)failures;
}

static void
many_threads_use_one_key(void **state)
{
	(void)state;
	LK_AUTO(lk_es256_unrefp) struct lk_es256 *key = new_key();
	pthread_t threads[THREADS];

	for (int i = 0; i < THREADS; i++)
		assert_int_equal(
		    pthread_create(&threads[i], NULL, sign_and_verify, lk_es256_ref(key)), 0);
	for (int i = 0; i < THREADS; i++) {
		void *failures = NULL;
		assert_int_equal(pthread_join(threads[i], &failures), 0);
		assert_null(failures);
	}
}

LK_TESTS(LK_CASE(the_signature_of_rfc_7515_verifies), LK_CASE(the_signature_of_rfc_6979_verifies),
    LK_CASE(the_thumbprint_is_that_of_rfc_7638), LK_CASE(what_a_key_signs_its_public_half_verifies),
    LK_CASE(a_public_key_does_not_sign_and_has_nothing_to_export),
    LK_CASE(a_flipped_bit_of_message_or_signature_is_refused),
    LK_CASE(signatures_of_another_length_or_form_are_refused),
    LK_CASE(r_or_s_of_zero_or_from_the_order_on_is_refused),
    LK_CASE(a_point_off_the_curve_is_refused),
    LK_CASE(a_private_key_goes_out_and_comes_in_unchanged),
    LK_CASE(a_changed_private_key_is_refused), LK_CASE(mutated_private_keys_are_refused),
    LK_CASE(a_key_lives_until_its_last_reference), LK_CASE(many_threads_use_one_key))
