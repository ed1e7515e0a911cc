/* Strict decoding: one spelling per message, text that is text, memory within its cap, no type that
 * contains itself. */
#include <string.h>

#include "base/base.h"
#include "latchkey/common/v1/frame.pb-c.h"
#include "latchkey/common/v1/types.pb-c.h"
#include "rpc/decode.h"
#include "test.h"

static struct lk_arena *arena;

static int
arena_up(void **state)
{
	(void)state;
	arena = lk_arena_new(256 * 1024);
	return arena == NULL ? -1 : 0;
}

static int
arena_down(void **state)
{
	(void)state;
	lk_arena_free(arena);
	return 0;
}

static lk_status
decode(const ProtobufCMessageDescriptor *type, const void *data, size_t len, ProtobufCMessage **out,
    struct lk_error *err)
{
	return lk_decode(type, lk_bytes(data, len), arena, out, err);
}

/* PageRequest { uint32 size = 1; string cursor = 2; } from a literal. */
#define PAGE(literal)                                                                              \
	decode(&latchkey__common__v1__page_request__descriptor, literal, sizeof(literal) - 1,      \
	    &message, &err)

static void
a_message_comes_out_as_it_went_in(void **state)
{
	ProtobufCMessage *message = NULL;
	struct lk_error err = { 0 };

	(void)state;
	expect_ok(PAGE("\x08\x07\x12\x03"
		       "abc"),
	    &err);
	const Latchkey__Common__V1__PageRequest *page = (const void *)message;
	assert_int_equal(page->size, 7);
	assert_string_equal(page->cursor, "abc");
}

static void
nothing_is_the_message_of_defaults(void **state)
{
	ProtobufCMessage *message = NULL;
	struct lk_error err = { 0 };

	(void)state;
	expect_ok(PAGE(""), &err);
	assert_string_equal(
	    ((const Latchkey__Common__V1__PageRequest *)(const void *)message)->cursor, "");
}

static void
a_second_spelling_of_the_same_message_is_refused(void **state)
{
	ProtobufCMessage *message = NULL;
	struct lk_error err = { 0 };

	(void)state;
	expect_fail(
	    PAGE("\x08\x87\x00"), &err, LK_INVALID_ARGUMENT, "MESSAGE_INVALID"); /* a longer 7 */
	expect_fail(PAGE("\x08\x00"), &err, LK_INVALID_ARGUMENT,
	    "MESSAGE_INVALID"); /* an explicit default */
	expect_fail(PAGE("\x08\x07\x08\x08"), &err, LK_INVALID_ARGUMENT,
	    "MESSAGE_INVALID"); /* a field twice */
	expect_fail(
	    PAGE("\x88\x00\x07"), &err, LK_INVALID_ARGUMENT, "MESSAGE_INVALID"); /* a longer tag */
	expect_fail(PAGE("\x12\x81\x00"
			 "a"),
	    &err, LK_INVALID_ARGUMENT, "MESSAGE_INVALID"); /* a longer length */
}

