/* A walk over packed protobuf before it is decoded: types, lengths, text. Used by decode.c only. */
#ifndef LK_RPC_WIRE_CHECK_H
#define LK_RPC_WIRE_CHECK_H

#include <protobuf-c/protobuf-c.h>

#include "base/base.h"

/*
 * INVALID_ARGUMENT MESSAGE_INVALID unless `packed` is well-formed for `type`: tags and lengths
 * within bounds, each known field with the wire type that we would write, strings UTF-8 without NUL
 * (`field` names the string at fault), nested messages likewise. Allocates nothing; recursion is
 * bounded by LK_DECODE_DEPTH_MAX.
 */
lk_status lk_wire_check(
    const ProtobufCMessageDescriptor *type, struct lk_bytes packed, struct lk_error *err);

#endif
