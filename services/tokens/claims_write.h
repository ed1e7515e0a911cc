/* A claim set as JSON, the way RFC 9068 names its members. */
#ifndef LK_TOKENS_CLAIMS_WRITE_H
#define LK_TOKENS_CLAIMS_WRITE_H

#include "auth/token.h"

/* What lk_claims_read reads back. NUL-terminated in the arena. RESOURCE_EXHAUSTED OUT_OF_MEMORY.
 * Thread-safe. */
lk_status claims_write(const struct lk_claims *claims, struct lk_arena *arena,
    struct lk_bytes *out_json, struct lk_error *err);

#endif
