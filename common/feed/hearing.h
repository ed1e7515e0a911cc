/* Hints alone: for who decides nothing from memory, but wants to look again soon after something
 * has changed. What is heard proves nothing, and some of it is never heard. */
#ifndef LK_FEED_HEARING_H
#define LK_FEED_HEARING_H

#include "feed/event.h"

struct lk_feed_hearing;

/*
 * Listens beside `service_urls` (by comma). `on_event` runs on threads of its own, from now until
 * lk_feed_hear_no_more returns. Errors of lk_feed_hint_url; RESOURCE_EXHAUSTED. Yours.
 */
lk_status lk_feed_hear(struct lk_feed_hearing **out_hearing, const char *service_urls,
    void (*on_event)(void *user, const struct lk_feed_event *event), void *user,
    struct lk_error *err);
void lk_feed_hear_no_more(struct lk_feed_hearing *hearing); /* NULL is fine */
LK_DEFINE_FREEP(lk_feed_hear_no_morep, struct lk_feed_hearing *, lk_feed_hear_no_more)

#endif
