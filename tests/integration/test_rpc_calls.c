/* A server and a channel over a real socket: round trips, refusals, limits, many threads. */
#include "rpc_world.h"

static void
a_call_goes_there_and_back(void **state)
{
	struct world *w = *state;
	char answer[64];

	expect_ok(
	    world_ask_on(w->channel, NULL, "Echo", 0, "hello", answer, sizeof answer, &w->err),
	    &w->err);
	assert_string_equal(answer, "hello");
}

static void
a_call_that_defers_itself_runs_on_a_worker(void **state)
{
	struct world *w = *state;

	expect_ok(world_ask(w, "Defer", 0, "x"), &w->err);
	assert_int_equal(atomic_load(&w->counts->deferred), 1);
}

static void
an_authenticator_that_would_block_is_asked_again_on_a_worker(void **state)
{
	struct world *w = *state;
	const struct lk_rpc_request like = { .authorization = "slow" };

	expect_ok(world_ask_on(w->channel, &like, "Echo", 0, "x", NULL, 0, &w->err), &w->err);
	assert_int_equal(atomic_load(&w->counts->reads), 1);
}

static void
a_caller_who_is_not_recognised_reaches_no_handler(void **state)
{
	struct world *w = *state;
	const struct lk_rpc_request like = { .authorization = "bad" };

	expect_fail(world_ask_on(w->channel, &like, "Echo", 0, "x", NULL, 0, &w->err), &w->err,
	    LK_UNAUTHENTICATED, "TOKEN_REFUSED");
	assert_int_equal(atomic_load(&w->counts->reads), 0);
}

static void
a_caller_without_the_permission_reaches_no_handler(void **state)
{
	struct world *w = *state;

	expect_fail(
	    world_ask(w, "Forbidden", 0, "x"), &w->err, LK_PERMISSION_DENIED, "PERMISSION_MISSING");
	assert_int_equal(atomic_load(&w->counts->reads), 0);
}

static void
a_handlers_error_arrives_whole(void **state)
{
	struct world *w = *state;

	expect_field(world_ask(w, "Fail", 0, "torn"), &w->err, "cursor", "CURSOR_INVALID");
	expect_contains(w->err.message, "the cursor is torn");
}

static void
a_handler_that_fails_without_a_word_still_gives_a_reason(void **state)
{
	struct world *w = *state;

	expect_fail(world_ask(w, "Fail", 1, ""), &w->err, LK_NOT_FOUND, "NOT_FOUND");
}

static void
an_unknown_method_is_unimplemented(void **state)
{
	struct world *w = *state;

	expect_fail(world_ask(w, "Nothing", 0, ""), &w->err, LK_UNIMPLEMENTED, "METHOD_UNKNOWN");
}

static void
a_request_above_the_methods_limit_is_refused(void **state)
{
	struct world *w = *state;
	char text[1100];

	memset(text, 'a', sizeof text);
	text[sizeof text - 1] = '\0';
	expect_fail(
	    world_ask(w, "Fail", 0, text), &w->err, LK_INVALID_ARGUMENT, "REQUEST_TOO_LARGE");
}

static void
a_request_above_a_megabyte_is_refused_before_it_is_sent(void **state)
{
	struct world *w = *state;
	LK_AUTO(lk_arena_freep) struct lk_arena *arena = lk_arena_new(4 << 20);
	char *text = lk_arena_alloc(arena, (1 << 20) + 1);

	memset(text, 'a', 1 << 20);
	expect_fail(
	    world_ask(w, "Echo", 0, text), &w->err, LK_INVALID_ARGUMENT, "REQUEST_TOO_LARGE");
}

static void
a_reply_above_a_megabyte_is_an_error_of_the_server(void **state)
{
	struct world *w = *state;

	expect_ok(world_ask(w, "Big", 100000, ""), &w->err);
	expect_fail(world_ask(w, "Big", 1 << 20, ""), &w->err, LK_INTERNAL, "REPLY_TOO_LARGE");
	expect_ok(world_ask(w, "Echo", 0, "still here"), &w->err);
}

static void
a_handler_that_needs_more_memory_than_a_call_has_is_refused(void **state)
{
	struct world *w = *state;

	expect_fail(
	    world_ask(w, "Big", 4 << 20, ""), &w->err, LK_RESOURCE_EXHAUSTED, "OUT_OF_MEMORY");
}

