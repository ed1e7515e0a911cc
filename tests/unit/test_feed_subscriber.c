/* The reader's promises: first forget, then trust; trust counts from the question; nothing but the
 * publisher's answer gives it. */
#include "feed_world.h"

struct reader {
	struct feed_world *w;
	struct lk_feed_subscriber_config config;
	struct lk_feed_subscriber *subscriber;
	struct lk_clock_frozen clock;
	int64_t answer_takes_ms;
	void (*tamper)(ReadFeedResponse *answer);
	const char *instead_of_answer; /* a status reason: fail so */
	uint64_t told;                 /* the last sequence of on_event */
	unsigned events, flushes;
	int64_t lease_when_told;
	char last_id[LK_FEED_ID_SIZE];
};

static lk_status
ask(void *user, const ReadFeedRequest *request, uint32_t timeout_ms, struct lk_arena *arena,
    const ReadFeedResponse **out, struct lk_error *err)
{
	struct reader *r = user;

	(void)timeout_ms;
	(void)arena;
	if (r->instead_of_answer)
		return lk_fail(err, LK_UNAVAILABLE, r->instead_of_answer, "no answer");
	LK_TRY(feed_world_ask(r->w, request));
	r->clock.now_ms += r->answer_takes_ms;
	if (r->tamper)
		r->tamper(&r->w->answer);
	*out = &r->w->answer;
	return LK_OK;
}

static void
on_event(void *user, const struct lk_feed_event *event)
{
	struct reader *r = user;

	r->told = event->sequence;
	r->events++;
	r->lease_when_told = lk_feed_lease_ends_ms(r->subscriber);
	snprintf(r->last_id, sizeof r->last_id, "%s", event->id);
}

static void
on_flush(void *user)
{
	struct reader *r = user;

	r->flushes++;
	r->lease_when_told = lk_feed_lease_ends_ms(r->subscriber);
}

static int
open_reader(void **state)
{
	static struct feed_world world;
	static struct reader reader;

	feed_world_open(&world, true);
	reader = (struct reader){ .w = &world };
	lk_clock_frozen_init(&reader.clock, 1000);
	reader.config = (struct lk_feed_subscriber_config){
		.service = "keys",
		.instance = "i1",
		.public_key = lk_sign_key_public(world.key),
		.max_staleness_ms = 400,
		.clock = &reader.clock.clock,
		.random = lk_random_system(),
		.user = &reader,
		.ask = ask,
		.on_event = on_event,
		.on_flush = on_flush,
	};
	expect_ok(
	    lk_feed_subscriber_new(&reader.subscriber, &reader.config, &world.err), &world.err);
	*state = &reader;
	return 0;
}

static int
close_reader(void **state)
{
	struct reader *r = *state;

	lk_feed_unsubscribe(r->subscriber);
	feed_world_close(r->w);
	return 0;
}

static void
read_ok(struct reader *r)
{
	bool more = true;

	expect_ok(lk_feed_read_once(r->subscriber, &more, &r->w->err), &r->w->err);
	assert_false(more);
}

static void
without_an_answer_there_is_no_lease(void **state)
{
	struct reader *r = *state;
	bool more;

	r->instead_of_answer = "SERVER_UNREACHABLE";
	expect_fail(lk_feed_read_once(r->subscriber, &more, &r->w->err), &r->w->err, LK_UNAVAILABLE,
	    "SERVER_UNREACHABLE");
	assert_int_equal(lk_feed_lease_ends_ms(r->subscriber), 0);
}

static void
the_lease_counts_from_the_question_not_from_the_answer(void **state)
{
	struct reader *r = *state;

	r->answer_takes_ms = 300;
	read_ok(r);
	assert_int_equal(lk_feed_lease_ends_ms(r->subscriber), 1000 + 400);
	read_ok(r);
	assert_int_equal(lk_feed_lease_ends_ms(r->subscriber), 1300 + 400);
}

