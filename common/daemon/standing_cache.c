/* Standings kept as bytes: the structure, then its texts. The order of a decision is that of the
 * validator: read the lease, look up, check, and only then look at the clock. */
#include "daemon/standing_cache.h"

#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

#include "auth/cache.h"
#include "feed/changes.h"

enum { KEPT = 4096, KEPT_MS = 60000, SMALL = 2048, LARGEST = 32768 };

struct lk_standing_cache {
	struct lk_standing_source ask;
	const struct lk_clock *clock;
	const struct lk_feed_subscriber *subscriber;
	struct lk_auth_cache *kept;
	struct lk_changes changes;
	atomic_uint_fast64_t hits, misses;
};

/* Behind it lie the workgroups, then the tenants, each with its NUL. */
struct frozen {
	uint64_t number; /* of the change log, before keys was asked */
	struct lk_standing standing;
};

lk_status
lk_standing_cache_new(struct lk_standing_cache **out_cache, struct lk_standing_source ask,
    const struct lk_clock *clock, struct lk_error *err)
{
	struct lk_standing_cache *cache = LK_ALLOC(struct lk_standing_cache);

	if (!cache)
		return lk_fail_oom(err);
	cache->ask = ask;
	cache->clock = clock;
	const lk_status status = lk_auth_cache_new(&cache->kept, KEPT, err);
	if (status == LK_OK)
		*out_cache = cache;
	else
		lk_free(cache);
	return status;
}

void
lk_standing_cache_free(struct lk_standing_cache *cache)
{
	if (!cache)
		return;
	lk_auth_cache_free(cache->kept);
	lk_free(cache);
}

void
lk_standing_cache_trust(
    struct lk_standing_cache *cache, const struct lk_feed_subscriber *subscriber)
{
	cache->subscriber = subscriber;
}

void
lk_standing_cache_event(struct lk_standing_cache *cache, const struct lk_feed_event *event)
{
	if (event->kind == LK_FEED_GENERATION || event->kind == LK_FEED_TENANT_DELETED ||
	    event->kind == LK_FEED_USER_DELETED)
		lk_changes_note(&cache->changes, event->id);
	else
		lk_changes_note_all(&cache->changes);
}

void
lk_standing_cache_flush(struct lk_standing_cache *cache)
{
	lk_changes_note_all(&cache->changes);
}

/* ---- To bytes and back ---- */

static size_t
texts_len(const char *const *texts, size_t count)
{
	size_t len = 0;

	for (size_t i = 0; i < count; i++)
		len += strlen(texts[i]) + 1;
	return len;
}

static char *
texts_write(char *at, const char *const *texts, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const size_t len = strlen(texts[i]) + 1;
		memcpy(at, texts[i], len);
		at += len;
	}
	return at;
}

static const char *const *
texts_read(const char **at, size_t count, struct lk_arena *arena)
{
	const char **texts = lk_arena_array(arena, count, sizeof *texts);

	for (size_t i = 0; texts && i < count; i++) {
		texts[i] = *at;
		*at += strlen(*at) + 1;
	}
	return texts;
}

static void
keep(struct lk_standing_cache *cache, const uint8_t hash[LK_DIGEST_LEN], uint64_t number,
    const struct lk_standing *standing, struct lk_arena *arena)
{
	const struct lk_caller *caller = &standing->caller;
	const size_t len = sizeof(struct frozen) +
			   texts_len(caller->workgroups, caller->workgroups_count) +
			   texts_len(caller->tenants, caller->tenants_count);
	struct frozen *frozen = len > LARGEST ? NULL : lk_arena_alloc(arena, len);

	if (!frozen)
		return;
	frozen->number = number;
	frozen->standing = *standing;
	char *at = texts_write((char *)(frozen + 1), caller->workgroups, caller->workgroups_count);
	texts_write(at, caller->tenants, caller->tenants_count);
	lk_auth_cache_put(
	    cache->kept, hash, lk_clock_wall_ms(cache->clock) + KEPT_MS, lk_bytes(frozen, len));
}

/* NULL: not kept, or no memory. */
static const struct frozen *
find(struct lk_standing_cache *cache, const uint8_t hash[LK_DIGEST_LEN], struct lk_arena *arena)
{
	const int64_t now_ms = lk_clock_wall_ms(cache->clock);
	size_t cap = SMALL, len;

	for (;;) {
		void *place = lk_arena_alloc(arena, cap);
		if (!place || !lk_auth_cache_get(cache->kept, hash, now_ms, place, cap, &len))
			return NULL;
		if (len <= cap)
			return place;
		cap = LARGEST;
	}
}

