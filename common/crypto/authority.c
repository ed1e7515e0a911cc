/* Certificates made by libcrypto; see authority.h. */
#include "crypto/authority.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "base/base.h"
#include "crypto/tls_pair.h"

enum { SERIAL_BITS = 127 };

struct extension {
	int nid;
	const char *value;
};

LK_DEFINE_FREEP(pkey_freep, EVP_PKEY *, EVP_PKEY_free)
LK_DEFINE_FREEP(x509_freep, X509 *, X509_free)
LK_DEFINE_FREEP(number_freep, BIGNUM *, BN_free)

static void
text_freep(BIO **bio)
{
	BIO_free(*bio);
}

void
lk_certificate_wipe(struct lk_certificate *certificate)
{
	lk_wipe(certificate, sizeof *certificate);
}

static lk_status
failed(struct lk_error *err)
{
	ERR_clear_error();
	return lk_fail_oom(err); /* libcrypto was given nothing that it could refuse */
}

/* ---- PEM ---- */

static bool
text_take(BIO *bio, char out[LK_CERTIFICATE_PEM_SIZE])
{
	const int len = BIO_read(bio, out, LK_CERTIFICATE_PEM_SIZE - 1);

	out[len > 0 ? len : 0] = '\0';
	return len > 0 && BIO_pending(bio) == 0;
}

static lk_status
write_pem(X509 *cert, EVP_PKEY *key, struct lk_certificate *out, struct lk_error *err)
{
	LK_AUTO(text_freep) BIO *cert_text = BIO_new(BIO_s_mem());
	LK_AUTO(text_freep) BIO *key_text = BIO_new(BIO_s_secmem());

	if (!cert_text || !key_text || PEM_write_bio_X509(cert_text, cert) != 1 ||
	    PEM_write_bio_PKCS8PrivateKey(key_text, key, NULL, NULL, 0, NULL, NULL) != 1 ||
	    !text_take(cert_text, out->cert) || !text_take(key_text, out->key))
		return failed(err);
	return LK_OK;
}

static X509 *
read_cert(const char *pem)
{
	LK_AUTO(text_freep) BIO *bio = BIO_new_mem_buf(pem, -1);

	return bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
}

static EVP_PKEY *
read_key(const char *pem)
{
	LK_AUTO(text_freep) BIO *bio = BIO_new_mem_buf(pem, -1);

	return bio ? PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL) : NULL;
}

/* ---- Making ---- */

static bool
set_serial(X509 *cert)
{
	LK_AUTO(number_freep) BIGNUM *serial = BN_new();

	return serial && BN_rand(serial, SERIAL_BITS, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
	       BN_to_ASN1_INTEGER(serial, X509_get_serialNumber(cert));
}

/* Not beyond the issuer's own end. */
static bool
set_times(X509 *cert, const X509 *issuer, int64_t now_ms, unsigned days)
{
	time_t now_s = (time_t)(now_ms / 1000);

	if (!X509_time_adj_ex(X509_getm_notBefore(cert), -1, 0, &now_s) ||
	    !X509_time_adj_ex(X509_getm_notAfter(cert), (int)days, 0, &now_s))
		return false;
	if (issuer == cert ||
	    ASN1_TIME_compare(X509_get0_notAfter(cert), X509_get0_notAfter(issuer)) <= 0)
		return true;
	return X509_set1_notAfter(cert, X509_get0_notAfter(issuer)) == 1;
}

static bool
set_names(X509 *cert, const X509 *issuer, const char *name)
{
	return X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_UTF8,
		   (const unsigned char *)name, -1, -1, 0) == 1 &&
	       X509_set_issuer_name(cert, X509_get_subject_name(issuer)) == 1;
}

static bool
add_extensions(X509 *cert, X509 *issuer, const struct extension *extensions)
{
	X509V3_CTX context;

	X509V3_set_ctx_nodb(&context);
	X509V3_set_ctx(&context, issuer, cert, NULL, NULL, 0);
	for (; extensions->value; extensions++) {
		X509_EXTENSION *made =
		    X509V3_EXT_conf_nid(NULL, &context, extensions->nid, extensions->value);
		const bool added = made && X509_add_ext(cert, made, -1) == 1;

		X509_EXTENSION_free(made);
		if (!added)
			return false;
	}
	return true;
}

