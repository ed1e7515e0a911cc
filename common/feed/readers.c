/* Who must have forgotten before a change is answered; see readers.h. */
#include "feed/readers.h"

#include <string.h>

#include "base/instant.h"

enum {
	SILENCE_MS = 1500,    /* a reader speaks several times a second, also one that waits
				 (FEED_WAIT_AWAITED_MS); this one has ended, or stands still */
	FORGOTTEN_MS = 60000, /* its place is free: no lease is longer */
};

void
feed_readers_init(struct feed_readers *readers)
{
	lk_cond_init(&readers->forgot);
}

void
feed_readers_wipe(struct feed_readers *readers)
{
	pthread_cond_destroy(&readers->forgot);
}

static struct feed_reader_entry *
find(struct feed_readers *readers, struct lk_bytes id)
{
	for (size_t i = 0; i < FEED_READERS_MAX; i++) {
		struct feed_reader_entry *entry = &readers->entries[i];
		if (entry->used && entry->came && memcmp(entry->id, id.data, sizeof entry->id) == 0)
			return entry;
	}
	return NULL;
}

/* The place where it is expected, else a free one. */
static struct feed_reader_entry *
place(struct feed_readers *readers, const char *name, int64_t now_ms)
{
	struct feed_reader_entry *vacant = NULL;

	for (size_t i = 0; i < FEED_READERS_MAX; i++) {
		struct feed_reader_entry *entry = &readers->entries[i];
		if (entry->used && !entry->came && lk_text_is(entry->name, name))
			return entry;
		if (!entry->used || entry->seen_ms + FORGOTTEN_MS < now_ms)
			vacant = entry;
	}
	return vacant;
}

void
feed_readers_expect(struct feed_readers *readers, const char *name, int64_t now_ms)
{
	struct feed_reader_entry *entry = place(readers, name, now_ms);

	if (!entry)
		return;
	*entry = (struct feed_reader_entry){ .used = true, .seen_ms = now_ms };
	LK_IGNORE(!lk_text_copy(entry->name, sizeof entry->name, name));
}

bool
feed_readers_heard(struct feed_readers *readers, const char *name, struct lk_bytes id,
    uint64_t forgot, int64_t now_ms)
{
	struct feed_reader_entry *entry = find(readers, id);

	if (!entry && (entry = place(readers, name, now_ms))) {
		*entry = (struct feed_reader_entry){ .used = true, .came = true };
		memcpy(entry->id, id.data, sizeof entry->id);
		LK_IGNORE(!lk_text_copy(entry->name, sizeof entry->name, name));
	}
	if (!entry)
		return false;
	if (forgot > entry->forgot)
		entry->forgot = forgot;
	entry->late = false;
	entry->seen_ms = now_ms;
	pthread_cond_broadcast(&readers->forgot);
	return true;
}

void
feed_readers_left(struct feed_readers *readers, struct lk_bytes id)
{
	struct feed_reader_entry *entry = find(readers, id);

	if (entry)
		*entry = (struct feed_reader_entry){ .used = false };
	pthread_cond_broadcast(&readers->forgot);
}

bool
feed_readers_know(struct feed_readers *readers, struct lk_bytes id)
{
	return find(readers, id) != NULL;
}

unsigned
feed_readers_lag(const struct feed_readers *readers, uint64_t head, uint64_t *out_lag)
{
	unsigned count = 0;

	*out_lag = 0;
	for (size_t i = 0; i < FEED_READERS_MAX; i++) {
		const struct feed_reader_entry *entry = &readers->entries[i];
		if (!entry->used || !entry->came)
			continue;
		count++;
		if (entry->forgot < head && head - entry->forgot > *out_lag)
			*out_lag = head - entry->forgot;
	}
	return count;
}

/* How long to wait yet; 0: not at all. Who was silent for too long is left to its lease. */
static int64_t
wait_ms(struct feed_readers *readers, uint64_t sequence, int64_t begun_ms, int64_t now_ms)
{
	int64_t longest = 0;

	for (size_t i = 0; i < FEED_READERS_MAX; i++) {
		struct feed_reader_entry *entry = &readers->entries[i];
		if (!entry->used || entry->late || entry->forgot >= sequence)
			continue;
		const int64_t since_ms = entry->came ? begun_ms : entry->seen_ms;
		const int64_t silent_since_ms =
		    entry->seen_ms < since_ms ? entry->seen_ms : since_ms;
		const int64_t left_ms = silent_since_ms + SILENCE_MS - now_ms;
		if (left_ms <= 0)
			entry->late = true;
		else if (left_ms > longest)
			longest = left_ms;
	}
	return longest;
}

void
feed_readers_await(struct feed_readers *readers, pthread_mutex_t *lock, uint64_t sequence,
    int64_t (*now_ms)(void *user), void *user)
{
	const int64_t begun_ms = now_ms(user);
	int64_t left_ms;

	while ((left_ms = wait_ms(readers, sequence, begun_ms, now_ms(user))) > 0) {
		const struct timespec until = lk_after_ms(left_ms);
		(void)pthread_cond_timedwait(&readers->forgot, lock, &until);
	}
}
