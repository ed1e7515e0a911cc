/* A signing key of one's own in PEM: P-256 in PKCS#8, in whatever form others write it, and nothing
 * else. */
#include "crypto/es256_pem.h"
#include "test.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/encode.h"

enum { TEXT_MAX = 8192 };

struct pem {
	char text[TEXT_MAX];
};

static void
take(BIO *bio, struct pem *out)
{
	char *data;
	const long len = BIO_get_mem_data(bio, &data);

	assert_true(len > 0 && len < TEXT_MAX);
	memcpy(out->text, data, (size_t)len);
	out->text[len] = '\0';
	BIO_free(bio);
}

static struct pem
pkcs8(EVP_PKEY *pkey, const EVP_CIPHER *cipher)
{
	BIO *bio = BIO_new(BIO_s_mem());
	struct pem pem;

	assert_int_equal(
	    PEM_write_bio_PKCS8PrivateKey(bio, pkey, cipher, "secret", 6, NULL, NULL), 1);
	take(bio, &pem);
	return pem;
}

static struct pem
traditional(EVP_PKEY *pkey)
{
	BIO *bio = BIO_new(BIO_s_mem());
	struct pem pem;

	assert_int_equal(
	    PEM_write_bio_PrivateKey_traditional(bio, pkey, NULL, NULL, 0, NULL, NULL), 1);
	take(bio, &pem);
	return pem;
}

static void
expect_imported(EVP_PKEY *pkey, const char *pem)
{
	struct lk_es256 *key = NULL;
	struct lk_error err = { 0 };
	uint8_t x[LK_ES256_COORDINATE_LEN], signature[LK_ES256_SIGNATURE_LEN];
	BIGNUM *number = NULL;

	expect_ok(lk_es256_import_pem(pem, &key, &err), &err);
	assert_int_equal(EVP_PKEY_get_bn_param(pkey, "qx", &number), 1);
	BN_bn2binpad(number, x, sizeof x);
	BN_free(number);
	assert_memory_equal(lk_es256_x(key), x, sizeof x);
	assert_true(lk_es256_has_private(key));
	expect_ok(lk_es256_sign(key, lk_bytes_of("text"), signature, &err), &err);
	expect_ok(
	    lk_es256_verify(key, lk_bytes_of("text"), lk_bytes(signature, sizeof signature), &err),
	    &err);
	lk_es256_unref(key);
}

static void
expect_refused(const char *pem)
{
	struct lk_es256 *key = NULL;
	struct lk_error err = { 0 };

	expect_field(
	    lk_es256_import_pem(pem, &key, &err), &err, "secret_pem", "SIGNING_KEY_INVALID");
	assert_null(key);
	expect_lacks(err.message, "MHcC");
}

static void
what_openssl_writes_is_read(void **state)
{
	EVP_PKEY *pkey = EVP_EC_gen("P-256");
	struct pem pem = pkcs8(pkey, NULL);
	char around[TEXT_MAX + 16];

	(void)state;
	expect_imported(pkey, pem.text);
	snprintf(around, sizeof around, "\r\n %s\n\n", pem.text);
	expect_imported(pkey, around);
	EVP_PKEY_free(pkey);
}

static void
a_compressed_point_is_read(void **state)
{
	EVP_PKEY *pkey = EVP_EC_gen("P-256");

	(void)state;
	assert_int_equal(EVP_PKEY_set_utf8_string_param(pkey, "point-format", "compressed"), 1);
	const struct pem pem = pkcs8(pkey, NULL);
	expect_imported(pkey, pem.text);
	EVP_PKEY_free(pkey);
}

static void
a_key_without_its_public_half_is_read(void **state)
{
	EVP_PKEY *pkey = EVP_EC_gen("P-256");

	(void)state;
	assert_int_equal(EVP_PKEY_set_int_param(pkey, "include-public", 0), 1);
	const struct pem pem = pkcs8(pkey, NULL);
	expect_imported(pkey, pem.text);
	EVP_PKEY_free(pkey);
}

static void
other_kinds_of_keys_are_refused(void **state)
{
	EVP_PKEY *keys[] = { EVP_EC_gen("P-384"), EVP_EC_gen("secp256k1"), EVP_RSA_gen(2048),
		EVP_PKEY_Q_keygen(NULL, NULL, "ED25519") };

	(void)state;
	for (size_t i = 0; i < LK_ARRAY_LEN(keys); i++) {
		const struct pem pem = pkcs8(keys[i], NULL);
		expect_refused(pem.text);
		EVP_PKEY_free(keys[i]);
	}
}

static void
other_wrappings_are_refused(void **state)
{
	EVP_PKEY *pkey = EVP_EC_gen("P-256");
	const struct pem good = pkcs8(pkey, NULL), encrypted = pkcs8(pkey, EVP_aes_256_cbc()),
			 sec1 = traditional(pkey);
	static char text[2 * TEXT_MAX];

	(void)state;
	expect_refused(encrypted.text);
	expect_refused(sec1.text);
	expect_refused("");
	expect_refused("lk_01hf7yat00jz6j3k0c5m9s8w4x");
	snprintf(text, sizeof text, "%s%s", good.text, good.text);
	expect_refused(text);
	snprintf(text, sizeof text, "%shello", good.text);
	expect_refused(text);
	snprintf(text, sizeof text, "hello\n%s", good.text);
	expect_refused(text);
	memset(text, ' ', LK_ES256_PEM_MAX);
	memcpy(text + LK_ES256_PEM_MAX, good.text, strlen(good.text) + 1);
	expect_refused(text);
	EVP_PKEY_free(pkey);
}

static void
mutated_pem_is_read_or_refused_and_never_more(void **state)
{
	EVP_PKEY *pkey = EVP_EC_gen("P-256");
	const struct pem good = pkcs8(pkey, NULL);
	struct lk_test_rng rng = lk_test_rng();
	uint8_t copy[TEXT_MAX];

	(void)state;
	for (size_t i = lk_test_repeat("mutations", 20000, 1000); i > 0; i--) {
		struct lk_es256 *key = NULL;
		const size_t len = strlen(good.text);
		memcpy(copy, good.text, len);
		copy[lk_test_rng_mutate(&rng, copy, len, sizeof copy - 1)] = '\0';
		LK_IGNORE(lk_es256_import_pem((const char *)copy, &key, NULL));
		lk_es256_unref(key);
	}
	EVP_PKEY_free(pkey);
}

LK_TESTS(LK_CASE(what_openssl_writes_is_read), LK_CASE(a_compressed_point_is_read),
    LK_CASE(a_key_without_its_public_half_is_read), LK_CASE(other_kinds_of_keys_are_refused),
    LK_CASE(other_wrappings_are_refused), LK_CASE(mutated_pem_is_read_or_refused_and_never_more))
