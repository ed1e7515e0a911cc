/* Rows of trusted issuers, and of their subjects that are linked to users. */
#ifndef LK_KEYS_ISSUER_STORE_H
#define LK_KEYS_ISSUER_STORE_H

#include "daemon/page.h"
#include "issuer.h"
#include "store/store.h"

/* In place of an older one. */
lk_status issuer_save(struct lk_tx *tx, const struct issuer *issuer, struct lk_error *err);
lk_status issuer_find(struct lk_tx *tx, const char *tenant, const char *name,
    struct lk_arena *arena, struct issuer *out_issuer, bool *out_found, struct lk_error *err);
/* At most ISSUERS_PER_TENANT, in the arena. */
lk_status issuer_list(struct lk_tx *tx, const char *tenant, struct lk_arena *arena,
    struct issuer **out_list, size_t *out_count, struct lk_error *err);
/* With the links of its subjects. */
lk_status issuer_remove(struct lk_tx *tx, const char *tenant, const char *name, bool *out_removed,
    struct lk_error *err);

/* A subject of an issuer. */
struct linked_subject {
	const char *tenant, *issuer, *subject;
};
/* ALREADY_EXISTS SUBJECT_LINKED when it is somebody's already. */
lk_status subject_link(
    struct lk_tx *tx, const struct linked_subject *subject, const char *user, struct lk_error *err);
lk_status subject_unlink(struct lk_tx *tx, const struct linked_subject *subject, const char *user,
    bool *out_removed, struct lk_error *err);
/* Those who come in by an issuer, each once, in the order of their ids, after `after` ("" from the
 * beginning). */
struct linked_users {
	char users[LK_PAGE_ROWS_MAX][LK_ID_SIZE];
	size_t count;
};
lk_status subject_users(struct lk_tx *tx, const char *tenant, const char *issuer, const char *after,
    struct linked_users *out_users, struct lk_error *err);
/* Whose it is; *out_found false: nobody's. */
lk_status subject_user(struct lk_tx *tx, const struct linked_subject *subject,
    char out_user[LK_ID_SIZE], bool *out_found, struct lk_error *err);

#endif
