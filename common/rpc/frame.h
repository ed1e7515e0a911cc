/* One nng message = magic+version(4) · header_len(4, big-endian) · header protobuf · body protobuf:
 * split and prefixed here. */
#ifndef LK_RPC_FRAME_H
#define LK_RPC_FRAME_H

#include "base/base.h"

enum {
	LK_FRAME_PREFIX_SIZE = 8,
	LK_FRAME_HEADER_MAX = 16 * 1024,    /* an access token of 8 KiB and an assertion fit */
	LK_FRAME_MESSAGE_MAX = 1024 * 1024, /* NNG_OPT_RECVMAXSZ of every socket of ours */
};

struct lk_frame {
	struct lk_bytes header; /* views into the message */
	struct lk_bytes body;
};

/*
 * Split a received message into views; nothing is copied. INVALID_ARGUMENT FRAME_INVALID when it is
 * shorter than its prefix, of another magic or version, or when header_len is above
 * LK_FRAME_HEADER_MAX or past the end.
 */
lk_status lk_frame_split(struct lk_bytes message, struct lk_frame *out, struct lk_error *err);

/* Write the prefix of a message whose header has `header_len` bytes (≤ LK_FRAME_HEADER_MAX). */
void lk_frame_prefix(uint8_t out[LK_FRAME_PREFIX_SIZE], size_t header_len);

#endif
