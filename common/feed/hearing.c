/* The events of hints, as they come. */
#include "feed/hearing.h"

#include "base/alloc.h"
#include "feed/answer.h"
#include "feed/hint_listener.h"

struct lk_feed_hearing {
	struct hint_listener *listener;
	void (*on_event)(void *user, const struct lk_feed_event *event);
	void *user;
};

static void
take(void *user, const FeedHint *hint)
{
	const struct lk_feed_hearing *hearing = user;
	struct lk_feed_event event;

	for (size_t i = 0; i < hint->n_events; i++) {
		feed_event_decode(hint->events[i], &event);
		hearing->on_event(hearing->user, &event);
	}
}

lk_status
lk_feed_hear(struct lk_feed_hearing **out_hearing, const char *service_urls,
    void (*on_event)(void *user, const struct lk_feed_event *event), void *user,
    struct lk_error *err)
{
	LK_AUTO(lk_feed_hear_no_morep)
	struct lk_feed_hearing *hearing = LK_ALLOC(struct lk_feed_hearing);

	if (!hearing)
		return lk_fail_oom(err);
	hearing->on_event = on_event;
	hearing->user = user;
	LK_TRY(hint_listener_start(&hearing->listener, service_urls, take, hearing, err));
	*out_hearing = LK_TAKE(hearing);
	return LK_OK;
}

void
lk_feed_hear_no_more(struct lk_feed_hearing *hearing)
{
	if (!hearing)
		return;
	hint_listener_stop(hearing->listener);
	lk_free(hearing);
}
