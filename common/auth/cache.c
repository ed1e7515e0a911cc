/* Sets of eight places; the hash chooses the set, the set's number chooses the lock. */
#include "auth/cache.h"

#include <pthread.h>
#include <string.h>

#include "crypto/secret.h"

enum { WAYS = 8, LOCKS = 16, ENTRIES_MAX = 1024 * 1024, KEY_LEN = 32 };

struct place {
	uint8_t hash[LK_DIGEST_LEN];
	int64_t expires_at_ms;
	void *value; /* NULL: the place is empty */
	size_t len;
};

struct lk_auth_cache {
	uint8_t key[KEY_LEN];
	size_t sets; /* a power of two */
	pthread_mutex_t locks[LOCKS];
	struct place places[];
};

lk_status
lk_auth_cache_new(struct lk_auth_cache **out, size_t max_entries, struct lk_error *err)
{
	size_t sets = 1;

	if (max_entries > ENTRIES_MAX)
		max_entries = ENTRIES_MAX;
	while (sets * WAYS < max_entries)
		sets *= 2;
	struct lk_auth_cache *cache = lk_alloc(sizeof *cache + sets * WAYS * sizeof(struct place));
	if (cache == NULL)
		return lk_fail_oom(err);
	struct lk_secret32 key;
	lk_secret32_random(&key);
	memcpy(cache->key, key.bytes, KEY_LEN);
	lk_secret32_wipe(&key);
	cache->sets = sets;
	for (int i = 0; i < LOCKS; i++)
		pthread_mutex_init(&cache->locks[i], NULL);
	*out = cache;
	return LK_OK;
}

void
lk_auth_cache_free(struct lk_auth_cache *cache)
{
	if (cache == NULL)
		return;
	for (size_t i = 0; i < cache->sets * WAYS; i++)
		lk_free(cache->places[i].value);
	for (int i = 0; i < LOCKS; i++)
		pthread_mutex_destroy(&cache->locks[i]);
	lk_wipe(cache->key, sizeof cache->key);
	lk_free(cache);
}

void
lk_auth_cache_hash(
    const struct lk_auth_cache *cache, struct lk_bytes text, uint8_t out_hash[LK_DIGEST_LEN])
{
	const struct lk_bytes parts[] = { lk_bytes(cache->key, KEY_LEN), text };

	lk_hash256_parts("latchkey cache v1", parts, LK_ARRAY_LEN(parts), out_hash);
}

static size_t
set_of(const struct lk_auth_cache *cache, const uint8_t hash[LK_DIGEST_LEN])
{
	uint64_t bits;

	memcpy(&bits, hash, sizeof bits);
	return (size_t)bits & (cache->sets - 1);
}

static struct place *
place_find(struct place *set, const uint8_t hash[LK_DIGEST_LEN])
{
	for (int i = 0; i < WAYS; i++) {
		if (set[i].value != NULL && memcmp(set[i].hash, hash, LK_DIGEST_LEN) == 0)
			return &set[i];
	}
	return NULL;
}

/* The place of the same hash, an empty one, or the one that ends first. */
static struct place *
place_for(struct place *set, const uint8_t hash[LK_DIGEST_LEN])
{
	struct place *chosen = place_find(set, hash);

	for (int i = 0; chosen == NULL && i < WAYS; i++) {
		if (set[i].value == NULL)
			chosen = &set[i];
	}
	if (chosen != NULL)
		return chosen;
	chosen = &set[0];
	for (int i = 1; i < WAYS; i++) {
		if (set[i].expires_at_ms < chosen->expires_at_ms)
			chosen = &set[i];
	}
	return chosen;
}

bool
lk_auth_cache_get(struct lk_auth_cache *cache, const uint8_t hash[LK_DIGEST_LEN], int64_t now_ms,
    void *out, size_t out_cap, size_t *out_len)
{
	const size_t set = set_of(cache, hash);

	pthread_mutex_lock(&cache->locks[set % LOCKS]);
	const struct place *place = place_find(&cache->places[set * WAYS], hash);
	const bool found = place != NULL && now_ms < place->expires_at_ms;
	if (found) {
		*out_len = place->len < out_cap ? place->len : out_cap;
		if (*out_len > 0)
			memcpy(out, place->value, *out_len);
	}
	pthread_mutex_unlock(&cache->locks[set % LOCKS]);
	return found;
}

void
lk_auth_cache_put(struct lk_auth_cache *cache, const uint8_t hash[LK_DIGEST_LEN],
    int64_t expires_at_ms, struct lk_bytes value)
{
	const size_t set = set_of(cache, hash);
	void *copy = lk_alloc(value.len);

	if (copy == NULL)
		return;
	if (value.len > 0)
		memcpy(copy, value.data, value.len);
	pthread_mutex_lock(&cache->locks[set % LOCKS]);
	struct place *place = place_for(&cache->places[set * WAYS], hash);
	void *old = place->value;
	memcpy(place->hash, hash, LK_DIGEST_LEN);
	place->expires_at_ms = expires_at_ms;
	place->value = copy;
	place->len = value.len;
	pthread_mutex_unlock(&cache->locks[set % LOCKS]);
	lk_free(old);
}
