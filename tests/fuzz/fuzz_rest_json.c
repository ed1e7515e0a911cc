/* Any bytes as the JSON of a message with texts, lists, numbers, instants and a nested message:
 * refused, or the same again when it is written and read once more. */
#include <stdlib.h>
#include <string.h>

#include "gateway/json_read.h"
#include "gateway/json_write.h"
#include "latchkey/common/v1/types.pb-c.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static struct lk_bytes
packed(struct lk_arena *arena, const ProtobufCMessage *message)
{
	const size_t size = protobuf_c_message_get_packed_size(message);
	uint8_t *out = lk_arena_alloc(arena, size);

	if (!out)
		abort();
	return lk_bytes(out, protobuf_c_message_pack(message, out));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	LK_AUTO(lk_arena_freep) struct lk_arena *arena = lk_arena_new(16 * 1024 * 1024);
	Latchkey__Common__V1__Identity first = LATCHKEY__COMMON__V1__IDENTITY__INIT, again = first;
	struct lk_bytes text;

	if (arena == NULL || json_read(lk_bytes(data, len), arena, &first.base, NULL) != LK_OK)
		return 0;
	if (json_write(&first.base, arena, &text, NULL) != LK_OK ||
	    json_read(text, arena, &again.base, NULL) != LK_OK ||
	    !lk_bytes_equal(packed(arena, &first.base), packed(arena, &again.base)))
		abort();
	return 0;
}
