/* Guarded memory and wiping, on libsodium. */
#include "crypto/secret.h"

#include <sodium.h>
#include <string.h>

enum { SECRET_MAX = 4096 };

struct lk_secret {
	size_t len;
	uint8_t bytes[];
};

lk_status
lk_crypto_init(struct lk_error *err)
{
	if (sodium_init() < 0)
		return lk_fail(err, LK_INTERNAL, "CRYPTO_UNAVAILABLE",
		    "the cryptographic library did not start");
	return LK_OK;
}

void
lk_wipe(void *ptr, size_t len)
{
	if (len)
		sodium_memzero(ptr, len);
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

/* The end of the allocation touches the guard page, so its size is rounded up to keep `len`
 * aligned. */
static lk_status
secret_alloc(size_t len, struct lk_secret **out_secret, struct lk_error *err)
{
	const size_t align = _Alignof(max_align_t);
	struct lk_secret *secret;

	LK_TRY(lk_crypto_init(err));
	if (len == 0 || len > SECRET_MAX)
		return lk_fail(err, LK_INTERNAL, "SECRET_LENGTH", "a secret has 1 to 4096 bytes");
	secret = sodium_malloc((sizeof *secret + len + align - 1) / align * align);
	if (!secret)
		return lk_fail_oom(err);
	secret->len = len;
	*out_secret = secret;
	return LK_OK;
}

lk_status
lk_secret_new(struct lk_bytes bytes, struct lk_secret **out_secret, struct lk_error *err)
{
	struct lk_secret *secret;

	LK_TRY(secret_alloc(bytes.len, &secret, err));
	memcpy(secret->bytes, bytes.data, bytes.len);
	sodium_mprotect_readonly(secret);
	*out_secret = secret;
	return LK_OK;
}

lk_status
lk_secret_new_random(size_t len, struct lk_secret **out_secret, struct lk_error *err)
{
	struct lk_secret *secret;

	LK_TRY(secret_alloc(len, &secret, err));
	randombytes_buf(secret->bytes, len);
	sodium_mprotect_readonly(secret);
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
	sodium_free(secret); /* NULL is allowed; makes it writable and wipes it */
}
