/* JSON schemas of messages, as json_read.c takes and json_write.c writes them. */
#ifndef LK_GATEWAY_OPENAPI_SCHEMA_H
#define LK_GATEWAY_OPENAPI_SCHEMA_H

#include <protobuf-c/protobuf-c.h>

#include "base/json.h"
#include "comments.h"

enum { SCHEMAS_MAX = 512 };

/* What is read is stricter than what is written, so each has its own: "Key" and "KeyInput". */
enum direction { WRITTEN, READ };

struct document {
	struct lk_json json;
	struct lk_arena *arena;
	const struct comments *comments;
	struct {
		const ProtobufCMessageDescriptor *type;
		enum direction direction;
	} reached[SCHEMAS_MAX]; /* what components must hold */
	size_t reached_count;
	const char *wrong; /* NULL, or why there is no document */
};

/* "latchkey.keys.v1.Key" and what stands below it, "id" or "". */
const char *schema_comment(struct document *d, const char *full_name, const char *below);

/* {"$ref": …} as the member `key` (NULL in a list); its component is written later. */
void schema_ref(struct document *d, const char *key, const ProtobufCMessageDescriptor *type,
    enum direction direction);

/* The schema of one field: its type, constraints and comment. */
void schema_field(struct document *d, const char *key, const ProtobufCFieldDescriptor *field,
    const ProtobufCMessageDescriptor *type, enum direction direction);

/* An object of all fields that `leave_out` (NULL: none) does not name as "{field}". */
void schema_object(struct document *d, const char *key, const ProtobufCMessageDescriptor *type,
    enum direction direction, const char *leave_out);

/* Whether `path` holds "{field}" or "{field}:…". */
bool schema_is_in_path(const char *path, const ProtobufCFieldDescriptor *field);

/* All that was referred to, and what these refer to. */
void schema_components(struct document *d);

#endif
