/* ES256 (RFC 7518 3.4): ECDSA on P-256 with SHA-256, keys parsed once, signatures as raw r||s. */
#ifndef LK_CRYPTO_ES256_H
#define LK_CRYPTO_ES256_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/status.h"
#include "crypto/secret.h"

enum {
	LK_ES256_COORDINATE_LEN = 32,
	LK_ES256_SIGNATURE_LEN = 64,
	LK_ES256_PRIVATE_MAX = 256,    /* bytes of a PKCS#8 private key; ours have 138 */
	LK_ES256_THUMBPRINT_SIZE = 44, /* 43 base64url characters and NUL */
};

/* A key pair or a public key, shared by reference; any thread may sign and verify at any time. */
struct lk_es256;

/* INTERNAL CRYPTO_UNAVAILABLE when libcrypto fails. One reference is yours. */
lk_status lk_es256_generate(struct lk_es256 **out_key, struct lk_error *err);

/*
 * PKCS#8 DER (RFC 5958) just as lk_es256_export writes it, else INVALID_ARGUMENT
 * SIGNING_KEY_INVALID.
 */
lk_status lk_es256_import(struct lk_bytes pkcs8, struct lk_es256 **out_key, struct lk_error *err);

/*
 * From JWK coordinates. INVALID_ARGUMENT SIGNING_KEY_INVALID for a point that is not on the
 * curve.
 */
lk_status lk_es256_from_public(const uint8_t x[LK_ES256_COORDINATE_LEN],
    const uint8_t y[LK_ES256_COORDINATE_LEN], struct lk_es256 **out_key, struct lk_error *err);

struct lk_es256 *lk_es256_ref(struct lk_es256 *key);
void lk_es256_unref(struct lk_es256 *key); /* NULL is allowed; the last one wipes and frees */
LK_DEFINE_FREEP(lk_es256_unrefp, struct lk_es256 *, lk_es256_unref)

/* A private key in the clear, for sealing at rest; under LK_AUTO(lk_es256_private_wipe). */
struct lk_es256_private {
	uint8_t pkcs8[LK_ES256_PRIVATE_MAX];
	size_t len;
};
void lk_es256_private_wipe(struct lk_es256_private *der);

/* FAILED_PRECONDITION SIGNING_KEY_PUBLIC for a public key. */
lk_status lk_es256_export(
    const struct lk_es256 *key, struct lk_es256_private *out_der, struct lk_error *err);

bool lk_es256_has_private(const struct lk_es256 *key);
const uint8_t *lk_es256_x(
    const struct lk_es256 *key); /* LK_ES256_COORDINATE_LEN bytes, big-endian, borrowed */
const uint8_t *lk_es256_y(const struct lk_es256 *key);

/* RFC 7638: base64url of the SHA-256 of {"crv":"P-256","kty":"EC","x":"…","y":"…"}. */
void lk_es256_thumbprint(const struct lk_es256 *key, char out_thumbprint[LK_ES256_THUMBPRINT_SIZE]);

/* FAILED_PRECONDITION SIGNING_KEY_PUBLIC; INTERNAL CRYPTO_UNAVAILABLE. */
lk_status lk_es256_sign(struct lk_es256 *key, struct lk_bytes message,
    uint8_t out_signature[LK_ES256_SIGNATURE_LEN], struct lk_error *err);

/*
 * UNAUTHENTICATED SIGNATURE_INVALID: wrong, of another length, or r or s outside 1 to n-1.
 * INTERNAL CRYPTO_UNAVAILABLE.
 */
lk_status lk_es256_verify(
    struct lk_es256 *key, struct lk_bytes message, struct lk_bytes signature, struct lk_error *err);

#endif
