/* A table whose buckets hold four facts each; a fifth takes the place of the one that came longest
 * ago. See fact_cache.h. */
#include "fact_cache.h"

#include <pthread.h>

enum { WAYS = 4, LOCKS = 64 };

struct way {
	struct packed_id id;
	struct fact_refs *facts; /* NULL: free */
	uint32_t epoch;
};

struct bucket {
	struct way ways[WAYS];
	uint32_t hand;
};

struct fact_cache {
	pthread_mutex_t locks[LOCKS];
	struct bucket *buckets;
	size_t mask;
};

void *
fact_new(size_t size)
{
	struct fact_refs *facts = lk_alloc(size);

	if (facts)
		atomic_init(&facts->refs, 1);
	return facts;
}

void
fact_unref(void *facts)
{
	struct fact_refs *refs = facts;

	if (refs && atomic_fetch_sub(&refs->refs, 1) == 1)
		lk_free(refs);
}

struct fact_cache *
fact_cache_new(size_t max_facts)
{
	struct fact_cache *cache = LK_ALLOC(struct fact_cache);
	size_t buckets = 1;

	if (!cache)
		return NULL;
	while (buckets * WAYS < max_facts)
		buckets *= 2;
	for (int i = 0; i < LOCKS; i++)
		pthread_mutex_init(&cache->locks[i], NULL);
	cache->mask = buckets - 1;
	cache->buckets = lk_alloc_array(buckets, sizeof *cache->buckets);
	if (!cache->buckets) {
		lk_free(cache);
		return NULL;
	}
	return cache;
}

void
fact_cache_free(struct fact_cache *cache)
{
	if (!cache)
		return;
	for (size_t i = 0; i <= cache->mask; i++) {
		for (int way = 0; way < WAYS; way++)
			fact_unref(cache->buckets[i].ways[way].facts);
	}
	for (int i = 0; i < LOCKS; i++)
		pthread_mutex_destroy(&cache->locks[i]);
	lk_free(cache->buckets);
	lk_free(cache);
}

/* Ids of owners and tenants are ours: their low 64 bits are random. */
static size_t
bucket_of(const struct fact_cache *cache, struct packed_id id)
{
	return (size_t)id.low & cache->mask;
}

static struct way *
find(struct bucket *bucket, struct packed_id id)
{
	for (int i = 0; i < WAYS; i++) {
		if (bucket->ways[i].facts && packed_id_equal(bucket->ways[i].id, id))
			return &bucket->ways[i];
	}
	return NULL;
}

void *
fact_cache_get(struct fact_cache *cache, struct packed_id id, uint32_t epoch)
{
	const size_t at = bucket_of(cache, id);
	struct fact_refs *facts = NULL;

	pthread_mutex_lock(&cache->locks[at % LOCKS]);
	const struct way *way = find(&cache->buckets[at], id);
	if (way && way->epoch == epoch) {
		facts = way->facts;
		atomic_fetch_add(&facts->refs, 1);
	}
	pthread_mutex_unlock(&cache->locks[at % LOCKS]);
	return facts;
}

static struct way *
free_way(struct bucket *bucket)
{
	for (int i = 0; i < WAYS; i++) {
		if (!bucket->ways[i].facts)
			return &bucket->ways[i];
	}
	return &bucket->ways[bucket->hand++ % WAYS];
}

void
fact_cache_put(struct fact_cache *cache, struct packed_id id, void *facts, uint32_t epoch)
{
	const size_t at = bucket_of(cache, id);
	struct fact_refs *refs = facts;

	atomic_fetch_add(&refs->refs, 1);
	pthread_mutex_lock(&cache->locks[at % LOCKS]);
	struct way *way = find(&cache->buckets[at], id);
	if (!way)
		way = free_way(&cache->buckets[at]);
	struct fact_refs *before = way->facts;
	*way = (struct way){ id, refs, epoch };
	pthread_mutex_unlock(&cache->locks[at % LOCKS]);
	fact_unref(before);
}
