/* The prefix of every message, and the two views behind it. */
#include "rpc/frame.h"

#include <string.h>

static const uint8_t magic_and_version[4] = { 'L', 'K', 'R', 1 };

static uint32_t
get_u32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

lk_status
lk_frame_split(struct lk_bytes message, struct lk_frame *out, struct lk_error *err)
{
	if (message.len < LK_FRAME_PREFIX_SIZE ||
	    memcmp(message.data, magic_and_version, sizeof magic_and_version) != 0)
		return lk_fail(err, LK_INVALID_ARGUMENT, "FRAME_INVALID",
		    "message does not start as a frame of version 1 does");

	const size_t rest = message.len - LK_FRAME_PREFIX_SIZE;
	const uint32_t header_len = get_u32(message.data + sizeof magic_and_version);
	if (header_len > LK_FRAME_HEADER_MAX || header_len > rest)
		return lk_fail(err, LK_INVALID_ARGUMENT, "FRAME_INVALID",
		    "header is longer than allowed or than its message");

	const uint8_t *header = message.data + LK_FRAME_PREFIX_SIZE;
	out->header = lk_bytes(header, header_len);
	out->body = lk_bytes(header + header_len, rest - header_len);
	return LK_OK;
}

void
lk_frame_prefix(uint8_t out[LK_FRAME_PREFIX_SIZE], size_t header_len)
{
	memcpy(out, magic_and_version, sizeof magic_and_version);
	out[4] = (uint8_t)(header_len >> 24);
	out[5] = (uint8_t)(header_len >> 16);
	out[6] = (uint8_t)(header_len >> 8);
	out[7] = (uint8_t)header_len;
}