static void
text_that_is_not_utf8_is_refused_by_field(void **state)
{
	struct world *w = *state;

	expect_field(world_ask(w, "Echo", 0, "\xff"), &w->err, "cursor", "MESSAGE_INVALID");
}

static void
a_header_field_out_of_bounds_is_named(void **state)
{
	struct world *w = *state;
	const struct lk_rpc_request bad_key = { .idempotency_key = "has space" };
	const struct lk_rpc_request bad_public = { .reply_public_key = {
						       (const uint8_t *)"short", 5 } };
	const struct lk_rpc_request bad_id = { .request_id = "new\nline" };

	expect_field(world_ask_on(w->channel, &bad_key, "Echo", 0, "", NULL, 0, &w->err), &w->err,
	    "idempotency_key", "HEADER_INVALID");
	expect_field(world_ask_on(w->channel, &bad_public, "Echo", 0, "", NULL, 0, &w->err),
	    &w->err, "reply_public_key", "HEADER_INVALID");
	expect_field(world_ask_on(w->channel, &bad_id, "Echo", 0, "", NULL, 0, &w->err), &w->err,
	    "request_id", "HEADER_INVALID");
}

static void
a_read_without_an_answer_ends_at_its_deadline(void **state)
{
	struct world *w = *state;
	const int64_t began_ms = world_now_ms();

	expect_fail(world_ask_within(w, 100, LK_READ, "Wait", 1000, ""), &w->err,
	    LK_DEADLINE_EXCEEDED, NULL);
	assert_true(world_now_ms() - began_ms < 900);
}

static void
a_write_without_an_answer_has_an_unknown_outcome(void **state)
{
	struct world *w = *state;

	expect_fail(world_ask_within(w, 500, LK_WRITE_ONCE, "Write", 1000, ""), &w->err, LK_UNKNOWN,
	    "OUTCOME_UNKNOWN");
	assert_int_equal(atomic_load(&w->counts->writes), 1);
}

struct asker {
	struct world *w;
	unsigned number;
	unsigned right;
	pthread_t thread;
};

enum { ASKERS = 16, CALLS_EACH = 500 };

static void *
ask_many(void *arg)
{
	struct asker *a = arg;
	char question[64], answer[64];
	struct lk_error err = { 0 };

	for (unsigned i = 0; i < CALLS_EACH; i++) {
		snprintf(question, sizeof question, "%u:%u", a->number, i);
		const char *method = i % 10 == 0 ? "Defer" : "Echo";
		if (world_ask_on(a->w->channel, NULL, method, 0, question, answer, sizeof answer,
			&err) == LK_OK &&
		    strcmp(question, answer) == 0)
			a->right++;
	}
	return NULL;
}

static void
sixteen_threads_get_each_their_own_answers(void **state)
{
	struct asker askers[ASKERS] = { 0 };

	for (unsigned i = 0; i < ASKERS; i++) {
		askers[i] = (struct asker){ .w = *state, .number = i };
		assert_int_equal(pthread_create(&askers[i].thread, NULL, ask_many, &askers[i]), 0);
	}
	for (unsigned i = 0; i < ASKERS; i++) {
		pthread_join(askers[i].thread, NULL);
		assert_int_equal(askers[i].right, CALLS_EACH);
	}
}

struct pipelined {
	struct lk_channel *channel;
	Question body;
	atomic_uint right, wrong, left;
};

static const struct lk_rpc_request pipelined_request = { .method = "test.v1.TestService/Echo" };

static void
on_pipelined(
    void *user, lk_status status, const ProtobufCMessage *reply, const struct lk_error *err)
{
	struct pipelined *p = user;
	const bool right =
	    status == LK_OK && strcmp(((const Answer *)(const void *)reply)->next_cursor, "p") == 0;

	(void)err;
	atomic_fetch_add(right ? &p->right : &p->wrong, 1);
	if (atomic_fetch_sub(&p->left, 1) > 64) { /* 64 are in flight */
		struct lk_rpc_request request = pipelined_request;
		request.body = &p->body.base;
		if (lk_channel_submit(p->channel, &request,
			&latchkey__common__v1__page_reply__descriptor, on_pipelined, p,
			NULL) != LK_OK)
			atomic_fetch_add(&p->wrong, 1);
	}
}

