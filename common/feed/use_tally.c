/* Open addressing under a lock; taken out from the end of the list of filled places. */
#include "feed/use_tally.h"

#include <pthread.h>
#include <string.h>

enum { PLACES = 4096, FILLED_MAX = 3072 };

struct lk_use_tally {
	pthread_mutex_t lock;
	size_t filled;
	uint16_t order[FILLED_MAX]; /* places, in the order they were filled */
	struct lk_use places[PLACES];
};

struct lk_use_tally *
lk_use_tally_new(void)
{
	struct lk_use_tally *tally = LK_ALLOC(struct lk_use_tally);

	if (tally)
		pthread_mutex_init(&tally->lock, NULL);
	return tally;
}

void
lk_use_tally_free(struct lk_use_tally *tally)
{
	if (!tally)
		return;
	pthread_mutex_destroy(&tally->lock);
	lk_free(tally);
}

static uint32_t
hash_of(const char *key)
{
	uint32_t hash = 2166136261u; /* FNV-1a; ids end in 80 random bits */

	for (const char *c = key; *c; c++)
		hash = (hash ^ (unsigned char)*c) * 16777619u;
	return hash;
}

/* Under the lock. NULL: there is no room. */
static struct lk_use *
place_of(struct lk_use_tally *tally, const char *key, const char *asked_by)
{
	for (size_t i = hash_of(key) % PLACES;; i = (i + 1) % PLACES) {
		struct lk_use *use = &tally->places[i];
		if (lk_text_is(use->key, key) && lk_text_is(use->asked_by, asked_by))
			return use;
		if (use->key[0] != '\0')
			continue;
		if (tally->filled == FILLED_MAX || strlen(key) >= sizeof use->key ||
		    !lk_text_copy(use->asked_by, sizeof use->asked_by, asked_by))
			return NULL;
		memcpy(use->key, key, strlen(key) + 1);
		tally->order[tally->filled++] = (uint16_t)i;
		return use;
	}
}

void
lk_use_tally_note(struct lk_use_tally *tally, const char *key, const char *asked_by,
    const char *source_address, uint64_t count, int64_t at_ms)
{
	if (key[0] == '\0' || count == 0)
		return;
	pthread_mutex_lock(&tally->lock);
	struct lk_use *use = place_of(tally, key, asked_by);
	if (use) {
		use->count += count;
		if (source_address[0] != '\0' && at_ms >= use->last_used_at_ms)
			LK_IGNORE(!lk_text_copy(
			    use->source_address, sizeof use->source_address, source_address));
		if (at_ms > use->last_used_at_ms)
			use->last_used_at_ms = at_ms;
	}
	pthread_mutex_unlock(&tally->lock);
}

/* The last filled place goes first: no other place was found by passing over it. */
size_t
lk_use_tally_take(struct lk_use_tally *tally, struct lk_use *out_uses, size_t max)
{
	size_t count = 0;

	pthread_mutex_lock(&tally->lock);
	for (; count < max && tally->filled > 0; count++) {
		struct lk_use *use = &tally->places[tally->order[--tally->filled]];
		out_uses[count] = *use;
		*use = (struct lk_use){ 0 };
	}
	pthread_mutex_unlock(&tally->lock);
	return count;
}
