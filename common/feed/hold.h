/* A reader without hints lets the publisher hold its question until there is something to tell.
 * Inside common/feed only. */
#ifndef LK_FEED_HOLD_H
#define LK_FEED_HOLD_H

#include "feed/subscriber_impl.h"

/*
 * For how long the question that is asked now may be held. Without a lease not at all: who asks
 * then wants to know. Else it ends early enough that the next answer, which may be held as long,
 * comes within the lease.
 */
uint32_t feed_hold_ms(const struct lk_feed_subscriber *subscriber, int64_t now_ms);

/*
 * After a whole answer: how long to wait before the next question, if that may be held; else
 * negative. What came before its time was not held (an older publisher does not, or it has no
 * room): then the rest of the time is waited for here.
 */
int64_t feed_hold_rest_ms(
    const struct lk_feed_subscriber *subscriber, const struct feed_asked *asked, int64_t now_ms);

/* Nobody waits for this reader any more, and its question is not held. Blocks for 200 ms at most;
 * whether it is heard does not matter much. */
void feed_say_goodbye(struct lk_feed_subscriber *subscriber);

/* The reader is stopping: until no question of it is held any more. */
void feed_hold_end(struct lk_feed_subscriber *subscriber);

#endif
