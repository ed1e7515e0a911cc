/*
 * What a key's row says is sealed by a MAC under the pepper, so that a column that was changed in
 * the database by hand is found before it is used. When it was last used is not part of it.
 */
#ifndef LK_KEYS_KEY_SEAL_H
#define LK_KEYS_KEY_SEAL_H

#include "key.h"
#include "keys.h"

/* Fills key->mac of a row that is about to be written; `pepper` is that of key->pepper_version. */
void key_seal(const struct lk_pepper *pepper, struct key *key);
/* Is the row as we wrote it? One that is over, and whose pepper was retired since, can no longer be
 * told from another: it passes, and opens nothing. */
bool key_seal_ok(const struct keys *keys, const struct key *key);

/* Seals the row as it stands, after a change that key_seal_ok came before; where its pepper was
 * retired, under the newest. */
lk_status key_reseal(struct keys *keys, struct lk_tx *tx, struct lk_arena *arena, const char *id,
    struct lk_error *err);

/* DATA_LOSS ROW_DAMAGED for a row that is not as we wrote it; it leaves an audit record
 * "key.damaged" with its id (damage.h). */
lk_status key_seal_check(struct keys *keys, const struct key *key, struct lk_error *err);

/* At start, before anything is answered: rows from before there were MACs are sealed, once in the
 * life of a database; an audit record says how many. DATA_LOSS SEALS_MISSING (row_seal_store.h).
 * Blocks. */
lk_status key_seal_old_rows(struct keys *keys, struct lk_error *err);

#endif
