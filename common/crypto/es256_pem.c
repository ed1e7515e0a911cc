/* PEM and PKCS#8 are read by libcrypto, written again in the one form es256.c knows, and judged
 * there. */
#include "crypto/es256_pem.h"

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <string.h>

static const char HEAD[] = "-----BEGIN PRIVATE KEY-----";
static const char END[] = "-----END PRIVATE KEY-----";
static const char SPACE[] = " \t\r\n";

static void
bio_freep(BIO **bio)
{
	BIO_free(*bio);
}

LK_DEFINE_FREEP(pem_pkey_freep, EVP_PKEY *, EVP_PKEY_free)
LK_DEFINE_FREEP(pem_pkcs8_freep, PKCS8_PRIV_KEY_INFO *, PKCS8_PRIV_KEY_INFO_free)

static lk_status
invalid(struct lk_error *err, const char *why)
{
	ERR_clear_error();
	return lk_fail_field(err, "secret_pem", "SIGNING_KEY_INVALID", "%s", why);
}

/* One block, alone: two keys in a file leave open which one is meant. */
static bool
is_one_block(const char *pem)
{
	const char *text = pem + strspn(pem, SPACE);
	const char *end = strstr(text, END);

	return strncmp(text, HEAD, strlen(HEAD)) == 0 && end &&
	       end[strlen(END) + strspn(end + strlen(END), SPACE)] == '\0';
}

static EVP_PKEY *
read_pem(const char *pem)
{
	LK_AUTO(bio_freep) BIO *bio = BIO_new_mem_buf(pem + strspn(pem, SPACE), -1);
	LK_AUTO(pem_pkcs8_freep)
	PKCS8_PRIV_KEY_INFO *info =
	    bio ? PEM_read_bio_PKCS8_PRIV_KEY_INFO(bio, NULL, NULL, NULL) : NULL;

	return info ? EVP_PKCS82PKEY(info) : NULL;
}

static bool
is_p256(const EVP_PKEY *pkey)
{
	char group[32];
	size_t len;

	return EVP_PKEY_get_base_id(pkey) == EVP_PKEY_EC &&
	       EVP_PKEY_get_group_name(pkey, group, sizeof group, &len) == 1 &&
	       strcmp(group, "prime256v1") == 0;
}

/* RFC 5958 as lk_es256_import wants it: curve by name, public point uncompressed. */
static bool
write_der(EVP_PKEY *pkey, struct lk_es256_private *out)
{
	LK_AUTO(pem_pkcs8_freep) PKCS8_PRIV_KEY_INFO *info = NULL;
	uint8_t *at = out->pkcs8;

	if (EVP_PKEY_set_utf8_string_param(
		pkey, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, "uncompressed") != 1 ||
	    EVP_PKEY_set_int_param(pkey, OSSL_PKEY_PARAM_EC_INCLUDE_PUBLIC, 1) != 1)
		return false;
	info = EVP_PKEY2PKCS8(pkey);
	const int len = info ? i2d_PKCS8_PRIV_KEY_INFO(info, NULL) : -1;
	if (len <= 0 || len > LK_ES256_PRIVATE_MAX)
		return false;
	out->len = (size_t)len;
	return i2d_PKCS8_PRIV_KEY_INFO(info, &at) == len;
}

lk_status
lk_es256_import_pem(const char *pem, struct lk_es256 **out_key, struct lk_error *err)
{
	LK_AUTO(lk_es256_private_wipe) struct lk_es256_private der = { 0 };
	LK_AUTO(pem_pkey_freep) EVP_PKEY *pkey = NULL;

	LK_TRY(lk_crypto_init(err));
	if (strlen(pem) > LK_ES256_PEM_MAX || !is_one_block(pem))
		return invalid(err, "this is not one unencrypted PKCS#8 key in PEM (-----BEGIN "
				    "PRIVATE KEY-----); openssl pkcs8 -topk8 -nocrypt makes one");
	pkey = read_pem(pem);
	if (!pkey)
		return invalid(err, "this PEM does not hold a private key that can be read");
	if (!is_p256(pkey))
		return invalid(err, "this key is not of P-256, which ES256 needs");
	if (!write_der(pkey, &der) ||
	    lk_es256_import(lk_bytes(der.pkcs8, der.len), out_key, err) != LK_OK)
		return invalid(err, "this key is not a whole P-256 key pair");
	return LK_OK;
}
