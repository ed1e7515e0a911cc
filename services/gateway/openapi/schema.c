/* See schema.h. How a field is spelled is ../shape.h's to say. */
#include "schema.h"

#include <string.h>

#include "../shape.h"

const char *
schema_comment(struct document *d, const char *full_name, const char *below)
{
	const char *name =
	    *below ? lk_arena_format(d->arena, "%s.%s", full_name, below) : full_name;

	return name ? comment_of(d->comments, name) : "";
}

static const char *
component_name(struct document *d, const ProtobufCMessageDescriptor *type, enum direction direction)
{
	return lk_arena_format(
	    d->arena, "%s%s", type->short_name, direction == READ ? "Input" : "");
}

/* Two types of one name would be one component. */
static void
reach(struct document *d, const ProtobufCMessageDescriptor *type, enum direction direction)
{
	for (size_t i = 0; i < d->reached_count; i++) {
		if (d->reached[i].direction != direction ||
		    strcmp(d->reached[i].type->short_name, type->short_name) != 0)
			continue;
		if (d->reached[i].type != type)
			d->wrong = type->name;
		return;
	}
	if (d->reached_count == SCHEMAS_MAX) {
		d->wrong = "too many messages";
		return;
	}
	d->reached[d->reached_count].type = type;
	d->reached[d->reached_count++].direction = direction;
}

static void
ref_member(struct document *d, const ProtobufCMessageDescriptor *type, enum direction direction)
{
	reach(d, type, direction);
	lk_json_string(&d->json, "$ref",
	    lk_arena_format(
		d->arena, "#/components/schemas/%s", component_name(d, type, direction)));
}

void
schema_ref(struct document *d, const char *key, const ProtobufCMessageDescriptor *type,
    enum direction direction)
{
	lk_json_object(&d->json, key);
	ref_member(d, type, direction);
	lk_json_object_end(&d->json);
}

/* ---- One field ---- */

static void
either(struct document *d, const char *one, const char *other)
{
	lk_json_array(&d->json, "type");
	lk_json_string(&d->json, NULL, one);
	lk_json_string(&d->json, NULL, other);
	lk_json_array_end(&d->json);
}

/* An instant that there is none of is written null. */
static void
wide_members(struct document *d, const ProtobufCFieldDescriptor *field, enum direction direction)
{
	if (shape_is_instant(field)) {
		either(d, "string", "null");
		lk_json_string(&d->json, "format", "date-time");
		return;
	}
	if (direction == READ)
		either(d, "string", "integer");
	else
		lk_json_string(&d->json, "type", "string");
	lk_json_string(&d->json, "pattern", "^-?[0-9]+$");
}

static void
number_members(struct document *d, int64_t least, int64_t most)
{
	lk_json_string(&d->json, "type", "integer");
	lk_json_int(&d->json, "minimum", least);
	lk_json_int(&d->json, "maximum", most);
}

static void
enum_members(struct document *d, const ProtobufCEnumDescriptor *type)
{
	char name[SHAPE_NAME_SIZE];

	lk_json_string(&d->json, "type", "string");
	lk_json_array(&d->json, "enum");
	for (unsigned i = 0; i < type->n_values; i++) {
		shape_enum_name(type, type->values[i].value, name);
		lk_json_string(&d->json, NULL, name);
	}
	lk_json_array_end(&d->json);
}

static void
text_members(struct document *d, const ProtobufCFieldDescriptor *field)
{
	lk_json_string(&d->json, "type", "string");
	if (strncmp(field->name, "secret_", strlen("secret_")) == 0)
		lk_json_string(&d->json, "format", "password");
}

