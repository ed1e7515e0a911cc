/* One event of a feed: opaque ids and generations only, so that whoever reads it learns nothing
 * else. */
#ifndef LK_FEED_EVENT_H
#define LK_FEED_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/base.h"

enum lk_feed_kind {
#define LK_FEED_KIND(symbol, name, help) LK_FEED_##symbol,
#include "feed/kinds.def"
#undef LK_FEED_KIND
	LK_FEED_KIND_COUNT,
	LK_FEED_UNKNOWN = LK_FEED_KIND_COUNT, /* of a newer publisher: may concern anything */
};

enum { LK_FEED_ID_SIZE = 48, LK_FEED_EPOCH_SIZE = 33, LK_FEED_NONCE_LEN = 16 };

struct lk_feed_event {
	uint64_t sequence;   /* 1, 2, 3 … in an epoch; set by the publisher */
	uint64_t generation; /* the new one, or 0 where the kind has none */
	int64_t at_ms;
	enum lk_feed_kind kind;
	char id[LK_FEED_ID_SIZE];
};

const char *lk_feed_kind_name(enum lk_feed_kind kind); /* "unknown" outside the list */
enum lk_feed_kind lk_feed_kind_of(const char *name);

#endif
