/* Questions of readers that get no hints, held until there is something to tell. Inside common/feed
 * only. */
#ifndef LK_FEED_WAITS_H
#define LK_FEED_WAITS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/base.h"
#include "feed/readers.h"
#include "rpc/call.h"

struct lk_feed;

enum {
	FEED_WAITS_MAX = 64, /* at once; fewer where the server has less room */
	FEED_WAIT_MS = 5000, /* the longest */
	/* Of a reader that changes wait for, which must not seem silent meanwhile (readers.c). */
	FEED_WAIT_AWAITED_MS = 500,
};

/* One of them. */
struct feed_wait {
	struct lk_call *call;
	uint8_t reader[FEED_READER_LEN];
	uint64_t head;    /* known to the reader: it waits for what comes after */
	int64_t until_ms; /* steady */
	bool ended;       /* it is to be answered now */
};

/* Guarded by the feed's lock. */
struct feed_waits {
	struct feed_wait entries[FEED_WAITS_MAX]; /* in the order in which they came */
	size_t count;
	int64_t wakes_ms; /* when the thread looks again by itself */
	pthread_t thread;
	pthread_cond_t changed; /* monotonic */
	bool started, draining, stopping;
};

void feed_waits_init(struct feed_waits *waits);
/* RESOURCE_EXHAUSTED when threads are short. Without it nobody waits. */
lk_status feed_waits_start(struct lk_feed *feed, struct lk_error *err);
/* Whoever waits is answered, and nobody waits from now on. Any thread. */
void feed_waits_drain(struct lk_feed *feed);
/* Drains; returns when the last of them has been resumed. */
void feed_waits_stop(struct lk_feed *feed);

/*
 * Has `call` resumed on the feed's thread: as soon as the head is another than `head`, at
 * `until_ms`, or when it is ended. False, and the call is to be answered now: the head is another
 * already, there is no room, or no time. A quarter of the room is for readers that changes wait
 * for (`awaited`).
 */
bool feed_wait_begin(struct lk_feed *feed, const struct feed_wait *wait, bool awaited);

/* Under the lock: this reader has asked again, or leaves. */
void feed_waits_end(struct feed_waits *waits, struct lk_bytes reader);
/* Under the lock: the head has moved. Costs nothing while nobody waits. */
void feed_waits_published(struct feed_waits *waits);

#endif