struct wish {
	const char *name;
	int64_t now_ms;
	unsigned days;
	const struct extension *extensions;
};

/* `issuer` and `issuer_key` NULL: it signs itself. */
static lk_status
make(const struct wish *wish, X509 *issuer, EVP_PKEY *issuer_key, struct lk_certificate *out,
    struct lk_error *err)
{
	LK_AUTO(pkey_freep) EVP_PKEY *key = EVP_EC_gen("P-256");
	LK_AUTO(x509_freep) X509 *cert = X509_new();

	if (!key || !cert)
		return failed(err);
	if (!issuer)
		issuer = cert;
	if (X509_set_version(cert, X509_VERSION_3) != 1 || X509_set_pubkey(cert, key) != 1 ||
	    !set_serial(cert) || !set_times(cert, issuer, wish->now_ms, wish->days) ||
	    !set_names(cert, issuer, wish->name) ||
	    !add_extensions(cert, issuer, wish->extensions) ||
	    X509_sign(cert, issuer_key ? issuer_key : key, EVP_sha256()) <= 0)
		return failed(err);
	return write_pem(cert, key, out, err);
}

lk_status
lk_authority_make(const char *name, int64_t now_ms, unsigned days, struct lk_certificate *out,
    struct lk_error *err)
{
	static const struct extension extensions[] = {
		{ NID_basic_constraints, "critical,CA:TRUE,pathlen:0" },
		{ NID_key_usage, "critical,keyCertSign,cRLSign" },
		{ NID_subject_key_identifier, "hash" },
		{ NID_undef, NULL },
	};

	return make(&(struct wish){ name, now_ms, days, extensions }, NULL, NULL, out, err);
}

static lk_status
check_name(const char *name, struct lk_error *err)
{
	static const char letters[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
	const size_t len = strlen(name);

	if (len > 0 && len <= LK_CERTIFICATE_NAME_MAX && strspn(name, letters) == len &&
	    *name != '.' && *name != '-')
		return LK_OK;
	return lk_fail(err, LK_INVALID_ARGUMENT, "CERTIFICATE_NAME",
	    "a certificate's name is a host's, or letters, digits, dots, - and _: at most %d",
	    LK_CERTIFICATE_NAME_MAX);
}

lk_status
lk_authority_issue(const struct lk_certificate *authority, const char *name, int64_t now_ms,
    unsigned days, struct lk_certificate *out, struct lk_error *err)
{
	char alternative[sizeof "DNS:" + LK_CERTIFICATE_NAME_MAX];
	const struct extension extensions[] = {
		{ NID_basic_constraints, "critical,CA:FALSE" },
		{ NID_key_usage, "critical,digitalSignature" },
		{ NID_ext_key_usage, "serverAuth,clientAuth" },
		{ NID_authority_key_identifier, "keyid,issuer" },
		{ NID_subject_alt_name, alternative },
		{ NID_undef, NULL },
	};

	LK_TRY(check_name(name, err));
	LK_TRY(lk_tls_pair_check(authority->cert, authority->key, now_ms, err));
	LK_AUTO(x509_freep) X509 *issuer = read_cert(authority->cert);
	LK_AUTO(pkey_freep) EVP_PKEY *issuer_key = read_key(authority->key);
	if (!issuer || !issuer_key)
		return failed(err);
	if (X509_check_ca(issuer) != 1)
		return lk_fail(err, LK_FAILED_PRECONDITION, "TLS_AUTHORITY_INVALID",
		    "this certificate is not an authority's");
	(void)snprintf(alternative, sizeof alternative, "DNS:%s", name);
	return make(&(struct wish){ name, now_ms, days, extensions }, issuer, issuer_key, out, err);
}

lk_status
lk_certificate_end(const char *cert_pem, int64_t *out_end_ms, struct lk_error *err)
{
	LK_AUTO(x509_freep) X509 *cert = read_cert(cert_pem);
	struct tm end;

	if (!cert || ASN1_TIME_to_tm(X509_get0_notAfter(cert), &end) != 1) {
		ERR_clear_error();
		return lk_fail(err, LK_FAILED_PRECONDITION, "TLS_CERTIFICATE_INVALID",
		    "the TLS certificate file does not hold certificates in PEM");
	}
	*out_end_ms = (int64_t)timegm(&end) * 1000;
	return LK_OK;
}
