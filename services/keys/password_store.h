/* Rows of passwords: what argon2id made of them. */
#ifndef LK_KEYS_PASSWORD_STORE_H
#define LK_KEYS_PASSWORD_STORE_H

#include "crypto/password.h"
#include "store/store.h"

/* *out_found false, and an empty text: the user has none. */
lk_status password_find(struct lk_tx *tx, const char *user, char out_hash[LK_PASSWORD_HASH_SIZE],
    bool *out_found, struct lk_error *err);
/* In place of an older one. */
lk_status password_save(
    struct lk_tx *tx, const char *user, const char *hash, int64_t now_ms, struct lk_error *err);

#endif
