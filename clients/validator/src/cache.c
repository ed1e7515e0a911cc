/* Open addressing within a window of a locked shard; tags stand by themselves, so that a search
 * touches little memory. */
#include "cache.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>

#include "id/random.h"
#include "time/clock.h"

enum { SHARDS = 64, WINDOW_MOST = 256, REFUSALS = 4096, SHARD_LEAST = 64, QUESTION_MAX = 1024 };

struct shard {
	pthread_mutex_t lock;
	struct cache_tag *tags; /* zero: free; a slice of the cache's */
	struct entry *entries;  /* likewise */
	struct kept **kept;     /* likewise, if anything is kept beside entries */
};

struct refusal {
	struct cache_tag tag;
	uint64_t number;
	int64_t until_ms;
	char reason[REFUSAL_REASON_SIZE];
};

struct cache {
	uint8_t key[LK_SHORT_HASH_KEY_LEN];
	size_t shard_size; /* a power of two */
	size_t window;
	struct cache_tag *tags;
	struct entry *entries;
	struct kept **kept; /* NULL: nothing is kept beside entries */
	atomic_size_t filled;
	struct lk_changes changes;
	struct lk_use_tally *tally; /* uses of entries that are no more, and on behalf of others */
	struct shard shards[SHARDS];
	pthread_mutex_t refusals_lock;
	struct refusal refusals[REFUSALS];
};

/* ---- Tags ---- */

/* Each text with its end: none of them holds a NUL. */
static size_t
question_write(char out[QUESTION_MAX], const char *credential, size_t len, const char *audience,
    const char *source_address)
{
	const size_t audience_len = strlen(audience), source_len = strlen(source_address);

	memcpy(out, credential, len);
	out[len] = '\0';
	memcpy(out + len + 1, audience, audience_len + 1);
	memcpy(out + len + 1 + audience_len + 1, source_address, source_len);
	return len + 1 + audience_len + 1 + source_len;
}

/* A long credential stands for itself by its hash: 32 hexadecimal digits and a mark that no
 * credential begins with. */
static void
shorten(const struct cache *cache, const char *credential, size_t len, char out[33])
{
	uint8_t hash[LK_SHORT_HASH_LEN];

	lk_short_hash(cache->key, lk_bytes(credential, len), hash);
	out[0] = '\1';
	for (size_t i = 0; i < sizeof hash; i++) {
		out[1 + 2 * i] = "0123456789abcdef"[hash[i] >> 4];
		out[2 + 2 * i] = "0123456789abcdef"[hash[i] & 15];
	}
}

struct cache_tag
cache_tag(const struct cache *cache, const char *credential, size_t len, const char *audience,
    const char *source_address)
{
	char question[QUESTION_MAX], hashed[34];
	struct cache_tag tag;

	if (len + strlen(audience) + strlen(source_address) + 2 > QUESTION_MAX) {
		shorten(cache, credential, len, hashed);
		credential = hashed;
		len = 33;
	}
	const size_t question_len =
	    question_write(question, credential, len, audience, source_address);
	lk_short_hash(cache->key, lk_bytes(question, question_len), (uint8_t *)tag.words);
	tag.words[1] |= 1; /* never the mark of a free place */
	return tag;
}

static bool
tags_equal(struct cache_tag a, struct cache_tag b)
{
	return a.words[0] == b.words[0] && a.words[1] == b.words[1];
}

static bool
is_free(struct cache_tag tag)
{
	return tag.words[1] == 0;
}

/* ---- Entries ---- */

static bool
entry_counts(const struct cache *cache, const struct entry *entry)
{
	const struct lk_changes *changes = &cache->changes;

	if (lk_changes_nothing_since(changes, entry->number))
		return true; /* while all is quiet, without a look at five places */
	return atomic_load(&changes->floor) <= entry->number &&
	       lk_changes_none_since(changes, entry->number, entry->slots[0]) &&
	       lk_changes_none_since(changes, entry->number, entry->slots[1]) &&
	       lk_changes_none_since(changes, entry->number, entry->subject->slots[0]) &&
	       lk_changes_none_since(changes, entry->number, entry->subject->slots[1]);
}

