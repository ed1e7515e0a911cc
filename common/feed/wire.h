/* The wire types under the names this folder uses; nobody else includes this. */
#ifndef LK_FEED_WIRE_H
#define LK_FEED_WIRE_H

#include "latchkey/common/v1/feed.pb-c.h"

typedef Latchkey__Common__V1__FeedEvent FeedEventMsg;
typedef Latchkey__Common__V1__FeedHint FeedHint;
typedef Latchkey__Common__V1__ReadFeedRequest ReadFeedRequest;
typedef Latchkey__Common__V1__ReadFeedResponse ReadFeedResponse;

#endif