static bool
thaw(const struct frozen *frozen, struct lk_arena *arena, struct lk_standing *out)
{
	struct lk_standing standing = frozen->standing;
	struct lk_caller *caller = &standing.caller;
	const char *at = (const char *)(frozen + 1);

	caller->workgroups = texts_read(&at, caller->workgroups_count, arena);
	caller->tenants = texts_read(&at, caller->tenants_count, arena);
	if (!caller->workgroups || !caller->tenants)
		return false;
	*out = standing;
	return true;
}

/* ---- Asking ---- */

static bool
none_since(const struct lk_changes *changes, uint64_t number, const char *const *ids, size_t count)
{
	if (atomic_load(&changes->floor) > number)
		return false;
	for (size_t i = 0; i < count; i++)
		if (!lk_changes_none_since(changes, number, lk_change_slot(ids[i])))
			return false;
	return true;
}

static bool
still_counts(const struct lk_changes *changes, const struct frozen *frozen)
{
	const struct lk_caller *caller = &frozen->standing.caller;
	const char *const ids[] = { caller->id, caller->tenant, caller->key, caller->session };

	return none_since(changes, frozen->number, ids, LK_ARRAY_LEN(ids));
}

static int64_t
lease_ends_ms(const struct lk_standing_cache *cache)
{
	return cache->subscriber ? lk_feed_lease_ends_ms(cache->subscriber) : 0;
}

static bool
remembered(struct lk_standing_cache *cache, const uint8_t hash[LK_DIGEST_LEN],
    struct lk_arena *arena, struct lk_standing *out)
{
	const int64_t ends_ms = lease_ends_ms(cache);

	if (ends_ms == 0)
		return false;
	const struct frozen *frozen = find(cache, hash, arena);
	return frozen && still_counts(&cache->changes, frozen) && thaw(frozen, arena, out) &&
	       lk_clock_steady_ms(lk_clock_boot()) < ends_ms;
}

uint64_t
lk_standing_cache_number(const struct lk_standing_cache *cache)
{
	return lk_changes_now(&cache->changes);
}

bool
lk_standing_cache_unchanged(
    const struct lk_standing_cache *cache, uint64_t number, const char *const *ids, size_t count)
{
	const int64_t ends_ms = lease_ends_ms(cache);

	return ends_ms != 0 && none_since(&cache->changes, number, ids, count) &&
	       lk_clock_steady_ms(lk_clock_boot()) < ends_ms;
}

static bool
question_hash(const struct lk_standing_cache *cache, const char *subject, const char *key,
    const char *session, struct lk_arena *arena, uint8_t out_hash[LK_DIGEST_LEN])
{
	const char *text = lk_arena_format(arena, "%s %s %s", subject, key, session);

	if (text)
		lk_auth_cache_hash(cache->kept, lk_bytes_of(text), out_hash);
	return text != NULL;
}

static lk_status
get(void *user, const char *subject, const char *key, const char *session, bool may_block,
    int64_t deadline_steady_ms, struct lk_arena *arena, struct lk_standing *out,
    struct lk_error *err)
{
	struct lk_standing_cache *cache = user;
	const struct lk_standing_source *ask = &cache->ask;
	uint8_t hash[LK_DIGEST_LEN];

	if (!question_hash(cache, subject, key, session, arena, hash))
		return lk_fail_oom(err);
	if (remembered(cache, hash, arena, out)) {
		atomic_fetch_add_explicit(&cache->hits, 1, memory_order_relaxed);
		return LK_OK;
	}
	const uint64_t number = lk_changes_now(&cache->changes);
	LK_TRY(ask->get(
	    ask->user, subject, key, session, may_block, deadline_steady_ms, arena, out, err));
	atomic_fetch_add_explicit(&cache->misses, 1, memory_order_relaxed);
	if (out->active)
		keep(cache, hash, number, out, arena);
	return LK_OK;
}

struct lk_standing_source
lk_standing_cache_source(struct lk_standing_cache *cache)
{
	return (struct lk_standing_source){ get, cache };
}

struct lk_standing_cache_stats
lk_standing_cache_stats(const struct lk_standing_cache *cache)
{
	return (struct lk_standing_cache_stats){
		.hits = atomic_load(&cache->hits),
		.misses = atomic_load(&cache->misses),
	};
}