static struct shard *
shard_of(struct cache *cache, struct cache_tag tag)
{
	return &cache->shards[tag.words[1] >> 58];
}

static size_t
place_of(const struct cache *cache, struct cache_tag tag, size_t i)
{
	return (tag.words[0] + i) & (cache->shard_size - 1);
}

/* Under the lock: where the entry of this tag is, if it counts; else none. */
static const size_t none = SIZE_MAX;

static size_t
find(const struct cache *cache, const struct shard *shard, struct cache_tag tag)
{
	for (size_t i = 0; i < cache->window; i++) {
		const size_t at = place_of(cache, tag, i);
		if (is_free(shard->tags[at]))
			return none; /* nothing is ever taken out, so nothing lies behind */
		if (tags_equal(shard->tags[at], tag))
			return entry_counts(cache, &shard->entries[at]) ? at : none;
	}
	return none;
}

bool
cache_get(struct cache *cache, struct cache_tag tag, struct entry *out_entry)
{
	struct shard *shard = shard_of(cache, tag);
	const size_t home = place_of(cache, tag, 0);

	__builtin_prefetch(&shard->tags[home]); /* all on their way while the lock is taken */
	__builtin_prefetch(&shard->entries[home]);
	__builtin_prefetch((const char *)(&shard->entries[home] + 1) - 1);
	pthread_mutex_lock(&shard->lock);
	const size_t at = find(cache, shard, tag);
	if (at != none) {
		shard->entries[at].uses++;
		*out_entry = shard->entries[at];
		subject_ref(out_entry->subject);
	}
	pthread_mutex_unlock(&shard->lock);
	return at != none;
}

/* Under the lock: where this tag is, or may go. */
static size_t
choose_place(const struct cache *cache, const struct shard *shard, struct cache_tag tag)
{
	size_t oldest = place_of(cache, tag, 0);

	for (size_t i = 0; i < cache->window; i++) {
		const size_t at = place_of(cache, tag, i);
		if (is_free(shard->tags[at]) || tags_equal(shard->tags[at], tag))
			return at;
		if (shard->entries[at].number < shard->entries[oldest].number)
			oldest = at;
	}
	return oldest;
}

/* ---- Uses ---- */

static int64_t
wall_ms(void)
{
	return lk_clock_wall_ms(lk_clock_system());
}

static void
key_text(const struct entry *entry, char out[LK_ID_SIZE])
{
	memcpy(out, "key_", LK_ID_LEN - ULID_LEN);
	memcpy(out + LK_ID_LEN - ULID_LEN, entry->key, ULID_LEN);
	out[LK_ID_LEN] = '\0';
}

/* One use, on behalf of somebody. */
static void
note_use_of(
    struct cache *cache, const struct entry *entry, const char *asked_by, const char *source)
{
	char key[LK_ID_SIZE];

	if (entry->key[0] == '\0')
		return;
	key_text(entry, key);
	lk_use_tally_note(cache->tally, key, asked_by, source, 1, wall_ms());
}

static void
uses_keep(struct cache *cache, const struct entry *entry, const struct kept *kept)
{
	char key[LK_ID_SIZE];

	if (entry->uses == 0 || entry->key[0] == '\0')
		return;
	key_text(entry, key);
	lk_use_tally_note(
	    cache->tally, key, "", kept ? kept_source(kept) : "", entry->uses, wall_ms());
}

bool
cache_get_kept(struct cache *cache, struct cache_tag tag, const char *asked_by,
    struct entry *out_entry, struct kept **out_kept)
{
	struct shard *shard = shard_of(cache, tag);
	bool found = false;

	pthread_mutex_lock(&shard->lock);
	const size_t at = find(cache, shard, tag);
	if (at != none && shard->kept[at]) {
		shard->entries[at].uses += *asked_by == '\0';
		*out_entry = shard->entries[at];
		*out_kept = kept_ref(shard->kept[at]);
		subject_ref(out_entry->subject);
		found = true;
	}
	pthread_mutex_unlock(&shard->lock);
	if (found && *asked_by)
		note_use_of(cache, out_entry, asked_by, kept_source(*out_kept));
	return found;
}

