/* A reader from the inside, for subscriber.c, heard.c and hold.c. */
#ifndef LK_FEED_SUBSCRIBER_IMPL_H
#define LK_FEED_SUBSCRIBER_IMPL_H

#include <pthread.h>
#include <stdatomic.h>

#include "feed/hint_listener.h"
#include "feed/readers.h"
#include "feed/subscriber.h"

enum {
	FEED_HEARD = 1024, /* hints that are remembered, so that an event is not told twice */
	FEED_RENEW_AWAITED_MS = 250, /* the longest pause of one that changes wait for */
};

/* The last question. */
struct feed_asked {
	int64_t sent_ms;
	uint32_t hold_ms; /* for so long it might be held */
	bool news;        /* the answer told of events */
};

struct lk_feed_subscriber {
	struct lk_feed_subscriber_config config;
	struct hint_listener *listener;
	struct lk_arena *arena; /* the asking thread's */
	pthread_t thread;
	bool started;
	bool holds; /* no hints come from somewhere: questions may be held */

	uint8_t reader[FEED_READER_LEN];

	/* The asking thread's alone. */
	uint64_t since;
	uint64_t acknowledged; /* what the publisher knows that we have forgotten */
	uint64_t open_cursor;
	bool open_whole;
	struct feed_asked asked;

	pthread_mutex_t lock; /* guards what follows, but the atomics */
	pthread_cond_t woken, answered;
	bool stopping, wake, start_over;
	bool held;                      /* a question is under way that may be held */
	int64_t confirmed_ms;           /* everything answered before this instant is known */
	int64_t failing_since_ms;       /* 0: it does not */
	char epoch[LK_FEED_EPOCH_SIZE]; /* written by the asking thread */
	uint64_t read_to, heard_to;     /* of this epoch: by answers; by answers and hints */
	struct lk_feed_event heard[FEED_HEARD]; /* by sequence */

	atomic_int_fast64_t lease_ends_ms;
	atomic_uint_fast64_t renewals, failures, refused, events, hints, flushes;
};

/* heard.c: for hint_listener_start(); `user` is the subscriber. */
void feed_hint_take(void *user, const FeedHint *hint);
/* This event was told already, as a hint. */
bool feed_was_heard(struct lk_feed_subscriber *subscriber, const struct lk_feed_event *event);

#endif
