/* A chained hash set under a read-write lock: looked up on every validation, added to rarely. */
#include "revoked.h"

#include <pthread.h>
#include <string.h>

#include "base/alloc.h"

enum { BUCKETS = 4096 }; /* a power of two */

struct revoked {
	pthread_rwlock_t lock;
	const struct lk_clock *clock;
	struct revoked_token *buckets[BUCKETS];
};

/* The random end of a ULID is spread evenly already; FNV-1a folds it. */
static struct revoked_token **
bucket_of(struct revoked *revoked, const char *token)
{
	uint32_t hash = 2166136261u;

	for (const char *c = token; *c; c++)
		hash = (hash ^ (unsigned char)*c) * 16777619u;
	return &revoked->buckets[hash & (BUCKETS - 1)];
}

struct revoked *
revoked_new(const struct lk_clock *clock)
{
	struct revoked *revoked = LK_ALLOC(struct revoked);

	if (!revoked)
		return NULL;
	pthread_rwlock_init(&revoked->lock, NULL);
	revoked->clock = clock;
	return revoked;
}

void
revoked_free(struct revoked *revoked)
{
	if (!revoked)
		return;
	for (size_t i = 0; i < BUCKETS; i++) {
		for (struct revoked_token *entry = revoked->buckets[i], *next; entry;
		     entry = next) {
			next = entry->next;
			lk_free(entry);
		}
	}
	pthread_rwlock_destroy(&revoked->lock);
	lk_free(revoked);
}

static void
drop_expired(struct revoked_token **at, int64_t now_ms)
{
	while (*at) {
		struct revoked_token *entry = *at;
		if (entry->expires_at_ms > now_ms) {
			at = &entry->next;
			continue;
		}
		*at = entry->next;
		lk_free(entry);
	}
}

void
revoked_add(struct revoked *revoked, struct revoked_token *entry)
{
	struct revoked_token **bucket = bucket_of(revoked, entry->token);

	pthread_rwlock_wrlock(&revoked->lock);
	drop_expired(bucket, lk_clock_wall_ms(revoked->clock));
	entry->next = *bucket;
	*bucket = entry;
	pthread_rwlock_unlock(&revoked->lock);
}

bool
revoked_has(struct revoked *revoked, const char *token)
{
	bool has = false;

	pthread_rwlock_rdlock(&revoked->lock);
	for (const struct revoked_token *entry = *bucket_of(revoked, token); entry && !has;
	     entry = entry->next)
		has = strcmp(entry->token, token) == 0;
	pthread_rwlock_unlock(&revoked->lock);
	return has;
}
