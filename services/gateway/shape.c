/* Names; see shape.h. */
#include "shape.h"

#include <ctype.h>
#include <string.h>

static bool
ends_in(const char *text, const char *end)
{
	const size_t len = strlen(text), end_len = strlen(end);

	return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

bool
shape_is_instant(const ProtobufCFieldDescriptor *field)
{
	return field->type == PROTOBUF_C_TYPE_INT64 && ends_in(field->name, "_at_ms");
}

bool
shape_is_presence(const ProtobufCFieldDescriptor *field)
{
	return (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0;
}

void
shape_name(const ProtobufCFieldDescriptor *field, char out[SHAPE_NAME_SIZE])
{
	const size_t len = strlen(field->name) - (shape_is_instant(field) ? strlen("_ms") : 0);
	size_t to = 0;

	for (size_t i = 0; i < len && to + 1 < SHAPE_NAME_SIZE; i++) {
		if (field->name[i] == '_')
			continue;
		const bool upper = i > 0 && field->name[i - 1] == '_';
		out[to++] = upper ? (char)toupper((unsigned char)field->name[i]) : field->name[i];
	}
	out[len < SHAPE_NAME_SIZE ? to : 0] = '\0';
}

const ProtobufCFieldDescriptor *
shape_field(const ProtobufCMessageDescriptor *type, const char *name)
{
	char spelled[SHAPE_NAME_SIZE];

	for (unsigned i = 0; i < type->n_fields; i++) {
		shape_name(&type->fields[i], spelled);
		if (strcmp(spelled, name) == 0 || strcmp(type->fields[i].name, name) == 0)
			return &type->fields[i];
	}
	return NULL;
}

/* What all names of an enum begin with: SUBJECT_KIND_ of SubjectKind. */
static size_t
enum_prefix(const ProtobufCEnumDescriptor *type)
{
	size_t len = 1; /* the underscore at its end */

	for (const char *c = type->short_name; *c; c++)
		len += 1 + (isupper((unsigned char)*c) && c > type->short_name);
	return len;
}

void
shape_enum_name(const ProtobufCEnumDescriptor *type, int value, char out[SHAPE_NAME_SIZE])
{
	const ProtobufCEnumValue *found = protobuf_c_enum_descriptor_get_value(type, value);
	size_t to = 0;

	if (found && strlen(found->name) > enum_prefix(type))
		for (const char *c = found->name + enum_prefix(type);
		     *c && to + 1 < SHAPE_NAME_SIZE; c++)
			out[to++] = (char)tolower((unsigned char)*c);
	out[to] = '\0';
}

bool
shape_enum_value(const ProtobufCEnumDescriptor *type, const char *name, int *out_value)
{
	char spelled[SHAPE_NAME_SIZE];

	for (unsigned i = 0; i < type->n_values; i++) {
		shape_enum_name(type, type->values[i].value, spelled);
		if (*name &&
		    (strcmp(spelled, name) == 0 || strcmp(type->values[i].name, name) == 0)) {
			*out_value = type->values[i].value;
			return true;
		}
	}
	return false;
}

size_t
shape_value_size(const ProtobufCFieldDescriptor *field)
{
	switch (field->type) {
	case PROTOBUF_C_TYPE_STRING:
	case PROTOBUF_C_TYPE_MESSAGE:
		return sizeof(void *);
	case PROTOBUF_C_TYPE_BYTES:
		return sizeof(ProtobufCBinaryData);
	case PROTOBUF_C_TYPE_BOOL:
		return sizeof(protobuf_c_boolean);
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_SFIXED64:
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
	case PROTOBUF_C_TYPE_DOUBLE:
		return sizeof(int64_t);
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_FIXED32:
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_SINT32:
	case PROTOBUF_C_TYPE_SFIXED32:
	case PROTOBUF_C_TYPE_FLOAT:
	case PROTOBUF_C_TYPE_ENUM:
		return sizeof(int32_t);
	}
	return 0;
}
