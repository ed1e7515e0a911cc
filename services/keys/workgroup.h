/* Workgroups: parts of a tenant that keys and workers can be limited to. Rules only; rows are
 * workgroup_store's. */
#ifndef LK_KEYS_WORKGROUP_H
#define LK_KEYS_WORKGROUP_H

#include "auth/caller.h"
#include "ids.h"
#include "text.h"

struct workgroup {
	char id[LK_ID_SIZE];
	char tenant[LK_ID_SIZE];
	char name[LABEL_SIZE];
	lk_permissions permissions; /* what its members may do for being in it */
	int64_t created_at_ms;
	struct id_list members; /* usr_…, in the arena it was read into */
	struct id_list admins;  /* those of the members who may choose members */
};

/* INVALID_ARGUMENT WORKGROUP_NAME_INVALID naming `name`: 1 to 64 printable characters, not the
 * shape of an id. */
lk_status workgroup_name_check(const char *name, struct lk_error *err);

/* The tenant's administrators of workgroups, and the workgroup's own: PERMISSION_DENIED
 * PERMISSION_MISSING for anybody else. */
lk_status workgroup_manage_check(
    const struct workgroup *workgroup, const struct lk_caller *caller, struct lk_error *err);

/* Whoever puts somebody in, or takes them out, must hold what the workgroup gives:
 * PERMISSION_DENIED PERMISSION_EXCEEDS. `changed` is that, or what becomes of it. */
lk_status workgroup_reach_check(const struct workgroup *workgroup, const struct lk_caller *caller,
    lk_permissions changed, struct lk_error *err);

/* INVALID_ARGUMENT PERMISSION_REFUSED naming `permissions`: those that no role of a tenant has. */
lk_status workgroup_permissions_check(lk_permissions permissions, struct lk_error *err);

#endif
