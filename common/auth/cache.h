/* A bounded memory of what was proved: 32-byte hashes to small values, each with an expiry. A full
 * place forgets what expires first. */
#ifndef LK_AUTH_CACHE_H
#define LK_AUTH_CACHE_H

#include <stddef.h>

#include "base/base.h"
#include "crypto/digest.h"

struct lk_auth_cache;

/* Room for at least `max_entries`, 1 to 1,048,576. Values are allocated as they come. Thread-safe;
 * locks are held for a copy only. */
lk_status lk_auth_cache_new(struct lk_auth_cache **out, size_t max_entries, struct lk_error *err);
void lk_auth_cache_free(struct lk_auth_cache *cache);
LK_DEFINE_FREEP(lk_auth_cache_freep, struct lk_auth_cache *, lk_auth_cache_free)

/*
 * The hash of a text that strangers choose, under a key that only this cache knows: nobody can aim
 * at a place, and no text is kept. About a microsecond for a token.
 */
void lk_auth_cache_hash(
    const struct lk_auth_cache *cache, struct lk_bytes text, uint8_t out_hash[LK_DIGEST_LEN]);

/* Copies the value, cut at out_cap, and tells its length. False when unknown or `now_ms` has
 * reached its expiry. */
bool lk_auth_cache_get(struct lk_auth_cache *cache, const uint8_t hash[LK_DIGEST_LEN],
    int64_t now_ms, void *out, size_t out_cap, size_t *out_len);

/* Remember, replacing an older value of the same hash. Short memory forgets instead of failing. */
void lk_auth_cache_put(struct lk_auth_cache *cache, const uint8_t hash[LK_DIGEST_LEN],
    int64_t expires_at_ms, struct lk_bytes value);

#endif
