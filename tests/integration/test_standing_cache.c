/* What keys said of somebody is remembered while its feed vouches for it, and not a change longer.
 */
#include "daemon/standing_cache.h"

#include <time.h>

#include "feed_world.h"

#define USER "usr_01arz3ndektsv4rrffq69g5fa1"
#define TENANT "tnt_01arz3ndektsv4rrffq69g5fa2"
#define KEY "key_01arz3ndektsv4rrffq69g5fa3"

struct world {
	struct feed_world feed;
	struct lk_feed_subscriber_config config;
	struct lk_feed_subscriber *subscriber;
	struct lk_standing_cache *cache;
	struct lk_arena *arena;
	struct lk_standing answer, standing;
	unsigned asked;
	struct lk_error err;
};

static lk_status
ask(void *user, const ReadFeedRequest *request, uint32_t timeout_ms, struct lk_arena *arena,
    const ReadFeedResponse **out, struct lk_error *err)
{
	struct world *w = user;

	(void)timeout_ms;
	(void)arena;
	(void)err;
	LK_TRY(feed_world_ask(&w->feed, request));
	*out = &w->feed.answer;
	return LK_OK;
}

static void
on_event(void *user, const struct lk_feed_event *event)
{
	lk_standing_cache_event(((struct world *)user)->cache, event);
}

static void
on_flush(void *user)
{
	lk_standing_cache_flush(((struct world *)user)->cache);
}

static lk_status
keys_get(void *user, const char *subject, const char *key, const char *session, bool may_block,
    int64_t deadline_steady_ms, struct lk_arena *arena, struct lk_standing *out,
    struct lk_error *err)
{
	struct world *w = user;

	(void)subject;
	(void)key;
	(void)session;
	(void)deadline_steady_ms;
	(void)arena;
	if (!may_block)
		return lk_fail(err, LK_ABORTED, "WOULD_BLOCK", "keys has to be asked");
	w->asked++;
	*out = w->answer;
	return LK_OK;
}

static void
read_feed(struct world *w)
{
	bool more;

	expect_ok(lk_feed_read_once(w->subscriber, &more, &w->err), &w->err);
}

static int
setup(void **state)
{
	static const char *const groups[] = { "wkg_a", "wkg_b" };
	static const char *const tenants[] = { "tnt_x" };
	static struct world w;

	memset(&w, 0, sizeof w);
	feed_world_open(&w.feed, true);
	w.config = (struct lk_feed_subscriber_config){ .service = "keys",
		.instance = "i1",
		.public_key = lk_sign_key_public(w.feed.key),
		.max_staleness_ms = 60000,
		.clock = lk_clock_boot(),
		.random = lk_random_system(),
		.user = &w,
		.ask = ask,
		.on_event = on_event,
		.on_flush = on_flush };
	expect_ok(lk_feed_subscriber_new(&w.subscriber, &w.config, &w.err), &w.err);
	expect_ok(lk_standing_cache_new(&w.cache, (struct lk_standing_source){ keys_get, &w },
		      lk_clock_system(), &w.err),
	    &w.err);
	lk_standing_cache_trust(w.cache, w.subscriber);
	w.arena = lk_arena_new(1 << 20);
	w.answer = (struct lk_standing){ .active = true,
		.caller = { .kind = LK_CALLER_USER,
		    .id = USER,
		    .tenant = TENANT,
		    .key = KEY,
		    .workgroups = groups,
		    .workgroups_count = 2,
		    .tenants = tenants,
		    .tenants_count = 1 },
		.name = "ada@genomics.example",
		.key_generation = 3 };
	*state = &w;
	return 0;
}

static int
teardown(void **state)
{
	struct world *w = *state;

	lk_standing_cache_free(w->cache);
	lk_feed_unsubscribe(w->subscriber);
	feed_world_close(&w->feed);
	lk_arena_free(w->arena);
	return 0;
}

static lk_status
get(struct world *w, bool may_block)
{
	const struct lk_standing_source source = lk_standing_cache_source(w->cache);

	lk_arena_reset(w->arena);
	return source.get(
	    source.user, USER, KEY, "", may_block, INT64_MAX, w->arena, &w->standing, &w->err);
}

/* How many questions so many looks cost. */
static unsigned
asked_for(struct world *w, unsigned looks)
{
	const unsigned before = w->asked;

	for (unsigned i = 0; i < looks; i++)
		expect_ok(get(w, true), &w->err);
	return w->asked - before;
}

static void
without_a_lease_keys_is_asked_each_time(void **state)
{
	struct world *w = *state;

	assert_int_equal(asked_for(w, 3), 3);
	expect_fail(get(w, false), &w->err, LK_ABORTED, "WOULD_BLOCK");
}

static void
under_a_lease_one_question_is_enough(void **state)
{
	struct world *w = *state;

	read_feed(w);
	assert_int_equal(asked_for(w, 5), 1);
	expect_ok(get(w, false), &w->err); /* and nothing blocks */
	assert_string_equal(w->standing.caller.id, USER);
	assert_string_equal(w->standing.name, "ada@genomics.example");
	assert_int_equal(w->standing.key_generation, 3);
	assert_int_equal(w->standing.caller.workgroups_count, 2);
	assert_string_equal(w->standing.caller.workgroups[0], "wkg_a");
	assert_string_equal(w->standing.caller.workgroups[1], "wkg_b");
	assert_string_equal(w->standing.caller.tenants[0], "tnt_x");
	assert_int_equal(lk_standing_cache_stats(w->cache).hits, 5);
}

