/* Two questions about replies that their descriptors answer: does this type hold a secret, and
 * which object does this reply speak of? */
#ifndef LK_DAEMON_REPLY_SHAPE_H
#define LK_DAEMON_REPLY_SHAPE_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>

/* A field whose name starts with "secret_", at any depth (proto/README.md). Types are never
 * recursive: start-up checks it. */
bool lk_reply_type_has_secret(const ProtobufCMessageDescriptor *type);

/* The first non-empty text field "id" or "…_id", outer before inner; "" when there is none.
 * Borrowed from `reply`. */
const char *lk_reply_object_id(const ProtobufCMessage *reply);

#endif
