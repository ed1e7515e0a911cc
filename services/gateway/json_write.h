/* A message as JSON, by walking its descriptor. Everything that is not empty for want of presence
 * is written. */
#ifndef LK_GATEWAY_JSON_WRITE_H
#define LK_GATEWAY_JSON_WRITE_H

#include <protobuf-c/protobuf-c.h>

#include "base/base.h"

/* The text lies in the arena. RESOURCE_EXHAUSTED. */
lk_status json_write(const ProtobufCMessage *message, struct lk_arena *arena,
    struct lk_bytes *out_text, struct lk_error *err);

#endif
