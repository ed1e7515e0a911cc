/* A feed from the inside, for feed.c, service.c and hints.c. */
#ifndef LK_FEED_PUBLISHER_H
#define LK_FEED_PUBLISHER_H

#include <pthread.h>

#include "feed/answer.h"
#include "feed/feed.h"
#include "feed/hints.h"
#include "feed/readers.h"
#include "feed/waits.h"

enum { FEED_RING = 1024 }; /* events in memory; a power of two */

struct lk_feed {
	struct lk_feed_config config;
	struct lk_store *store;
	struct feed_hints *hints;   /* NULL before lk_feed_listen */
	lk_feed_open_fn *open_page; /* NULL: nothing stays open here */
	void *open_user;

	pthread_mutex_t lock;     /* guards all below */
	pthread_cond_t grown;     /* monotonic */
	pthread_cond_t published; /* the same, for those who wait for their turn */
	char epoch[LK_FEED_EPOCH_SIZE];
	uint64_t start, head;                 /* events of this epoch are start + 1 … head */
	struct lk_feed_event ring[FEED_RING]; /* of sequence s at s % FEED_RING */
	struct feed_readers readers;
	struct feed_waits waits;
};

/* Where a reader stands, or hints have been sent to. */
struct feed_cut {
	char epoch[LK_FEED_EPOCH_SIZE];
	uint64_t head;
	bool same_epoch; /* the reader's position is one of this epoch */
	bool in_ring;    /* and everything after it is in memory */
	size_t count;    /* of `events` */
	struct lk_feed_event events[FEED_EVENTS_MAX];
};

/* What comes after `since`, at most `max` events. Under the lock for a copy's length. */
void feed_cut(
    struct lk_feed *feed, const char *epoch, uint64_t since, size_t max, struct feed_cut *out);

#endif
