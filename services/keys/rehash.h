/* From an old pepper to the newest: the digest of a key's secret can be made anew only while the
 * secret is shown, so a key moves when it is used. */
#ifndef LK_KEYS_REHASH_H
#define LK_KEYS_REHASH_H

#include "keys.h"

/*
 * Without waiting: the key whose digest is still `old_digest` gets `new_digest`, made with the
 * newest pepper, and its row's MAC. A few at a time; what finds no room moves at its next use. Any
 * thread, not inside a transaction.
 */
void rehash_later(struct keys *keys, const char *id, const uint8_t old_digest[LK_DIGEST_LEN],
    const uint8_t new_digest[LK_DIGEST_LEN]);

#endif
