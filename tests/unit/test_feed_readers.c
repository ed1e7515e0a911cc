/* A change is answered once every service that decides from memory has forgotten, or is too silent
 * to wait for. The publisher's clock stands still unless a case moves it, so waiting never ends by
 * itself. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "feed_world.h"

static const struct lk_caller tokens = { .kind = LK_CALLER_SERVICE, .id = "tokens" };
static const struct lk_caller someone = { .kind = LK_CALLER_USER, .id = "usr_a" };
static uint8_t reader_a[16] = "reader a", reader_b[16] = "reader b";

struct readers_world {
	struct feed_world feed;
	struct lk_clock_frozen clock;
	char epoch[LK_FEED_EPOCH_SIZE];
	atomic_bool forgotten;
};

static int
setup(void **state)
{
	static struct readers_world w;

	memset(&w, 0, sizeof w);
	feed_world_open(&w.feed, true);
	lk_clock_frozen_init(&w.clock, 100000);
	w.feed.config.clock = &w.clock.clock;
	feed_world_restart(&w.feed);
	*state = &w;
	return 0;
}

static int
teardown(void **state)
{
	feed_world_close(&((struct readers_world *)*state)->feed);
	return 0;
}

static lk_status
say(struct readers_world *w, const struct lk_caller *caller, uint8_t *reader, uint64_t forgot,
    bool leaving)
{
	ReadFeedRequest request = feed_world_request(w->epoch, w->feed.answer.head, 0);

	request.reader.data = reader;
	request.reader.len = 16;
	request.forgot = forgot;
	request.leaving = leaving;
	w->feed.caller = caller;
	LK_TRY(feed_world_ask(&w->feed, &request));
	snprintf(w->epoch, sizeof w->epoch, "%s", w->feed.answer.epoch);
	return LK_OK;
}

static void *
forget(void *arg)
{
	struct readers_world *w = arg;

	atomic_store(&w->forgotten, true);
	if (say(w, &tokens, reader_a, 1, false) != LK_OK)
		abort();
	return NULL;
}

static void
a_change_is_answered_after_its_readers_have_forgotten(void **state)
{
	struct readers_world *w = *state;
	pthread_t thread;

	assert_int_equal(say(w, &tokens, reader_a, 0, false), LK_OK);
	lk_feed_settle(w->feed.feed); /* nothing to forget yet */
	feed_world_change(&w->feed, "usr_a", 1);
	assert_int_equal(pthread_create(&thread, NULL, forget, w), 0);
	lk_feed_settle(w->feed.feed);
	assert_true(atomic_load(&w->forgotten));
	pthread_join(thread, NULL);
}

static void
a_gateway_is_waited_for_as_a_service_is(void **state)
{
	static const struct lk_caller gateway = { .kind = LK_CALLER_GATEWAY, .id = "gateway" };
	struct readers_world *w = *state;
	pthread_t thread;

	assert_int_equal(say(w, &gateway, reader_b, 0, false), LK_OK);
	assert_int_equal(say(w, &tokens, reader_a, 0, false), LK_OK);
	feed_world_change(&w->feed, "usr_a", 1);
	assert_int_equal(say(w, &gateway, reader_b, 1, false), LK_OK);
	assert_int_equal(pthread_create(&thread, NULL, forget, w), 0);
	lk_feed_settle(w->feed.feed);
	assert_true(atomic_load(&w->forgotten));
	pthread_join(thread, NULL);
	feed_world_change(&w->feed, "usr_a", 2);
	assert_int_equal(say(w, &tokens, reader_a, 2, false), LK_OK);
	w->clock.now_ms += 1500; /* the gateway has not spoken */
	lk_feed_settle(w->feed.feed);
}

