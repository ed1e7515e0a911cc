/* Rows of the roles that tenants make, and who has which. */
#ifndef LK_KEYS_ROLE_STORE_H
#define LK_KEYS_ROLE_STORE_H

#include "ids.h"
#include "role.h"
#include "store/store.h"

/* ALREADY_EXISTS ROLE_EXISTS; FAILED_PRECONDITION ROLES_MANY at OWN_ROLES_OF_TENANT_MAX. */
lk_status role_insert(struct lk_tx *tx, const struct own_role *role, struct lk_error *err);
/* Name and permissions. ALREADY_EXISTS ROLE_EXISTS. */
lk_status role_save(struct lk_tx *tx, const struct own_role *role, struct lk_error *err);
/* None of `holders` has it any more: role_holders answered them. */
lk_status role_delete(
    struct lk_tx *tx, const char *id, const struct id_list *holders, struct lk_error *err);

/* By id or name, in this tenant. */
lk_status role_find(struct lk_tx *tx, const char *tenant, const char *name,
    struct own_role *out_role, bool *out_found, struct lk_error *err);

struct own_role_list {
	struct own_role *items; /* in the arena, by name */
	size_t count;
};
lk_status role_list(struct lk_tx *tx, const char *tenant, struct lk_arena *arena,
    struct own_role_list *out_list, struct lk_error *err);

/* Users who have it. */
lk_status role_holders(struct lk_tx *tx, const char *role, struct lk_arena *arena,
    struct id_list *out_users, struct lk_error *err);

/*
 * Built-in and own roles by their names; no names give ROLE_MEMBER alone. INVALID_ARGUMENT
 * ROLE_UNKNOWN, ROLES_MANY naming the field `roles`.
 */
lk_status roles_of_names(struct lk_tx *tx, const char *tenant, char *const *names, size_t count,
    struct roles *out_roles, struct lk_error *err);

/* Of a user: the own ones are added to `roles`. */
lk_status roles_own_load(
    struct lk_tx *tx, const char *user, struct roles *roles, struct lk_error *err);
/* In the place of those the user had. */
lk_status roles_own_save(
    struct lk_tx *tx, const char *user, const struct roles *roles, struct lk_error *err);

#endif
