/* Readers without hints: the publisher holds their question until there is something to tell, and
 * never longer than is good for anybody. A renewal of these readers is seconds away, so what is
 * there sooner was held. */
#include "feed_server.h"

#include <pthread.h>

#include "auth/caller.h"

enum {
	READERS_MAX = 40,
	STALENESS_MS =
	    30000, /* asks every ten seconds when it is not held, every five when it is */
	SOON_MS = 3000,
};

struct scene {
	struct feed_server server;
	struct feed_reader readers[READERS_MAX];
	size_t count;
};

static int
open_scene(void **state)
{
	static struct scene scene;

	memset(&scene, 0, sizeof scene);
	feed_server_open(&scene.server);
	*state = &scene;
	return 0;
}

static int
close_scene(void **state)
{
	struct scene *s = *state;

	for (size_t i = 0; i < s->count; i++)
		feed_reader_close(&s->readers[i]);
	feed_server_close(&s->server);
	return 0;
}

static struct feed_reader *
add_reader(struct scene *s, const struct feed_reader_setup *setup)
{
	struct feed_reader *r = &s->readers[s->count];

	feed_reader_open_as(r, &s->server, setup);
	s->count++;
	assert_true(feed_wait_until(feed_reader_trusts(r)));
	return r;
}

static unsigned
waiting(const struct scene *s)
{
	return lk_feed_stats(s->server.world.feed).waiting;
}

static void
change(struct scene *s, uint64_t generation)
{
	feed_world_change(&s->server.world, "key_a", generation);
}

static void
an_event_is_heard_long_before_the_next_question_would_be_asked(void **state)
{
	struct scene *s = *state;
	struct feed_reader *r =
	    add_reader(s, &(struct feed_reader_setup){ .max_staleness_ms = STALENESS_MS });

	for (uint64_t i = 1; i <= 5; i++) {
		assert_true(feed_wait_until(waiting(s) == 1));
		const int64_t begun_us = feed_now_us();
		change(s, i);
		assert_true(feed_wait_until(atomic_load(&r->last_generation) == i));
		assert_true(feed_now_us() - begun_us < SOON_MS * 1000);
	}
	assert_int_equal(lk_feed_subscriber_stats(r->subscriber).hints, 0);
	assert_int_equal(r->flushes, 1);
}

/* The reader's lease and acknowledgement stand for half a minute; it asks four times a second. So
 * many changes in a row would wait for many of its questions. */
static void
a_change_that_waits_for_a_reader_is_answered_when_it_has_heard(void **state)
{
	enum { CHANGES = 40 };
	struct scene *s = *state;
	struct feed_reader *r = add_reader(s,
	    &(struct feed_reader_setup){ .max_staleness_ms = STALENESS_MS, .acknowledge = true });
	const int64_t begun_us = feed_now_us();

	for (uint64_t i = 1; i <= CHANGES; i++) {
		change(s, i);
		lk_feed_settle(s->server.world.feed);
		assert_int_equal(atomic_load(&r->last_generation), i);
	}
	assert_true(feed_now_us() - begun_us < CHANGES * 1000 * 125);
	assert_int_equal(lk_feed_stats(s->server.world.feed).lag, 0);
}

static void
the_lease_is_kept_over_a_quiet_time_with_few_questions(void **state)
{
	struct scene *s = *state;
	const struct feed_reader *r =
	    add_reader(s, &(struct feed_reader_setup){ .max_staleness_ms = 3000 });
	const uint64_t before = lk_feed_subscriber_stats(r->subscriber).renewals;
	const int64_t until_us = feed_now_us() + 3200000;

	while (feed_now_us() < until_us) {
		assert_true(feed_reader_trusts(r));
		feed_pause_ms(20);
	}
	const uint64_t asked = lk_feed_subscriber_stats(r->subscriber).renewals - before;
	assert_in_range(asked, 2, 10);
	assert_int_equal(lk_feed_subscriber_stats(r->subscriber).failures, 0);
}

/* It answers at once, as if nobody could wait. */
static void
a_publisher_that_does_not_hold_questions_is_not_asked_more_often(void **state)
{
	struct scene *s = *state;
	const struct feed_reader *r = add_reader(
	    s, &(struct feed_reader_setup){ .max_staleness_ms = 2000, .publisher_is_old = true });
	const uint64_t before = lk_feed_subscriber_stats(r->subscriber).renewals;

	feed_pause_ms(2200);
	assert_true(feed_reader_trusts(r));
	assert_int_equal(waiting(s), 0);
	assert_in_range(lk_feed_subscriber_stats(r->subscriber).renewals - before, 2, 10);
}

