/* RS256 (RFC 7518 3.3): RSASSA-PKCS1-v1_5 with SHA-256, verified only: other people's issuers sign
 * with it, we never do. */
#ifndef LK_CRYPTO_RS256_H
#define LK_CRYPTO_RS256_H

#include "base/bytes.h"
#include "base/scope.h"
#include "base/status.h"

enum { LK_RS256_BITS_MIN = 2048, LK_RS256_BITS_MAX = 8192 };

/* A public key; any thread may verify at any time. */
struct lk_rs256;

/*
 * From a JWK's modulus and exponent (RFC 7518 6.3.1), big-endian without leading zeros.
 * INVALID_ARGUMENT RSA_KEY_INVALID for a modulus outside of 2048 to 8192 bits or even, or an
 * exponent that is not odd and from 3 to 2^32. INTERNAL CRYPTO_UNAVAILABLE. Yours.
 */
lk_status lk_rs256_from_public(struct lk_bytes modulus, struct lk_bytes exponent,
    struct lk_rs256 **out_key, struct lk_error *err);
void lk_rs256_free(struct lk_rs256 *key);
LK_DEFINE_FREEP(lk_rs256_freep, struct lk_rs256 *, lk_rs256_free)

/* UNAUTHENTICATED SIGNATURE_INVALID: wrong, or not as long as the modulus. INTERNAL
 * CRYPTO_UNAVAILABLE. */
lk_status lk_rs256_verify(const struct lk_rs256 *key, struct lk_bytes message,
    struct lk_bytes signature, struct lk_error *err);

#endif
