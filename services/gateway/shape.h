/*
 * How a protobuf field is called and spelled in JSON, from its descriptor alone: lowerCamelCase,
 * without the unit of an instant (`created_at_ms` is `createdAt`, an RFC 3339 text or null), 64-bit
 * integers as strings, enums by the last word of their value ("human"), bytes in base64url.
 */
#ifndef LK_GATEWAY_SHAPE_H
#define LK_GATEWAY_SHAPE_H

#include <protobuf-c/protobuf-c.h>

#include "base/base.h"

enum { SHAPE_NAME_SIZE = 64 };

/* "" for a name that does not fit, which no contract has. */
void shape_name(const ProtobufCFieldDescriptor *field, char out[SHAPE_NAME_SIZE]);

/* The field called so, in JSON's spelling or the contract's; NULL when there is none. */
const ProtobufCFieldDescriptor *shape_field(
    const ProtobufCMessageDescriptor *type, const char *name);

bool shape_is_instant(const ProtobufCFieldDescriptor *field);  /* …_at_ms */
bool shape_is_presence(const ProtobufCFieldDescriptor *field); /* absent unless its case says so */

/* "human" of SUBJECT_KIND_HUMAN; "" for a number without a name. */
void shape_enum_name(const ProtobufCEnumDescriptor *type, int value, char out[SHAPE_NAME_SIZE]);
bool shape_enum_value(const ProtobufCEnumDescriptor *type, const char *name, int *out_value);

size_t shape_value_size(
    const ProtobufCFieldDescriptor *field); /* bytes of one value in a message */

/* Where a member of a message lies. */
static inline void *
shape_member(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
	return (char *)(uintptr_t)message + field->offset;
}

static inline void *
shape_quantifier(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
	return (char *)(uintptr_t)message + field->quantifier_offset;
}

#endif
