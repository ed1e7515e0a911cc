/* The rows of root keys: their states, and a proof that the key that is loaded is the one that was.
 */
#ifndef LK_CREDENTIALS_KEK_STORE_H
#define LK_CREDENTIALS_KEK_STORE_H

#include "kek.h"
#include "store/store.h"

enum { KEKS_MAX = 64 }; /* rows, the retired ones with them */

struct kek_list {
	struct kek keks[KEKS_MAX];
	size_t count;
};

/* All of them, oldest first. RESOURCE_EXHAUSTED KEK_TOO_MANY. */
lk_status kek_load_all(struct lk_tx *tx, struct kek_list *out_list, struct lk_error *err);

/* NULL for none. */
struct kek *kek_find(struct kek_list *list, const char *id);
struct kek *kek_find_active(struct kek_list *list);

/* The id of the active one. FAILED_PRECONDITION KEK_MISSING. */
lk_status kek_load_active(struct lk_tx *tx, char out_id[LK_KEK_ID_SIZE], struct lk_error *err);

/* What lk_wrap_key_under made of a constant when the key was first seen; lies in the arena. */
lk_status kek_load_proof(struct lk_tx *tx, const char *id, struct lk_arena *arena,
    struct lk_bytes *out_proof, struct lk_error *err);

lk_status kek_insert(
    struct lk_tx *tx, const struct kek *kek, struct lk_bytes proof, struct lk_error *err);
lk_status kek_update(struct lk_tx *tx, const struct kek *kek, struct lk_error *err);
lk_status kek_delete(struct lk_tx *tx, const char *id, struct lk_error *err);

#endif