static void
submitted_calls_answer_while_others_are_in_flight(void **state)
{
	enum { TOTAL = 5000, IN_FLIGHT = 64 };
	struct world *w = *state;
	struct pipelined p = { .channel = w->channel,
		.body = LATCHKEY__COMMON__V1__PAGE_REQUEST__INIT };
	struct lk_rpc_request request = pipelined_request;
	char cursor[] = "p";

	p.body.cursor = cursor;
	request.body = &p.body.base;
	atomic_store(&p.left, TOTAL);
	for (int i = 0; i < IN_FLIGHT; i++)
		expect_ok(
		    lk_channel_submit(w->channel, &request,
			&latchkey__common__v1__page_reply__descriptor, on_pipelined, &p, &w->err),
		    &w->err);
	assert_true(world_wait_until(atomic_load(&p.right) + atomic_load(&p.wrong) >= TOTAL));
	assert_int_equal(atomic_load(&p.wrong), 0);
}

static atomic_uint finished_calls, finished_failed;

static void
count_finished(void *user, const struct lk_finished *f)
{
	(void)user;
	if (f->request_id[0] != '\0' && f->method[0] != '\0' && f->duration_us >= 0)
		atomic_fetch_add(f->status == LK_OK ? &finished_calls : &finished_failed, 1);
}

static void
with_hook(struct lk_server_config *config)
{
	config->on_finished = count_finished;
}

static int
up_with_hook(void **state)
{
	atomic_store(&finished_calls, 0);
	atomic_store(&finished_failed, 0);
	return world_up_tweaked(state, with_hook);
}

static void
each_call_is_reported_once_with_its_status(void **state)
{
	struct world *w = *state;

	expect_ok(world_ask(w, "Echo", 0, "x"), &w->err);
	expect_ok(world_ask(w, "Wait", 0, "x"), &w->err);
	expect_fail(world_ask(w, "Fail", 0, "x"), &w->err, LK_INVALID_ARGUMENT, NULL);
	assert_true(atomic_load(&finished_calls) >= 2); /* the guard's own calls are counted, too */
	assert_true(atomic_load(&finished_failed) >= 1);
}

enum { WAIT_MS = 400 };

struct burst {
	struct world *w;
	lk_status status;
	struct lk_error err;
	int64_t took_ms;
	pthread_t thread;
};

static void *
wait_once(void *arg)
{
	struct burst *b = arg;
	const int64_t began_ms = world_now_ms();

	b->status = world_ask_on(b->w->channel, NULL, "Wait", WAIT_MS, "", NULL, 0, &b->err);
	b->took_ms = world_now_ms() - began_ms;
	return NULL;
}

static void
a_full_queue_refuses_at_once(void **state)
{
	enum { BURST = 7 };
	struct world *w = *state;
	struct burst first = { .w = w }, bursts[BURST] = { 0 };
	unsigned busy = 0, done = 0;

	assert_int_equal(pthread_create(&first.thread, NULL, wait_once, &first), 0);
	assert_true(
	    world_wait_until(atomic_load(&w->counts->reads) == 1)); /* the only worker is taken */
	for (int i = 0; i < BURST; i++) {
		bursts[i].w = w;
		assert_int_equal(pthread_create(&bursts[i].thread, NULL, wait_once, &bursts[i]), 0);
	}
	for (int i = 0; i < BURST; i++) {
		pthread_join(bursts[i].thread, NULL);
		if (bursts[i].status == LK_OK)
			done++;
		if (bursts[i].status == LK_RESOURCE_EXHAUSTED &&
		    strcmp(bursts[i].err.reason, "SERVER_BUSY") == 0 && bursts[i].took_ms < WAIT_MS)
			busy++;
	}
	pthread_join(first.thread, NULL);
	assert_int_equal(first.status, LK_OK);
	assert_int_equal(done, 2); /* those that wait */
	assert_int_equal(busy, BURST - 2);
}

static void *
write_briefly(void *arg)
{
	struct burst *b = arg;
	const struct lk_rpc_request like = { .timeout_ms = 100, .effect = LK_WRITE_ONCE };

	b->status = world_ask_on(b->w->channel, &like, "Write", 0, "", NULL, 0, &b->err);
	return NULL;
}

