/*
 * The reader's side of a feed: a thread that renews the right to decide from memory, and says what
 * must be forgotten.
 *
 * A lease is counted from the moment ReadFeed was sent, on CLOCK_BOOTTIME (it goes on while the
 * machine sleeps). Everything that was answered before that moment has been told by `on_event` or
 * `on_flush` before the lease begins.
 */
#ifndef LK_FEED_SUBSCRIBER_H
#define LK_FEED_SUBSCRIBER_H

#include "feed/event.h"
#include "id/random.h"
#include "rpc/channel.h"
#include "time/clock.h"

/* steady_ms is CLOCK_BOOTTIME; wall_ms the system's. */
const struct lk_clock *lk_clock_boot(void);

struct Latchkey__Common__V1__ReadFeedRequest; /* latchkey/common/v1/feed.pb-c.h */
struct Latchkey__Common__V1__ReadFeedResponse;

/* Everything is borrowed for the life of the subscriber. */
struct lk_feed_subscriber_config {
	const char *service;       /* whose feed: "keys" */
	const char *instance;      /* the installation's id; read only where public_key is given */
	const uint8_t *public_key; /* the publisher's Ed25519 key (32 bytes), or NULL: the
				      connection vouches for it */
	const char *service_urls;  /* where hints come from, by comma; NULL: none come. Then, and
				      from other hosts, questions are held instead (wait_ms) */
	int64_t
	    max_staleness_ms; /* how long to trust after an answer; also how long to wait for one */
	bool acknowledge; /* changes wait until we have forgotten what they concern: for services,
			     whose assertion says so; they renew several times a second */
	bool wants_open;  /* what was told before and still counts is told, too, with sequence 0;
			     before the last of it there is no lease */
	const struct lk_clock *clock; /* lk_clock_boot() but in tests */
	const struct lk_random *random;
	void *user;

	/* Ask ReadFeed; the answer lies in the arena. Blocks, on the subscriber's thread. On others
	 * beside it only with `leaving`, to whose answer nobody listens. */
	lk_status (*ask)(void *user, const struct Latchkey__Common__V1__ReadFeedRequest *request,
	    uint32_t timeout_ms, struct lk_arena *arena,
	    const struct Latchkey__Common__V1__ReadFeedResponse **out_answer, struct lk_error *err);

	/* Forget what concerns this event's id; everything when its kind is LK_FEED_UNKNOWN. At any
	 * time, on any thread, more than once for the same event. */
	void (*on_event)(void *user, const struct lk_feed_event *event);
	/* Forget everything. */
	void (*on_flush)(void *user);
};

struct lk_feed_subscriber;

/* Starts at once. RESOURCE_EXHAUSTED when memory or threads are short; errors of lk_feed_hint_url.
 * Yours. */
lk_status lk_feed_subscribe(struct lk_feed_subscriber **out_subscriber,
    const struct lk_feed_subscriber_config *config, struct lk_error *err);
/* Waits for a question that is under way; one that is held is ended. */
void lk_feed_unsubscribe(struct lk_feed_subscriber *subscriber);
LK_DEFINE_FREEP(lk_feed_unsubscribep, struct lk_feed_subscriber *, lk_feed_unsubscribe)

/* The instant of the subscriber's clock (steady) at which the lease ends; 0: there never was one.
 * Any thread, no lock. */
int64_t lk_feed_lease_ends_ms(const struct lk_feed_subscriber *subscriber);

/*
 * For who finds no lease: ask now, and wait until everything that was answered before this call is
 * known, at most `timeout_ms`. LK_OK also when a lease has come meanwhile. UNAVAILABLE
 * FEED_UNAVAILABLE; at once when the publisher has not answered for seconds. Any thread; blocks.
 */
lk_status lk_feed_confirm(
    struct lk_feed_subscriber *subscriber, uint32_t timeout_ms, struct lk_error *err);

/* Read everything again from the beginning: something that was told could not be kept. After a
 * question that is held. */
void lk_feed_start_over(struct lk_feed_subscriber *subscriber);

/* Begin to end: no lease from now on, and no change waits for us. lk_feed_unsubscribe() follows. */
void lk_feed_leave(struct lk_feed_subscriber *subscriber);

struct lk_feed_subscriber_stats {
	uint64_t renewals, failures; /* questions answered well, and not */
	uint64_t refused;            /* of the failures: answers that were not the publisher's */
	uint64_t events, hints;      /* events read, and events that came as hints */
	uint64_t flushes;
};
struct lk_feed_subscriber_stats lk_feed_subscriber_stats(
    const struct lk_feed_subscriber *subscriber);

/* A subscriber without thread and hints, and one question of its loop: for tests. *out_more: the
 * answer left events out. */
lk_status lk_feed_subscriber_new(struct lk_feed_subscriber **out_subscriber,
    const struct lk_feed_subscriber_config *config, struct lk_error *err);
lk_status lk_feed_read_once(
    struct lk_feed_subscriber *subscriber, bool *out_more, struct lk_error *err);

#endif
