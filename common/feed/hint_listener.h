/* The SUB side of a reader. Inside common/feed only. */
#ifndef LK_FEED_HINT_LISTENER_H
#define LK_FEED_HINT_LISTENER_H

#include "base/base.h"
#include "feed/wire.h"

struct hint_listener;

/*
 * Listens to the feeds beside `service_urls` (at most 16), each from a thread of its own that
 * connects again and again. `on_hint` runs on these threads; its argument lives for the call.
 * Yours.
 */
lk_status hint_listener_start(struct hint_listener **out_listener, const char *service_urls,
    void (*on_hint)(void *user, const FeedHint *hint), void *user, struct lk_error *err);
/* Once it returns, on_hint does not run any more. NULL is fine. */
/* False where some of the addresses send no hints. */
bool hint_listener_hears_all(const struct hint_listener *listener);
void hint_listener_stop(struct hint_listener *listener);

#endif
