/* See pem_pair.h. */
#include "crypto/pem_pair.h"

#include <openssl/pem.h>
#include <openssl/x509.h>

#include "base/scope.h"

static void
bio_freep(BIO **bio)
{
	BIO_free(*bio);
}

static void
cert_freep(X509 **cert)
{
	X509_free(*cert);
}

static void
key_freep(EVP_PKEY **key)
{
	EVP_PKEY_free(*key);
}

/* Instead of asking at the terminal. */
static int
no_passphrase(char *buffer, int size, int writing, void *user)
{
	(void)buffer;
	(void)size;
	(void)writing;
	(void)user;
	return -1;
}

bool
lk_pem_pair_ok(const char *cert_pem, const char *key_pem)
{
	LK_AUTO(bio_freep) BIO *cert_text = BIO_new_mem_buf(cert_pem, -1);
	LK_AUTO(bio_freep) BIO *key_text = BIO_new_mem_buf(key_pem, -1);

	if (!cert_text || !key_text)
		return false;
	LK_AUTO(cert_freep) X509 *cert = PEM_read_bio_X509(cert_text, NULL, no_passphrase, NULL);
	LK_AUTO(key_freep)
	EVP_PKEY *key = PEM_read_bio_PrivateKey(key_text, NULL, no_passphrase, NULL);
	return cert && key && X509_check_private_key(cert, key) == 1;
}
