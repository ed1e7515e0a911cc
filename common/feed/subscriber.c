/* Asking again and again, and what an answer means: first forget, then trust. */
#include "feed/subscriber.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "base/instant.h"
#include "base/thread.h"
#include "feed/answer.h"
#include "feed/hold.h"
#include "feed/subscriber_impl.h"

enum {
	ANSWER_ARENA = 256 * 1024,
	RENEWALS_PER_LEASE = 3,
	RENEW_LEAST_MS = 5,
	RETRY_LEAST_MS = 5,
	RETRY_MOST_MS = 250,
	ASK_MOST_MS = 5000,
	ASK_SERVICE_MS = 500, /* of those that changes wait for */
	HOPE_MS = 5000,       /* after that, who misses a lease is not kept waiting */
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

/* ---- Answers ---- */

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
		if (!feed_was_heard(subscriber, &event))
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

/* A page of what is open. A truncated answer brings the first one, whichever was asked for. */
static void
open_tell(struct lk_feed_subscriber *subscriber, const ReadFeedRequest *request,
    const ReadFeedResponse *answer)
{
	if (answer->truncated)
		subscriber->open_whole = !subscriber->config.wants_open;
	if (!request->want_open)
		return;
	for (size_t i = 0; i < answer->n_open; i++) {
		struct lk_feed_event event;
		feed_event_decode(answer->open[i], &event);
		subscriber->config.on_event(subscriber->config.user, &event);
	}
	subscriber->open_cursor = answer->open_next;
	subscriber->open_whole = answer->open_next == 0;
}

static bool
is_whole(const struct lk_feed_subscriber *subscriber, const ReadFeedResponse *answer)
{
	return subscriber->open_whole && subscriber->since >= answer->head;
}

/* None any more once we are leaving. */
static void
lease_set(struct lk_feed_subscriber *subscriber, int64_t ends_ms)
{
	pthread_mutex_lock(&subscriber->lock);
	if (!subscriber->stopping)
		atomic_store(&subscriber->lease_ends_ms, ends_ms);
	pthread_mutex_unlock(&subscriber->lock);
}

static void
confirm(struct lk_feed_subscriber *subscriber, int64_t sent_ms)
{
	pthread_mutex_lock(&subscriber->lock);
	subscriber->confirmed_ms = sent_ms;
	pthread_mutex_unlock(&subscriber->lock);
}

/* First forget, then trust: whoever sees the new lease decides without what ended before `sent_ms`.
 */
static void
answer_take(struct lk_feed_subscriber *subscriber, const ReadFeedRequest *request,
    const ReadFeedResponse *answer, int64_t sent_ms)
{
	const int64_t ttl_ms = answer->lease_ttl_ms < subscriber->config.max_staleness_ms
				   ? answer->lease_ttl_ms
				   : subscriber->config.max_staleness_ms;

	if (answer->truncated) {
		subscriber->config.on_flush(subscriber->config.user);
		atomic_fetch_add(&subscriber->flushes, 1);
	}
	events_tell(subscriber, answer);
	open_tell(subscriber, request, answer);
	position_set(subscriber, answer);
	if (answer->lease_ttl_ms > 0 && subscriber->open_whole)
		lease_set(subscriber, sent_ms + ttl_ms);
	if (is_whole(subscriber, answer))
		confirm(subscriber, sent_ms);
	atomic_fetch_add(&subscriber->renewals, 1);
}

/* ---- Questions ---- */

static uint32_t
patience_ms(const struct lk_feed_subscriber *subscriber)
{
	const int64_t ms = subscriber->config.max_staleness_ms;
	const int64_t most_ms = subscriber->config.acknowledge ? ASK_SERVICE_MS : ASK_MOST_MS;

	return (uint32_t)(ms > most_ms ? most_ms : ms < 1 ? 1 : ms);
}

/* Everything but the nonce. */
static void
request_fill(struct lk_feed_subscriber *subscriber, ReadFeedRequest *request)
{
	const uint32_t hold_ms = feed_hold_ms(subscriber, subscriber->asked.sent_ms);

	pthread_mutex_lock(&subscriber->lock);
	if (subscriber->start_over) {
		subscriber->epoch[0] = '\0';
		subscriber->since = 0;
		subscriber->start_over = false;
		subscriber->open_cursor = 0;
		subscriber->open_whole = !subscriber->config.wants_open;
	}
	request->forgot = subscriber->config.acknowledge ? subscriber->heard_to : 0;
	request->wait_ms = subscriber->open_whole && !subscriber->stopping ? hold_ms : 0;
	subscriber->held = request->wait_ms > 0;
	pthread_mutex_unlock(&subscriber->lock);
	request->epoch = subscriber->epoch; /* ours to write, so ours to read */
	request->since = subscriber->since;
	request->want_open = subscriber->config.wants_open && !subscriber->open_whole;
	request->open_cursor = request->want_open ? subscriber->open_cursor : 0;
	if (subscriber->config.acknowledge || subscriber->holds) {
		request->reader.data = subscriber->reader;
		request->reader.len = sizeof subscriber->reader;
	}
}

static lk_status
question(struct lk_feed_subscriber *subscriber, const ReadFeedRequest *request,
    const ReadFeedResponse **out_answer, struct lk_error *err)
{
	const struct lk_feed_subscriber_config *config = &subscriber->config;

	lk_arena_reset(subscriber->arena);
	const lk_status status = config->ask(config->user, request,
	    patience_ms(subscriber) + request->wait_ms, subscriber->arena, out_answer, err);
	pthread_mutex_lock(&subscriber->lock);
	subscriber->held = false;
	pthread_mutex_unlock(&subscriber->lock);
	return status;
}

/* What is left to ask or to say. */
static bool
is_behind(const struct lk_feed_subscriber *subscriber, const ReadFeedResponse *answer)
{
	return subscriber->since < answer->head || !subscriber->open_whole ||
	       (subscriber->config.acknowledge && subscriber->acknowledged < subscriber->since);
}

lk_status
lk_feed_read_once(struct lk_feed_subscriber *subscriber, bool *out_more, struct lk_error *err)
{
	const struct lk_feed_subscriber_config *config = &subscriber->config;
	ReadFeedRequest request = LATCHKEY__COMMON__V1__READ_FEED_REQUEST__INIT;
	const ReadFeedResponse *answer = NULL;
	uint8_t nonce[LK_FEED_NONCE_LEN];
	char epoch[LK_FEED_EPOCH_SIZE];

	lk_random_fill(config->random, nonce, sizeof nonce);
	const int64_t sent_ms = lk_clock_steady_ms(config->clock);
	subscriber->asked = (struct feed_asked){ .sent_ms = sent_ms };
	request_fill(subscriber, &request);
	subscriber->asked.hold_ms = request.wait_ms;
	memcpy(epoch, request.epoch, sizeof epoch); /* an answer may begin another */
	request.epoch = epoch;
	request.nonce.data = nonce;
	request.nonce.len = sizeof nonce;
	LK_TRY(question(subscriber, &request, &answer, err));
	LK_TRY(answer_check(subscriber, &request, answer, err));
	answer_take(subscriber, &request, answer, sent_ms);
	subscriber->acknowledged = answer->truncated ? 0 : request.forgot;
	subscriber->asked.news = answer->n_events > 0;
	*out_more = is_behind(subscriber, answer);
	return LK_OK;
}

static int64_t
renewal_ms(const struct lk_feed_subscriber *subscriber)
{
	const int64_t ms = subscriber->config.max_staleness_ms / RENEWALS_PER_LEASE;

	return subscriber->config.acknowledge && ms > FEED_RENEW_AWAITED_MS ? FEED_RENEW_AWAITED_MS
									    : ms;
}

static int64_t
pause_after(const struct lk_feed_subscriber *subscriber, lk_status status, bool more)
{
	const int64_t renew_ms = renewal_ms(subscriber);
	const int64_t rest_ms = feed_hold_rest_ms(
	    subscriber, &subscriber->asked, lk_clock_steady_ms(subscriber->config.clock));

	if (status == LK_OK && more)
		return 0;
	if (status == LK_OK && rest_ms >= 0)
		return rest_ms;
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
	const struct timespec until = lk_after_ms(ms);
	int waited = 0;

	pthread_mutex_lock(&subscriber->lock);
	while (!subscriber->stopping && !subscriber->wake && waited == 0)
		waited = pthread_cond_timedwait(&subscriber->woken, &subscriber->lock, &until);
	subscriber->wake = false;
	const bool go_on = !subscriber->stopping;
	pthread_mutex_unlock(&subscriber->lock);
	return go_on;
}

/* For those who wait in lk_feed_confirm(). */
static void
tell_answered(struct lk_feed_subscriber *subscriber, lk_status status)
{
	const int64_t now_ms = lk_clock_steady_ms(subscriber->config.clock);

	pthread_mutex_lock(&subscriber->lock);
	if (status == LK_OK)
		subscriber->failing_since_ms = 0;
	else if (subscriber->failing_since_ms == 0)
		subscriber->failing_since_ms = now_ms;
	pthread_cond_broadcast(&subscriber->answered);
	pthread_mutex_unlock(&subscriber->lock);
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
		tell_answered(subscriber, status);
		pause_ms = pause_after(subscriber, status, more);
	} while (pause_for(subscriber, pause_ms));
	if (subscriber->config.acknowledge)
		feed_say_goodbye(subscriber);
	return NULL;
}

