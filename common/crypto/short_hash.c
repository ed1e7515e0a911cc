/* libsodium's SipHash-2-4-128; see short_hash.h. */
#include "crypto/short_hash.h"

#include <sodium.h>

void
lk_short_hash(const uint8_t key[LK_SHORT_HASH_KEY_LEN], struct lk_bytes data,
    uint8_t out_hash[LK_SHORT_HASH_LEN])
{
	crypto_shorthash_siphashx24(out_hash, data.data, data.len, key);
}
