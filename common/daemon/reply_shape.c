/* Walking descriptors; see reply_shape.h. */
#include "daemon/reply_shape.h"

#include <string.h>

bool
lk_reply_type_has_secret(const ProtobufCMessageDescriptor *type)
{
	for (unsigned i = 0; i < type->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &type->fields[i];
		if (strncmp(field->name, "secret_", strlen("secret_")) == 0)
			return true;
		if (field->type == PROTOBUF_C_TYPE_MESSAGE &&
		    lk_reply_type_has_secret(field->descriptor))
			return true;
	}
	return false;
}

static bool
names_object(const char *name)
{
	const size_t len = strlen(name);

	return strcmp(name, "id") == 0 || (len > 3 && strcmp(name + len - 3, "_id") == 0);
}

static const void *
member(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
	return (const char *)message + field->offset;
}

/* Members of a oneof share their place and are left out. */
static bool
is_single(const ProtobufCFieldDescriptor *field, ProtobufCType type)
{
	return field->type == type && field->label != PROTOBUF_C_LABEL_REPEATED &&
	       (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) == 0;
}

static const char *
own_id(const ProtobufCMessage *message)
{
	for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
		if (!is_single(field, PROTOBUF_C_TYPE_STRING) || !names_object(field->name))
			continue;
		const char *text = *(const char *const *)member(message, field);
		if (text != NULL && text[0] != '\0')
			return text;
	}
	return "";
}

const char *
lk_reply_object_id(const ProtobufCMessage *reply)
{
	const char *id = own_id(reply);

	for (unsigned i = 0; id[0] == '\0' && i < reply->descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &reply->descriptor->fields[i];
		if (!is_single(field, PROTOBUF_C_TYPE_MESSAGE))
			continue;
		const ProtobufCMessage *inner =
		    *(const ProtobufCMessage *const *)member(reply, field);
		if (inner != NULL)
			id = lk_reply_object_id(inner);
	}
	return id;
}