/* ---- Without a lease ---- */

/* Under the lock. */
static bool
is_confirmed(const struct lk_feed_subscriber *subscriber, int64_t begun_ms, int64_t now_ms)
{
	return subscriber->confirmed_ms >= begun_ms ||
	       atomic_load(&subscriber->lease_ends_ms) > now_ms;
}

/* Under the lock. */
static bool
is_hopeless(const struct lk_feed_subscriber *subscriber, int64_t now_ms)
{
	return subscriber->stopping || (subscriber->failing_since_ms != 0 &&
					   now_ms - subscriber->failing_since_ms > HOPE_MS);
}

lk_status
lk_feed_confirm(struct lk_feed_subscriber *subscriber, uint32_t timeout_ms, struct lk_error *err)
{
	const struct lk_clock *clock = subscriber->config.clock;
	const int64_t begun_ms = lk_clock_steady_ms(clock);
	int64_t now_ms = begun_ms;

	pthread_mutex_lock(&subscriber->lock);
	while (!is_confirmed(subscriber, begun_ms, now_ms) && !is_hopeless(subscriber, now_ms) &&
	       now_ms < begun_ms + timeout_ms) {
		const struct timespec until = lk_after_ms(begun_ms + timeout_ms - now_ms);
		subscriber->wake = true;
		pthread_cond_signal(&subscriber->woken);
		(void)pthread_cond_timedwait(&subscriber->answered, &subscriber->lock, &until);
		now_ms = lk_clock_steady_ms(clock);
	}
	const bool confirmed = is_confirmed(subscriber, begun_ms, now_ms);
	pthread_mutex_unlock(&subscriber->lock);
	return confirmed ? LK_OK
			 : lk_fail(err, LK_UNAVAILABLE, "FEED_UNAVAILABLE",
			       "%s does not say what has changed", subscriber->config.service);
}