static void
a_publisher_that_trusts_less_shortens_the_lease(void **state)
{
	struct reader *r = *state;

	r->config.max_staleness_ms = 10 * LK_FEED_LEASE_MS;
	lk_feed_unsubscribe(r->subscriber);
	expect_ok(lk_feed_subscriber_new(&r->subscriber, &r->config, &r->w->err), &r->w->err);
	read_ok(r);
	assert_int_equal(lk_feed_lease_ends_ms(r->subscriber), 1000 + LK_FEED_LEASE_MS);
}

static void
events_are_told_before_the_lease_that_covers_them(void **state)
{
	struct reader *r = *state;

	read_ok(r);
	assert_int_equal(r->flushes, 1);
	assert_int_equal(r->lease_when_told, 0);
	r->clock.now_ms = 1200;
	feed_world_change(r->w, "usr_a", 7);
	read_ok(r);
	assert_int_equal(r->events, 1);
	assert_string_equal(r->last_id, "usr_a");
	assert_int_equal(r->lease_when_told, 1400); /* still the old one */
	assert_int_equal(lk_feed_lease_ends_ms(r->subscriber), 1600);
}

static void
a_publisher_that_starts_again_makes_the_reader_forget_everything(void **state)
{
	struct reader *r = *state;

	read_ok(r);
	feed_world_change(r->w, "usr_a", 7);
	feed_world_restart(r->w);
	read_ok(r);
	assert_int_equal(r->flushes, 2);
	assert_int_equal(r->events, 0);
	feed_world_change(r->w, "usr_b", 8);
	read_ok(r);
	assert_int_equal(r->events, 1);
	assert_string_equal(r->last_id, "usr_b");
}

static void
a_long_way_behind_takes_several_answers_and_only_the_last_gives_trust(void **state)
{
	struct reader *r = *state;
	bool more = true;
	int answers = 0;

	read_ok(r);
	const int64_t before = lk_feed_lease_ends_ms(r->subscriber);
	for (uint64_t i = 1; i <= 1300; i++)
		feed_world_change(r->w, "usr_a", i);
	r->clock.now_ms += 50;
	while (more) {
		assert_int_equal(lk_feed_lease_ends_ms(r->subscriber), before);
		expect_ok(lk_feed_read_once(r->subscriber, &more, &r->w->err), &r->w->err);
		answers++;
	}
	assert_int_equal(answers, 11);
	assert_int_equal(r->events, 1300);
	assert_int_equal(r->told, 1300);
	assert_int_equal(lk_feed_lease_ends_ms(r->subscriber), before + 50);
}

static void
longer_lease(ReadFeedResponse *answer)
{
	answer->lease_ttl_ms++;
}

static void
no_events(ReadFeedResponse *answer)
{
	answer->n_events = 0;
}

static void
other_service(ReadFeedResponse *answer)
{
	static char name[] = "tokens";
	answer->service = name;
}

static void
other_epoch(ReadFeedResponse *answer)
{
	static char name[] = "0123";
	answer->epoch = name;
}

static void
short_signature(ReadFeedResponse *answer)
{
	answer->signature.len = 63;
}

static void
an_answer_that_somebody_touched_gives_nothing(void **state)
{
	static void (*const tampers[])(ReadFeedResponse *) = { longer_lease, no_events,
		other_service, other_epoch, short_signature };
	struct reader *r = *state;
	bool more;

	read_ok(r);
	feed_world_change(r->w, "usr_a", 7);
	r->clock.now_ms += 100;
	for (size_t i = 0; i < LK_ARRAY_LEN(tampers); i++) {
		r->tamper = tampers[i];
		expect_fail(lk_feed_read_once(r->subscriber, &more, &r->w->err), &r->w->err,
		    LK_DATA_LOSS, "FEED_ANSWER_REFUSED");
		assert_int_equal(lk_feed_lease_ends_ms(r->subscriber), 1400);
		assert_int_equal(r->events, 0);
	}
	r->tamper = NULL;
	read_ok(r);
	assert_int_equal(r->events, 1);
	assert_int_equal(lk_feed_subscriber_stats(r->subscriber).refused, LK_ARRAY_LEN(tampers));
}

