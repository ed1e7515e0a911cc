/* JSON into a message, by walking its descriptor: strict and bounded. */
#ifndef LK_GATEWAY_JSON_READ_H
#define LK_GATEWAY_JSON_READ_H

#include <protobuf-c/protobuf-c.h>

#include "base/base.h"

enum { JSON_READ_DEPTH_MAX = 16, JSON_READ_VALUES_MAX = 20000 };

/*
 * `text` is one JSON object (RFC 8259); no text at all is an empty one. Its members become fields
 * of `message`, which was initialised; both spellings of shape.h are taken, null leaves a field as
 * it is. INVALID_ARGUMENT, with `field` where one is at fault: JSON_INVALID (not JSON, a member
 * twice, NUL, too deep, too much), FIELD_UNKNOWN, FIELD_TYPE (a number for a text, beyond its range
 * …), FIELD_TWICE (once in each spelling, or already set). What is read lies in the arena:
 * RESOURCE_EXHAUSTED.
 */
lk_status json_read(
    struct lk_bytes text, struct lk_arena *arena, ProtobufCMessage *message, struct lk_error *err);

/*
 * One field from a text, as paths and queries have it: a number in digits, a boolean as true or
 * false; "page.size" is a field of a message that a field holds. A repeated field gets one more;
 * any other is given once, be it here or in the body. The same errors.
 */
lk_status json_read_text(const char *name, const char *value, struct lk_arena *arena,
    ProtobufCMessage *message, struct lk_error *err);

#endif
