/*
 * An AES-256 key inside a PKCS#11 token, used there and never exported; found by its URI (RFC 7512)
 * through p11-kit. For this folder only.
 */
#ifndef LK_CRYPTO_TOKEN_KEY_H
#define LK_CRYPTO_TOKEN_KEY_H

#include "base/bytes.h"
#include "base/scope.h"
#include "base/status.h"
#include "crypto/associated.h"

enum {
	LK_TOKEN_NONCE_LEN = 12,
	LK_TOKEN_TAG_LEN = 16,
	LK_TOKEN_OVERHEAD = LK_TOKEN_NONCE_LEN + LK_TOKEN_TAG_LEN
};

/* A key with a session of its own; threads may share it, one works at a time. A PIN that the token
 * refused is not tried again. */
struct lk_token_key;

/*
 * `uri` is what follows "pkcs11:". token and object (or id) choose the key, module-path the module
 * (without it: all that p11-kit knows), pin-source a file with the PIN, as lk_private_file_read
 * takes it. INVALID_ARGUMENT KEK_SOURCE_INVALID (also for a pin-value, which everybody could read);
 * NOT_FOUND KEK_TOKEN_MISSING; FAILED_PRECONDITION KEK_TOKEN_PIN, KEK_TOKEN_EXPORTABLE; UNAVAILABLE
 * KEK_TOKEN_FAILED.
 */
lk_status lk_token_key_open(const char *uri, struct lk_token_key **out_key, struct lk_error *err);
void lk_token_key_close(struct lk_token_key *key);
LK_DEFINE_FREEP(lk_token_key_closep, struct lk_token_key *, lk_token_key_close)

/* AES-256-GCM: writes nonce, ciphertext and tag, plain.len + LK_TOKEN_OVERHEAD bytes. UNAVAILABLE
 * KEK_TOKEN_FAILED. */
lk_status lk_token_key_seal(struct lk_token_key *key, const struct lk_associated *associated,
    struct lk_bytes plain, uint8_t *out, struct lk_error *err);

/* Writes sealed.len - LK_TOKEN_OVERHEAD bytes, zero on failure. DATA_LOSS SEAL_BROKEN, UNAVAILABLE
 * KEK_TOKEN_FAILED. */
lk_status lk_token_key_unseal(struct lk_token_key *key, const struct lk_associated *associated,
    struct lk_bytes sealed, uint8_t *out, struct lk_error *err);

#endif
