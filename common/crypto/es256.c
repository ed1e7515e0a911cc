/*
 * ES256 on libcrypto's EVP. Making an operation's context costs more than the call around it, so
 * each key keeps a few that are ready: a caller takes one, uses it alone, and puts it back.
 */
#include "crypto/es256.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "crypto/digest.h"
#include "crypto/ecdsa_der.h"
#include "crypto/encode.h"

enum { READY = 8 }; /* contexts kept for each operation; more callers at once make their own */

static const char curve[] = "prime256v1";

struct lk_es256 {
	EVP_PKEY *pkey;
	uint8_t x[LK_ES256_COORDINATE_LEN], y[LK_ES256_COORDINATE_LEN];
	bool has_private;
	atomic_uint refs;
	_Atomic(EVP_PKEY_CTX *) signers[READY], verifiers[READY];
};

LK_DEFINE_FREEP(pkey_freep, EVP_PKEY *, EVP_PKEY_free)
LK_DEFINE_FREEP(pkey_ctx_freep, EVP_PKEY_CTX *, EVP_PKEY_CTX_free)
LK_DEFINE_FREEP(pkcs8_freep, PKCS8_PRIV_KEY_INFO *, PKCS8_PRIV_KEY_INFO_free)
LK_DEFINE_FREEP(bn_freep, BIGNUM *, BN_free)

/* libcrypto's own words stay in its queue; nobody reads them later. */
static lk_status
crypto_failed(struct lk_error *err)
{
	ERR_clear_error();
	return lk_fail(err, LK_INTERNAL, "CRYPTO_UNAVAILABLE", "the cryptographic library failed");
}

static lk_status
key_invalid(struct lk_error *err)
{
	ERR_clear_error();
	return lk_fail(err, LK_INVALID_ARGUMENT, "SIGNING_KEY_INVALID", "not a P-256 key");
}

static bool
read_coordinate(const EVP_PKEY *pkey, const char *name, uint8_t out[LK_ES256_COORDINATE_LEN])
{
	LK_AUTO(bn_freep) BIGNUM *value = NULL;

	return EVP_PKEY_get_bn_param(pkey, name, &value) == 1 &&
	       BN_bn2binpad(value, out, LK_ES256_COORDINATE_LEN) == LK_ES256_COORDINATE_LEN;
}

/* Takes *pkey, also on failure. */
static lk_status
es256_wrap(EVP_PKEY *pkey, bool has_private, struct lk_es256 **out_key, struct lk_error *err)
{
	struct lk_es256 *key = LK_ALLOC(struct lk_es256);

	if (!key) {
		EVP_PKEY_free(pkey);
		return lk_fail_oom(err);
	}
	key->pkey = pkey;
	key->has_private = has_private;
	atomic_init(&key->refs, 1);
	if (!read_coordinate(pkey, OSSL_PKEY_PARAM_EC_PUB_X, key->x) ||
	    !read_coordinate(pkey, OSSL_PKEY_PARAM_EC_PUB_Y, key->y)) {
		lk_es256_unref(key);
		return crypto_failed(err);
	}
	*out_key = key;
	return LK_OK;
}

lk_status
lk_es256_generate(struct lk_es256 **out_key, struct lk_error *err)
{
	LK_TRY(lk_crypto_init(err));
	EVP_PKEY *pkey = EVP_EC_gen(curve);
	if (!pkey)
		return crypto_failed(err);
	return es256_wrap(pkey, true, out_key, err);
}

static bool
export_pkcs8(const EVP_PKEY *pkey, struct lk_es256_private *out_der)
{
	LK_AUTO(pkcs8_freep) PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(pkey);
	uint8_t *at = out_der->pkcs8;
	const int len = info ? i2d_PKCS8_PRIV_KEY_INFO(info, NULL) : -1;

	if (len <= 0 || len > LK_ES256_PRIVATE_MAX)
		return false;
	out_der->len = (size_t)len;
	return i2d_PKCS8_PRIV_KEY_INFO(info, &at) == len;
}

/*
 * What stands around the two numbers of a P-256 key: RFC 5958 with the curve by name, RFC 5915 with
 * version 1 and the public point uncompressed. libcrypto reads other versions and point forms too,
 * and they would be second spellings.
 */
