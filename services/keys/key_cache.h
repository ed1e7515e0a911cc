/*
 * Keys in memory: a bounded table by key id. Ids that were looked up and do not exist are kept too,
 * so that asking for them costs what asking for a wrong secret costs; they are the first to go. Any
 * thread.
 */
#ifndef LK_KEYS_KEY_CACHE_H
#define LK_KEYS_KEY_CACHE_H

#include "facts.h"
#include "id/random.h"

struct key_cache;

/* At most `max_keys` (rounded up to a multiple of the shards). Memory is taken from the system as
 * keys come, under 160 bytes each. `random` seeds the hash, so that nobody can choose ids that
 * meet. NULL when memory is short. */
struct key_cache *key_cache_new(size_t max_keys, const struct lk_random *random);
void key_cache_free(struct key_cache *cache);

/* A key and a session may have the same 128 bits, if somebody makes them up: they are two. */
struct key_ref {
	struct packed_id id;
	bool is_session;
};

/* The facts remembered under this epoch, or false. Give them back with key_facts_release. */
bool key_cache_get(
    struct key_cache *cache, struct key_ref ref, uint32_t epoch, struct key_facts *out_key);

/* Remember what was read after `epoch` was captured; takes a reference of its own. */
void key_cache_put(struct key_cache *cache, const struct key_facts *key, uint32_t epoch);

/*
 * The key was used at `now_s`. True when that is to be written down: at most once in `every_s`
 * seconds for each key, and for its sign-ins likewise. False for a key that is not remembered.
 */
bool key_cache_use(
    struct key_cache *cache, struct key_ref ref, uint32_t now_s, uint32_t every_s, bool sign_in);

size_t key_cache_count(struct key_cache *cache);
size_t key_cache_bytes_per_key(void);

void key_facts_release(struct key_facts *key);
struct key_limits *key_limits_new(
    uint32_t count, uint32_t networks_count); /* one reference; NULL when memory is short */
void key_limits_unref(struct key_limits *limits);

#endif