static void
a_change_of_subject_tenant_or_key_is_asked_about(void **state)
{
	static const char *const ids[] = { USER, TENANT, KEY };
	struct world *w = *state;

	read_feed(w);
	assert_int_equal(asked_for(w, 2), 1);
	for (size_t i = 0; i < LK_ARRAY_LEN(ids); i++) {
		feed_world_change(&w->feed, ids[i], i);
		assert_int_equal(asked_for(w, 2), 0); /* we have not heard of it */
		read_feed(w);
		assert_int_equal(asked_for(w, 2), 1);
	}
	feed_world_change(&w->feed, "usr_01arz3ndektsv4rrffq69g5fb9", 1);
	read_feed(w);
	assert_int_equal(asked_for(w, 2), 0); /* somebody else */
	feed_world_restart(&w->feed);
	read_feed(w);
	assert_int_equal(asked_for(w, 2), 1); /* anything may have changed */
}

/* An answer that was under way while a change was told may be older than the change. */
static lk_status
keys_get_meanwhile(void *user, const char *subject, const char *key, const char *session,
    bool may_block, int64_t deadline_steady_ms, struct lk_arena *arena, struct lk_standing *out,
    struct lk_error *err)
{
	struct world *w = user;

	feed_world_change(&w->feed, USER, 9);
	read_feed(w);
	return keys_get(
	    user, subject, key, session, may_block, deadline_steady_ms, arena, out, err);
}

static void
an_answer_that_a_change_overtook_is_not_remembered(void **state)
{
	struct world *w = *state;

	lk_standing_cache_free(w->cache);
	expect_ok(
	    lk_standing_cache_new(&w->cache, (struct lk_standing_source){ keys_get_meanwhile, w },
		lk_clock_system(), &w->err),
	    &w->err);
	lk_standing_cache_trust(w->cache, w->subscriber);
	read_feed(w);
	assert_int_equal(asked_for(w, 3), 3);
}

static void
who_is_not_active_is_not_remembered(void **state)
{
	struct world *w = *state;

	w->answer.active = false;
	read_feed(w);
	assert_int_equal(asked_for(w, 2), 2);
}

/* ---- What others remember ---- */

static bool
is_unchanged(const struct world *w, uint64_t number)
{
	static const char *const ids[] = { USER, TENANT, KEY, "" };

	return lk_standing_cache_unchanged(w->cache, number, ids, LK_ARRAY_LEN(ids));
}

static void
what_others_remember_counts_until_one_of_its_ids_changes(void **state)
{
	static const char *const ids[] = { USER, TENANT, KEY };
	struct world *w = *state;

	assert_false(is_unchanged(w, lk_standing_cache_number(w->cache))); /* no lease yet */
	read_feed(w);
	uint64_t number = lk_standing_cache_number(w->cache);
	assert_true(is_unchanged(w, number));
	feed_world_change(&w->feed, "usr_01arz3ndektsv4rrffq69g5fb9", 1);
	read_feed(w);
	assert_true(is_unchanged(w, number)); /* somebody else */
	for (size_t i = 0; i < LK_ARRAY_LEN(ids); i++) {
		feed_world_change(&w->feed, ids[i], i);
		read_feed(w);
		assert_false(is_unchanged(w, number));
		number = lk_standing_cache_number(w->cache);
		assert_true(is_unchanged(w, number));
	}
}

static void
what_others_remember_is_over_with_the_epoch_and_without_a_lease(void **state)
{
	struct world *w = *state;

	read_feed(w);
	const uint64_t number = lk_standing_cache_number(w->cache);
	feed_world_restart(&w->feed); /* as after a database that was put back */
	read_feed(w);
	assert_false(is_unchanged(w, number));
	const uint64_t later = lk_standing_cache_number(w->cache);
	assert_true(is_unchanged(w, later));
	lk_standing_cache_trust(w->cache, NULL);
	assert_false(is_unchanged(w, later));
}

/* Nothing was heard, so anything may have happened. */
static void
a_feed_that_is_late_ends_what_others_remember(void **state)
{
	const struct timespec longer = { .tv_nsec = 60 * 1000000L };
	struct world *w = *state;

	lk_feed_unsubscribe(LK_TAKE(w->subscriber));
	w->config.max_staleness_ms = 50;
	expect_ok(lk_feed_subscriber_new(&w->subscriber, &w->config, &w->err), &w->err);
	lk_standing_cache_trust(w->cache, w->subscriber);
	read_feed(w);
	const uint64_t number = lk_standing_cache_number(w->cache);
	feed_world_change(&w->feed, USER, 1);
	nanosleep(&longer, NULL);
	assert_false(is_unchanged(w, number));
	read_feed(w);
	assert_false(is_unchanged(w, number)); /* now it is known why */
}

#define WORLD(fn) LK_CASE_WITH(fn, setup, teardown)
LK_TESTS(WORLD(without_a_lease_keys_is_asked_each_time),
    WORLD(under_a_lease_one_question_is_enough),
    WORLD(a_change_of_subject_tenant_or_key_is_asked_about),
    WORLD(an_answer_that_a_change_overtook_is_not_remembered),
    WORLD(who_is_not_active_is_not_remembered),
    WORLD(what_others_remember_counts_until_one_of_its_ids_changes),
    WORLD(what_others_remember_is_over_with_the_epoch_and_without_a_lease),
    WORLD(a_feed_that_is_late_ends_what_others_remember))
