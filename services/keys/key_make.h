/* Making a key: its secret, its row and its audit record, within the caller's transaction. */
#ifndef LK_KEYS_KEY_MAKE_H
#define LK_KEYS_KEY_MAKE_H

#include "key.h"
#include "op.h"

/*
 * `key` comes with owner, tenant, name, rights and expiry decided; id, digest and times are filled
 * in. `out_text` lies in the arena, which wipes it: the only place where the secret is ever
 * readable.
 */
lk_status key_make(
    struct op *op, struct lk_tx *tx, struct key *key, char **out_text, struct lk_error *err);

#endif
