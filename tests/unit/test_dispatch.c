/* From a frame to a reply without sockets: deadlines on a clock that stands still, refusals, who
 * runs where. */
#include <stdlib.h>
#include <string.h>

#include "../integration/rpc_world.h"
#include "rpc/call_impl.h"
#include "rpc/decode.h"
#include "rpc/dispatch.h"
#include "rpc/frame.h"

enum { MAX_TIMEOUT_MS = 30000 };

struct bench {
	struct lk_clock_frozen clock;
	struct world_counts counts;
	struct lk_dispatcher *dispatcher;
	struct lk_call call;
	RequestHeader header; /* as each test changes it */
	Question body;
	uint8_t message[1024];
	size_t len;
	uint8_t reply[2048];
	ReplyHeader *reply_header;
	struct lk_bytes reply_body;
};

static char request_id[] = "req_1", echo[] = "test.v1.TestService/Echo", cursor[] = "cursor";

static int
up(void **state)
{
	static struct bench b;
	const struct lk_service service = { &world_table, &b.counts };
	struct lk_error err = { 0 };

	b = (struct bench){ .header = LATCHKEY__COMMON__V1__REQUEST_HEADER__INIT,
		.body = LATCHKEY__COMMON__V1__PAGE_REQUEST__INIT };
	lk_clock_frozen_init(&b.clock, 1000);
	expect_ok(lk_dispatcher_new(
		      &b.dispatcher, &service, 1, &world_authenticator, MAX_TIMEOUT_MS, &err),
	    &err);
	b.call = (struct lk_call){ .arena = lk_arena_new(64 * 1024), .clock = &b.clock.clock };
	lk_call_reset(&b.call);
	b.header.request_id = request_id;
	b.header.method = echo;
	b.header.timeout_ms = 100;
	b.body.cursor = cursor;
	*state = &b;
	return 0;
}

static int
down(void **state)
{
	struct bench *b = *state;

	lk_dispatcher_free(b->dispatcher);
	lk_arena_free(b->call.arena);
	return 0;
}

static lk_status
open_call(struct bench *b)
{
	const size_t header_len =
	    protobuf_c_message_pack(&b->header.base, b->message + LK_FRAME_PREFIX_SIZE);

	lk_frame_prefix(b->message, header_len);
	b->len = LK_FRAME_PREFIX_SIZE + header_len;
	b->len += protobuf_c_message_pack(&b->body.base, b->message + b->len);
	return lk_dispatch_open(b->dispatcher, &b->call, lk_bytes(b->message, b->len));
}

/* Pack the reply to `status` as a server does, and read it again. */
static void
read_reply(struct bench *b, lk_status status)
{
	struct lk_frame frame;
	ProtobufCMessage *header = NULL;
	struct lk_error err = { 0 };
	const size_t size = lk_reply_measure(&b->call, &status);

	assert_true(size <= sizeof b->reply);
	memset(b->reply, 0xee, sizeof b->reply);
	lk_reply_write(&b->call, status, b->reply);
	if (size < sizeof b->reply)
		assert_int_equal(b->reply[size], 0xee);
	expect_ok(lk_frame_split(lk_bytes(b->reply, size), &frame, &err), &err);
	expect_ok(lk_decode(&latchkey__common__v1__reply_header__descriptor, frame.header,
		      b->call.arena, &header, &err),
	    &err);
	b->reply_header = (ReplyHeader *)(void *)header;
	b->reply_body = frame.body;
	assert_int_equal(b->reply_header->status, status);
}

static void
a_call_runs_and_its_reply_names_it(void **state)
{
	struct bench *b = *state;
	ProtobufCMessage *answer = NULL;
	struct lk_error err = { 0 };

	expect_ok(open_call(b), lk_call_error(&b->call));
	assert_string_equal(lk_call_method(&b->call), "test.v1.TestService/Echo");
	assert_string_equal(lk_call_row(&b->call)->rpc, "Echo");
	expect_ok(lk_dispatch_run(b->dispatcher, &b->call), lk_call_error(&b->call));
	read_reply(b, LK_OK);
	assert_string_equal(b->reply_header->request_id, "req_1");
	expect_ok(lk_decode(&latchkey__common__v1__page_reply__descriptor, b->reply_body,
		      b->call.arena, &answer, &err),
	    &err);
	assert_string_equal(((Answer *)(void *)answer)->next_cursor, "cursor");
}

