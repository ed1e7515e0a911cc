/* SipHash-2-4 with 128 bits of output: a keyed hash for short texts and tables in memory, many
 * times quicker than BLAKE2b. */
#ifndef LK_CRYPTO_SHORT_HASH_H
#define LK_CRYPTO_SHORT_HASH_H

#include <stdint.h>

#include "base/bytes.h"

enum { LK_SHORT_HASH_KEY_LEN = 16, LK_SHORT_HASH_LEN = 16 };

/*
 * A pseudo-random function: who does not know `key` finds no two texts with one hash, nor a text
 * for a hash, but by 2^128 (one text) tries. For keys that live in one process only. Thread-safe;
 * cannot fail.
 */
void lk_short_hash(const uint8_t key[LK_SHORT_HASH_KEY_LEN], struct lk_bytes data,
    uint8_t out_hash[LK_SHORT_HASH_LEN]);

#endif
