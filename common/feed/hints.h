/* The PUB socket of a feed and the thread that feeds it. Inside common/feed only. */
#ifndef LK_FEED_HINTS_H
#define LK_FEED_HINTS_H

#include "feed/feed.h"

struct feed_hints;

/* Topics: the first byte of every message. */
enum { FEED_TOPIC_EVENTS = 'E', FEED_TOPIC_HEARTBEAT = 'H' };

/* Listen on `url` and send what comes after now, with a heartbeat four times a second. Yours. */
lk_status feed_hints_start(
    struct lk_feed *feed, const char *url, struct feed_hints **out_hints, struct lk_error *err);
void feed_hints_stats(const struct feed_hints *hints, struct lk_feed_stats *out_stats);
void feed_hints_stop(struct feed_hints *hints); /* NULL is fine */

#endif