static void
the_deadline_is_counted_from_arrival_and_capped(void **state)
{
	struct bench *b = *state;

	expect_ok(open_call(b), lk_call_error(&b->call));
	assert_int_equal(lk_call_deadline_steady_ms(&b->call), 1100);
	lk_call_reset(&b->call);
	b->header.timeout_ms = UINT32_MAX;
	expect_ok(open_call(b), lk_call_error(&b->call));
	assert_int_equal(lk_call_deadline_steady_ms(&b->call), 1000 + MAX_TIMEOUT_MS);
}

static void
a_call_that_expired_is_not_run(void **state)
{
	struct bench *b = *state;

	expect_ok(open_call(b), lk_call_error(&b->call));
	b->clock.now_ms += 99;
	assert_false(lk_call_expired(&b->call));
	b->clock.now_ms += 1;
	expect_fail(lk_dispatch_run(b->dispatcher, &b->call), lk_call_error(&b->call),
	    LK_DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED");
	assert_int_equal(atomic_load(&b->counts.reads), 0);
}

static void
a_call_without_a_time_limit_is_refused_and_named(void **state)
{
	struct bench *b = *state;

	b->header.timeout_ms = 0;
	expect_field(open_call(b), lk_call_error(&b->call), "timeout_ms", "HEADER_INVALID");
	read_reply(b, LK_INVALID_ARGUMENT);
	assert_string_equal(b->reply_header->request_id, "req_1");
	assert_string_equal(b->reply_header->field, "timeout_ms");
	assert_int_equal(b->reply_body.len, 0);
}

static void
a_message_without_a_readable_header_gets_a_nameless_error(void **state)
{
	struct bench *b = *state;

	expect_fail(lk_dispatch_open(b->dispatcher, &b->call, lk_bytes("noise", 5)),
	    lk_call_error(&b->call), LK_INVALID_ARGUMENT, "FRAME_INVALID");
	read_reply(b, LK_INVALID_ARGUMENT);
	assert_string_equal(b->reply_header->request_id, "");
}

static void
a_request_id_that_could_break_a_log_line_is_refused(void **state)
{
	static const char *const wrong[] = { "", "a b", "a\nb", "a\"b", "\xc3\xa9",
		"12345678901234567890123456789012345678901234567890123456789012345" };
	struct bench *b = *state;

	for (size_t i = 0; i < LK_ARRAY_LEN(wrong); i++) {
		b->header.request_id = (char *)(uintptr_t)wrong[i];
		expect_field(open_call(b), lk_call_error(&b->call), "request_id", "HEADER_INVALID");
		lk_call_reset(&b->call);
	}
}

static void
a_method_for_workers_waits_for_one_and_then_runs(void **state)
{
	static char write[] = "test.v1.TestService/Write";
	struct bench *b = *state;

	b->header.method = write;
	expect_ok(open_call(b), lk_call_error(&b->call));
	const lk_status status = lk_dispatch_run(b->dispatcher, &b->call);
	assert_true(lk_dispatch_would_block(&b->call, status));
	assert_int_equal(atomic_load(&b->counts.writes), 0);
	b->call.may_block = true;
	expect_ok(lk_dispatch_run(b->dispatcher, &b->call), lk_call_error(&b->call));
	assert_int_equal(atomic_load(&b->counts.writes), 1);
}

static void
a_refused_caller_does_not_even_reach_the_queue(void **state)
{
	static char write[] = "test.v1.TestService/Write", bad[] = "bad";
	struct bench *b = *state;

	b->header.method = write;
	b->header.authorization = bad;
	expect_ok(open_call(b), lk_call_error(&b->call));
	const lk_status status = lk_dispatch_run(b->dispatcher, &b->call);
	assert_false(lk_dispatch_would_block(&b->call, status));
	expect_fail(status, lk_call_error(&b->call), LK_UNAUTHENTICATED, "TOKEN_REFUSED");
}

static void
methods_are_found_by_their_whole_name_only(void **state)
{
	static const char *const wrong[] = { "", "Echo", "test.v1.TestService/",
		"test.v1.TestService/Ech", "test.v1.TestService/Echoo", "test.v1.TestService/echo",
		"test.v1.TestService.Echo" };
	struct bench *b = *state;

	for (size_t i = 0; i < LK_ARRAY_LEN(wrong); i++) {
		b->header.method = (char *)(uintptr_t)wrong[i];
		expect_fail(
		    open_call(b), lk_call_error(&b->call), LK_UNIMPLEMENTED, "METHOD_UNKNOWN");
		lk_call_reset(&b->call);
	}
}

static void
a_packed_answer_goes_out_as_it_is(void **state)
{
	struct bench *b = *state;

	expect_ok(open_call(b), lk_call_error(&b->call));
	expect_ok(lk_dispatch_run(b->dispatcher, &b->call), lk_call_error(&b->call));
	expect_ok(lk_call_reply_with(&b->call, lk_bytes("remembered", 10), lk_call_error(&b->call)),
	    NULL);
	read_reply(b, LK_OK);
	assert_int_equal(b->reply_body.len, 10);
	assert_memory_equal(b->reply_body.data, "remembered", 10);
}

static void
one_service_in_two_tables_is_refused(void **state)
{
	const struct lk_service services[] = { { &world_table, NULL }, { &world_table, NULL } };
	struct lk_dispatcher *dispatcher = NULL;
	struct lk_error err = { 0 };

	(void)state;
	expect_fail(
	    lk_dispatcher_new(&dispatcher, services, 2, &world_authenticator, MAX_TIMEOUT_MS, &err),
	    &err, LK_FAILED_PRECONDITION, "METHOD_TABLE_INVALID");
}

static void
a_call_without_a_server_serves_a_test(void **state)
{
	struct world_counts counts = { 0 };
	const struct lk_call_setup setup = { .method = "x/Defer", .user = &counts };
	LK_AUTO(lk_call_freep) struct lk_call *call = lk_call_new(&setup);
	Answer answer = LATCHKEY__COMMON__V1__PAGE_REPLY__INIT;
	Question question = LATCHKEY__COMMON__V1__PAGE_REQUEST__INIT;

	(void)state;
	assert_non_null(call);
	assert_string_equal(lk_call_method(call), "x/Defer");
	assert_string_equal(lk_call_idempotency_key(call), "");
	assert_false(lk_call_origin(call).known);
	expect_fail(
	    world_defer(call, &question, &answer), lk_call_error(call), LK_ABORTED, "WOULD_BLOCK");
}

LK_TESTS(LK_CASE_WITH(a_call_runs_and_its_reply_names_it, up, down),
    LK_CASE_WITH(the_deadline_is_counted_from_arrival_and_capped, up, down),
    LK_CASE_WITH(a_call_that_expired_is_not_run, up, down),
    LK_CASE_WITH(a_call_without_a_time_limit_is_refused_and_named, up, down),
    LK_CASE_WITH(a_message_without_a_readable_header_gets_a_nameless_error, up, down),
    LK_CASE_WITH(a_request_id_that_could_break_a_log_line_is_refused, up, down),
    LK_CASE_WITH(a_method_for_workers_waits_for_one_and_then_runs, up, down),
    LK_CASE_WITH(a_refused_caller_does_not_even_reach_the_queue, up, down),
    LK_CASE_WITH(methods_are_found_by_their_whole_name_only, up, down),
    LK_CASE_WITH(a_packed_answer_goes_out_as_it_is, up, down),
    LK_CASE(one_service_in_two_tables_is_refused), LK_CASE(a_call_without_a_server_serves_a_test))
