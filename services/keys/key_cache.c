/* A table of keys in shards, each a lock, chains by hash and slots handed out in order; see
 * key_cache.h. */
#include "key_cache.h"

#include <pthread.h>
#include <string.h>

enum { SHARDS = 64, NO_SLOT = 0 };

struct slot {
	struct key_facts key;
	uint32_t epoch;
	uint32_t next;   /* slot number in the chain; NO_SLOT ends it */
	bool referenced; /* asked for since the hand passed */
};

/* Slot numbers begin at 1. */
struct shard {
	pthread_mutex_t lock;
	struct slot *slots;
	uint32_t *chains;
	uint32_t room, used, hand, chain_mask;
};

struct key_cache {
	uint64_t seed[2];
	struct shard shards[SHARDS];
};

struct key_limits *
key_limits_new(uint32_t count, uint32_t networks_count)
{
	const size_t ids = count * sizeof(struct packed_id);
	struct key_limits *limits =
	    lk_alloc(sizeof *limits + ids + networks_count * sizeof(struct lk_network));

	if (!limits)
		return NULL;
	atomic_init(&limits->refs.refs, 1);
	limits->count = count;
	limits->networks_count = networks_count;
	limits->networks = (struct lk_network *)(void *)(limits->ids + count);
	return limits;
}

void
key_limits_unref(struct key_limits *limits)
{
	if (limits && atomic_fetch_sub(&limits->refs.refs, 1) == 1)
		lk_free(limits);
}

void
key_facts_release(struct key_facts *key)
{
	key_limits_unref(key->limits);
	*key = (struct key_facts){ 0 };
}

static void
key_facts_copy(const struct key_facts *from, struct key_facts *to)
{
	*to = *from;
	if (to->limits)
		atomic_fetch_add(&to->limits->refs.refs, 1);
}

size_t
key_cache_bytes_per_key(void)
{
	return sizeof(struct slot) + sizeof(uint32_t);
}

static bool
shard_init(struct shard *shard, uint32_t room)
{
	uint32_t chains = 1;

	while (chains < room)
		chains *= 2;
	shard->slots = lk_alloc_array((size_t)room + 1, sizeof *shard->slots);
	shard->chains = lk_alloc_array(chains, sizeof *shard->chains);
	shard->room = room;
	shard->chain_mask = chains - 1;
	return pthread_mutex_init(&shard->lock, NULL) == 0 && shard->slots && shard->chains;
}

struct key_cache *
key_cache_new(size_t max_keys, const struct lk_random *random)
{
	struct key_cache *cache = LK_ALLOC(struct key_cache);
	bool ok = cache != NULL;

	if (!cache)
		return NULL;
	lk_random_fill(random, cache->seed, sizeof cache->seed);
	for (int i = 0; i < SHARDS; i++)
		ok = shard_init(&cache->shards[i], (uint32_t)((max_keys + SHARDS - 1) / SHARDS)) &&
		     ok;
	if (!ok) {
		key_cache_free(cache);
		return NULL;
	}
	return cache;
}

void
key_cache_free(struct key_cache *cache)
{
	if (!cache)
		return;
	for (int i = 0; i < SHARDS; i++) {
		struct shard *shard = &cache->shards[i];
		for (uint32_t at = 1; at <= shard->used; at++)
			key_facts_release(&shard->slots[at].key);
		lk_free(shard->slots);
		lk_free(shard->chains);
		pthread_mutex_destroy(&shard->lock);
	}
	lk_free(cache);
}