void
lk_feed_start_over(struct lk_feed_subscriber *subscriber)
{
	pthread_mutex_lock(&subscriber->lock);
	subscriber->start_over = true;
	subscriber->wake = true;
	pthread_cond_signal(&subscriber->woken);
	pthread_mutex_unlock(&subscriber->lock);
}

void
lk_feed_leave(struct lk_feed_subscriber *subscriber)
{
	if (!subscriber)
		return;
	pthread_mutex_lock(&subscriber->lock);
	subscriber->stopping = true;
	atomic_store(&subscriber->lease_ends_ms, 0);
	pthread_cond_signal(&subscriber->woken);
	pthread_cond_broadcast(&subscriber->answered);
	pthread_mutex_unlock(&subscriber->lock);
}

/* ---- Life ---- */

lk_status
lk_feed_subscriber_new(struct lk_feed_subscriber **out_subscriber,
    const struct lk_feed_subscriber_config *config, struct lk_error *err)
{
	LK_AUTO(lk_feed_unsubscribep)
	struct lk_feed_subscriber *subscriber = LK_ALLOC(struct lk_feed_subscriber);

	if (!subscriber)
		return lk_fail_oom(err);
	pthread_mutex_init(&subscriber->lock, NULL);
	lk_cond_init(&subscriber->woken);
	lk_cond_init(&subscriber->answered);
	subscriber->config = *config;
	subscriber->open_whole = !config->wants_open;
	lk_random_fill(config->random, subscriber->reader, sizeof subscriber->reader);
	subscriber->arena = lk_arena_new(ANSWER_ARENA);
	if (!subscriber->arena)
		return lk_fail_oom(err);
	*out_subscriber = LK_TAKE(subscriber);
	return LK_OK;
}

static bool
start_thread(struct lk_feed_subscriber *subscriber)
{
	subscriber->started = lk_thread_start(&subscriber->thread, run, subscriber);
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
		    &subscriber->listener, config->service_urls, feed_hint_take, subscriber, err));
	subscriber->holds = !subscriber->listener || !hint_listener_hears_all(subscriber->listener);
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
	lk_feed_leave(subscriber);
	feed_hold_end(subscriber);
	if (subscriber->started)
		pthread_join(subscriber->thread, NULL);
	pthread_cond_destroy(&subscriber->answered);
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
