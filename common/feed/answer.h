/* Events between their wire form and ours, and what the signature of an answer covers. Inside
 * common/feed only. */
#ifndef LK_FEED_ANSWER_H
#define LK_FEED_ANSWER_H

#include "crypto/sign.h"
#include "feed/event.h"
#include "feed/wire.h"

enum { FEED_EVENTS_MAX = 128, FEED_OPEN_MAX = 64 }; /* in one message */

/* Wire events that borrow nothing but static texts and the ids in `events`, which must live as
 * long. */
lk_status feed_events_encode(struct lk_arena *arena, const struct lk_feed_event *events,
    size_t count, FeedEventMsg ***out, struct lk_error *err);

/* An id that is too long to be one of ours is cut to "" and concerns anything, as does a kind of
 * the future. */
void feed_event_decode(const FeedEventMsg *msg, struct lk_feed_event *out);

/* Over label "latchkey feed v2", instance, the request's nonce, and every field of the answer but
 * the signature. */
void feed_answer_sign(const struct lk_sign_key *key, const char *instance, struct lk_bytes nonce,
    const ReadFeedResponse *answer, uint8_t out_signature[LK_SIGNATURE_LEN]);
bool feed_answer_ok(const uint8_t public_key[LK_SIGN_PUBLIC_LEN], const char *instance,
    struct lk_bytes nonce, const ReadFeedResponse *answer);

#endif
