/* See aead.h. */
#include "crypto/aead.h"

#include <sodium.h>
#include <string.h>

_Static_assert(LK_AEAD_NONCE_LEN == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES, "nonce");
_Static_assert(LK_AEAD_TAG_LEN == crypto_aead_xchacha20poly1305_ietf_ABYTES, "tag");
_Static_assert(LK_SECRET32_LEN == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "key");

void
lk_aead_seal(const uint8_t key[LK_SECRET32_LEN], const struct lk_associated *associated,
    struct lk_bytes plain, uint8_t *out)
{
	uint8_t *cipher = out + LK_AEAD_NONCE_LEN;

	randombytes_buf(out, LK_AEAD_NONCE_LEN);
	crypto_aead_xchacha20poly1305_ietf_encrypt(cipher, NULL, plain.data, plain.len,
	    associated->bytes, associated->len, NULL, out, key);
}

bool
lk_aead_open(const uint8_t key[LK_SECRET32_LEN], const struct lk_associated *associated,
    struct lk_bytes sealed, uint8_t *out)
{
	if (sealed.len < LK_AEAD_OVERHEAD)
		return false;
	const uint8_t *cipher = sealed.data + LK_AEAD_NONCE_LEN;
	const size_t cipher_len = sealed.len - LK_AEAD_NONCE_LEN;

	if (crypto_aead_xchacha20poly1305_ietf_decrypt(out, NULL, NULL, cipher, cipher_len,
		associated->bytes, associated->len, sealed.data, key) == 0)
		return true;
	memset(out, 0, cipher_len - LK_AEAD_TAG_LEN);
	return false;
}

lk_status
lk_seal_broken(struct lk_error *err)
{
	return lk_fail(err, LK_DATA_LOSS, "SEAL_BROKEN",
	    "sealed data does not open: it was changed, moved, or sealed under another key");
}
