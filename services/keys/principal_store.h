/* Rows of platform principals and the tenants they reach. */
#ifndef LK_KEYS_PRINCIPAL_STORE_H
#define LK_KEYS_PRINCIPAL_STORE_H

#include "daemon/page.h"
#include "principal.h"
#include "store/store.h"

/* Writes the tenants too. ALREADY_EXISTS PRINCIPAL_EXISTS when the name is taken. */
lk_status principal_insert(
    struct lk_tx *tx, const struct principal *principal, struct lk_error *err);

/* `name` is an id or a name. The tenants lie in the arena. */
lk_status principal_find(struct lk_tx *tx, const char *name, struct lk_arena *arena,
    struct principal *out_principal, bool *out_found, struct lk_error *err);

struct principal_page {
	struct principal *items; /* in the arena */
	size_t count;
	bool more;
};
lk_status principal_list(struct lk_tx *tx, const struct lk_page *page, struct lk_arena *arena,
    struct principal_page *out_page, struct lk_error *err);

/* Raises the generation as well. */
lk_status principal_save_state(
    struct lk_tx *tx, const char *id, enum principal_state state, struct lk_error *err);
/* A damaged one is disabled, and has nothing left but its id. */
lk_status principal_empty(struct lk_tx *tx, const char *id, int64_t now_ms, struct lk_error *err);

#endif
