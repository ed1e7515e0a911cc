/* Hints: forget at once, believe nothing; and remember what was told, so that the answer that
 * brings the same event does not tell it again. */
#include <string.h>

#include "feed/answer.h"
#include "feed/subscriber_impl.h"

/* Only after `on_event` has returned: whoever finds it here does not tell it again. */
static void
hint_remember(
    struct lk_feed_subscriber *subscriber, const char *epoch, const struct lk_feed_event *event)
{
	pthread_mutex_lock(&subscriber->lock);
	if (strcmp(epoch, subscriber->epoch) == 0) {
		subscriber->heard[event->sequence % FEED_HEARD] = *event;
		if (event->sequence == subscriber->heard_to + 1)
			subscriber->heard_to = event->sequence;
	}
	pthread_mutex_unlock(&subscriber->lock);
}

/* An answer was quicker. */
static bool
was_read(
    struct lk_feed_subscriber *subscriber, const char *epoch, const struct lk_feed_event *event)
{
	pthread_mutex_lock(&subscriber->lock);
	const bool read =
	    strcmp(epoch, subscriber->epoch) == 0 && event->sequence <= subscriber->read_to;
	pthread_mutex_unlock(&subscriber->lock);
	return read;
}

/* A gap, another epoch, or somebody waits to hear that we forgot: ask without waiting for the next
 * renewal. */
static void
wake_when_lost(struct lk_feed_subscriber *subscriber, const FeedHint *hint)
{
	const uint64_t last = hint->n_events ? hint->events[hint->n_events - 1]->sequence : 0;

	pthread_mutex_lock(&subscriber->lock);
	if (strcmp(hint->epoch, subscriber->epoch) != 0 || last > subscriber->heard_to ||
	    subscriber->config.acknowledge) {
		subscriber->wake = true;
		pthread_cond_signal(&subscriber->woken);
	}
	pthread_mutex_unlock(&subscriber->lock);
}

void
feed_hint_take(void *user, const FeedHint *hint)
{
	struct lk_feed_subscriber *subscriber = user;

	for (size_t i = 0; i < hint->n_events; i++) {
		struct lk_feed_event event;
		feed_event_decode(hint->events[i], &event);
		if (was_read(subscriber, hint->epoch, &event))
			continue;
		subscriber->config.on_event(subscriber->config.user, &event);
		hint_remember(subscriber, hint->epoch, &event);
		atomic_fetch_add(&subscriber->hints, 1);
	}
	wake_when_lost(subscriber, hint);
}

bool
feed_was_heard(struct lk_feed_subscriber *subscriber, const struct lk_feed_event *event)
{
	pthread_mutex_lock(&subscriber->lock);
	const bool heard =
	    memcmp(&subscriber->heard[event->sequence % FEED_HEARD], event, sizeof *event) == 0;
	pthread_mutex_unlock(&subscriber->lock);
	return heard;
}
