/* Any bytes as a frame: split or refused, views inside the message, and the header decodes or not.
 */
#include <stdlib.h>

#include "latchkey/common/v1/frame.pb-c.h"
#include "rpc/decode.h"
#include "rpc/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct lk_frame frame;
	ProtobufCMessage *message = NULL;
	LK_AUTO(lk_arena_freep) struct lk_arena *arena = lk_arena_new(64 * 1024);

	if (arena == NULL || lk_frame_split(lk_bytes(data, len), &frame, NULL) != LK_OK)
		return 0;
	if (frame.header.len + frame.body.len + LK_FRAME_PREFIX_SIZE != len)
		abort();
	const lk_status status = lk_decode(
	    &latchkey__common__v1__request_header__descriptor, frame.header, arena, &message, NULL);
	if (status == LK_OK && protobuf_c_message_get_packed_size(message) != frame.header.len)
		abort();
	return 0;
}