static void
draining_answers_those_who_wait(void **state)
{
	struct scene *s = *state;
	struct lk_error err;

	for (size_t i = 0; i < 5; i++)
		add_reader(s, &(struct feed_reader_setup){ .max_staleness_ms = STALENESS_MS });
	assert_true(feed_wait_until(waiting(s) == 5));
	const int64_t begun_us = feed_now_us();
	lk_feed_drain(s->server.world.feed);
	expect_ok(lk_server_drain(s->server.server, 10000, &err), &err);
	assert_true(feed_now_us() - begun_us < SOON_MS * 1000);
	assert_int_equal(waiting(s), 0);
	for (size_t i = 0; i < s->count; i++)
		assert_true(feed_reader_trusts(&s->readers[i]));
}

static void
a_reader_that_leaves_is_not_kept_by_its_question(void **state)
{
	struct scene *s = *state;
	struct feed_reader *r =
	    add_reader(s, &(struct feed_reader_setup){ .max_staleness_ms = STALENESS_MS });

	assert_true(feed_wait_until(waiting(s) == 1));
	const int64_t begun_us = feed_now_us();
	lk_feed_unsubscribe(LK_TAKE(r->subscriber));
	assert_true(feed_now_us() - begun_us < SOON_MS * 1000);
	assert_true(feed_wait_until(waiting(s) == 0));
}

/* Above the limit questions are answered at once, and their readers hear later. Those that changes
 * wait for find room. */
static void
no_more_wait_than_there_is_room_for(void **state)
{
	enum { PLAIN = 30, ROOM = 30 * 3 / 4 }; /* of the default contexts */
	struct scene *s = *state;

	for (size_t i = 0; i < PLAIN; i++)
		add_reader(s, &(struct feed_reader_setup){ .max_staleness_ms = STALENESS_MS });
	assert_true(feed_wait_until(waiting(s) == ROOM));
	struct feed_reader *r = add_reader(s,
	    &(struct feed_reader_setup){ .max_staleness_ms = STALENESS_MS, .acknowledge = true });
	assert_true(feed_wait_until(waiting(s) == ROOM + 1));
	const int64_t begun_us = feed_now_us();
	change(s, 1);
	lk_feed_settle(s->server.world.feed);
	assert_int_equal(atomic_load(&r->last_generation), 1);
	assert_true(feed_now_us() - begun_us < SOON_MS * 1000);
	for (size_t i = 0; i < s->count; i++)
		assert_true(feed_reader_trusts(&s->readers[i]));
}

/* A channel that closes takes its question with it; the place is free once its time is over. */
struct raw {
	struct lk_channel *channel;
	uint8_t reader[16];
	ReadFeedRequest request;
	char epoch[LK_FEED_EPOCH_SIZE];
	lk_status status;
	uint32_t lease_ms;
	size_t events;
	atomic_bool answered;
};

static void
raw_done(void *user, lk_status status, const ProtobufCMessage *reply, const struct lk_error *err)
{
	struct raw *raw = user;
	const ReadFeedResponse *answer = (const ReadFeedResponse *)(const void *)reply;

	(void)err;
	raw->status = status;
	raw->events = answer ? answer->n_events : 0;
	raw->lease_ms = answer ? answer->lease_ttl_ms : 0;
	if (answer)
		snprintf(raw->epoch, sizeof raw->epoch, "%s", answer->epoch);
	atomic_store(&raw->answered, true);
}

static void
raw_ask(struct raw *raw, uint64_t since, uint32_t wait_ms, uint32_t timeout_ms)
{
	struct lk_error err;

	raw->request = feed_world_request(raw->epoch, since, 0);
	raw->request.reader.data = raw->reader;
	raw->request.reader.len = sizeof raw->reader;
	raw->request.wait_ms = wait_ms;
	atomic_store(&raw->answered, false);
	const struct lk_rpc_request call = { .method = "latchkey.common.v1.FeedService/ReadFeed",
		.body = &raw->request.base,
		.timeout_ms = timeout_ms };
	expect_ok(lk_channel_submit(raw->channel, &call,
		      &latchkey__common__v1__read_feed_response__descriptor, raw_done, raw, &err),
	    &err);
}

