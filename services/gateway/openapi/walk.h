/* A walk over messages in protobuf's wire format, without their types (protobuf.dev, "Encoding").
 */
#ifndef LK_GATEWAY_OPENAPI_WALK_H
#define LK_GATEWAY_OPENAPI_WALK_H

#include "base/bytes.h"

struct walk_field {
	uint64_t number, value; /* value: of a varint */
	struct lk_bytes bytes;  /* of a text, bytes or message; borrowed */
};

/* Taken from the front of what is left; false where it is malformed or at an end. */
bool walk_varint(struct lk_bytes *from, uint64_t *out);
bool walk_next(struct lk_bytes *message, struct walk_field *out);

/* The nth field of this number; empty when there are fewer. */
struct lk_bytes walk_find(struct lk_bytes message, uint64_t number, uint64_t nth);

#endif
