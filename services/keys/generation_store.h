/* The counter of whatever an id names. */
#ifndef LK_KEYS_GENERATION_STORE_H
#define LK_KEYS_GENERATION_STORE_H

#include "store/store.h"

/* Of a tenant, user, principal, key or session as this transaction sees it; 0 when there is no such
 * row. */
lk_status generation_of(
    struct lk_tx *tx, const char *id, uint64_t *out_generation, struct lk_error *err);

#endif