static void
value_members(struct document *d, const ProtobufCFieldDescriptor *field, enum direction direction)
{
	switch (field->type) {
	case PROTOBUF_C_TYPE_STRING:
		text_members(d, field);
		return;
	case PROTOBUF_C_TYPE_BYTES:
		lk_json_string(&d->json, "type", "string");
		lk_json_string(&d->json, "contentEncoding", "base64url");
		return;
	case PROTOBUF_C_TYPE_BOOL:
		lk_json_string(&d->json, "type", "boolean");
		return;
	case PROTOBUF_C_TYPE_ENUM:
		enum_members(d, field->descriptor);
		return;
	case PROTOBUF_C_TYPE_MESSAGE:
		ref_member(d, field->descriptor, direction);
		return;
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_SFIXED64:
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
		wide_members(d, field, direction);
		return;
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_FIXED32:
		number_members(d, 0, UINT32_MAX);
		return;
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_SINT32:
	case PROTOBUF_C_TYPE_SFIXED32:
		number_members(d, INT32_MIN, INT32_MAX);
		return;
	case PROTOBUF_C_TYPE_FLOAT:
	case PROTOBUF_C_TYPE_DOUBLE:
		d->wrong = field->name; /* no contract has one */
		return;
	}
}

void
schema_field(struct document *d, const char *key, const ProtobufCFieldDescriptor *field,
    const ProtobufCMessageDescriptor *type, enum direction direction)
{
	const char *comment = schema_comment(d, type->name, field->name);

	lk_json_object(&d->json, key);
	if (*comment)
		lk_json_string(&d->json, "description", comment);
	if (field->label == PROTOBUF_C_LABEL_REPEATED) {
		lk_json_string(&d->json, "type", "array");
		lk_json_object(&d->json, "items");
		value_members(d, field, direction);
		lk_json_object_end(&d->json);
	} else {
		value_members(d, field, direction);
	}
	lk_json_object_end(&d->json);
}

/* ---- Objects ---- */

bool
schema_is_in_path(const char *path, const ProtobufCFieldDescriptor *field)
{
	const size_t len = strlen(field->name);

	for (const char *brace = strchr(path, '{'); brace; brace = strchr(brace + 1, '{'))
		if (strncmp(brace + 1, field->name, len) == 0 && brace[1 + len] == '}')
			return true;
	return false;
}

/* What json_write.c never leaves out. */
static void
required(struct document *d, const ProtobufCMessageDescriptor *type)
{
	char name[SHAPE_NAME_SIZE];
	bool any = false;

	for (unsigned i = 0; i < type->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &type->fields[i];
		if (shape_is_presence(field) || (field->type == PROTOBUF_C_TYPE_MESSAGE &&
						    field->label != PROTOBUF_C_LABEL_REPEATED))
			continue;
		if (!any)
			lk_json_array(&d->json, "required");
		any = true;
		shape_name(field, name);
		lk_json_string(&d->json, NULL, name);
	}
	if (any)
		lk_json_array_end(&d->json);
}

void
schema_object(struct document *d, const char *key, const ProtobufCMessageDescriptor *type,
    enum direction direction, const char *leave_out)
{
	const char *comment = schema_comment(d, type->name, "");
	char name[SHAPE_NAME_SIZE];

	lk_json_object(&d->json, key);
	lk_json_string(&d->json, "type", "object");
	if (*comment)
		lk_json_string(&d->json, "description", comment);
	lk_json_object(&d->json, "properties");
	for (unsigned i = 0; i < type->n_fields; i++) {
		if (leave_out && schema_is_in_path(leave_out, &type->fields[i]))
			continue;
		shape_name(&type->fields[i], name);
		schema_field(d, name, &type->fields[i], type, direction);
	}
	lk_json_object_end(&d->json);
	if (direction == READ)
		lk_json_bool(&d->json, "additionalProperties", false);
	else
		required(d, type);
	lk_json_object_end(&d->json);
}

void
schema_components(struct document *d)
{
	for (size_t i = 0; i < d->reached_count; i++) /* grows meanwhile */
		schema_object(d, component_name(d, d->reached[i].type, d->reached[i].direction),
		    d->reached[i].type, d->reached[i].direction, NULL);
}
