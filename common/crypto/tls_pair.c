/* libcrypto reads both; see tls_pair.h. */
#include "crypto/tls_pair.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <time.h>

#include "base/base.h"

static void
pair_bio_freep(BIO **bio)
{
	BIO_free(*bio);
}

LK_DEFINE_FREEP(pair_pkey_freep, EVP_PKEY *, EVP_PKEY_free)
LK_DEFINE_FREEP(pair_x509_freep, X509 *, X509_free)

static lk_status
bad(struct lk_error *err, const char *reason, const char *why)
{
	ERR_clear_error();
	return lk_fail(err, LK_FAILED_PRECONDITION, reason, "%s", why);
}

/* Whether what follows the first certificate are certificates, to the end of the text. */
static bool
rest_is_chain(BIO *bio)
{
	for (;;) {
		LK_AUTO(pair_x509_freep) X509 *next = PEM_read_bio_X509(bio, NULL, NULL, NULL);
		if (!next)
			break;
	}
	const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
	ERR_clear_error();
	return at_end;
}

static lk_status
check_times(const X509 *certificate, int64_t now_ms, struct lk_error *err)
{
	time_t now_s = (time_t)(now_ms / 1000);

	if (X509_cmp_time(X509_get0_notBefore(certificate), &now_s) > 0)
		return bad(err, "TLS_CERTIFICATE_NOT_YET", "the TLS certificate is not yet valid");
	if (X509_cmp_time(X509_get0_notAfter(certificate), &now_s) < 0)
		return bad(err, "TLS_CERTIFICATE_EXPIRED", "the TLS certificate has expired");
	return LK_OK;
}

/* Nobody is there to be asked. */
static int
no_passphrase(char *out, int size, int writing, void *user)
{
	(void)out;
	(void)size;
	(void)writing;
	(void)user;
	return -1;
}

lk_status
lk_tls_pair_check(const char *chain_pem, const char *key_pem, int64_t now_ms, struct lk_error *err)
{
	LK_AUTO(pair_bio_freep) BIO *chain = BIO_new_mem_buf(chain_pem, -1);
	LK_AUTO(pair_bio_freep) BIO *key_text = BIO_new_mem_buf(key_pem, -1);

	if (!chain || !key_text)
		return lk_fail_oom(err);
	LK_AUTO(pair_x509_freep) X509 *own = PEM_read_bio_X509(chain, NULL, NULL, NULL);
	if (!own || !rest_is_chain(chain))
		return bad(err, "TLS_CERTIFICATE_INVALID",
		    "the TLS certificate file does not hold certificates in PEM");
	LK_AUTO(pair_pkey_freep)
	EVP_PKEY *key = PEM_read_bio_PrivateKey(key_text, NULL, no_passphrase, NULL);
	if (!key)
		return bad(err, "TLS_KEY_INVALID",
		    "the TLS key file does not hold a private key in PEM without a passphrase");
	if (X509_check_private_key(own, key) != 1)
		return bad(err, "TLS_KEY_MISMATCH",
		    "the TLS key is not that of the first certificate in its file");
	return check_times(own, now_ms, err);
}

int64_t
lk_tls_chain_ends_at_ms(const char *chain_pem)
{
	LK_AUTO(pair_bio_freep) BIO *chain = BIO_new_mem_buf(chain_pem, -1);
	LK_AUTO(pair_x509_freep)
	X509 *own = chain ? PEM_read_bio_X509(chain, NULL, NULL, NULL) : NULL;
	struct tm ends = { .tm_year = 0 };

	if (!own || ASN1_TIME_to_tm(X509_get0_notAfter(own), &ends) != 1) {
		ERR_clear_error();
		return 0;
	}
	return (int64_t)timegm(&ends) * 1000;
}
