/* Guarded memory and wiping, on libsodium. */
#include "crypto/secret.h"

#include <openssl/crypto.h>
#include <sodium.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>

struct lk_secret {
	size_t len;
	uint8_t *bytes; /* guarded */
};

lk_status
lk_crypto_init(struct lk_error *err)
{
	/* No configuration file: what libcrypto does here is not for the environment to change. */
	const uint64_t options = OPENSSL_INIT_NO_LOAD_CONFIG;

	if (sodium_init() < 0 || OPENSSL_init_crypto(options, NULL) != 1)
		return lk_fail(err, LK_INTERNAL, "CRYPTO_UNAVAILABLE",
		    "the cryptographic library did not start");
	return LK_OK;
}

bool
lk_secret_equal(const void *a, const void *b, size_t len)
{
	return sodium_memcmp(a, b, len) == 0;
}

void
lk_secret32_wipe(struct lk_secret32 *secret)
{
	sodium_memzero(secret, sizeof *secret);
}

void
lk_secret32_random(struct lk_secret32 *out)
{
	randombytes_buf(out->bytes, sizeof out->bytes);
}

void
lk_wipe_view(struct lk_wiped *view)
{
	lk_wipe(view->data, view->len);
}

static atomic_uint_fast64_t unlocked;

uint64_t
lk_secret_unlocked(void)
{
	return atomic_load(&unlocked);
}

lk_status
lk_secret_new(struct lk_bytes bytes, struct lk_secret **out_secret, struct lk_error *err)
{
	LK_TRY(lk_crypto_init(err));
	if (bytes.len == 0 || bytes.len > LK_SECRET_MAX)
		return lk_fail(
		    err, LK_INTERNAL, "SECRET_LENGTH", "a secret has 1 to %d bytes", LK_SECRET_MAX);
	struct lk_secret *secret = LK_ALLOC(struct lk_secret);
	if (!secret)
		return lk_fail_oom(err);
	secret->len = bytes.len;
	secret->bytes = sodium_malloc(bytes.len);
	if (!secret->bytes) {
		lk_free(secret);
		return lk_fail_oom(err);
	}
	if (mlock(secret->bytes, bytes.len) != 0) /* libsodium tried, and does not tell */
		atomic_fetch_add(&unlocked, 1);
	memcpy(secret->bytes, bytes.data, bytes.len);
	sodium_mprotect_readonly(secret->bytes);
	*out_secret = secret;
	return LK_OK;
}

struct lk_bytes
lk_secret_bytes(const struct lk_secret *secret)
{
	return lk_bytes(secret->bytes, secret->len);
}

void
lk_secret_free(struct lk_secret *secret)
{
	if (!secret)
		return;
	sodium_free(secret->bytes); /* makes it writable and wipes it */
	lk_free(secret);
}