/* The finaliser of MurmurHash3. */
static uint64_t
mix(uint64_t x)
{
	x = (x ^ x >> 33) * UINT64_C(0xff51afd7ed558ccd);
	x = (x ^ x >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
	return x ^ x >> 33;
}

/* Seeded before each round: to make ids that meet, one would have to know the seed. */
static uint64_t
hash_of(const struct key_cache *cache, struct packed_id id)
{
	return mix(mix(id.low ^ cache->seed[0]) + (id.high ^ cache->seed[1]));
}

static struct shard *
shard_of(struct key_cache *cache, uint64_t hash)
{
	return &cache->shards[hash >> 58];
}

static uint32_t *
chain_of(struct shard *shard, uint64_t hash)
{
	return &shard->chains[(hash >> 16) & shard->chain_mask];
}

static struct key_ref
ref_of(const struct key_facts *key)
{
	return (struct key_ref){ key->id, (key->flags & KEY_IS_SESSION) != 0 };
}

/* A slot lies on three lines of memory: fetch them together, not one after the other. */
static void
prefetch(const struct slot *slot)
{
	enum { LINE = 64 };

	__builtin_prefetch(slot);
	__builtin_prefetch((const char *)slot + LINE);
	__builtin_prefetch((const char *)(slot + 1) - 1);
}

static struct slot *
find(struct shard *shard, uint64_t hash, struct key_ref ref)
{
	for (uint32_t at = *chain_of(shard, hash); at != NO_SLOT; at = shard->slots[at].next) {
		prefetch(&shard->slots[at]);
		const struct key_ref other = ref_of(&shard->slots[at].key);
		if (packed_id_equal(other.id, ref.id) && other.is_session == ref.is_session)
			return &shard->slots[at];
	}
	return NULL;
}

bool
key_cache_get(
    struct key_cache *cache, struct key_ref ref, uint32_t epoch, struct key_facts *out_key)
{
	const uint64_t hash = hash_of(cache, ref.id);
	struct shard *shard = shard_of(cache, hash);

	__builtin_prefetch(chain_of(shard, hash)); /* on its way while the lock is taken */
	pthread_mutex_lock(&shard->lock);
	struct slot *slot = find(shard, hash, ref);
	const bool found = slot && slot->epoch == epoch;
	if (found) {
		slot->referenced = true;
		key_facts_copy(&slot->key, out_key);
	}
	pthread_mutex_unlock(&shard->lock);
	return found;
}

static void
unlink_slot(struct key_cache *cache, struct shard *shard, uint32_t at)
{
	uint32_t *link = chain_of(shard, hash_of(cache, shard->slots[at].key.id));

	while (*link != at)
		link = &shard->slots[*link].next;
	*link = shard->slots[at].next;
	key_facts_release(&shard->slots[at].key);
}

/* A fresh slot, or the first that the hand finds unused since it passed. */
static uint32_t
take_slot(struct key_cache *cache, struct shard *shard)
{
	if (shard->used < shard->room)
		return ++shard->used;
	for (;;) {
		shard->hand = shard->hand % shard->room + 1;
		struct slot *slot = &shard->slots[shard->hand];
		if (!slot->referenced) {
			unlink_slot(cache, shard, shard->hand);
			return shard->hand;
		}
		slot->referenced = false;
	}
}

static uint32_t
later(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

/* Uses noted here may be newer than those that were read. */
static void
replace(struct slot *slot, const struct key_facts *key, uint32_t epoch)
{
	const uint32_t used = later(slot->key.used_at_s, key->used_at_s);
	const uint32_t signed_in = later(slot->key.signed_in_at_s, key->signed_in_at_s);

	key_facts_release(&slot->key);
	key_facts_copy(key, &slot->key);
	slot->key.used_at_s = used;
	slot->key.signed_in_at_s = signed_in;
	slot->epoch = epoch;
}

void
key_cache_put(struct key_cache *cache, const struct key_facts *key, uint32_t epoch)
{
	const uint64_t hash = hash_of(cache, key->id);
	struct shard *shard = shard_of(cache, hash);

	pthread_mutex_lock(&shard->lock);
	struct slot *slot = find(shard, hash, ref_of(key));
	if (!slot && shard->room > 0) {
		const uint32_t at = take_slot(cache, shard);
		slot = &shard->slots[at];
		*slot = (struct slot){ .next = *chain_of(shard, hash) };
		*chain_of(shard, hash) = at;
	}
	if (slot)
		replace(slot, key, epoch);
	pthread_mutex_unlock(&shard->lock);
}

static bool
due(uint32_t *at_s, uint32_t now_s, uint32_t every_s)
{
	if (now_s < *at_s || now_s - *at_s < every_s)
		return false;
	*at_s = now_s;
	return true;
}

bool
key_cache_use(
    struct key_cache *cache, struct key_ref ref, uint32_t now_s, uint32_t every_s, bool sign_in)
{
	const uint64_t hash = hash_of(cache, ref.id);
	struct shard *shard = shard_of(cache, hash);
	bool write = false;

	pthread_mutex_lock(&shard->lock);
	struct slot *slot = find(shard, hash, ref);
	if (slot) {
		write = due(&slot->key.used_at_s, now_s, every_s);
		if (sign_in && due(&slot->key.signed_in_at_s, now_s, every_s))
			write = true;
	}
	pthread_mutex_unlock(&shard->lock);
	return write;
}

size_t
key_cache_count(struct key_cache *cache)
{
	size_t count = 0;

	for (int i = 0; i < SHARDS; i++) {
		pthread_mutex_lock(&cache->shards[i].lock);
		count += cache->shards[i].used;
		pthread_mutex_unlock(&cache->shards[i].lock);
	}
	return count;
}
