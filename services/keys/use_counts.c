/* Shards of open addressing, each handed over whole to the flush; see use_counts.h. */
#include "use_counts.h"

#include <pthread.h>
#include <string.h>

enum { SHARDS = 16, PLACES = 4096, PROBES = 32, BATCH = 256 };

struct place {
	struct packed_id key;
	char caller[USE_CALLER_SIZE]; /* "": free */
	uint64_t count;
	int64_t day, at_ms;
	char source_address[ADDRESS_SIZE];
};

struct shard {
	pthread_mutex_t lock;
	struct place *places; /* NULL: nothing was noted since the last flush */
};

struct use_counts {
	struct lk_store *store;
	pthread_mutex_t flush_lock; /* and of what follows */
	int64_t pruned_day;
	struct shard shards[SHARDS];
};

struct use_counts *
use_counts_new(struct lk_store *store)
{
	struct use_counts *counts = LK_ALLOC(struct use_counts);

	if (!counts)
		return NULL;
	counts->store = store;
	pthread_mutex_init(&counts->flush_lock, NULL);
	for (size_t i = 0; i < SHARDS; i++)
		pthread_mutex_init(&counts->shards[i].lock, NULL);
	return counts;
}

void
use_counts_free(struct use_counts *counts)
{
	if (!counts)
		return;
	for (size_t i = 0; i < SHARDS; i++) {
		lk_free(counts->shards[i].places);
		pthread_mutex_destroy(&counts->shards[i].lock);
	}
	pthread_mutex_destroy(&counts->flush_lock);
	lk_free(counts);
}

static bool
is_of(const struct place *place, const struct use_count *use, int64_t day)
{
	return packed_id_equal(place->key, use->key) && place->day == day &&
	       strncmp(place->caller, use->caller, USE_CALLER_SIZE - 1) == 0;
}

/* Under the shard's lock. */
static struct place *
place_of(struct shard *shard, const struct use_count *use, int64_t day)
{
	const uint64_t hash = use->key.low ^ use->key.low >> 32 ^ use->key.high;

	for (size_t i = 0; i < PROBES; i++) {
		struct place *place = &shard->places[(hash / SHARDS + i) % PLACES];
		if (place->caller[0] == '\0' || is_of(place, use, day))
			return place;
	}
	return NULL;
}

static void
place_add(struct place *place, const struct use_count *use, int64_t day)
{
	if (place->caller[0] == '\0') {
		place->key = use->key;
		place->day = day;
		memcpy(place->caller, use->caller, strnlen(use->caller, USE_CALLER_SIZE - 1));
	}
	place->count += use->count;
	if (use->at_ms > place->at_ms)
		place->at_ms = use->at_ms;
	if (use->source_address[0] != '\0')
		LK_IGNORE(!lk_text_copy(
		    place->source_address, sizeof place->source_address, use->source_address));
}

void
use_counts_note(struct use_counts *counts, const struct use_count *use)
{
	struct shard *shard = &counts->shards[use->key.low % SHARDS];
	const int64_t day = use->at_ms / DAY_MS;

	if (use->caller[0] == '\0')
		return;
	pthread_mutex_lock(&shard->lock);
	if (!shard->places)
		shard->places = lk_alloc_array(PLACES, sizeof *shard->places);
	struct place *place = shard->places ? place_of(shard, use, day) : NULL;
	if (place)
		place_add(place, use, day);
	pthread_mutex_unlock(&shard->lock);
}

/* ---- Writing down ---- */

struct batch {
	const struct place *places[BATCH];
	size_t count;
	int64_t prune_day; /* 0: nothing to prune */
};

static lk_status
batch_in(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	const struct batch *batch = arg;

	for (size_t i = 0; i < batch->count; i++) {
		const struct place *place = batch->places[i];
		struct key_use use = {
			.day = place->day, .count = place->count, .last_used_at_ms = place->at_ms
		};
		id_unpack(LK_ID_KEY, place->key, use.key);
		memcpy(use.caller, place->caller, sizeof place->caller);
		memcpy(use.source_address, place->source_address, sizeof use.source_address);
		LK_TRY(key_use_add(tx, &use, err));
	}
	return batch->prune_day ? key_use_prune(tx, batch->prune_day, err) : LK_OK;
}

static void
batch_write(struct use_counts *counts, struct batch *batch)
{
	struct lk_error err;

	if (batch->count > 0)
		/* A lost batch costs some counts, and the store reports its own trouble. */
		LK_IGNORE(lk_store_write(counts->store, LK_NO_DEADLINE, batch_in, batch, &err));
	*batch = (struct batch){ 0 };
}

static struct place *
shard_take(struct shard *shard)
{
	pthread_mutex_lock(&shard->lock);
	struct place *places = LK_TAKE(shard->places);
	pthread_mutex_unlock(&shard->lock);
	return places;
}

static void
shard_write(struct use_counts *counts, const struct place *places, struct batch *batch)
{
	for (size_t i = 0; i < PLACES; i++) {
		if (places[i].caller[0] == '\0')
			continue;
		batch->places[batch->count++] = &places[i];
		if (batch->count == BATCH)
			batch_write(counts, batch);
	}
}

void
use_counts_flush(struct use_counts *counts, int64_t now_ms)
{
	const int64_t day = now_ms / DAY_MS;
	struct place *taken[SHARDS];
	struct batch batch = { 0 };

	pthread_mutex_lock(&counts->flush_lock);
	if (counts->pruned_day != day)
		batch.prune_day = day - KEY_USE_DAYS;
	counts->pruned_day = day;
	for (size_t i = 0; i < SHARDS; i++) {
		taken[i] = shard_take(&counts->shards[i]);
		if (taken[i])
			shard_write(counts, taken[i], &batch);
	}
	batch_write(counts, &batch);
	for (size_t i = 0; i < SHARDS; i++)
		lk_free(taken[i]);
	pthread_mutex_unlock(&counts->flush_lock);
}
