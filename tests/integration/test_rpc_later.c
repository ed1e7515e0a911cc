/* Calls that wait for something that needs no thread, and go on where it comes from. */
#include "rpc_world.h"

static void
a_call_goes_on_before_or_after_its_handler_returned(void **state)
{
	struct world *w = *state;
	char answer[64];

	for (unsigned ms = 0; ms < 3; ms++) {
		expect_ok(world_ask_on(w->channel, NULL, "Later", ms, "kept", answer, sizeof answer,
			      &w->err),
		    &w->err);
		assert_string_equal(answer, "kept");
	}
	assert_int_equal(atomic_load(&w->counts->waiting), 3);
	assert_int_equal(atomic_load(&w->counts->resumed), 3);
}

static void
a_call_that_would_block_when_it_goes_on_is_taken_to_a_worker(void **state)
{
	struct world *w = *state;
	char answer[64];

	for (unsigned ms = 0; ms < 3; ms++) {
		expect_ok(world_ask_on(w->channel, NULL, "Later", ms, "worker", answer,
			      sizeof answer, &w->err),
		    &w->err);
		assert_string_equal(answer, "blocks");
	}
	assert_int_equal(
	    atomic_load(&w->counts->waiting), 3); /* what was kept is not begun again */
}

static void
what_is_over_when_it_goes_on_is_not_answered(void **state)
{
	struct world *w = *state;

	expect_fail(world_ask_within(w, 50, LK_READ, "Later", 150, "x"), &w->err,
	    LK_DEADLINE_EXCEEDED, NULL);
	assert_true(world_wait_until(lk_server_stats(w->server).in_progress == 0));
	assert_int_equal(atomic_load(&w->counts->resumed), 1);
	expect_ok(world_ask(w, "Later", 1, "x"), &w->err);
}

enum { LATER_MS = 300 };

struct later {
	struct world *w;
	lk_status status;
	struct lk_error err;
	pthread_t thread;
};

static void *
ask_later(void *arg)
{
	struct later *later = arg;
	const struct lk_rpc_request like = { .timeout_ms = 2000, .effect = LK_WRITE_ONCE };

	later->status =
	    world_ask_on(later->w->channel, &like, "Later", LATER_MS, "x", NULL, 0, &later->err);
	return NULL;
}

static void
begin_later(struct later *later, struct world *w)
{
	const unsigned before = atomic_load(&w->counts->waiting);

	later->w = w;
	assert_int_equal(pthread_create(&later->thread, NULL, ask_later, later), 0);
	assert_true(world_wait_until(atomic_load(&w->counts->waiting) == before + 1));
}

static void
calls_that_wait_hold_no_worker_and_one_too_many_is_refused(void **state)
{
	struct world *w = *state;
	struct later both[2] = { 0 };

	for (size_t i = 0; i < LK_ARRAY_LEN(both); i++)
		begin_later(&both[i], w);
	assert_true(world_wait_until(lk_server_stats(w->server).waiting == 2));
	expect_fail(world_ask(w, "Later", 1, "x"), &w->err, LK_RESOURCE_EXHAUSTED, "SERVER_BUSY");
	expect_ok(world_ask(w, "Wait", 0, "x"), &w->err); /* the only worker is free */
	assert_int_equal(atomic_load(&w->counts->resumed), 0);
	for (size_t i = 0; i < LK_ARRAY_LEN(both); i++) {
		pthread_join(both[i].thread, NULL);
		expect_ok(both[i].status, &both[i].err);
	}
	assert_true(world_wait_until(lk_server_stats(w->server).waiting == 0));
	expect_ok(world_ask(w, "Later", 1, "x"), &w->err);
}

static void
a_server_that_drains_answers_who_waits(void **state)
{
	struct world *w = *state;
	struct later later = { 0 };

	begin_later(&later, w);
	expect_ok(lk_server_drain(w->server, 5000, &w->err), &w->err);
	pthread_join(later.thread, NULL);
	expect_ok(later.status, &later.err);
}

static void
a_server_is_not_gone_before_who_waits_has_gone_on(void **state)
{
	struct world *w = *state;
	struct later later = { 0 };

	begin_later(&later, w);
	lk_server_free(LK_TAKE(w->server));
	assert_int_equal(atomic_load(&w->counts->resumed), 1);
	pthread_join(later.thread, NULL);
	assert_int_not_equal(later.status, LK_OK);
}

LK_TESTS(LK_CASE_WITH(a_call_goes_on_before_or_after_its_handler_returned, world_up, world_down),
    LK_CASE_WITH(
	a_call_that_would_block_when_it_goes_on_is_taken_to_a_worker, world_up, world_down),
    LK_CASE_WITH(what_is_over_when_it_goes_on_is_not_answered, world_up, world_down),
    LK_CASE_WITH(calls_that_wait_hold_no_worker_and_one_too_many_is_refused,
	world_up_with_few_places, world_down),
    LK_CASE_WITH(a_server_that_drains_answers_who_waits, world_up, world_down),
    LK_CASE_WITH(a_server_is_not_gone_before_who_waits_has_gone_on, world_up, world_down))
