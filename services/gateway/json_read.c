/* jansson reads, after a look that bounds what it may be given; then one function a kind of field.
 * See json_read.h. */
#include "json_read.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "crypto/encode.h"
#include "shape.h"
#include "time/duration.h"

static lk_status read_object(
    const json_t *object, struct lk_arena *arena, ProtobufCMessage *message, struct lk_error *err);

static void
json_freep(json_t **json)
{
	json_decref(*json);
}

static lk_status
wrong_type(const char *name, const char *wanted, struct lk_error *err)
{
	return lk_fail_field(err, name, "FIELD_TYPE", "%s must be %s", name, wanted);
}

/* ---- Numbers ---- */

/* Decimal digits, perhaps with a minus, and nothing else. */
static bool
digits(const char *text, bool is_signed, int64_t *out_signed, uint64_t *out_unsigned)
{
	const char *first = text + (is_signed && *text == '-');
	char *end = NULL;

	if (*first < '0' || *first > '9' || (*first == '0' && first[1] != '\0'))
		return false;
	errno = 0;
	if (is_signed)
		*out_signed = strtoll(text, &end, 10);
	else
		*out_unsigned = strtoull(text, &end, 10);
	return errno == 0 && *end == '\0';
}

static bool
signed_number(const json_t *json, int64_t *out)
{
	uint64_t ignored;

	if (json_is_integer(json)) {
		*out = json_integer_value(json);
		return true;
	}
	return json_is_string(json) && digits(json_string_value(json), true, out, &ignored);
}

static bool
unsigned_number(const json_t *json, uint64_t *out)
{
	int64_t ignored;

	if (json_is_integer(json) && json_integer_value(json) >= 0) {
		*out = (uint64_t)json_integer_value(json);
		return true;
	}
	return json_is_string(json) && digits(json_string_value(json), false, &ignored, out);
}

/* ---- One value ---- */

static lk_status
read_instant(const char *name, const json_t *json, int64_t *out, struct lk_error *err)
{
	if (!json_is_string(json))
		return wrong_type(name, "an RFC 3339 time", err);
	return lk_instant_parse(name, json_string_value(json), out, err);
}

static lk_status
read_int64(const ProtobufCFieldDescriptor *field, const char *name, const json_t *json,
    int64_t *out, struct lk_error *err)
{
	if (shape_is_instant(field))
		return read_instant(name, json, out, err);
	return signed_number(json, out) ? LK_OK : wrong_type(name, "an integer", err);
}

static lk_status
read_int32(const char *name, const json_t *json, int32_t *out, struct lk_error *err)
{
	int64_t value;

	if (!signed_number(json, &value) || value < INT32_MIN || value > INT32_MAX)
		return wrong_type(name, "an integer of 32 bits", err);
	*out = (int32_t)value;
	return LK_OK;
}

static lk_status
read_uint32(const char *name, const json_t *json, uint32_t *out, struct lk_error *err)
{
	uint64_t value;

	if (!unsigned_number(json, &value) || value > UINT32_MAX)
		return wrong_type(name, "an integer from 0 of 32 bits", err);
	*out = (uint32_t)value;
	return LK_OK;
}

static lk_status
read_string(
    const char *name, const json_t *json, struct lk_arena *arena, char **out, struct lk_error *err)
{
	if (!json_is_string(json))
		return wrong_type(name, "a text", err);
	*out = lk_arena_text_n(arena, json_string_value(json), json_string_length(json));
	return *out ? LK_OK : lk_fail_oom(err);
}

static lk_status
read_bytes(const char *name, const json_t *json, struct lk_arena *arena, ProtobufCBinaryData *out,
    struct lk_error *err)
{
	if (!json_is_string(json))
		return wrong_type(name, "base64url", err);
	const struct lk_bytes text = lk_bytes(json_string_value(json), json_string_length(json));
	const size_t most = LK_BASE64URL_DECODED_MAX(text.len);
	out->data = lk_arena_alloc(arena, most);
	if (!out->data)
		return lk_fail_oom(err);
	return lk_base64url_decode(text, out->data, most, &out->len)
		   ? LK_OK
		   : wrong_type(name, "base64url", err);
}

static lk_status
read_enum(const ProtobufCFieldDescriptor *field, const char *name, const json_t *json, int *out,
    struct lk_error *err)
{
	return json_is_string(json) &&
		       shape_enum_value(field->descriptor, json_string_value(json), out)
		   ? LK_OK
		   : wrong_type(name, "one of its names", err);
}

static lk_status
read_message(const ProtobufCFieldDescriptor *field, const char *name, const json_t *json,
    struct lk_arena *arena, ProtobufCMessage **out, struct lk_error *err)
{
	const ProtobufCMessageDescriptor *type = field->descriptor;

