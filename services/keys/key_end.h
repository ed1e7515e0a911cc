/* The end of a key, whoever ends it. */
#ifndef LK_KEYS_KEY_END_H
#define LK_KEYS_KEY_END_H

#include "key.h"
#include "op.h"

/*
 * Revoke `key`, as it was read in this transaction, and say so in the trail. Of a row that was
 * changed by hand only whose it is is left, and that it is over. What is read of it lies in
 * `arena`; of the call's memory it takes what tells of it.
 */
lk_status key_end(struct op *op, struct lk_tx *tx, struct lk_arena *arena, const struct key *key,
    const char *reason, struct lk_error *err);

#endif
