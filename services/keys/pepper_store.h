/* How much is under which version of the pepper. */
#ifndef LK_KEYS_PEPPER_STORE_H
#define LK_KEYS_PEPPER_STORE_H

#include "store/store.h"

enum { PEPPERS_MAX = 16 }; /* versions that rows may be under at a time */

struct pepper_use {
	uint32_t version;
	uint64_t keys, sessions, tickets; /* not revoked; open at `now_ms` */
	uint64_t rows;                    /* sealed under it (row_seal.h) */
};
struct pepper_uses {
	struct pepper_use items[PEPPERS_MAX];
	size_t count;
};

/* Counted into what `uses` begins with; of versions that are not in it those with most under them,
 * as far as there is room. */
lk_status pepper_uses_load(
    struct lk_tx *tx, int64_t now_ms, struct pepper_uses *uses, struct lk_error *err);
/* The entry of this version, made when there is room; NULL when there is none. */
struct pepper_use *pepper_use_of(struct pepper_uses *uses, uint32_t version);

/* Up to `max` of what is under it: "user usr_…", rows first, then keys, in the arena. *out_count of
 * them. */
lk_status pepper_holders(struct lk_tx *tx, uint32_t version, int64_t now_ms, size_t max,
    struct lk_arena *arena, char ***out_holders, size_t *out_count, struct lk_error *err);

#endif