	if (!json_is_object(json))
		return wrong_type(name, "an object", err);
	ProtobufCMessage *message = lk_arena_alloc(arena, type->sizeof_message);
	if (!message)
		return lk_fail_oom(err);
	protobuf_c_message_init(type, message);
	*out = message;
	return read_object(json, arena, message, err);
}

static lk_status
read_bool(const char *name, const json_t *json, protobuf_c_boolean *out, struct lk_error *err)
{
	if (!json_is_boolean(json))
		return wrong_type(name, "true or false", err);
	*out = json_is_true(json);
	return LK_OK;
}

static lk_status
read_value(const ProtobufCFieldDescriptor *field, const char *name, const json_t *json,
    struct lk_arena *arena, void *out, struct lk_error *err)
{
	switch (field->type) {
	case PROTOBUF_C_TYPE_STRING:
		return read_string(name, json, arena, out, err);
	case PROTOBUF_C_TYPE_BYTES:
		return read_bytes(name, json, arena, out, err);
	case PROTOBUF_C_TYPE_BOOL:
		return read_bool(name, json, out, err);
	case PROTOBUF_C_TYPE_ENUM:
		return read_enum(field, name, json, out, err);
	case PROTOBUF_C_TYPE_MESSAGE:
		return read_message(field, name, json, arena, out, err);
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_SFIXED64:
		return read_int64(field, name, json, out, err);
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
		return unsigned_number(json, out) ? LK_OK
						  : wrong_type(name, "an integer from 0", err);
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_FIXED32:
		return read_uint32(name, json, out, err);
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_SINT32:
	case PROTOBUF_C_TYPE_SFIXED32:
		return read_int32(name, json, out, err);
	case PROTOBUF_C_TYPE_FLOAT:
	case PROTOBUF_C_TYPE_DOUBLE:
		break; /* no contract has one */
	}
	return wrong_type(name, "something else", err);
}

/* ---- Members ---- */

/* Lists in requests are of texts and messages. */
static lk_status
read_list(const ProtobufCFieldDescriptor *field, const char *name, const json_t *json,
    struct lk_arena *arena, ProtobufCMessage *message, struct lk_error *err)
{
	const size_t count = json_array_size(json), size = shape_value_size(field);

	if (!json_is_array(json) ||
	    (field->type != PROTOBUF_C_TYPE_STRING && field->type != PROTOBUF_C_TYPE_MESSAGE))
		return wrong_type(name, "a list", err);
	char *values = lk_arena_array(arena, count, size);
	if (!values)
		return lk_fail_oom(err);
	for (size_t i = 0; i < count; i++)
		LK_TRY(read_value(
		    field, name, json_array_get(json, i), arena, values + i * size, err));
	*(char **)shape_member(message, field) = values;
	*(size_t *)shape_quantifier(message, field) = count;
	return LK_OK;
}

static lk_status
read_member(const ProtobufCFieldDescriptor *field, const char *name, const json_t *json,
    struct lk_arena *arena, ProtobufCMessage *message, struct lk_error *err)
{
	if (json_is_null(json))
		return LK_OK;
	if (field->label == PROTOBUF_C_LABEL_REPEATED)
		return read_list(field, name, json, arena, message, err);
	if (shape_is_presence(field)) {
		uint32_t *which = shape_quantifier(message, field);
		if (*which != 0)
			return lk_fail_field(
			    err, name, "FIELD_TWICE", "%s excludes what was given before it", name);
		*which = field->id;
	}
	return read_value(field, name, json, arena, shape_member(message, field), err);
}

static lk_status
read_object(
    const json_t *object, struct lk_arena *arena, ProtobufCMessage *message, struct lk_error *err)
{
	const ProtobufCMessageDescriptor *type = message->descriptor;
	bool *seen = lk_arena_array(arena, type->n_fields, sizeof *seen);
	json_t *value;
	const char *name;

	if (!seen)
		return lk_fail_oom(err);
	json_object_foreach((json_t *)(uintptr_t)object, name, value)
	{
		const ProtobufCFieldDescriptor *field = shape_field(type, name);
		if (!field)
			return lk_fail_field(
			    err, name, "FIELD_UNKNOWN", "there is no such member here");
		if (seen[field - type->fields])
			return lk_fail_field(
			    err, name, "FIELD_TWICE", "%s is given in both spellings", name);
		seen[field - type->fields] = true;
		LK_TRY(read_member(field, name, value, arena, message, err));
	}
	return LK_OK;
}

/* ---- The whole ---- */

/* How deep and how many, told without building anything: commas and brackets outside of texts. */
static bool
is_bounded(struct lk_bytes text)
{
	size_t depth = 0, values = 0;
	bool in_text = false;

	for (size_t i = 0; i < text.len; i++) {
		const uint8_t c = text.data[i];
		if (in_text) {
			i += c == '\\';
			in_text = c != '"';
			continue;
		}
		in_text = c == '"';
		values += c == ',' || c == '[' || c == '{';
		depth += c == '[' || c == '{';
		depth -= (c == ']' || c == '}') && depth > 0;
		if (depth > JSON_READ_DEPTH_MAX || values > JSON_READ_VALUES_MAX)
			return false;
	}
	return true;
}

