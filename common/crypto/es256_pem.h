/* A P-256 private key as people keep it: PKCS#8 in PEM (RFC 7468), made by openssl or anything. */
#ifndef LK_CRYPTO_ES256_PEM_H
#define LK_CRYPTO_ES256_PEM_H

#include "crypto/es256.h"

enum { LK_ES256_PEM_MAX = 4096 };

/*
 * One "PRIVATE KEY", unencrypted, of P-256, with or without its public half, and nothing else in
 * the text but whitespace. INVALID_ARGUMENT SIGNING_KEY_INVALID for field secret_pem, which says
 * what it is instead; INTERNAL CRYPTO_UNAVAILABLE. One reference is yours.
 */
lk_status lk_es256_import_pem(const char *pem, struct lk_es256 **out_key, struct lk_error *err);

#endif
