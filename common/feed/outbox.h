/* The rows of events. Inside common/feed only. */
#ifndef LK_FEED_OUTBOX_H
#define LK_FEED_OUTBOX_H

#include "feed/event.h"
#include "store/store.h"

enum { FEED_OUTBOX_KEPT = 16384 }; /* newest rows; a reader further behind starts over */

/* Writes the row and sets `event->sequence`, which is the next one unless the transaction is
 * undone. */
lk_status outbox_add(struct lk_tx *tx, struct lk_feed_event *event, struct lk_error *err);

/* The newest sequence; 0 when there never was an event. */
lk_status outbox_head(struct lk_tx *tx, uint64_t *out_head, struct lk_error *err);

/* Up to `max` events after `since`; *out_whole is false when the first of them is gone. */
lk_status outbox_read(struct lk_tx *tx, uint64_t since, size_t max, struct lk_feed_event *out,
    size_t *out_count, bool *out_whole, struct lk_error *err);

#endif