static void
what_is_no_protobuf_of_the_type_is_refused(void **state)
{
	ProtobufCMessage *message = NULL;
	struct lk_error err = { 0 };

	(void)state;
	expect_fail(PAGE("\x08"), &err, LK_INVALID_ARGUMENT, "MESSAGE_INVALID"); /* cut */
	expect_fail(PAGE("\x12\x7f"
			 "abc"),
	    &err, LK_INVALID_ARGUMENT, "MESSAGE_INVALID"); /* past the end */
	expect_fail(PAGE("\x0a\x01"
			 "a"),
	    &err, LK_INVALID_ARGUMENT, "MESSAGE_INVALID"); /* a number as text */
	expect_fail(
	    PAGE("\x10\x01"), &err, LK_INVALID_ARGUMENT, "MESSAGE_INVALID"); /* text as a number */
	expect_fail(PAGE("\x0b\x0c"), &err, LK_INVALID_ARGUMENT, "MESSAGE_INVALID"); /* a group */
	expect_fail(PAGE("\x00\x01"), &err, LK_INVALID_ARGUMENT, "MESSAGE_INVALID"); /* field 0 */
	expect_fail(PAGE("\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), &err, LK_INVALID_ARGUMENT,
	    "MESSAGE_INVALID");
	expect_fail(PAGE("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), &err,
	    LK_INVALID_ARGUMENT, "MESSAGE_INVALID");
}

static void
text_must_be_utf8_without_nul_and_the_field_is_named(void **state)
{
	ProtobufCMessage *message = NULL;
	struct lk_error err = { 0 };

	(void)state;
	expect_ok(PAGE("\x12\x02\xc3\xa9"), &err);
	expect_field(PAGE("\x12\x01\xff"), &err, "cursor", "MESSAGE_INVALID");
	expect_field(PAGE("\x12\x03"
			  "a\0b"),
	    &err, "cursor", "MESSAGE_INVALID");
	expect_field(PAGE("\x12\x01\0"), &err, "cursor", "MESSAGE_INVALID");
	expect_field(
	    PAGE("\x12\x02\xc0\x80"), &err, "cursor", "MESSAGE_INVALID"); /* NUL the long way */
}

static void
text_inside_a_nested_message_is_checked_too(void **state)
{
	static const char nested[] = "\x32\x03\x0a\x01\xff"; /* RequestHeader.assertion.caller */
	ProtobufCMessage *message = NULL;
	struct lk_error err = { 0 };

	(void)state;
	expect_field(decode(&latchkey__common__v1__request_header__descriptor, nested,
			 sizeof nested - 1, &message, &err),
	    &err, "caller", "MESSAGE_INVALID");
}

static void
fields_of_a_newer_peer_are_let_through(void **state)
{
	ProtobufCMessage *message = NULL;
	struct lk_error err = { 0 };

	(void)state;
	expect_ok(PAGE("\x08\x07\x78\x01"), &err); /* field 15, a number */
	assert_int_equal(message->n_unknown_fields, 1);
	expect_ok(PAGE("\x08\x07\x7a\x02\xff\x00"), &err); /* field 15, bytes */
}

static void
unknown_fields_cannot_take_more_memory_than_a_call_has(void **state)
{
	enum { PAIRS = 32 * 1024 };
	static uint8_t data[2 * PAIRS];
	ProtobufCMessage *message = NULL;
	struct lk_error err = { 0 };

	(void)state;
	for (size_t i = 0; i < PAIRS; i++) {
		data[2 * i] = 0x78;
		data[2 * i + 1] = 1;
	}
	expect_fail(decode(&latchkey__common__v1__page_request__descriptor, data, sizeof data,
			&message, &err),
	    &err, LK_RESOURCE_EXHAUSTED, "OUT_OF_MEMORY");
}

static void
at_every_cap_a_message_is_whole_or_refused(void **state)
{
	static const char data[] = "\x0a\x05req_1\x12\x03"
				   "a/b\x18\x0a\x32\x06\x0a\x01x\x12\x01y\x42\x02zz";
	struct lk_error err = { 0 };
	bool whole = false;

	(void)state;
	for (size_t cap = 0; !whole; cap += 16) {
		LK_AUTO(lk_arena_freep) struct lk_arena *small = lk_arena_new(cap);
		ProtobufCMessage *message = NULL;
		const lk_status status =
		    lk_decode(&latchkey__common__v1__request_header__descriptor,
			lk_bytes(data, sizeof data - 1), small, &message, &err);
		whole = status == LK_OK;
		if (!whole)
			expect_fail(status, &err, LK_RESOURCE_EXHAUSTED, "OUT_OF_MEMORY");
		assert_true(cap < 64 * 1024);
	}
}

static void
every_message_of_the_frame_is_safe(void **state)
{
	struct lk_error err = { 0 };

	(void)state;
	expect_ok(lk_decode_type_ok(&latchkey__common__v1__request_header__descriptor, &err), &err);
	expect_ok(lk_decode_type_ok(&latchkey__common__v1__identity__descriptor, &err), &err);
}

static void
a_type_that_contains_itself_is_refused_at_any_distance(void **state)
{
	static ProtobufCMessageDescriptor inner = { .name = "test.Inner", .short_name = "Inner" };
	static ProtobufCFieldDescriptor to_inner = {
		.name = "inner", .type = PROTOBUF_C_TYPE_MESSAGE, .descriptor = &inner
	};
	static ProtobufCMessageDescriptor outer = {
		.name = "test.Outer", .short_name = "Outer", .n_fields = 1, .fields = &to_inner
	};
	static ProtobufCFieldDescriptor to_outer = {
		.name = "outer", .type = PROTOBUF_C_TYPE_MESSAGE, .descriptor = &outer
	};
	struct lk_error err = { 0 };

	(void)state;
	expect_ok(lk_decode_type_ok(&outer, &err), &err);
	inner.n_fields = 1;
	inner.fields = &to_outer;
	expect_fail(
	    lk_decode_type_ok(&outer, &err), &err, LK_FAILED_PRECONDITION, "MESSAGE_TYPE_UNSAFE");
	inner.fields = &to_inner;
	expect_fail(
	    lk_decode_type_ok(&inner, &err), &err, LK_FAILED_PRECONDITION, "MESSAGE_TYPE_UNSAFE");
}

LK_TESTS(LK_CASE_WITH(a_message_comes_out_as_it_went_in, arena_up, arena_down),
    LK_CASE_WITH(nothing_is_the_message_of_defaults, arena_up, arena_down),
    LK_CASE_WITH(a_second_spelling_of_the_same_message_is_refused, arena_up, arena_down),
    LK_CASE_WITH(what_is_no_protobuf_of_the_type_is_refused, arena_up, arena_down),
    LK_CASE_WITH(text_must_be_utf8_without_nul_and_the_field_is_named, arena_up, arena_down),
    LK_CASE_WITH(text_inside_a_nested_message_is_checked_too, arena_up, arena_down),
    LK_CASE_WITH(fields_of_a_newer_peer_are_let_through, arena_up, arena_down),
    LK_CASE_WITH(unknown_fields_cannot_take_more_memory_than_a_call_has, arena_up, arena_down),
    LK_CASE(at_every_cap_a_message_is_whole_or_refused),
    LK_CASE(every_message_of_the_frame_is_safe),
    LK_CASE(a_type_that_contains_itself_is_refused_at_any_distance))
