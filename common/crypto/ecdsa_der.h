/* P-256 signatures as raw r||s (RFC 7518 3.4) and as DER (RFC 3279 2.2.3). For this folder only. */
#ifndef LK_CRYPTO_ECDSA_DER_H
#define LK_CRYPTO_ECDSA_DER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LK_ECDSA_RAW_LEN = 64, LK_ECDSA_DER_MAX = 72 };

/* False unless r and s are both in 1 to n-1. */
bool lk_ecdsa_raw_to_der(
    const uint8_t raw[LK_ECDSA_RAW_LEN], uint8_t out_der[LK_ECDSA_DER_MAX], size_t *out_len);

/* Of a signature libcrypto has just made; false when it is not what X.690 asks for. */
bool lk_ecdsa_der_to_raw(const uint8_t *der, size_t len, uint8_t out_raw[LK_ECDSA_RAW_LEN]);

#endif
