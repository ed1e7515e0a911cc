/* The rows of signing keys. The private half is stored wrapped under the root key, bound to its
 * kid. */
#ifndef LK_TOKENS_SIGNING_KEY_STORE_H
#define LK_TOKENS_SIGNING_KEY_STORE_H

#include "crypto/keyring.h"
#include "rotation.h"
#include "store/store.h"

struct signing_key_list {
	struct signing_key keys[SIGNING_KEYS_MAX];
	size_t count;
};
void signing_key_list_clear(struct signing_key_list *list); /* drops the references; for LK_AUTO */

/* Grows with every change. Several instances on one store each remember the one they have read. */
lk_status signing_keys_version(struct lk_tx *tx, int64_t *out_version, struct lk_error *err);

/* First in every transaction that changes keys: raises the version, and lets one instance at a
 * time through. */
lk_status signing_keys_lock(struct lk_tx *tx, struct lk_error *err);

/*
 * Every key that is not withdrawn, oldest first. With `ring` the active one can sign; without
 * (NULL) all are public. DATA_LOSS SEAL_BROKEN when the stored private half does not open, or does
 * not belong to the public half beside it.
 */
lk_status signing_keys_load(struct lk_tx *tx, const struct lk_keyring *ring, struct lk_arena *arena,
    struct signing_key_list *out_list, struct lk_error *err);

/* The newest SIGNING_KEYS_MAX that were withdrawn, newest first; public halves. */
lk_status signing_keys_load_withdrawn(
    struct lk_tx *tx, struct signing_key_list *out_list, struct lk_error *err);

/* `key->key` has its private half. ALREADY_EXISTS STORE_UNIQUE for a kid that is there, even
 * withdrawn, and for a second active key. */
lk_status signing_key_insert(struct lk_tx *tx, const struct signing_key *key,
    const struct lk_keyring *ring, struct lk_arena *arena, struct lk_error *err);

/* Write state, changed_at_ms and activate_at_ms of `key`. In a state that never signs again the
 * private half is destroyed. */
lk_status signing_key_update(struct lk_tx *tx, const struct signing_key *key, struct lk_error *err);

lk_status signing_key_delete(struct lk_tx *tx, const char *kid, struct lk_error *err);

/* Is there a row of this kid, withdrawn or not? */
lk_status signing_key_exists(
    struct lk_tx *tx, const char *kid, bool *out_exists, struct lk_error *err);

#endif