static bool
pkcs8_shape_ok(struct lk_bytes pkcs8)
{
	static const uint8_t head[] = { 0x30, 0x81, 0x87, 0x02, 0x01, 0x00, 0x30, 0x13, 0x06, 0x07,
		0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d,
		0x03, 0x01, 0x07, 0x04, 0x6d, 0x30, 0x6b, 0x02, 0x01, 0x01, 0x04, 0x20 };
	static const uint8_t middle[] = { 0xa1, 0x44, 0x03, 0x42, 0x00, 0x04 };
	const size_t number = LK_ES256_COORDINATE_LEN;

	return pkcs8.len == sizeof head + number + sizeof middle + 2 * number &&
	       memcmp(pkcs8.data, head, sizeof head) == 0 &&
	       memcmp(pkcs8.data + sizeof head + number, middle, sizeof middle) == 0;
}

/* The private number is in range and the public point is its own. */
static bool
pair_ok(EVP_PKEY *pkey)
{
	LK_AUTO(pkey_ctx_freep) EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);

	return ctx && EVP_PKEY_check(ctx) == 1;
}

lk_status
lk_es256_import(struct lk_bytes pkcs8, struct lk_es256 **out_key, struct lk_error *err)
{
	const uint8_t *at = pkcs8.data;

	LK_TRY(lk_crypto_init(err));
	if (!pkcs8_shape_ok(pkcs8))
		return key_invalid(err);
	LK_AUTO(pkcs8_freep)
	PKCS8_PRIV_KEY_INFO *info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &at, (long)pkcs8.len);
	LK_AUTO(pkey_freep) EVP_PKEY *pkey = info ? EVP_PKCS82PKEY(info) : NULL;
	if (!pkey || !pair_ok(pkey))
		return key_invalid(err);
	return es256_wrap(LK_TAKE(pkey), true, out_key, err);
}

static EVP_PKEY *
pkey_from_point(uint8_t *point, size_t len)
{
	LK_AUTO(pkey_ctx_freep) EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	EVP_PKEY *pkey = NULL;
	char group[sizeof curve];
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, len),
		OSSL_PARAM_construct_end(),
	};

	memcpy(group, curve, sizeof curve);
	params[0].data_size = sizeof curve - 1;
	if (!ctx || EVP_PKEY_fromdata_init(ctx) != 1 ||
	    EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1)
		return NULL;
	return pkey;
}

lk_status
lk_es256_from_public(const uint8_t x[LK_ES256_COORDINATE_LEN],
    const uint8_t y[LK_ES256_COORDINATE_LEN], struct lk_es256 **out_key, struct lk_error *err)
{
	uint8_t point[1 + 2 * LK_ES256_COORDINATE_LEN] = { 4 }; /* SEC 1, 2.3.3: uncompressed */

	LK_TRY(lk_crypto_init(err));
	memcpy(point + 1, x, LK_ES256_COORDINATE_LEN);
	memcpy(point + 1 + LK_ES256_COORDINATE_LEN, y, LK_ES256_COORDINATE_LEN);
	LK_AUTO(pkey_freep) EVP_PKEY *pkey = pkey_from_point(point, sizeof point);
	LK_AUTO(pkey_ctx_freep)
	EVP_PKEY_CTX *ctx = pkey ? EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL) : NULL;
	if (!ctx || EVP_PKEY_public_check(ctx) != 1)
		return key_invalid(err);
	return es256_wrap(LK_TAKE(pkey), false, out_key, err);
}

struct lk_es256 *
lk_es256_ref(struct lk_es256 *key)
{
	atomic_fetch_add_explicit(&key->refs, 1, memory_order_relaxed);
	return key;
}

void
lk_es256_unref(struct lk_es256 *key)
{
	if (!key || atomic_fetch_sub_explicit(&key->refs, 1, memory_order_acq_rel) != 1)
		return;
	for (size_t i = 0; i < READY; i++) {
		EVP_PKEY_CTX_free(atomic_load(&key->signers[i]));
		EVP_PKEY_CTX_free(atomic_load(&key->verifiers[i]));
	}
	EVP_PKEY_free(key->pkey); /* clears the private number */
	lk_free(key);
}

void
lk_es256_private_wipe(struct lk_es256_private *der)
{
	lk_wipe(der, sizeof *der);
}

static lk_status
need_private(const struct lk_es256 *key, struct lk_error *err)
{
	if (!key->has_private)
		return lk_fail(err, LK_FAILED_PRECONDITION, "SIGNING_KEY_PUBLIC",
		    "this key has no private part here");
	return LK_OK;
}

lk_status
lk_es256_export(const struct lk_es256 *key, struct lk_es256_private *out_der, struct lk_error *err)
{
	LK_TRY(need_private(key, err));
	if (export_pkcs8(key->pkey, out_der))
		return LK_OK;
	lk_es256_private_wipe(out_der);
	return crypto_failed(err);
}