/* Under the shard's lock, which is held for a stretch of places only. */
static size_t
take_from(struct shard *shard, size_t *at, size_t end, struct lk_use *out_uses, size_t max)
{
	size_t count = 0;

	for (; *at < end && count < max; ++*at) {
		struct entry *entry = &shard->entries[*at];
		if (entry->uses == 0 || entry->key[0] == '\0')
			continue;
		out_uses[count] =
		    (struct lk_use){ .count = entry->uses, .last_used_at_ms = wall_ms() };
		if (shard->kept && shard->kept[*at])
			LK_IGNORE(!lk_text_copy(out_uses[count].source_address,
			    sizeof out_uses[count].source_address, kept_source(shard->kept[*at])));
		key_text(entry, out_uses[count++].key);
		entry->uses = 0;
	}
	return count;
}

size_t
cache_take_uses(struct cache *cache, size_t *cursor, struct lk_use *out_uses, size_t max)
{
	enum { STRETCH = 1024 };
	static const size_t more_in_tally = SIZE_MAX;
	const size_t places = SHARDS * cache->shard_size;
	size_t count = 0;

	if (*cursor == 0 || *cursor == more_in_tally) {
		count = lk_use_tally_take(cache->tally, out_uses, max);
		*cursor = count == max ? more_in_tally : 0;
	}
	while (count < max && *cursor < places) {
		struct shard *shard = &cache->shards[*cursor / cache->shard_size];
		size_t at = *cursor % cache->shard_size;
		const size_t end =
		    at + STRETCH < cache->shard_size ? at + STRETCH : cache->shard_size;
		const size_t before = at;
		pthread_mutex_lock(&shard->lock);
		count += take_from(shard, &at, end, out_uses + count, max - count);
		pthread_mutex_unlock(&shard->lock);
		*cursor += at - before;
	}
	if (*cursor == places)
		*cursor = 0;
	return count;
}

void
cache_put_kept(
    struct cache *cache, struct cache_tag tag, const struct entry *entry, struct kept *kept)
{
	struct shard *shard = shard_of(cache, tag);
	struct kept *kept_before = NULL;

	subject_ref(entry->subject);
	pthread_mutex_lock(&shard->lock);
	const size_t at = choose_place(cache, shard, tag);
	const struct entry before = shard->entries[at];
	shard->tags[at] = tag;
	shard->entries[at] = *entry;
	shard->entries[at].uses = 0;
	if (shard->kept) {
		kept_before = shard->kept[at];
		shard->kept[at] = kept_ref(kept);
	}
	pthread_mutex_unlock(&shard->lock);
	if (!before.subject)
		atomic_fetch_add(&cache->filled, 1);
	uses_keep(cache, &before, kept_before);
	subject_unref(before.subject);
	kept_unref(kept_before);
}

void
cache_put(struct cache *cache, struct cache_tag tag, const struct entry *entry)
{
	cache_put_kept(cache, tag, entry, NULL);
}

/* ---- Refusals ---- */

bool
cache_refused(
    struct cache *cache, struct cache_tag tag, int64_t now_ms, char out_reason[REFUSAL_REASON_SIZE])
{
	const struct refusal *refusal = &cache->refusals[tag.words[0] % REFUSALS];

	pthread_mutex_lock(&cache->refusals_lock);
	const bool counts = tags_equal(refusal->tag, tag) && now_ms < refusal->until_ms &&
			    atomic_load(&cache->changes.floor) <= refusal->number;
	if (counts)
		memcpy(out_reason, refusal->reason, REFUSAL_REASON_SIZE);
	pthread_mutex_unlock(&cache->refusals_lock);
	return counts;
}