static void
who_left_or_is_no_service_is_not_waited_for(void **state)
{
	struct readers_world *w = *state;

	assert_int_equal(say(w, &tokens, reader_a, 0, false), LK_OK);
	assert_int_equal(say(w, &someone, reader_b, 0, false), LK_OK);
	assert_int_equal(say(w, &tokens, reader_a, 0, true), LK_OK);
	feed_world_change(&w->feed, "usr_a", 1);
	lk_feed_settle(w->feed.feed);
}

static void
who_is_silent_for_too_long_is_left_to_its_lease_until_it_speaks(void **state)
{
	struct readers_world *w = *state;
	pthread_t thread;

	assert_int_equal(say(w, &tokens, reader_a, 0, false), LK_OK);
	feed_world_change(&w->feed, "usr_a", 1);
	w->clock.now_ms += 1500;
	lk_feed_settle(w->feed.feed);
	w->clock.now_ms -= 1500; /* once is enough: no other change waits */
	lk_feed_settle(w->feed.feed);
	assert_int_equal(say(w, &tokens, reader_a, 0, false), LK_OK);
	assert_int_equal(pthread_create(&thread, NULL, forget, w), 0);
	lk_feed_settle(w->feed.feed);
	assert_true(atomic_load(&w->forgotten));
	pthread_join(thread, NULL);
}

static void
after_a_start_a_service_that_may_hold_a_lease_is_waited_for(void **state)
{
	struct readers_world *w = *state;
	pthread_t thread;

	lk_feed_expect(w->feed.feed, "tokens");
	feed_world_change(&w->feed, "usr_a", 1);
	assert_int_equal(say(w, &someone, reader_b, 1, false), LK_OK);
	assert_int_equal(pthread_create(&thread, NULL, forget, w), 0);
	lk_feed_settle(w->feed.feed);
	assert_true(atomic_load(&w->forgotten));
	pthread_join(thread, NULL);
	lk_feed_expect(w->feed.feed, "credentials");
	feed_world_change(&w->feed, "usr_a", 2);
	assert_int_equal(say(w, &tokens, reader_a, 2, false), LK_OK);
	w->clock.now_ms += 1500; /* it does not run here */
	lk_feed_settle(w->feed.feed);
}

static void
a_reader_that_there_is_no_room_for_gets_no_lease(void **state)
{
	struct readers_world *w = *state;
	uint8_t reader[16] = "reader ?";

	for (uint8_t i = 0; i < 32; i++) {
		reader[15] = i;
		assert_int_equal(say(w, &tokens, reader, 0, false), LK_OK);
		assert_true(w->feed.answer.lease_ttl_ms > 0);
	}
	reader[15] = 32;
	assert_int_equal(say(w, &tokens, reader, 0, false), LK_OK);
	assert_int_equal(w->feed.answer.lease_ttl_ms, 0);
	w->clock.now_ms += 60001; /* those are gone */
	assert_int_equal(say(w, &tokens, reader, 0, false), LK_OK);
	assert_true(w->feed.answer.lease_ttl_ms > 0);
}

static void
what_names_no_reader_properly_is_refused(void **state)
{
	struct readers_world *w = *state;
	ReadFeedRequest request = feed_world_request(w->epoch, 0, 0);

	request.reader.data = reader_a;
	request.reader.len = 15;
	assert_int_equal(feed_world_ask(&w->feed, &request), LK_INVALID_ARGUMENT);
	assert_string_equal(lk_call_error(w->feed.call)->reason, "READER_INVALID");
}

#define WORLD(fn) LK_CASE_WITH(fn, setup, teardown)
LK_TESTS(WORLD(a_change_is_answered_after_its_readers_have_forgotten),
    WORLD(a_gateway_is_waited_for_as_a_service_is),
    WORLD(who_left_or_is_no_service_is_not_waited_for),
    WORLD(who_is_silent_for_too_long_is_left_to_its_lease_until_it_speaks),
    WORLD(after_a_start_a_service_that_may_hold_a_lease_is_waited_for),
    WORLD(a_reader_that_there_is_no_room_for_gets_no_lease),
    WORLD(what_names_no_reader_properly_is_refused))
