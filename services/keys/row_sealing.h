/* At start, before anything is answered: rows from before there were MACs are sealed, once in the
 * life of a database, and rows under an older pepper are sealed under the newest. */
#ifndef LK_KEYS_ROW_SEALING_H
#define LK_KEYS_ROW_SEALING_H

#include "keys.h"

/*
 * In transactions of a few hundred rows: whoever is interrupted goes on where it was. A row that is
 * damaged stays as it is, under the pepper that it is under. An audit record says how many rows
 * were sealed for the first time ("rows.sealed"), or moved ("rows.resealed"). DATA_LOSS
 * SEALS_MISSING when the note that they were sealed is gone. Blocks.
 */
lk_status rows_seal_old(struct keys *keys, struct lk_error *err);

/*
 * Before that, and before key_seal_old_rows: where rows wait for their first seal, the audit trail
 * must be as it was written, and hold all that its second place has of it, for it would say that
 * they had one before. DATA_LOSS SEALS_MISSING when it says so, SEALS_UNPROVEN when it is not
 * whole. Blocks.
 */
lk_status rows_first_check(struct keys *keys, struct lk_error *err);

#endif
