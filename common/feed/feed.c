/* The publisher: epoch, ring and outbox. */
#include "feed/feed.h"

#include <string.h>

#include "base/instant.h"
#include "feed/outbox.h"
#include "feed/publisher.h"

enum { TURN_MS = 200 };

/* ---- Events ---- */

struct emission {
	struct lk_feed *feed;
	struct lk_feed_event event;
};

static void
new_epoch(struct lk_feed *feed)
{
	uint8_t bytes[16];

	lk_random_fill(feed->config.random, bytes, sizeof bytes);
	for (size_t i = 0; i < sizeof bytes; i++) {
		feed->epoch[2 * i] = "0123456789abcdef"[bytes[i] >> 4];
		feed->epoch[2 * i + 1] = "0123456789abcdef"[bytes[i] & 15];
	}
}

/* On PostgreSQL two commits may tell of themselves in the other order: the later one waits for the
 * earlier, which is on its way. The lock is held. */
static void
wait_for_turn(struct lk_feed *feed, uint64_t sequence)
{
	if (sequence <= feed->head + 1)
		return;
	const struct timespec until = lk_after_ms(TURN_MS);
	while (sequence > feed->head + 1 &&
	       pthread_cond_timedwait(&feed->published, &feed->lock, &until) == 0)
		;
}

/*
 * After the commit and before its answer, in the order of commits: that is what a lease rests on. A
 * gap is only left by a commit whose answer was lost; then readers start over rather than miss an
 * event.
 */
static void
publish(void *arg)
{
	const struct emission *emission = arg;
	struct lk_feed *feed = emission->feed;
	const uint64_t sequence = emission->event.sequence;

	pthread_mutex_lock(&feed->lock);
	wait_for_turn(feed, sequence);
	if (sequence != feed->head + 1) {
		new_epoch(feed);
		feed->start = sequence - 1;
	}
	feed->ring[sequence % FEED_RING] = emission->event;
	feed->head = sequence;
	pthread_cond_signal(&feed->grown);
	pthread_cond_broadcast(&feed->published);
	feed_waits_published(&feed->waits);
	pthread_mutex_unlock(&feed->lock);
}

lk_status
lk_feed_emit(struct lk_feed *feed, struct lk_tx *tx, struct lk_arena *arena, enum lk_feed_kind kind,
    const char *id, uint64_t generation, struct lk_error *err)
{
	struct emission *emission = LK_ARENA_NEW(arena, struct emission);

	if (!emission)
		return lk_fail_oom(err);
	emission->feed = feed;
	emission->event = (struct lk_feed_event){ .kind = kind,
		.generation = generation,
		.at_ms = lk_clock_wall_ms(feed->config.clock) };
	if (!lk_text_copy(emission->event.id, sizeof emission->event.id, id))
		return lk_fail(err, LK_INVALID_ARGUMENT, "FEED_ID_INVALID",
		    "an event's id has at most %d bytes", LK_FEED_ID_SIZE - 1);
	LK_TRY(outbox_add(tx, &emission->event, err));
	return lk_tx_on_commit(tx, publish, emission, err);
}

void
feed_cut(struct lk_feed *feed, const char *epoch, uint64_t since, size_t max, struct feed_cut *out)
{
	pthread_mutex_lock(&feed->lock);
	memcpy(out->epoch, feed->epoch, sizeof out->epoch);
	out->head = feed->head;
	out->count = 0;
	out->same_epoch =
	    lk_text_is(epoch, feed->epoch) && since >= feed->start && since <= feed->head;
	out->in_ring = out->same_epoch && feed->head - since <= FEED_RING;
	if (out->in_ring) {
		const uint64_t behind = feed->head - since;
		out->count = behind < max ? (size_t)behind : max;
		for (size_t i = 0; i < out->count; i++)
			out->events[i] = feed->ring[(since + 1 + i) % FEED_RING];
	}
	pthread_mutex_unlock(&feed->lock);
}

/* ---- Readers that a change waits for ---- */

static int64_t
now_ms(void *user)
{
	const struct lk_feed *feed = user;

	return lk_clock_steady_ms(feed->config.clock);
}

void
lk_feed_settle(struct lk_feed *feed)
{
	pthread_mutex_lock(&feed->lock);
	feed_readers_await(&feed->readers, &feed->lock, feed->head, now_ms, feed);
	pthread_mutex_unlock(&feed->lock);
}

void
lk_feed_expect(struct lk_feed *feed, const char *service)
{
	pthread_mutex_lock(&feed->lock);
	feed_readers_expect(&feed->readers, service, now_ms(feed));
	pthread_mutex_unlock(&feed->lock);
}

void
lk_feed_open_from(struct lk_feed *feed, lk_feed_open_fn *page, void *user)
{
	feed->open_page = page;
	feed->open_user = user;
}

struct lk_feed_stats
lk_feed_stats(struct lk_feed *feed)
{
	struct lk_feed_stats stats = { 0 };

	pthread_mutex_lock(&feed->lock);
	stats.head = feed->head;
	stats.readers = feed_readers_lag(&feed->readers, feed->head, &stats.lag);
	stats.waiting = (unsigned)feed->waits.count;
	pthread_mutex_unlock(&feed->lock);
	if (feed->hints)
		feed_hints_stats(feed->hints, &stats);
	return stats;
}

/* ---- Life ---- */

static lk_status
read_head(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	return outbox_head(tx, arg, err);
}

static void
init_locks(struct lk_feed *feed)
{
	pthread_mutex_init(&feed->lock, NULL);
	lk_cond_init(&feed->grown);
	lk_cond_init(&feed->published);
	feed_readers_init(&feed->readers);
	feed_waits_init(&feed->waits);
}

lk_status
lk_feed_open(struct lk_feed **out_feed, struct lk_store *store, const struct lk_feed_config *config,
    struct lk_error *err)
{
	LK_AUTO(lk_feed_closep) struct lk_feed *feed = LK_ALLOC(struct lk_feed);

	if (!feed)
		return lk_fail_oom(err);
	init_locks(feed);
	feed->config = *config;
	feed->store = store;
	LK_TRY(lk_store_read(store, LK_NO_DEADLINE, read_head, &feed->head, err));
	feed->start = feed->head;
	new_epoch(feed);
	*out_feed = LK_TAKE(feed);
	return LK_OK;
}

lk_status
lk_feed_listen(struct lk_feed *feed, const char *service_url, struct lk_error *err)
{
	char url[LK_URL_SIZE];

	LK_TRY(feed_waits_start(feed, err));
	if (lk_url_is_tls(service_url))
		return LK_OK;
	LK_TRY(lk_feed_hint_url(service_url, url, err));
	return feed_hints_start(feed, url, &feed->hints, err);
}

void
lk_feed_drain(struct lk_feed *feed)
{
	feed_waits_drain(feed);
}

void
lk_feed_close(struct lk_feed *feed)
{
	if (!feed)
		return;
	feed_waits_stop(feed);
	feed_hints_stop(feed->hints);
	feed_readers_wipe(&feed->readers);
	pthread_cond_destroy(&feed->published);
	pthread_cond_destroy(&feed->grown);
	pthread_mutex_destroy(&feed->lock);
	lk_free(feed);
}
