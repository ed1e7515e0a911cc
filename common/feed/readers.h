/* The readers that a change waits for: services, which decide from memory beside us. Inside
 * common/feed only. */
#ifndef LK_FEED_READERS_H
#define LK_FEED_READERS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "auth/caller.h"
#include "base/base.h"

enum { FEED_READER_LEN = 16, FEED_READERS_MAX = 32 };

/* One of them, or one that is expected to come. Guarded by the feed's lock, as all here. */
struct feed_reader_entry {
	bool used, came,
	    late; /* late: it was waited for in vain, and is not again until it speaks */
	uint8_t id[FEED_READER_LEN];
	char name[LK_CALLER_NAME_SIZE]; /* of the service */
	uint64_t forgot;
	int64_t seen_ms; /* steady */
};

struct feed_readers {
	struct feed_reader_entry entries[FEED_READERS_MAX];
	pthread_cond_t forgot; /* monotonic: one of them has forgotten something, or left */
};

void feed_readers_init(struct feed_readers *readers);
void feed_readers_wipe(struct feed_readers *readers);

/* After a start others may hold leases of the process before: a service of this name is waited for
 * until it comes. */
void feed_readers_expect(struct feed_readers *readers, const char *name, int64_t now_ms);

/* False when there is no room for it: then it must not decide from memory. */
bool feed_readers_heard(struct feed_readers *readers, const char *name, struct lk_bytes id,
    uint64_t forgot, int64_t now_ms);
/* It is one of them still. */
bool feed_readers_know(struct feed_readers *readers, struct lk_bytes id);
/* How many there are, and how far behind `head` the last of them is. */
unsigned feed_readers_lag(const struct feed_readers *readers, uint64_t head, uint64_t *out_lag);
void feed_readers_left(struct feed_readers *readers, struct lk_bytes id);

/* Under `lock`, which is let go meanwhile: until every reader has forgotten `sequence`, or was
 * silent for too long. */
void feed_readers_await(struct feed_readers *readers, pthread_mutex_t *lock, uint64_t sequence,
    int64_t (*now_ms)(void *user), void *user);

#endif