static void
work_that_expired_in_the_queue_is_not_done(void **state)
{
	struct world *w = *state;
	struct burst slow = { .w = w }, late = { .w = w };

	assert_int_equal(pthread_create(&slow.thread, NULL, wait_once, &slow), 0);
	assert_true(
	    world_wait_until(atomic_load(&w->counts->reads) == 1)); /* the only worker is taken */
	assert_int_equal(pthread_create(&late.thread, NULL, write_briefly, &late), 0);
	pthread_join(late.thread, NULL);
	pthread_join(slow.thread, NULL);
	assert_int_equal(slow.status, LK_OK);
	assert_int_equal(late.status, LK_UNKNOWN);
	assert_true(world_wait_until(lk_server_stats(w->server).in_progress == 0));
	assert_int_equal(atomic_load(&w->counts->writes), 0);
}

static atomic_uint origins_seen;

static void
note_origin(void *user, const struct lk_finished *f)
{
	const struct lk_call_origin origin = lk_call_origin(f->call);

	(void)user;
	if (origin.known && origin.pid == getpid() && origin.uid == getuid())
		atomic_fetch_add(&origins_seen, 1);
}

static void
with_origin(struct lk_server_config *config)
{
	config->on_finished = note_origin;
}

static int
up_with_origin(void **state)
{
	return world_up_tweaked(state, with_origin);
}

static void
the_process_at_the_other_end_is_known(void **state)
{
	struct world *w = *state;

	expect_ok(world_ask(w, "Echo", 0, "x"), &w->err);
	assert_true(atomic_load(&origins_seen) >= 1);
}

static void
much_memory(struct lk_server_config *config)
{
	config->arena_cap = 4 << 20;
}

static int
up_with_memory(void **state)
{
	return world_up_tweaked(state, much_memory);
}

LK_TESTS(LK_CASE_WITH(a_call_goes_there_and_back, world_up, world_down),
    LK_CASE_WITH(a_call_that_defers_itself_runs_on_a_worker, world_up, world_down),
    LK_CASE_WITH(
	an_authenticator_that_would_block_is_asked_again_on_a_worker, world_up, world_down),
    LK_CASE_WITH(a_caller_who_is_not_recognised_reaches_no_handler, world_up, world_down),
    LK_CASE_WITH(a_caller_without_the_permission_reaches_no_handler, world_up, world_down),
    LK_CASE_WITH(a_handlers_error_arrives_whole, world_up, world_down),
    LK_CASE_WITH(a_handler_that_fails_without_a_word_still_gives_a_reason, world_up, world_down),
    LK_CASE_WITH(an_unknown_method_is_unimplemented, world_up, world_down),
    LK_CASE_WITH(a_request_above_the_methods_limit_is_refused, world_up, world_down),
    LK_CASE_WITH(a_request_above_a_megabyte_is_refused_before_it_is_sent, world_up, world_down),
    LK_CASE_WITH(a_reply_above_a_megabyte_is_an_error_of_the_server, up_with_memory, world_down),
    LK_CASE_WITH(a_handler_that_needs_more_memory_than_a_call_has_is_refused, world_up, world_down),
    LK_CASE_WITH(text_that_is_not_utf8_is_refused_by_field, world_up, world_down),
    LK_CASE_WITH(a_header_field_out_of_bounds_is_named, world_up, world_down),
    LK_CASE_WITH(a_read_without_an_answer_ends_at_its_deadline, world_up, world_down),
    LK_CASE_WITH(a_write_without_an_answer_has_an_unknown_outcome, world_up, world_down),
    LK_CASE_WITH(sixteen_threads_get_each_their_own_answers, world_up, world_down),
    LK_CASE_WITH(submitted_calls_answer_while_others_are_in_flight, world_up, world_down),
    LK_CASE_WITH(each_call_is_reported_once_with_its_status, up_with_hook, world_down),
    LK_CASE_WITH(a_full_queue_refuses_at_once, world_up_with_few_places, world_down),
    LK_CASE_WITH(work_that_expired_in_the_queue_is_not_done, world_up_with_few_places, world_down),
    LK_CASE_WITH(the_process_at_the_other_end_is_known, up_with_origin, world_down))
