/* Rows of tenants and of what they changed of their policy. */
#ifndef LK_KEYS_TENANT_STORE_H
#define LK_KEYS_TENANT_STORE_H

#include "daemon/page.h"
#include "store/store.h"
#include "tenant.h"

/* ALREADY_EXISTS TENANT_EXISTS naming the field that is taken. */
lk_status tenant_insert(struct lk_tx *tx, const struct tenant *tenant, struct lk_error *err);

/* `name` is an id, a name or a domain. *out_found false: there is none. DATA_LOSS ROW_DAMAGED
 * (row_seal.h). */
lk_status tenant_find(struct lk_tx *tx, const char *name, struct tenant *out_tenant,
    bool *out_found, struct lk_error *err);

struct tenant_page {
	struct tenant *items; /* in the arena */
	size_t count;
	bool more;
};
lk_status tenant_list(struct lk_tx *tx, const struct lk_page *page, struct lk_arena *arena,
    struct tenant_page *out_page, struct lk_error *err);

/* One change of its kind at a time: others of this tenant wait for this transaction's end. */
lk_status tenant_lock(struct lk_tx *tx, const char *id, struct lk_error *err);
/* Name and domain. ALREADY_EXISTS TENANT_EXISTS naming the field. */
lk_status tenant_save_names(struct lk_tx *tx, const struct tenant *tenant, struct lk_error *err);
lk_status tenant_save_state(
    struct lk_tx *tx, const char *id, enum tenant_state state, struct lk_error *err);
lk_status tenant_raise_generation(struct lk_tx *tx, const char *id, struct lk_error *err);

/* The profile's values with the tenant's changes over them. */
lk_status policy_load(
    struct lk_tx *tx, const struct tenant *tenant, struct policy *out_policy, struct lk_error *err);
lk_status policy_save_value(struct lk_tx *tx, const char *tenant, const char *name,
    const char *value, struct lk_error *err);

/* One that was deleted has a row still; of one that never was, false. */
lk_status tenant_is_deleted(
    struct lk_tx *tx, const char *id, bool *out_deleted, struct lk_error *err);

#endif
