/* Asking again and again, and what an answer means: first forget, then trust. */
#include "feed/subscriber.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "feed/answer.h"
#include "feed/hint_listener.h"

enum {
	ANSWER_ARENA = 256 * 1024,
	HEARD = 1024, /* hints that are remembered, so that the same event is not told twice */
	RENEWALS_PER_LEASE = 3,
	RENEW_LEAST_MS = 5,
	RETRY_LEAST_MS = 5,
	RETRY_MOST_MS = 250,
	ASK_MOST_MS = 5000,
};

struct lk_feed_subscriber {
	struct lk_feed_subscriber_config config;
	struct hint_listener *listener;
	struct lk_arena *arena; /* the asking thread's */
	pthread_t thread;
	bool started;

	/* The asking thread's alone. */
	uint64_t since;

	pthread_mutex_t lock; /* guards what follows, but the atomics */
	pthread_cond_t woken;
	bool stopping, wake;
	char epoch[LK_FEED_EPOCH_SIZE];    /* written by the asking thread */
	uint64_t read_to, heard_to;        /* of this epoch: by answers; by answers and hints */
	struct lk_feed_event heard[HEARD]; /* by sequence */

	atomic_int_fast64_t lease_ends_ms;
	atomic_uint_fast64_t renewals, failures, refused, events, hints, flushes;
};

/* ---- The clock ---- */

