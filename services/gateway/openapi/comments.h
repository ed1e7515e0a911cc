/* The comments of the contracts, from the descriptor set that protoc writes of them
 * (descriptor.proto: FileDescriptorSet with source info). */
#ifndef LK_GATEWAY_OPENAPI_COMMENTS_H
#define LK_GATEWAY_OPENAPI_COMMENTS_H

#include "base/base.h"

enum { COMMENTS_MAX = 4096 };

struct comments {
	struct {
		const char *name, *text;
	} list[COMMENTS_MAX];
	size_t count;
};

/* What is kept lies in the arena. INVALID_ARGUMENT DESCRIPTORS_MALFORMED, RESOURCE_EXHAUSTED. */
lk_status comments_read(
    struct lk_bytes set, struct lk_arena *arena, struct comments *out, struct lk_error *err);

/* Of "latchkey.keys.v1.Key", its field ("….Key.id"), a service or its rpc: one paragraph; "" when
 * there is none. */
const char *comment_of(const struct comments *comments, const char *full_name);

#endif
