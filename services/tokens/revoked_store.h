/* The rows of revoked tokens. */
#ifndef LK_TOKENS_REVOKED_STORE_H
#define LK_TOKENS_REVOKED_STORE_H

#include "auth/revoked.h"
#include "store/store.h"

/* Revoking twice changes nothing. Rows of tokens that expired before `now_ms` are removed on the
 * way. */
lk_status revoked_insert(struct lk_tx *tx, const char *token, int64_t expires_at_ms, int64_t now_ms,
    const char *revoked_by, struct lk_error *err);

/* Add every row that has not expired to the set. */
lk_status revoked_load(
    struct lk_tx *tx, struct lk_revoked *revoked, int64_t now_ms, struct lk_error *err);

#endif
