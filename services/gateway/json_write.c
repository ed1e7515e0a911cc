/* One function a kind of field; see json_write.h. */
#include "json_write.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "crypto/encode.h"
#include "shape.h"
#include "time/duration.h"

struct writer {
	struct lk_json json;
	struct lk_arena *arena;
	bool failed;
};

static void write_message(struct writer *w, const char *key, const ProtobufCMessage *message);

static void
writer_wipe(struct writer *w)
{
	lk_json_wipe(&w->json);
}

static void
write_instant(struct writer *w, const char *key, int64_t at_ms)
{
	char text[LK_INSTANT_SIZE];

	if (at_ms == 0) {
		lk_json_null(&w->json, key);
		return;
	}
	lk_instant_format(at_ms, text);
	lk_json_string(&w->json, key, text);
}

/* RFC 8259 6: numbers beyond 2^53 are not read alike everywhere. */
static void
write_wide(struct writer *w, const char *key, bool is_signed, const void *value)
{
	char text[24];

	if (is_signed)
		snprintf(text, sizeof text, "%" PRId64, *(const int64_t *)value);
	else
		snprintf(text, sizeof text, "%" PRIu64, *(const uint64_t *)value);
	lk_json_string(&w->json, key, text);
}

static void
write_bytes(struct writer *w, const char *key, const ProtobufCBinaryData *bytes)
{
	char *text = lk_arena_alloc(w->arena, LK_BASE64URL_LEN(bytes->len) + 1);

	if (!text) {
		w->failed = true;
		return;
	}
	(void)lk_base64url_encode(lk_bytes(bytes->data, bytes->len), text);
	lk_json_string(&w->json, key, text);
}

static void
write_enum(struct writer *w, const char *key, const ProtobufCFieldDescriptor *field, int value)
{
	char name[SHAPE_NAME_SIZE];

	shape_enum_name(field->descriptor, value, name);
	lk_json_string(&w->json, key, name);
}

static void
write_value(
    struct writer *w, const char *key, const ProtobufCFieldDescriptor *field, const void *value)
{
	switch (field->type) {
	case PROTOBUF_C_TYPE_STRING:
		lk_json_string(&w->json, key, *(char *const *)value);
		return;
	case PROTOBUF_C_TYPE_BYTES:
		write_bytes(w, key, value);
		return;
	case PROTOBUF_C_TYPE_BOOL:
		lk_json_bool(&w->json, key, *(const protobuf_c_boolean *)value != 0);
		return;
	case PROTOBUF_C_TYPE_ENUM:
		write_enum(w, key, field, *(const int *)value);
		return;
	case PROTOBUF_C_TYPE_MESSAGE:
		write_message(w, key, *(ProtobufCMessage *const *)value);
		return;
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_SFIXED64:
		if (shape_is_instant(field))
			write_instant(w, key, *(const int64_t *)value);
		else
			write_wide(w, key, true, value);
		return;
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
		write_wide(w, key, false, value);
		return;
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_FIXED32:
		lk_json_int(&w->json, key, *(const uint32_t *)value);
		return;
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_SINT32:
	case PROTOBUF_C_TYPE_SFIXED32:
		lk_json_int(&w->json, key, *(const int32_t *)value);
		return;
	case PROTOBUF_C_TYPE_FLOAT:
	case PROTOBUF_C_TYPE_DOUBLE:
		w->failed = true; /* no contract has one */
		return;
	}
}

static void
write_list(struct writer *w, const char *key, const ProtobufCMessage *message,
    const ProtobufCFieldDescriptor *field)
{
	const size_t count = *(const size_t *)shape_quantifier(message, field);
	const char *values = *(const char *const *)shape_member(message, field);

	lk_json_array(&w->json, key);
	for (size_t i = 0; i < count; i++)
		write_value(w, NULL, field, values + i * shape_value_size(field));
	lk_json_array_end(&w->json);
}

static bool
is_present(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
	if (shape_is_presence(field))
		return *(const uint32_t *)shape_quantifier(message, field) == field->id;
	return field->type != PROTOBUF_C_TYPE_MESSAGE || *(void **)shape_member(message, field);
}

static void
write_message(struct writer *w, const char *key, const ProtobufCMessage *message)
{
	const ProtobufCMessageDescriptor *type = message->descriptor;
	char name[SHAPE_NAME_SIZE];

	lk_json_object(&w->json, key);
	for (unsigned i = 0; i < type->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &type->fields[i];
		shape_name(field, name);
		if (field->label == PROTOBUF_C_LABEL_REPEATED)
			write_list(w, name, message, field);
		else if (is_present(message, field))
			write_value(w, name, field, shape_member(message, field));
	}
	lk_json_object_end(&w->json);
}

lk_status
json_write(const ProtobufCMessage *message, struct lk_arena *arena, struct lk_bytes *out_text,
    struct lk_error *err)
{
	LK_AUTO(writer_wipe) struct writer w = { .arena = arena };
	const char *text;
	char *copy;

	write_message(&w, NULL, message);
	text = lk_json_text(&w.json);
	if (!text || w.failed || !(copy = lk_arena_text(arena, text)))
		return lk_fail_oom(err);
	*out_text = lk_bytes(copy, strlen(copy));
	return LK_OK;
}
