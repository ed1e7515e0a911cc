/* The rows of tenant keys, wrapped under a root key. */
#ifndef LK_CREDENTIALS_TENANT_KEY_STORE_H
#define LK_CREDENTIALS_TENANT_KEY_STORE_H

#include "store/store.h"

lk_status tenant_key_load(struct lk_tx *tx, const char *tenant, struct lk_arena *arena,
    bool *out_has, struct lk_bytes *out_wrapped, struct lk_error *err);
lk_status tenant_key_insert(struct lk_tx *tx, const char *tenant, struct lk_bytes wrapped,
    const char *kek, int64_t now_ms, struct lk_error *err);

#endif
