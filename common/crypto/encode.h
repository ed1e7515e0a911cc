/*
 * Bytes as text: base64url (RFC 4648 5, unpadded), hex, base62. Each value has exactly one
 * spelling; decoders refuse the rest. Thread-safe. They look up tables, so their time may depend on
 * the data: for secrets on their way in or out, not for work on a secret at a stranger's will.
 */
#ifndef LK_CRYPTO_ENCODE_H
#define LK_CRYPTO_ENCODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

/* Characters without the NUL. */
#define LK_BASE64URL_LEN(n) (((n)*4 + 2) / 3)
#define LK_BASE64URL_DECODED_MAX(chars) ((chars)*3 / 4)

/* Writes LK_BASE64URL_LEN(data.len) characters and a NUL; returns the characters. */
size_t lk_base64url_encode(struct lk_bytes data, char *out);

/*
 * False for padding, other characters or lengths, loose trailing bits, more than `out_cap`
 * bytes.
 */
bool lk_base64url_decode(struct lk_bytes text, uint8_t *out, size_t out_cap, size_t *out_len);

/* Lower case only. Writes 2 × data.len characters and a NUL. */
void lk_hex_encode(struct lk_bytes data, char *out);
bool lk_hex_decode(struct lk_bytes text, uint8_t *out, size_t out_cap, size_t *out_len);

/* 256 bits, big-endian, as 43 digits of 0-9A-Za-z, most significant first, zeros kept; no NUL. */
enum { LK_BASE62_LEN = 43 };
void lk_base62_encode(const uint8_t data[32], char out[LK_BASE62_LEN]);
bool lk_base62_decode(const char text[LK_BASE62_LEN], uint8_t out[32]); /* false from 2^256 on */

/* 32 bits as 6 digits, for checksums; no NUL. */
enum { LK_BASE62_CRC_LEN = 6 };
void lk_base62_encode_u32(uint32_t value, char out[LK_BASE62_CRC_LEN]);

#endif