static void
raw_open(struct raw *raw, const struct scene *s)
{
	struct lk_error err;

	memset(raw, 0, sizeof *raw);
	lk_random_fill(lk_random_system(), raw->reader, sizeof raw->reader);
	expect_ok(lk_channel_open(&raw->channel, s->server.url, NULL, &err), &err);
	raw_ask(raw, 0, 1000, 5000);
	assert_true(feed_wait_until(atomic_load(&raw->answered)));
	assert_int_equal(raw->status, LK_OK);
}

static void
a_reader_that_goes_away_leaves_nothing_behind(void **state)
{
	struct scene *s = *state;
	struct raw raw;

	raw_open(&raw, s);
	raw_ask(&raw, 0, 1000, 5000);
	assert_true(feed_wait_until(waiting(s) == 1));
	lk_channel_close(raw.channel);
	assert_int_equal(raw.status, LK_CANCELLED);
	assert_true(feed_wait_until(waiting(s) == 0));
	assert_true(feed_wait_until(lk_server_stats(s->server.server).in_progress == 0));
	add_reader(s, &(struct feed_reader_setup){ .max_staleness_ms = STALENESS_MS });
}

static void
one_question_of_a_reader_waits_and_the_next_ends_it(void **state)
{
	struct scene *s = *state;
	struct raw raw, again;

	raw_open(&raw, s);
	again = raw;
	raw_ask(&raw, 0, 5000, 20000);
	assert_true(feed_wait_until(waiting(s) == 1));
	const int64_t begun_us = feed_now_us();
	raw_ask(&again, 0, 5000, 20000);
	assert_true(feed_wait_until(atomic_load(&raw.answered)));
	assert_true(feed_now_us() - begun_us < SOON_MS * 1000);
	assert_int_equal(raw.status, LK_OK);
	assert_int_equal(raw.events, 0);
	assert_int_equal(raw.lease_ms, LK_FEED_LEASE_MS);
	assert_false(atomic_load(&again.answered));
	change(s, 1);
	assert_true(feed_wait_until(atomic_load(&again.answered)));
	assert_int_equal(again.events, 1);
	lk_channel_close(raw.channel);
}

static void
a_wait_ends_before_the_callers_time_does(void **state)
{
	struct scene *s = *state;
	struct raw raw;

	raw_open(&raw, s);
	raw_ask(&raw, 0, 5000, 1000);
	assert_true(feed_wait_until(atomic_load(&raw.answered)));
	assert_int_equal(raw.status, LK_OK);
	assert_int_equal(raw.events, 0);
	lk_channel_close(raw.channel);
}

/* Where no lease can be gained there is nothing to wait for. */
static void
who_is_behind_or_says_not_who_it_is_is_answered_at_once(void **state)
{
	struct scene *s = *state;
	struct raw raw;

	raw_open(&raw, s);
	change(s, 1);
	raw_ask(&raw, 0, 5000, 20000);
	assert_true(feed_wait_until(atomic_load(&raw.answered)));
	assert_int_equal(raw.events, 1);
	raw_ask(&raw, 7, 5000, 20000); /* beyond the head: starts over */
	assert_true(feed_wait_until(atomic_load(&raw.answered)));
	assert_int_equal(raw.status, LK_OK);
	assert_int_equal(waiting(s), 0);
	lk_channel_close(raw.channel);
}

#define IN_SCENE(fn) LK_CASE_WITH(fn, open_scene, close_scene)

LK_TESTS(IN_SCENE(an_event_is_heard_long_before_the_next_question_would_be_asked),
    IN_SCENE(a_change_that_waits_for_a_reader_is_answered_when_it_has_heard),
    IN_SCENE(the_lease_is_kept_over_a_quiet_time_with_few_questions),
    IN_SCENE(a_publisher_that_does_not_hold_questions_is_not_asked_more_often),
    IN_SCENE(draining_answers_those_who_wait),
    IN_SCENE(a_reader_that_leaves_is_not_kept_by_its_question),
    IN_SCENE(no_more_wait_than_there_is_room_for),
    IN_SCENE(a_reader_that_goes_away_leaves_nothing_behind),
    IN_SCENE(one_question_of_a_reader_waits_and_the_next_ends_it),
    IN_SCENE(a_wait_ends_before_the_callers_time_does),
    IN_SCENE(who_is_behind_or_says_not_who_it_is_is_answered_at_once))
