/* How long a question may be held, and how it is ended; see hold.h. */
#include "feed/hold.h"

#include "base/instant.h"
#include "feed/answer.h"
#include "feed/waits.h"

enum {
	HOLDS_PER_LEASE = 4,
	HOLD_LEAST_MS = 5,
	NEWS_PAUSE_MS = 5, /* events in a row come together to who need not say that it forgot */
	LEAVE_MS = 200,
	AGAIN_MS = 50,
	GOODBYE_ARENA = 64 * 1024,
};

static int64_t
longest_ms(const struct lk_feed_subscriber *subscriber)
{
	const struct lk_feed_subscriber_config *config = &subscriber->config;
	const int64_t ms = config->max_staleness_ms / HOLDS_PER_LEASE;
	const int64_t most_ms = config->acknowledge ? FEED_RENEW_AWAITED_MS : FEED_WAIT_MS;

	return ms < most_ms ? ms : most_ms;
}

/* A lease lasts for so many of the longest. */
static bool
lease_lasts(const struct lk_feed_subscriber *subscriber, int64_t now_ms, int64_t times)
{
	return subscriber->holds && subscriber->open_whole &&
	       longest_ms(subscriber) >= HOLD_LEAST_MS &&
	       atomic_load(&subscriber->lease_ends_ms) - now_ms >= times * longest_ms(subscriber);
}

uint32_t
feed_hold_ms(const struct lk_feed_subscriber *subscriber, int64_t now_ms)
{
	return lease_lasts(subscriber, now_ms, 2) ? (uint32_t)longest_ms(subscriber) : 0;
}

int64_t
feed_hold_rest_ms(
    const struct lk_feed_subscriber *subscriber, const struct feed_asked *asked, int64_t now_ms)
{
	const int64_t rest_ms = asked->sent_ms + asked->hold_ms - now_ms;

	if (!lease_lasts(subscriber, now_ms, asked->hold_ms > 0 ? 2 : 3))
		return -1;
	if (asked->news || asked->hold_ms == 0)
		return NEWS_PAUSE_MS;
	return rest_ms > 0 ? rest_ms : 0;
}

/* ---- The end ---- */

void
feed_say_goodbye(struct lk_feed_subscriber *subscriber)
{
	const struct lk_feed_subscriber_config *config = &subscriber->config;
	LK_AUTO(lk_arena_freep) struct lk_arena *arena = lk_arena_new(GOODBYE_ARENA);
	ReadFeedRequest request = LATCHKEY__COMMON__V1__READ_FEED_REQUEST__INIT;
	uint8_t nonce[LK_FEED_NONCE_LEN] = { 0 };
	const ReadFeedResponse *answer;

	if (!arena)
		return;
	request.nonce.data = nonce;
	request.nonce.len = sizeof nonce;
	request.reader.data = subscriber->reader;
	request.reader.len = sizeof subscriber->reader;
	request.leaving = true;
	LK_IGNORE(config->ask(config->user, &request, LEAVE_MS, arena, &answer, NULL));
}

static bool
is_held(struct lk_feed_subscriber *subscriber)
{
	pthread_mutex_lock(&subscriber->lock);
	const bool held = subscriber->held;
	pthread_mutex_unlock(&subscriber->lock);
	return held;
}

static void
await_answer(struct lk_feed_subscriber *subscriber)
{
	const struct timespec until = lk_after_ms(AGAIN_MS);

	pthread_mutex_lock(&subscriber->lock);
	if (subscriber->held)
		(void)pthread_cond_timedwait(&subscriber->answered, &subscriber->lock, &until);
	pthread_mutex_unlock(&subscriber->lock);
}

/* Again, as the goodbye may have been quicker than the question. */
void
feed_hold_end(struct lk_feed_subscriber *subscriber)
{
	while (is_held(subscriber)) {
		feed_say_goodbye(subscriber);
		await_answer(subscriber);
	}
}
