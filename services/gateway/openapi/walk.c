/* See walk.h. */
#include "walk.h"

enum { WIRE_VARINT = 0, WIRE_BYTES = 2 };

bool
walk_varint(struct lk_bytes *from, uint64_t *out)
{
	uint64_t value = 0;

	for (unsigned shift = 0; shift < 64 && from->len > 0; shift += 7) {
		const uint8_t byte = from->data[0];
		value |= (uint64_t)(byte & 0x7f) << shift;
		*from = lk_bytes(from->data + 1, from->len - 1);
		if (byte < 0x80) {
			*out = value;
			return true;
		}
	}
	return false;
}

bool
walk_next(struct lk_bytes *message, struct walk_field *out)
{
	uint64_t tag;

	*out = (struct walk_field){ 0 };
	if (!walk_varint(message, &tag) || !walk_varint(message, &out->value))
		return false;
	out->number = tag >> 3;
	if ((tag & 7) == WIRE_VARINT)
		return true;
	if ((tag & 7) != WIRE_BYTES || out->value > message->len)
		return false;
	out->bytes = lk_bytes(message->data, out->value);
	*message = lk_bytes(message->data + out->value, message->len - out->value);
	return true;
}

struct lk_bytes
walk_find(struct lk_bytes message, uint64_t number, uint64_t nth)
{
	struct walk_field field;

	while (walk_next(&message, &field))
		if (field.number == number && nth-- == 0)
			return field.bytes;
	return lk_bytes(NULL, 0);
}
