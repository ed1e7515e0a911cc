/* The rows of provider credentials. What is sealed comes and goes as bytes; vault.c opens it. */
#ifndef LK_CREDENTIALS_CREDENTIAL_STORE_H
#define LK_CREDENTIALS_CREDENTIAL_STORE_H

#include "credential.h"
#include "store/store.h"

/* ALREADY_EXISTS CREDENTIAL_EXISTS when the owner has one at this provider, or with one_per_tenant
 * anybody of the tenant has. */
lk_status credential_insert(struct lk_tx *tx, const struct credential *credential,
    struct lk_bytes sealed, struct lk_error *err);

/* NOT_FOUND CREDENTIAL_NOT_FOUND. */
lk_status credential_load(
    struct lk_tx *tx, const char *id, struct credential *out, struct lk_error *err);

/* As credential_load; one that the caller does not manage is one that is not there. */
lk_status credential_load_managed(struct lk_tx *tx, const char *id, const struct lk_caller *caller,
    struct credential *out, struct lk_error *err);

/* The one of this owner at this provider, with its sealed secret copied into the arena. NOT_FOUND
 * CREDENTIAL_NOT_FOUND. */
lk_status credential_load_sealed(struct lk_tx *tx, const char *tenant, const char *owner,
    const char *provider, struct lk_arena *arena, struct credential *out,
    struct lk_bytes *out_sealed, struct lk_error *err);

lk_status credential_relabel(
    struct lk_tx *tx, const char *id, const char *label, struct lk_error *err);

/* Version, hint, expiry and secret of `credential` in place of those of the version before it.
 * ABORTED CREDENTIAL_CHANGED when that is not the version in the row. */
lk_status credential_reseal(struct lk_tx *tx, const struct credential *credential,
    struct lk_bytes sealed, struct lk_error *err);

/* Gone with its secret: deleted rows are overwritten in the file. */
lk_status credential_delete(struct lk_tx *tx, const char *id, struct lk_error *err);

/* Forward only, at most once a minute: as the row that was loaded says, and as the table says. */
lk_status credential_touch(
    struct lk_tx *tx, const struct credential *credential, int64_t now_ms, struct lk_error *err);

/* In order of id, after `after`; NULL tenant or owner means any. At most `limit` into `out` (an
 * array of limit). */
struct credential_filter {
	const char *tenant, *owner;
	const char *after; /* "" for the first page */
	size_t limit;
};
lk_status credential_list(struct lk_tx *tx, const struct credential_filter *filter,
    struct credential *out, size_t *out_count, struct lk_error *err);

#endif
