/* Rows that count uses: per key, who asked, and day. */
#ifndef LK_KEYS_KEY_USE_STORE_H
#define LK_KEYS_KEY_USE_STORE_H

#include "auth/caller.h"
#include "base/base.h"
#include "id/id.h"
#include "store/store.h"

enum { ADDRESS_SIZE = 46 }; /* INET6_ADDRSTRLEN */

struct key_use {
	char key[LK_ID_SIZE];
	char caller[LK_CALLER_NAME_SIZE];
	char caller_name[LK_CALLER_NAME_SIZE]; /* of a principal; else as caller. Read only */
	int64_t day;                           /* UTC, since 1970 */
	uint64_t count;
	int64_t last_used_at_ms;
	char source_address[ADDRESS_SIZE]; /* the last one that was told; or "" */
};

enum { KEY_USE_DAYS = 400, DAY_MS = 24 * 60 * 60 * 1000 }; /* kept so long */

/* Adds to the row of the same key, caller and day. */
lk_status key_use_add(struct lk_tx *tx, const struct key_use *use, struct lk_error *err);

/* Rows of `key` since `day`, newest day first, at most `max`, into the arena. */
lk_status key_use_list(struct lk_tx *tx, const char *key, int64_t day, size_t max,
    struct lk_arena *arena, struct key_use **out_uses, size_t *out_count, struct lk_error *err);

lk_status key_use_prune(struct lk_tx *tx, int64_t before_day, struct lk_error *err);

#endif
