/* Who waits for an event, and the thread that lets them go on; see waits.h. */
#include "feed/waits.h"

#include <string.h>

#include "base/instant.h"
#include "base/thread.h"
#include "feed/publisher.h"

static const int64_t NEVER = INT64_MAX;

void
feed_waits_init(struct feed_waits *waits)
{
	lk_cond_init(&waits->changed);
	waits->wakes_ms = NEVER;
}

/* ---- The thread ---- */

static bool
is_due(const struct lk_feed *feed, const struct feed_wait *wait, int64_t now_ms)
{
	return wait->ended || feed->waits.draining || wait->head != feed->head ||
	       wait->until_ms <= now_ms;
}

/* Takes those that are due out of the list, and finds when the next one is. */
static size_t
take_due(struct lk_feed *feed, int64_t now_ms, struct lk_call **out_due)
{
	struct feed_waits *waits = &feed->waits;
	size_t due = 0, kept = 0;

	waits->wakes_ms = NEVER;
	for (size_t i = 0; i < waits->count; i++) {
		const struct feed_wait *wait = &waits->entries[i];
		if (is_due(feed, wait, now_ms)) {
			out_due[due++] = wait->call;
			continue;
		}
		if (wait->until_ms < waits->wakes_ms)
			waits->wakes_ms = wait->until_ms;
		waits->entries[kept++] = *wait;
	}
	waits->count = kept;
	return due;
}

static void
sleep_until(struct lk_feed *feed, int64_t now_ms)
{
	struct feed_waits *waits = &feed->waits;

	if (waits->wakes_ms == NEVER) {
		pthread_cond_wait(&waits->changed, &feed->lock);
		return;
	}
	const struct timespec until = lk_after_ms(waits->wakes_ms - now_ms);
	(void)pthread_cond_timedwait(&waits->changed, &feed->lock, &until);
}

/* How many are due; 0 when it is time to stop. */
static size_t
await_due(struct lk_feed *feed, struct lk_call **out_due)
{
	size_t due;

	pthread_mutex_lock(&feed->lock);
	for (;;) {
		const int64_t now_ms = lk_clock_steady_ms(feed->config.clock);
		due = take_due(feed, now_ms, out_due);
		if (due > 0 || feed->waits.stopping)
			break;
		sleep_until(feed, now_ms);
	}
	pthread_mutex_unlock(&feed->lock);
	return due;
}

static void *
run(void *arg)
{
	struct lk_call *due[FEED_WAITS_MAX];
	size_t count;

	while ((count = await_due(arg, due)) > 0)
		for (size_t i = 0; i < count; i++)
			lk_call_resume(due[i]);
	return NULL;
}

/* ---- Life ---- */

lk_status
feed_waits_start(struct lk_feed *feed, struct lk_error *err)
{
	struct feed_waits *waits = &feed->waits;
	const bool started = lk_thread_start(&waits->thread, run, feed);

	pthread_mutex_lock(&feed->lock);
	waits->started = started;
	pthread_mutex_unlock(&feed->lock);
	return started ? LK_OK : lk_fail_oom(err);
}

static void
wake(struct feed_waits *waits)
{
	pthread_cond_signal(&waits->changed);
}

void
feed_waits_drain(struct lk_feed *feed)
{
	pthread_mutex_lock(&feed->lock);
	feed->waits.draining = true;
	wake(&feed->waits);
	pthread_mutex_unlock(&feed->lock);
}

void
feed_waits_stop(struct lk_feed *feed)
{
	struct feed_waits *waits = &feed->waits;

	pthread_mutex_lock(&feed->lock);
	waits->draining = waits->stopping = true;
	wake(waits);
	pthread_mutex_unlock(&feed->lock);
	if (waits->started)
		pthread_join(waits->thread, NULL);
	pthread_cond_destroy(&waits->changed);
}

/* ---- Waiting ---- */

static size_t
room(const struct lk_call *call, bool awaited)
{
	const size_t lingerers = lk_call_lingerers_max(call);
	const size_t most = lingerers < FEED_WAITS_MAX ? lingerers : FEED_WAITS_MAX;

	return awaited ? most : most * 3 / 4;
}

bool
feed_wait_begin(struct lk_feed *feed, const struct feed_wait *wait, bool awaited)
{
	struct feed_waits *waits = &feed->waits;
	const size_t most = room(wait->call, awaited);
	const int64_t now_ms = lk_clock_steady_ms(feed->config.clock);

	pthread_mutex_lock(&feed->lock);
	const bool waiting = waits->started && waits->count < most && !is_due(feed, wait, now_ms);
	if (waiting)
		waits->entries[waits->count++] = *wait;
	if (waiting && wait->until_ms < waits->wakes_ms)
		wake(waits);
	pthread_mutex_unlock(&feed->lock);
	return waiting;
}

void
feed_waits_end(struct feed_waits *waits, struct lk_bytes reader)
{
	for (size_t i = 0; i < waits->count; i++) {
		struct feed_wait *wait = &waits->entries[i];
		if (memcmp(wait->reader, reader.data, sizeof wait->reader) != 0)
			continue;
		wait->ended = true;
		wake(waits);
	}
}

void
feed_waits_published(struct feed_waits *waits)
{
	if (waits->count > 0)
		wake(waits);
}