static int64_t
boot_ms(const struct lk_clock *clock)
{
	struct timespec t;

	(void)clock;
	clock_gettime(CLOCK_BOOTTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int64_t
wall_ms(const struct lk_clock *clock)
{
	(void)clock;
	return lk_clock_wall_ms(lk_clock_system());
}

const struct lk_clock *
lk_clock_boot(void)
{
	static const struct lk_clock clock = { wall_ms, boot_ms };

	return &clock;
}

/* ---- Hints: forget at once, believe nothing ---- */

/* Only after `on_event` has returned: whoever finds it here does not tell it again. */
static void
hint_remember(
    struct lk_feed_subscriber *subscriber, const char *epoch, const struct lk_feed_event *event)
{
	pthread_mutex_lock(&subscriber->lock);
	if (strcmp(epoch, subscriber->epoch) == 0) {
		subscriber->heard[event->sequence % HEARD] = *event;
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

/* A gap, or another epoch: ask without waiting for the next renewal. */
static void
wake_when_lost(struct lk_feed_subscriber *subscriber, const FeedHint *hint)
{
	const uint64_t last = hint->n_events ? hint->events[hint->n_events - 1]->sequence : 0;

	pthread_mutex_lock(&subscriber->lock);
	if (strcmp(hint->epoch, subscriber->epoch) != 0 || last > subscriber->heard_to) {
		subscriber->wake = true;
		pthread_cond_signal(&subscriber->woken);
	}
	pthread_mutex_unlock(&subscriber->lock);
}

static void
hint_take(void *user, const FeedHint *hint)
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

/* ---- Answers ---- */

static bool
was_heard(struct lk_feed_subscriber *subscriber, const struct lk_feed_event *event)
{
	pthread_mutex_lock(&subscriber->lock);
	const bool heard =
	    memcmp(&subscriber->heard[event->sequence % HEARD], event, sizeof *event) == 0;
	pthread_mutex_unlock(&subscriber->lock);
	return heard;
}

static lk_status
not_an_answer(struct lk_feed_subscriber *subscriber, const char *why, struct lk_error *err)
{
	atomic_fetch_add(&subscriber->refused, 1);
	return lk_fail(err, LK_DATA_LOSS, "FEED_ANSWER_REFUSED", "the feed's answer %s", why);
}

static lk_status
answer_check(struct lk_feed_subscriber *subscriber, const ReadFeedRequest *request,
    const ReadFeedResponse *answer, struct lk_error *err)
{
	const struct lk_feed_subscriber_config *config = &subscriber->config;

	if (strcmp(answer->service, config->service) != 0)
		return not_an_answer(subscriber, "comes from another service", err);
	if (answer->epoch[0] == '\0' || strlen(answer->epoch) >= LK_FEED_EPOCH_SIZE)
		return not_an_answer(subscriber, "names no epoch", err);
	if (config->public_key && !feed_answer_ok(config->public_key, config->instance,
				      lk_bytes(request->nonce.data, request->nonce.len), answer))
		return not_an_answer(subscriber, "is not signed by its publisher", err);
	if (!answer->truncated && strcmp(answer->epoch, request->epoch) != 0)
		return not_an_answer(subscriber, "changes its epoch without saying so", err);
	for (size_t i = 0; i < answer->n_events; i++)
		if (answer->events[i]->sequence != request->since + 1 + i)
			return not_an_answer(subscriber, "has a gap", err);
	return LK_OK;
}

static void
events_tell(struct lk_feed_subscriber *subscriber, const ReadFeedResponse *answer)
{
	for (size_t i = 0; i < answer->n_events; i++) {
		struct lk_feed_event event;
		feed_event_decode(answer->events[i], &event);
		if (!was_heard(subscriber, &event))
			subscriber->config.on_event(subscriber->config.user, &event);
		atomic_fetch_add(&subscriber->events, 1);
	}
}

static void
position_set(struct lk_feed_subscriber *subscriber, const ReadFeedResponse *answer)
{
	const uint64_t to = answer->truncated ? answer->head : subscriber->since + answer->n_events;

	pthread_mutex_lock(&subscriber->lock);
	if (answer->truncated) {
		lk_text_copy(subscriber->epoch, sizeof subscriber->epoch, answer->epoch);
		memset(subscriber->heard, 0, sizeof subscriber->heard);
		subscriber->heard_to = 0;
	}
	subscriber->read_to = to;
	if (subscriber->heard_to < to)
		subscriber->heard_to = to;
	pthread_mutex_unlock(&subscriber->lock);
	subscriber->since = to;
}

/* First forget, then trust: whoever sees the new lease decides without what ended before `sent_ms`.
 */
static void
answer_take(struct lk_feed_subscriber *subscriber, const ReadFeedResponse *answer, int64_t sent_ms)
{
	const int64_t ttl_ms = answer->lease_ttl_ms < subscriber->config.max_staleness_ms
				   ? answer->lease_ttl_ms
				   : subscriber->config.max_staleness_ms;

	if (answer->truncated) {
		subscriber->config.on_flush(subscriber->config.user);
		atomic_fetch_add(&subscriber->flushes, 1);
	}
	events_tell(subscriber, answer);
	position_set(subscriber, answer);
	if (answer->lease_ttl_ms > 0)
		atomic_store(&subscriber->lease_ends_ms, sent_ms + ttl_ms);
	atomic_fetch_add(&subscriber->renewals, 1);
}

/* ---- Questions ---- */

static uint32_t
patience_ms(const struct lk_feed_subscriber *subscriber)
{
	const int64_t ms = subscriber->config.max_staleness_ms;

	return ms > ASK_MOST_MS ? ASK_MOST_MS : ms < 1 ? 1 : (uint32_t)ms;
}

lk_status
lk_feed_read_once(struct lk_feed_subscriber *subscriber, bool *out_more, struct lk_error *err)
{
	const struct lk_feed_subscriber_config *config = &subscriber->config;
	ReadFeedRequest request = LATCHKEY__COMMON__V1__READ_FEED_REQUEST__INIT;
	const ReadFeedResponse *answer = NULL;
	uint8_t nonce[LK_FEED_NONCE_LEN];
	char epoch[LK_FEED_EPOCH_SIZE];

	memcpy(epoch, subscriber->epoch, sizeof epoch); /* ours to write, so ours to read */
	lk_random_fill(config->random, nonce, sizeof nonce);
	request.epoch = epoch;
	request.since = subscriber->since;
	request.nonce.data = nonce;
	request.nonce.len = sizeof nonce;
	lk_arena_reset(subscriber->arena);
	const int64_t sent_ms = lk_clock_steady_ms(config->clock);
	LK_TRY(config->ask(
	    config->user, &request, patience_ms(subscriber), subscriber->arena, &answer, err));
	LK_TRY(answer_check(subscriber, &request, answer, err));
	answer_take(subscriber, answer, sent_ms);
	*out_more = subscriber->since < answer->head;
	return LK_OK;
}

static int64_t
pause_after(const struct lk_feed_subscriber *subscriber, lk_status status, bool more)
{
	const int64_t trust_ms = subscriber->config.max_staleness_ms;

	if (status == LK_OK && more)
		return 0;
	const int64_t renew_ms = trust_ms / RENEWALS_PER_LEASE;
	if (status == LK_OK)
		return renew_ms < RENEW_LEAST_MS ? RENEW_LEAST_MS : renew_ms;
	return renew_ms < RETRY_LEAST_MS  ? RETRY_LEAST_MS
	       : renew_ms > RETRY_MOST_MS ? RETRY_MOST_MS
					  : renew_ms;
}

/* False when it is time to stop. */
static bool
pause_for(struct lk_feed_subscriber *subscriber, int64_t ms)
{
	struct timespec until;
	int waited = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += ms / 1000;
	until.tv_nsec += ms % 1000 * 1000000L;
	until.tv_sec += until.tv_nsec / 1000000000L;
	until.tv_nsec %= 1000000000L;
	pthread_mutex_lock(&subscriber->lock);
	while (!subscriber->stopping && !subscriber->wake && waited == 0)
		waited = pthread_cond_timedwait(&subscriber->woken, &subscriber->lock, &until);
	subscriber->wake = false;
	const bool go_on = !subscriber->stopping;
	pthread_mutex_unlock(&subscriber->lock);
	return go_on;
}

static void *
run(void *arg)
{
	struct lk_feed_subscriber *subscriber = arg;
	int64_t pause_ms;

	do {
		bool more = false;
		const lk_status status = lk_feed_read_once(subscriber, &more, NULL);
		if (status != LK_OK)
			atomic_fetch_add(&subscriber->failures, 1);
		pause_ms = pause_after(subscriber, status, more);
	} while (pause_for(subscriber, pause_ms));
	return NULL;
}

/* ---- Life ---- */

lk_status
lk_feed_subscriber_new(struct lk_feed_subscriber **out_subscriber,
    const struct lk_feed_subscriber_config *config, struct lk_error *err)
{
	LK_AUTO(lk_feed_unsubscribep)
	struct lk_feed_subscriber *subscriber = LK_ALLOC(struct lk_feed_subscriber);
	pthread_condattr_t monotonic;

	if (!subscriber)
		return lk_fail_oom(err);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_mutex_init(&subscriber->lock, NULL);
	pthread_cond_init(&subscriber->woken, &monotonic);
	pthread_condattr_destroy(&monotonic);
	subscriber->config = *config;
	subscriber->arena = lk_arena_new(ANSWER_ARENA);
	if (!subscriber->arena)
		return lk_fail_oom(err);
	*out_subscriber = LK_TAKE(subscriber);
	return LK_OK;
}

/* Signals are for the program's own threads. */
static bool
start_thread(struct lk_feed_subscriber *subscriber)
{
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	subscriber->started = pthread_create(&subscriber->thread, NULL, run, subscriber) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return subscriber->started;
}

lk_status
lk_feed_subscribe(struct lk_feed_subscriber **out_subscriber,
    const struct lk_feed_subscriber_config *config, struct lk_error *err)
{
	LK_AUTO(lk_feed_unsubscribep) struct lk_feed_subscriber *subscriber = NULL;

	LK_TRY(lk_feed_subscriber_new(&subscriber, config, err));
	if (config->service_urls)
		LK_TRY(hint_listener_start(
		    &subscriber->listener, config->service_urls, hint_take, subscriber, err));
	if (!start_thread(subscriber))
		return lk_fail_oom(err);
	*out_subscriber = LK_TAKE(subscriber);
	return LK_OK;
}

void
lk_feed_unsubscribe(struct lk_feed_subscriber *subscriber)
{
	if (!subscriber)
		return;
	hint_listener_stop(subscriber->listener);
	pthread_mutex_lock(&subscriber->lock);
	subscriber->stopping = true;
	pthread_cond_signal(&subscriber->woken);
	pthread_mutex_unlock(&subscriber->lock);
	if (subscriber->started)
		pthread_join(subscriber->thread, NULL);
	pthread_cond_destroy(&subscriber->woken);
	pthread_mutex_destroy(&subscriber->lock);
	lk_arena_free(subscriber->arena);
	lk_free(subscriber);
}

int64_t
lk_feed_lease_ends_ms(const struct lk_feed_subscriber *subscriber)
{
	return atomic_load(&subscriber->lease_ends_ms);
}

struct lk_feed_subscriber_stats
lk_feed_subscriber_stats(const struct lk_feed_subscriber *subscriber)
{
	return (struct lk_feed_subscriber_stats){
		.renewals = atomic_load(&subscriber->renewals),
		.failures = atomic_load(&subscriber->failures),
		.refused = atomic_load(&subscriber->refused),
		.events = atomic_load(&subscriber->events),
		.hints = atomic_load(&subscriber->hints),
		.flushes = atomic_load(&subscriber->flushes),
	};
}
