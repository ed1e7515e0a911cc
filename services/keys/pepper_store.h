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

/* What there is no row under is not in it. DATA_LOSS STORE_CORRUPT for more than PEPPERS_MAX. */
lk_status pepper_uses_load(
    struct lk_tx *tx, int64_t now_ms, struct pepper_uses *out_uses, struct lk_error *err);
/* The entry of this version, made when there is room; NULL when there is none. */
struct pepper_use *pepper_use_of(struct pepper_uses *uses, uint32_t version);

#endif
