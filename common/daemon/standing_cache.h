/*
 * What keys said of a subject, remembered under a lease of its feed: the standing of a caller costs
 * a look into memory instead of a question. Without a lease keys is asked each time. Only who may
 * do something is remembered, at most for a minute.
 */
#ifndef LK_DAEMON_STANDING_CACHE_H
#define LK_DAEMON_STANDING_CACHE_H

#include "auth/authenticator.h"
#include "feed/subscriber.h"

struct lk_standing_cache;

/* `ask` is asked for what is not remembered; both are borrowed for life. Yours. */
lk_status lk_standing_cache_new(struct lk_standing_cache **out_cache, struct lk_standing_source ask,
    const struct lk_clock *clock, struct lk_error *err);
void lk_standing_cache_free(struct lk_standing_cache *cache); /* NULL is fine */

/* Before the first use: whose lease counts. NULL: nothing is ever remembered. */
void lk_standing_cache_trust(
    struct lk_standing_cache *cache, const struct lk_feed_subscriber *subscriber);

/* What the feed says. Any thread. */
void lk_standing_cache_event(struct lk_standing_cache *cache, const struct lk_feed_event *event);
void lk_standing_cache_flush(struct lk_standing_cache *cache);

struct lk_standing_source lk_standing_cache_source(struct lk_standing_cache *cache);

/*
 * For who remembers something else that keys answered: take the number before asking, and believe
 * the answer while nothing of `ids` ("" for none) has changed since and the lease holds. Any
 * thread, no lock.
 */
uint64_t lk_standing_cache_number(const struct lk_standing_cache *cache);
bool lk_standing_cache_unchanged(
    const struct lk_standing_cache *cache, uint64_t number, const char *const *ids, size_t count);

struct lk_standing_cache_stats {
	uint64_t hits, misses;
};
struct lk_standing_cache_stats lk_standing_cache_stats(const struct lk_standing_cache *cache);

#endif