void
cache_refuse(struct cache *cache, struct cache_tag tag, uint64_t number, int64_t until_ms,
    const char *reason)
{
	struct refusal refusal = { .tag = tag, .number = number, .until_ms = until_ms };

	if (!lk_text_copy(refusal.reason, sizeof refusal.reason, reason))
		return; /* a reason of the future: ask again */
	pthread_mutex_lock(&cache->refusals_lock);
	cache->refusals[tag.words[0] % REFUSALS] = refusal;
	pthread_mutex_unlock(&cache->refusals_lock);
}

/* ---- Life ---- */

/* A quarter more places than entries, so that windows rarely fill up. */
static size_t
size_of_shard(size_t max_entries)
{
	const size_t wanted = (max_entries + max_entries / 4) / SHARDS;
	size_t size = SHARD_LEAST;

	while (size < wanted)
		size *= 2;
	return size;
}

/* Every look-up goes to another page: huge ones spare most walks of the page table. Only a wish. */
static void *
table_new(size_t count, size_t size)
{
	enum { HUGE_PAGE = 2 * 1024 * 1024 };
	void *table = lk_alloc_array(count, size);
	const uintptr_t begin = ((uintptr_t)table + HUGE_PAGE - 1) & ~(uintptr_t)(HUGE_PAGE - 1);
	const uintptr_t end = ((uintptr_t)table + count * size) & ~(uintptr_t)(HUGE_PAGE - 1);

	if (table && begin < end)
		(void)madvise((void *)begin, end - begin, MADV_HUGEPAGE);
	return table;
}

struct cache *
cache_new(size_t max_entries)
{
	struct cache *cache = LK_ALLOC(struct cache);

	if (!cache)
		return NULL;
	lk_random_fill(lk_random_system(), cache->key, sizeof cache->key);
	cache->shard_size = size_of_shard(max_entries);
	cache->window = cache->shard_size < WINDOW_MOST ? cache->shard_size : WINDOW_MOST;
	cache->tags = table_new(SHARDS * cache->shard_size, sizeof *cache->tags);
	cache->entries = table_new(SHARDS * cache->shard_size, sizeof *cache->entries);
	cache->tally = lk_use_tally_new();
	pthread_mutex_init(&cache->refusals_lock, NULL);
	for (size_t i = 0; i < SHARDS; i++) {
		pthread_mutex_init(&cache->shards[i].lock, NULL);
		cache->shards[i].tags = cache->tags + i * cache->shard_size;
		cache->shards[i].entries = cache->entries + i * cache->shard_size;
	}
	if (cache->tags && cache->entries && cache->tally)
		return cache;
	cache_free(cache);
	return NULL;
}

bool
cache_keep(struct cache *cache)
{
	cache->kept = lk_alloc_array(SHARDS * cache->shard_size, sizeof *cache->kept);
	for (size_t i = 0; cache->kept && i < SHARDS; i++)
		cache->shards[i].kept = cache->kept + i * cache->shard_size;
	return cache->kept != NULL;
}

void
cache_free(struct cache *cache)
{
	if (!cache)
		return;
	for (size_t i = 0; cache->entries && i < SHARDS * cache->shard_size; i++)
		subject_unref(cache->entries[i].subject);
	for (size_t i = 0; cache->kept && i < SHARDS * cache->shard_size; i++)
		kept_unref(cache->kept[i]);
	for (size_t i = 0; i < SHARDS; i++)
		pthread_mutex_destroy(&cache->shards[i].lock);
	pthread_mutex_destroy(&cache->refusals_lock);
	lk_use_tally_free(cache->tally);
	lk_free(cache->tags);
	lk_free(cache->entries);
	lk_free(cache->kept);
	lk_wipe(cache->key, sizeof cache->key);
	lk_free(cache);
}

struct lk_changes *
cache_changes(struct cache *cache)
{
	return &cache->changes;
}

size_t
cache_filled(const struct cache *cache)
{
	return atomic_load(&cache->filled);
}

size_t
cache_bytes(const struct cache *cache)
{
	return SHARDS * cache->shard_size * (sizeof(struct cache_tag) + sizeof(struct entry)) +
	       sizeof *cache;
}
