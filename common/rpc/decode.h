/* Strict protobuf decoding: into a capped arena, one spelling per message, text that is text. */
#ifndef LK_RPC_DECODE_H
#define LK_RPC_DECODE_H

#include <protobuf-c/protobuf-c.h>

#include "base/base.h"

enum { LK_DECODE_DEPTH_MAX = 16 }; /* nested messages in one type */

/*
 * Decode `packed` as a message of `type`; the message and all it points at live in `arena` until
 * its reset. INVALID_ARGUMENT MESSAGE_INVALID when it is not protobuf of that type, when a string
 * is not UTF-8 or holds a NUL
 * (`field` names it), or when encoding the result again would give another size: non-minimal
 * numbers, fields given twice and explicit defaults are refused. Unknown fields are kept and
 * counted, so that newer peers may add some. RESOURCE_EXHAUSTED when the arena meets its cap. Empty
 * bytes are the message with every field at its default.
 */
lk_status lk_decode(const ProtobufCMessageDescriptor *type, struct lk_bytes packed,
    struct lk_arena *arena, ProtobufCMessage **out_message, struct lk_error *err);

/*
 * Whether messages of this type can be decoded safely: FAILED_PRECONDITION MESSAGE_TYPE_UNSAFE,
 * naming the type, when it contains itself, at any distance, or nests deeper than
 * LK_DECODE_DEPTH_MAX (protobuf-c's parser has no depth limit).
 */
lk_status lk_decode_type_ok(const ProtobufCMessageDescriptor *type, struct lk_error *err);

#endif
