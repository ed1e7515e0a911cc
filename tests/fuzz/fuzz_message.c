/* Any bytes as a message with text, lists, numbers and a nested message: decoded in its one
 * spelling, or refused. */
#include <stdlib.h>
#include <string.h>

#include "latchkey/common/v1/types.pb-c.h"
#include "rpc/decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	ProtobufCMessage *message = NULL;
	LK_AUTO(lk_arena_freep) struct lk_arena *arena = lk_arena_new(64 * 1024);

	if (arena == NULL || lk_decode(&latchkey__common__v1__identity__descriptor,
				 lk_bytes(data, len), arena, &message, NULL) != LK_OK)
		return 0;
	const Latchkey__Common__V1__Identity *identity = (const void *)message;
	if (protobuf_c_message_get_packed_size(message) != len ||
	    !lk_utf8_ok(lk_bytes_of(identity->name)))
		abort();
	return 0;
}
