/* Rows of workgroups and their members. */
#ifndef LK_KEYS_WORKGROUP_STORE_H
#define LK_KEYS_WORKGROUP_STORE_H

#include "daemon/page.h"
#include "store/store.h"
#include "workgroup.h"

/* ALREADY_EXISTS WORKGROUP_EXISTS when the tenant has the name already. */
lk_status workgroup_insert(
    struct lk_tx *tx, const struct workgroup *workgroup, struct lk_error *err);

/* `name` is an id or a name, both within `tenant`. Members lie in the arena. */
lk_status workgroup_find(struct lk_tx *tx, const char *tenant, const char *name,
    struct lk_arena *arena, struct workgroup *out_workgroup, bool *out_found, struct lk_error *err);

struct workgroup_page {
	struct workgroup *items; /* in the arena */
	size_t count;
	bool more;
};
lk_status workgroup_list(struct lk_tx *tx, const char *tenant, const struct lk_page *page,
    struct lk_arena *arena, struct workgroup_page *out_page, struct lk_error *err);

/* Adds the user, or changes whether they are an administrator of it. */
lk_status workgroup_save_member(
    struct lk_tx *tx, const char *workgroup, const char *user, bool is_admin, struct lk_error *err);
lk_status workgroup_delete_member(struct lk_tx *tx, const char *workgroup, const char *user,
    bool *out_was_member, struct lk_error *err);

/* The workgroups of a user, in order of their ids. */
lk_status workgroups_of_user(struct lk_tx *tx, const char *user, struct lk_arena *arena,
    struct id_list *out_list, struct lk_error *err);

/* Fills its members and administrators, in the arena. */
lk_status workgroup_members_load(
    struct lk_tx *tx, struct lk_arena *arena, struct workgroup *workgroup, struct lk_error *err);

/* Name and permissions. ALREADY_EXISTS WORKGROUP_EXISTS. */
lk_status workgroup_save(struct lk_tx *tx, const struct workgroup *workgroup, struct lk_error *err);
/* Its members are in it no more; keys that were for it alone reach no workgroup. */
lk_status workgroup_delete(
    struct lk_tx *tx, const struct workgroup *workgroup, int64_t now_ms, struct lk_error *err);

/* What the workgroups of a user give, together; and what each of `workgroups` gives, in their order
 * and in the arena. */
lk_status workgroup_permissions_of_user(
    struct lk_tx *tx, const char *user, lk_permissions *out_permissions, struct lk_error *err);
lk_status workgroup_grants_of_user(struct lk_tx *tx, const char *user,
    const struct id_list *workgroups, struct lk_arena *arena, lk_permissions **out_grants,
    struct lk_error *err);

#endif
