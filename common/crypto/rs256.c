/* RS256 on libcrypto's EVP; see rs256.h. */
#include "crypto/rs256.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

#include "base/alloc.h"
#include "crypto/secret.h"

enum { EXPONENT_BYTES_MAX = 4 };

struct lk_rs256 {
	EVP_PKEY *pkey;
	size_t signature_len;
};

LK_DEFINE_FREEP(pkey_ctx_freep, EVP_PKEY_CTX *, EVP_PKEY_CTX_free)
LK_DEFINE_FREEP(md_ctx_freep, EVP_MD_CTX *, EVP_MD_CTX_free)
LK_DEFINE_FREEP(bn_freep, BIGNUM *, BN_free)
LK_DEFINE_FREEP(builder_freep, OSSL_PARAM_BLD *, OSSL_PARAM_BLD_free)
LK_DEFINE_FREEP(params_freep, OSSL_PARAM *, OSSL_PARAM_free)

static lk_status
crypto_failed(struct lk_error *err)
{
	ERR_clear_error();
	return lk_fail(err, LK_INTERNAL, "CRYPTO_UNAVAILABLE", "the cryptographic library failed");
}

static bool
is_odd_number(struct lk_bytes number)
{
	return number.len > 0 && number.data[0] != 0 && (number.data[number.len - 1] & 1) == 1;
}

static bool
numbers_ok(struct lk_bytes modulus, struct lk_bytes exponent)
{
	const bool one = exponent.len == 1 && exponent.data[0] == 1;

	return is_odd_number(modulus) && is_odd_number(exponent) && !one &&
	       exponent.len <= EXPONENT_BYTES_MAX && modulus.len * 8 >= LK_RS256_BITS_MIN &&
	       modulus.len * 8 <= LK_RS256_BITS_MAX &&
	       (modulus.len * 8 > LK_RS256_BITS_MIN || modulus.data[0] >= 0x80);
}

static EVP_PKEY *
make(struct lk_bytes modulus, struct lk_bytes exponent)
{
	LK_AUTO(bn_freep) BIGNUM *n = BN_bin2bn(modulus.data, (int)modulus.len, NULL);
	LK_AUTO(bn_freep) BIGNUM *e = BN_bin2bn(exponent.data, (int)exponent.len, NULL);
	LK_AUTO(builder_freep) OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
	LK_AUTO(params_freep) OSSL_PARAM *params = NULL;
	LK_AUTO(pkey_ctx_freep) EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	EVP_PKEY *pkey = NULL;

	if (!n || !e || !builder || !ctx ||
	    OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n) != 1 ||
	    OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e) != 1)
		return NULL;
	params = OSSL_PARAM_BLD_to_param(builder);
	if (!params || EVP_PKEY_fromdata_init(ctx) != 1 ||
	    EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1)
		return NULL;
	return pkey;
}

lk_status
lk_rs256_from_public(struct lk_bytes modulus, struct lk_bytes exponent, struct lk_rs256 **out_key,
    struct lk_error *err)
{
	struct lk_rs256 *key;

	LK_TRY(lk_crypto_init(err));
	if (!numbers_ok(modulus, exponent))
		return lk_fail(err, LK_INVALID_ARGUMENT, "RSA_KEY_INVALID",
		    "not an RSA key of %d to %d bits", LK_RS256_BITS_MIN, LK_RS256_BITS_MAX);
	key = LK_ALLOC(struct lk_rs256);
	if (!key)
		return lk_fail_oom(err);
	key->pkey = make(modulus, exponent);
	key->signature_len = modulus.len;
	if (!key->pkey) {
		lk_rs256_free(key);
		return crypto_failed(err);
	}
	*out_key = key;
	return LK_OK;
}

void
lk_rs256_free(struct lk_rs256 *key)
{
	if (!key)
		return;
	EVP_PKEY_free(key->pkey);
	lk_free(key);
}

lk_status
lk_rs256_verify(const struct lk_rs256 *key, struct lk_bytes message, struct lk_bytes signature,
    struct lk_error *err)
{
	LK_AUTO(md_ctx_freep) EVP_MD_CTX *md = EVP_MD_CTX_new();
	EVP_PKEY_CTX *ctx = NULL; /* of md */

	if (!md || EVP_DigestVerifyInit(md, &ctx, EVP_sha256(), NULL, key->pkey) != 1 ||
	    EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) != 1)
		return crypto_failed(err);
	if (signature.len != key->signature_len ||
	    EVP_DigestVerify(md, signature.data, signature.len, message.data, message.len) != 1) {
		ERR_clear_error();
		return lk_fail(
		    err, LK_UNAUTHENTICATED, "SIGNATURE_INVALID", "the signature is wrong");
	}
	return LK_OK;
}
