/* The rows of signing keys. The private half is stored wrapped under the root key, bound to its
 * kid. */
#ifndef LK_TOKENS_SIGNING_KEY_STORE_H
#define LK_TOKENS_SIGNING_KEY_STORE_H

#include "crypto/keyring.h"
#include "signing_key.h"
#include "store/store.h"

enum { SIGNING_KEYS_MAX = 32 }; /* published at one time */

struct signing_key_list {
	struct signing_key keys[SIGNING_KEYS_MAX];
	size_t count;
};
void signing_key_list_clear(struct signing_key_list *list); /* drops the references; for LK_AUTO */

/*
 * Every key that is not withdrawn, oldest first; the active one can sign. DATA_LOSS SEAL_BROKEN
 * when the stored private half does not open, or does not belong to the public half beside it.
 */
lk_status signing_keys_load(struct lk_tx *tx, const struct lk_keyring *ring, struct lk_arena *arena,
    struct signing_key_list *out_list, struct lk_error *err);

/* ALREADY_EXISTS STORE_UNIQUE for a second active key. */
lk_status signing_key_insert(struct lk_tx *tx, const struct signing_key *key,
    const struct lk_keyring *ring, struct lk_arena *arena, struct lk_error *err);

#endif
