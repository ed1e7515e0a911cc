/*
 * XChaCha20-Poly1305 behind a random nonce: the shape of every sealed piece. For this folder
 * only.
 */
#ifndef LK_CRYPTO_AEAD_H
#define LK_CRYPTO_AEAD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/status.h"
#include "crypto/associated.h"
#include "crypto/secret.h"

enum {
	LK_AEAD_NONCE_LEN = 24,
	LK_AEAD_TAG_LEN = 16,
	LK_AEAD_OVERHEAD = LK_AEAD_NONCE_LEN + LK_AEAD_TAG_LEN
};

/* Writes nonce, ciphertext and tag: plain.len + LK_AEAD_OVERHEAD bytes. */
void lk_aead_seal(const uint8_t key[LK_SECRET32_LEN], const struct lk_associated *associated,
    struct lk_bytes plain, uint8_t *out);

/* Writes sealed.len - LK_AEAD_OVERHEAD bytes; on false they are zero. */
bool lk_aead_open(const uint8_t key[LK_SECRET32_LEN], const struct lk_associated *associated,
    struct lk_bytes sealed, uint8_t *out);

/* DATA_LOSS SEAL_BROKEN, the same words for every cause. */
lk_status lk_seal_broken(struct lk_error *err);

#endif