bool
lk_es256_has_private(const struct lk_es256 *key)
{
	return key->has_private;
}

const uint8_t *
lk_es256_x(const struct lk_es256 *key)
{
	return key->x;
}

const uint8_t *
lk_es256_y(const struct lk_es256 *key)
{
	return key->y;
}

void
lk_es256_thumbprint(const struct lk_es256 *key, char out_thumbprint[LK_ES256_THUMBPRINT_SIZE])
{
	char x[LK_BASE64URL_LEN(LK_ES256_COORDINATE_LEN) + 1], y[sizeof x];
	char jwk[64 + 2 * sizeof x];
	uint8_t hash[LK_DIGEST_LEN];

	lk_base64url_encode(lk_bytes(key->x, sizeof key->x), x);
	lk_base64url_encode(lk_bytes(key->y, sizeof key->y), y);
	snprintf(
	    jwk, sizeof jwk, "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"%s\",\"y\":\"%s\"}", x, y);
	lk_sha256(lk_bytes_of(jwk), hash);
	lk_base64url_encode(lk_bytes(hash, sizeof hash), out_thumbprint);
}

/* A ready context, now the caller's alone; or a new one, or NULL. */
static EVP_PKEY_CTX *
take_ready(_Atomic(EVP_PKEY_CTX *) *ready, EVP_PKEY *pkey, int (*start)(EVP_PKEY_CTX *))
{
	for (size_t i = 0; i < READY; i++) {
		if (!atomic_load_explicit(&ready[i], memory_order_relaxed))
			continue;
		EVP_PKEY_CTX *ctx = atomic_exchange_explicit(&ready[i], NULL, memory_order_acquire);
		if (ctx)
			return ctx;
	}
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
	if (ctx && start(ctx) == 1)
		return ctx;
	EVP_PKEY_CTX_free(ctx);
	return NULL;
}

static void
put_ready(_Atomic(EVP_PKEY_CTX *) *ready, EVP_PKEY_CTX *ctx)
{
	for (size_t i = 0; i < READY; i++) {
		EVP_PKEY_CTX *none = NULL;
		if (atomic_compare_exchange_strong_explicit(
			&ready[i], &none, ctx, memory_order_release, memory_order_relaxed))
			return;
	}
	EVP_PKEY_CTX_free(ctx);
}

lk_status
lk_es256_sign(struct lk_es256 *key, struct lk_bytes message,
    uint8_t out_signature[LK_ES256_SIGNATURE_LEN], struct lk_error *err)
{
	uint8_t hash[LK_DIGEST_LEN], der[LK_ECDSA_DER_MAX];
	size_t der_len = sizeof der;

	LK_TRY(need_private(key, err));
	lk_sha256(message, hash);
	EVP_PKEY_CTX *ctx = take_ready(key->signers, key->pkey, EVP_PKEY_sign_init);
	if (!ctx)
		return crypto_failed(err);
	const int done = EVP_PKEY_sign(ctx, der, &der_len, hash, sizeof hash);
	put_ready(key->signers, ctx);
	if (done != 1 || !lk_ecdsa_der_to_raw(der, der_len, out_signature))
		return crypto_failed(err);
	return LK_OK;
}

static lk_status
signature_invalid(struct lk_error *err)
{
	return lk_fail(
	    err, LK_UNAUTHENTICATED, "SIGNATURE_INVALID", "the signature does not verify");
}

lk_status
lk_es256_verify(
    struct lk_es256 *key, struct lk_bytes message, struct lk_bytes signature, struct lk_error *err)
{
	uint8_t hash[LK_DIGEST_LEN], der[LK_ECDSA_DER_MAX];
	size_t der_len;

	if (signature.len != LK_ES256_SIGNATURE_LEN ||
	    !lk_ecdsa_raw_to_der(signature.data, der, &der_len))
		return signature_invalid(err);
	lk_sha256(message, hash);
	EVP_PKEY_CTX *ctx = take_ready(key->verifiers, key->pkey, EVP_PKEY_verify_init);
	if (!ctx)
		return crypto_failed(err);
	const int good = EVP_PKEY_verify(ctx, der, der_len, hash, sizeof hash);
	put_ready(key->verifiers, ctx);
	if (good == 1)
		return LK_OK;
	ERR_clear_error();
	return good == 0 ? signature_invalid(err) : crypto_failed(err);
}
