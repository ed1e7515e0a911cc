/* The frame of every message: what splits, what does not. */
#include <string.h>

#include "base/base.h"
#include "rpc/frame.h"
#include "test.h"

/* prefix for `header_len`, then `rest` bytes of 'x' */
static struct lk_bytes
frame(uint8_t *out, size_t header_len, size_t rest)
{
	lk_frame_prefix(out, header_len);
	memset(out + LK_FRAME_PREFIX_SIZE, 'x', rest);
	return lk_bytes(out, LK_FRAME_PREFIX_SIZE + rest);
}

static void
a_frame_splits_into_header_and_body(void **state)
{
	uint8_t data[64];
	struct lk_frame split;
	struct lk_error err = { 0 };

	(void)state;
	expect_ok(lk_frame_split(frame(data, 5, 12), &split, &err), &err);
	assert_ptr_equal(split.header.data, data + LK_FRAME_PREFIX_SIZE);
	assert_int_equal(split.header.len, 5);
	assert_ptr_equal(split.body.data, data + LK_FRAME_PREFIX_SIZE + 5);
	assert_int_equal(split.body.len, 7);
}

static void
header_and_body_may_be_empty(void **state)
{
	uint8_t data[64];
	struct lk_frame split;
	struct lk_error err = { 0 };

	(void)state;
	expect_ok(lk_frame_split(frame(data, 0, 0), &split, &err), &err);
	assert_int_equal(split.header.len + split.body.len, 0);
}

static void
a_frame_cut_anywhere_in_its_prefix_is_refused(void **state)
{
	uint8_t data[64];
	struct lk_frame split;
	struct lk_error err = { 0 };

	(void)state;
	frame(data, 0, 0);
	for (size_t len = 0; len < LK_FRAME_PREFIX_SIZE; len++)
		expect_fail(lk_frame_split(lk_bytes(data, len), &split, &err), &err,
		    LK_INVALID_ARGUMENT, "FRAME_INVALID");
}

static void
another_magic_or_version_is_refused(void **state)
{
	uint8_t data[64];
	struct lk_frame split;
	struct lk_error err = { 0 };

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		const struct lk_bytes message = frame(data, 0, 3);
		data[i]++;
		expect_fail(lk_frame_split(message, &split, &err), &err, LK_INVALID_ARGUMENT,
		    "FRAME_INVALID");
	}
}

static void
a_header_longer_than_its_message_is_refused(void **state)
{
	uint8_t data[64];
	struct lk_frame split;
	struct lk_error err = { 0 };

	(void)state;
	expect_ok(lk_frame_split(frame(data, 12, 12), &split, &err), &err);
	expect_fail(lk_frame_split(frame(data, 13, 12), &split, &err), &err, LK_INVALID_ARGUMENT,
	    "FRAME_INVALID");
	expect_fail(lk_frame_split(frame(data, UINT32_MAX, 12), &split, &err), &err,
	    LK_INVALID_ARGUMENT, "FRAME_INVALID");
}

static void
a_header_above_its_limit_is_refused(void **state)
{
	static uint8_t data[LK_FRAME_PREFIX_SIZE + LK_FRAME_HEADER_MAX + 1];
	struct lk_frame split;
	struct lk_error err = { 0 };

	(void)state;
	expect_ok(
	    lk_frame_split(frame(data, LK_FRAME_HEADER_MAX, LK_FRAME_HEADER_MAX), &split, &err),
	    &err);
	expect_fail(lk_frame_split(frame(data, LK_FRAME_HEADER_MAX + 1, LK_FRAME_HEADER_MAX + 1),
			&split, &err),
	    &err, LK_INVALID_ARGUMENT, "FRAME_INVALID");
}

LK_TESTS(LK_CASE(a_frame_splits_into_header_and_body), LK_CASE(header_and_body_may_be_empty),
    LK_CASE(a_frame_cut_anywhere_in_its_prefix_is_refused),
    LK_CASE(another_magic_or_version_is_refused),
    LK_CASE(a_header_longer_than_its_message_is_refused),
    LK_CASE(a_header_above_its_limit_is_refused))
