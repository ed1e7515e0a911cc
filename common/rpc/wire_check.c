/* Protobuf's wire format (protobuf.dev/programming-guides/encoding), walked with a descriptor in
 * hand. */
#include "rpc/wire_check.h"

#include <string.h>

#include "rpc/decode.h"

enum { VARINT_MAX = 10, TAG_VARINT_MAX = 5 };

struct cursor {
	const uint8_t *at, *end;
};

static bool
take_varint(struct cursor *c, int max_bytes, uint64_t *out)
{
	uint64_t value = 0;

	for (int i = 0; i < max_bytes && c->at < c->end; i++) {
		const uint8_t byte = *c->at++;
		value |= (uint64_t)(byte & 0x7f) << (7 * i);
		if ((byte & 0x80) == 0) {
			*out = value;
			return true;
		}
	}
	return false;
}

static bool
take_bytes(struct cursor *c, uint64_t len, struct lk_bytes *out)
{
	if (len > (uint64_t)(c->end - c->at))
		return false;
	*out = lk_bytes(c->at, (size_t)len);
	c->at += len;
	return true;
}

/* Fields are sorted by id (protobuf-c.h). */
static const ProtobufCFieldDescriptor *
field_by_id(const ProtobufCMessageDescriptor *type, uint32_t id)
{
	unsigned low = 0, high = type->n_fields;

	if (id >= 1 && id <= high && type->fields[id - 1].id == id)
		return &type->fields[id - 1]; /* the common case: numbered without gaps */
	while (low < high) {
		const unsigned middle = low + (high - low) / 2;
		if (type->fields[middle].id == id)
			return &type->fields[middle];
		if (type->fields[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static ProtobufCWireType
wire_type_of(const ProtobufCFieldDescriptor *field)
{
	if (field->label == PROTOBUF_C_LABEL_REPEATED &&
	    (field->flags & PROTOBUF_C_FIELD_FLAG_PACKED) != 0)
		return PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED;
	switch (field->type) {
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_SINT32:
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_BOOL:
	case PROTOBUF_C_TYPE_ENUM:
		return PROTOBUF_C_WIRE_TYPE_VARINT;
	case PROTOBUF_C_TYPE_SFIXED32:
	case PROTOBUF_C_TYPE_FIXED32:
	case PROTOBUF_C_TYPE_FLOAT:
		return PROTOBUF_C_WIRE_TYPE_32BIT;
	case PROTOBUF_C_TYPE_SFIXED64:
	case PROTOBUF_C_TYPE_FIXED64:
	case PROTOBUF_C_TYPE_DOUBLE:
		return PROTOBUF_C_WIRE_TYPE_64BIT;
	case PROTOBUF_C_TYPE_STRING:
	case PROTOBUF_C_TYPE_BYTES:
	case PROTOBUF_C_TYPE_MESSAGE:
		break;
	}
	return PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED;
}

static bool
take_value(struct cursor *c, unsigned wire_type, struct lk_bytes *out)
{
	uint64_t number = 0;

	switch (wire_type) {
	case PROTOBUF_C_WIRE_TYPE_VARINT:
		return take_varint(c, VARINT_MAX, &number);
	case PROTOBUF_C_WIRE_TYPE_64BIT:
		return take_bytes(c, 8, out);
	case PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED:
		return take_varint(c, VARINT_MAX, &number) && take_bytes(c, number, out);
	case PROTOBUF_C_WIRE_TYPE_32BIT:
		return take_bytes(c, 4, out);
	default:
		return false; /* groups, and what is no wire type at all */
	}
}

static bool
text_ok(struct lk_bytes text)
{
	return text.len == 0 || (memchr(text.data, 0, text.len) == NULL && lk_utf8_ok(text));
}

static lk_status
malformed(const ProtobufCMessageDescriptor *type, struct lk_error *err)
{
	return lk_fail(
	    err, LK_INVALID_ARGUMENT, "MESSAGE_INVALID", "this is not a %s", type->short_name);
}

static lk_status check_message(const ProtobufCMessageDescriptor *type, struct lk_bytes packed,
    int depth, struct lk_error *err);

static lk_status
check_value(
    const ProtobufCFieldDescriptor *field, struct lk_bytes value, int depth, struct lk_error *err)
{
	if (field->type == PROTOBUF_C_TYPE_MESSAGE)
		return check_message(field->descriptor, value, depth + 1, err);
	if (field->type == PROTOBUF_C_TYPE_STRING && !text_ok(value))
		return lk_fail_field(err, field->name, "MESSAGE_INVALID",
		    "%s must be UTF-8 text without NUL", field->name);
	return LK_OK;
}

static lk_status
check_message(
    const ProtobufCMessageDescriptor *type, struct lk_bytes packed, int depth, struct lk_error *err)
{
	struct cursor c = { packed.data, packed.data + packed.len };

	if (depth >= LK_DECODE_DEPTH_MAX)
		return malformed(type, err);
	while (c.at < c.end) {
		uint64_t tag = 0;
		struct lk_bytes value = { 0 };
		if (!take_varint(&c, TAG_VARINT_MAX, &tag) || tag >> 3 == 0 || tag > UINT32_MAX)
			return malformed(type, err);
		const unsigned wire_type = (unsigned)tag & 7;
		const ProtobufCFieldDescriptor *field = field_by_id(type, (uint32_t)(tag >> 3));
		if (field != NULL && wire_type != (unsigned)wire_type_of(field))
			return malformed(type, err);
		if (!take_value(&c, wire_type, &value))
			return malformed(type, err);
		if (field != NULL)
			LK_TRY(check_value(field, value, depth, err));
	}
	return LK_OK;
}

lk_status
lk_wire_check(const ProtobufCMessageDescriptor *type, struct lk_bytes packed, struct lk_error *err)
{
	static const uint8_t nothing[1];

	return check_message(type, packed.len == 0 ? lk_bytes(nothing, 0) : packed, 0, err);
}
