/* A hash set under a read-write lock: looked up on every check, added to rarely. Buckets and chains
 * are in the order of the hash, so that a place in it stays a place. */
#include "auth/revoked.h"

#include <pthread.h>
#include <string.h>

enum { BUCKET_BITS = 12, BUCKETS = 1 << BUCKET_BITS };

struct lk_revoked {
	pthread_rwlock_t lock;
	const struct lk_clock *clock;
	struct lk_revoked_token *buckets[BUCKETS];
};

/* FNV-1a; the random end of a ULID is spread evenly already. */
static uint64_t
hash_of(const char *token)
{
	uint64_t hash = 14695981039346656037u;

	for (const char *c = token; *c; c++)
		hash = (hash ^ (unsigned char)*c) * 1099511628211u;
	return hash;
}

static size_t
bucket_of(uint64_t hash)
{
	return (size_t)(hash >> (64 - BUCKET_BITS));
}

struct lk_revoked *
lk_revoked_new(const struct lk_clock *clock)
{
	struct lk_revoked *revoked = LK_ALLOC(struct lk_revoked);

	if (!revoked)
		return NULL;
	pthread_rwlock_init(&revoked->lock, NULL);
	revoked->clock = clock;
	return revoked;
}

void
lk_revoked_free(struct lk_revoked *revoked)
{
	if (!revoked)
		return;
	for (size_t i = 0; i < BUCKETS; i++) {
		for (struct lk_revoked_token *entry = revoked->buckets[i], *next; entry;
		     entry = next) {
			next = entry->next;
			lk_free(entry);
		}
	}
	pthread_rwlock_destroy(&revoked->lock);
	lk_free(revoked);
}

static void
drop_expired(struct lk_revoked_token **at, int64_t now_ms)
{
	while (*at) {
		struct lk_revoked_token *entry = *at;
		if (entry->expires_at_ms > now_ms) {
			at = &entry->next;
			continue;
		}
		*at = entry->next;
		lk_free(entry);
	}
}

static bool
is_token(const struct lk_revoked_token *entry, uint64_t hash, const char *token)
{
	return entry->hash == hash && strcmp(entry->token, token) == 0;
}

void
lk_revoked_add(struct lk_revoked *revoked, struct lk_revoked_token *entry)
{
	entry->hash = hash_of(entry->token);
	pthread_rwlock_wrlock(&revoked->lock);
	struct lk_revoked_token **at = &revoked->buckets[bucket_of(entry->hash)];
	drop_expired(at, lk_clock_wall_ms(revoked->clock));
	while (*at && (*at)->hash <= entry->hash && !is_token(*at, entry->hash, entry->token))
		at = &(*at)->next;
	if (*at && is_token(*at, entry->hash, entry->token)) {
		lk_free(entry);
	} else {
		entry->next = *at;
		*at = entry;
	}
	pthread_rwlock_unlock(&revoked->lock);
}

bool
lk_revoked_has(struct lk_revoked *revoked, const char *token)
{
	const uint64_t hash = hash_of(token);
	bool has = false;

	pthread_rwlock_rdlock(&revoked->lock);
	for (const struct lk_revoked_token *entry = revoked->buckets[bucket_of(hash)];
	     entry && !has; entry = entry->next)
		has = is_token(entry, hash, token);
	pthread_rwlock_unlock(&revoked->lock);
	return has;
}

/* The first at or behind the cursor; NULL at the end. Under the lock. */
static const struct lk_revoked_token *
first_from(const struct lk_revoked *revoked, uint64_t cursor)
{
	for (size_t i = bucket_of(cursor); i < BUCKETS; i++)
		for (const struct lk_revoked_token *entry = revoked->buckets[i]; entry;
		     entry = entry->next)
			if (entry->hash >= cursor)
				return entry;
	return NULL;
}

size_t
lk_revoked_page(
    struct lk_revoked *revoked, uint64_t *cursor, size_t max, struct lk_revoked_token *out_entries)
{
	size_t count = 0;

	pthread_rwlock_rdlock(&revoked->lock);
	const struct lk_revoked_token *entry = first_from(revoked, *cursor);
	for (; entry && count < max; count++) {
		out_entries[count] = *entry;
		*cursor = entry->hash + 1;
		entry = entry->next ? entry->next : first_from(revoked, *cursor);
	}
	if (!entry)
		*cursor = 0;
	pthread_rwlock_unlock(&revoked->lock);
	return count;
}