lk_status
json_read(
    struct lk_bytes text, struct lk_arena *arena, ProtobufCMessage *message, struct lk_error *err)
{
	json_error_t why;
	LK_AUTO(json_freep) json_t *json = NULL;

	if (text.len == 0)
		return LK_OK;
	if (!is_bounded(text))
		return lk_fail(err, LK_INVALID_ARGUMENT, "JSON_INVALID",
		    "the body is nested too deep or holds too much");
	json = json_loadb((const char *)text.data, text.len, JSON_REJECT_DUPLICATES, &why);
	if (!json_is_object(json))
		return lk_fail(err, LK_INVALID_ARGUMENT, "JSON_INVALID",
		    "the body is not one JSON object, or names a member twice");
	return read_object(json, arena, message, err);
}

/* ---- Texts ---- */

static json_t *
text_as_json(const ProtobufCFieldDescriptor *field, const char *value)
{
	if (field->type == PROTOBUF_C_TYPE_BOOL)
		return strcmp(value, "true") == 0    ? json_true()
		       : strcmp(value, "false") == 0 ? json_false()
						     : json_null();
	return json_string(value);
}

static lk_status
append(const ProtobufCFieldDescriptor *field, const char *value, struct lk_arena *arena,
    ProtobufCMessage *message, struct lk_error *err)
{
	size_t *count = shape_quantifier(message, field);
	char ***list = shape_member(message, field);
	char **longer = lk_arena_array(arena, *count + 1, sizeof *longer);

	if (field->type != PROTOBUF_C_TYPE_STRING)
		return wrong_type(field->name, "in the body", err);
	if (!longer || !(longer[*count] = lk_arena_text(arena, value)))
		return lk_fail_oom(err);
	if (*count)
		memcpy(longer, *list, *count * sizeof *longer);
	*list = longer;
	++*count;
	return LK_OK;
}

/* Something else than what it is without being given. */
static bool
is_given(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
	static const char nothing[sizeof(ProtobufCBinaryData)];
	const void *value = shape_member(message, field);

	if (field->type == PROTOBUF_C_TYPE_STRING)
		return *(char *const *)value && **(char *const *)value;
	return memcmp(value, nothing, shape_value_size(field)) != 0;
}

static lk_status
read_text_field(const ProtobufCFieldDescriptor *field, const char *name, const char *value,
    struct lk_arena *arena, ProtobufCMessage *message, struct lk_error *err)
{
	LK_AUTO(json_freep) json_t *json = NULL;

	if (field->label == PROTOBUF_C_LABEL_REPEATED)
		return append(field, value, arena, message, err);
	if (!shape_is_presence(field) && is_given(message, field))
		return lk_fail_field(err, name, "FIELD_TWICE",
		    "%s is given twice: in path, query, header or body", name);
	json = text_as_json(field, value);
	if (!json || json_is_null(json))
		return wrong_type(name, "true or false", err);
	return read_member(field, name, json, arena, message, err);
}

/* The message that a field holds, made when there is none yet. */
static ProtobufCMessage *
message_in(const ProtobufCFieldDescriptor *field, struct lk_arena *arena, ProtobufCMessage *holder)
{
	const ProtobufCMessageDescriptor *type = field->descriptor;
	ProtobufCMessage **member = shape_member(holder, field);

	if (!*member && (*member = lk_arena_alloc(arena, type->sizeof_message)))
		protobuf_c_message_init(type, *member);
	return *member;
}

lk_status
json_read_text(const char *name, const char *value, struct lk_arena *arena,
    ProtobufCMessage *message, struct lk_error *err)
{
	const char *dot = strchr(name, '.');
	const char *first = dot ? lk_arena_text_n(arena, name, (size_t)(dot - name)) : name;
	const ProtobufCFieldDescriptor *field =
	    first ? shape_field(message->descriptor, first) : NULL;
	const bool holds_more = field && field->type == PROTOBUF_C_TYPE_MESSAGE &&
				field->label != PROTOBUF_C_LABEL_REPEATED &&
				!shape_is_presence(field);

	if (!field || (dot ? !holds_more : field->type == PROTOBUF_C_TYPE_MESSAGE))
		return lk_fail_field(err, name, "FIELD_UNKNOWN", "there is no such parameter here");
	if (!dot)
		return read_text_field(field, name, value, arena, message, err);
	ProtobufCMessage *below = message_in(field, arena, message);
	return below ? json_read_text(dot + 1, value, arena, below, err) : lk_fail_oom(err);
}