static void
without_the_publishers_key_gaps_are_refused_all_the_same(void **state)
{
	struct reader *r = *state;
	bool more;

	r->config.public_key = NULL;
	lk_feed_unsubscribe(r->subscriber);
	expect_ok(lk_feed_subscriber_new(&r->subscriber, &r->config, &r->w->err), &r->w->err);
	read_ok(r);
	feed_world_change(r->w, "usr_a", 1);
	feed_world_change(r->w, "usr_b", 1);
	r->tamper = other_epoch;
	expect_fail(lk_feed_read_once(r->subscriber, &more, &r->w->err), &r->w->err, LK_DATA_LOSS,
	    "FEED_ANSWER_REFUSED");
	r->tamper = NULL;
	read_ok(r);
	assert_int_equal(r->events, 2);
}

/* ---- Readers that changes wait for ---- */

static const struct lk_caller a_service = { .kind = LK_CALLER_SERVICE, .id = "tokens" };

static void
acknowledge(struct reader *r)
{
	r->config.acknowledge = true;
	r->w->caller = &a_service;
	lk_feed_unsubscribe(r->subscriber);
	expect_ok(lk_feed_subscriber_new(&r->subscriber, &r->config, &r->w->err), &r->w->err);
}

/* Reads until nothing is left to ask or say. */
static unsigned
read_all(struct reader *r)
{
	unsigned answers = 0;
	bool more = true;

	for (; more; answers++)
		expect_ok(lk_feed_read_once(r->subscriber, &more, &r->w->err), &r->w->err);
	return answers;
}

static void
what_was_forgotten_is_said_without_waiting_for_the_next_renewal(void **state)
{
	struct reader *r = *state;

	acknowledge(r);
	read_all(r);
	feed_world_change(r->w, "usr_a", 7);
	assert_int_equal(read_all(r), 2); /* it reads the event, and says that it has */
	assert_int_equal(read_all(r), 1);
}

static size_t
open_page(void *user, uint64_t *cursor, size_t max, struct lk_feed_event *out)
{
	const unsigned *all = user;
	size_t count = 0;

	for (; count < max && *cursor < *all; count++) {
		out[count] = (struct lk_feed_event){ .kind = LK_FEED_TOKEN_REVOKED };
		snprintf(out[count].id, sizeof out[count].id, "jti_%u", (unsigned)++*cursor);
	}
	if (*cursor == *all)
		*cursor = 0;
	return count;
}

static void
what_is_open_is_told_whole_before_there_is_a_lease(void **state)
{
	struct reader *r = *state;
	unsigned all = 150;
	bool more = true;

	lk_feed_open_from(r->w->feed, open_page, &all);
	r->config.wants_open = true;
	lk_feed_unsubscribe(r->subscriber);
	expect_ok(lk_feed_subscriber_new(&r->subscriber, &r->config, &r->w->err), &r->w->err);
	while (more) {
		assert_int_equal(lk_feed_lease_ends_ms(r->subscriber), 0);
		expect_ok(lk_feed_read_once(r->subscriber, &more, &r->w->err), &r->w->err);
	}
	assert_int_equal(r->events, 150);
	assert_string_equal(r->last_id, "jti_150");
	assert_int_equal(lk_feed_lease_ends_ms(r->subscriber), 1400);
	read_ok(r);
	assert_int_equal(r->events, 150);
	lk_feed_start_over(r->subscriber);
	assert_int_equal(read_all(r), 3);
	assert_int_equal(r->events, 300);
	assert_int_equal(r->flushes, 2);
}

#define READING(fn) LK_CASE_WITH(fn, open_reader, close_reader)

LK_TESTS(READING(without_an_answer_there_is_no_lease),
    READING(the_lease_counts_from_the_question_not_from_the_answer),
    READING(a_publisher_that_trusts_less_shortens_the_lease),
    READING(events_are_told_before_the_lease_that_covers_them),
    READING(a_publisher_that_starts_again_makes_the_reader_forget_everything),
    READING(a_long_way_behind_takes_several_answers_and_only_the_last_gives_trust),
    READING(an_answer_that_somebody_touched_gives_nothing),
    READING(without_the_publishers_key_gaps_are_refused_all_the_same),
    READING(what_was_forgotten_is_said_without_waiting_for_the_next_renewal),
    READING(what_is_open_is_told_whole_before_there_is_a_lease))
