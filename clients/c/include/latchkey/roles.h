/* Roles that a tenant makes, and workgroups once they are made. */
#ifndef LATCHKEY_ROLES_H
#define LATCHKEY_ROLES_H

#include <latchkey/accounts.h>

LATCHKEY_BEGIN_DECLS

/**
 * Make a role of the tenant's own, of permissions that the caller has. Permission roles.manage;
 * `tenant` is for operators, else NULL, here and below.
 *
 * @return LATCHKEY_INVALID_ARGUMENT ROLE_NAME_INVALID, PERMISSIONS_EMPTY, PERMISSION_REFUSED,
 * PERMISSION_UNKNOWN; LATCHKEY_ALREADY_EXISTS ROLE_EXISTS; LATCHKEY_FAILED_PRECONDITION ROLES_MANY;
 * LATCHKEY_PERMISSION_DENIED PERMISSION_EXCEEDS.
 */
LATCHKEY_API latchkey_status latchkey_role_create(latchkey_client *client, const char *name,
    const char *tenant, const char *const *permissions, size_t count, const latchkey_call *call,
    latchkey_role **out_role, latchkey_error *out_error) LATCHKEY_MUST_CHECK;
/** Change a role, by name or id: another name, or NULL; other permissions, all of them, or none
 * given. Whoever has it has that from now on. LATCHKEY_FAILED_PRECONDITION ROLE_BUILT_IN. */
LATCHKEY_API latchkey_status latchkey_role_update(latchkey_client *client, const char *role,
    const char *tenant, const char *name, const char *const *permissions, size_t count,
    const latchkey_call *call, latchkey_role **out_role,
    latchkey_error *out_error) LATCHKEY_MUST_CHECK;
/** Delete a role; `out_users` is how many had it, or NULL. */
LATCHKEY_API latchkey_status latchkey_role_delete(latchkey_client *client, const char *role,
    const char *tenant, const latchkey_call *call, uint32_t *out_users,
    latchkey_error *out_error) LATCHKEY_MUST_CHECK;

/** Also by the workgroup's own administrators. */
LATCHKEY_API latchkey_status latchkey_workgroup_rename(latchkey_client *client,
    const char *workgroup, const char *tenant, const char *name, const latchkey_call *call,
    latchkey_workgroup **out_workgroup, latchkey_error *out_error) LATCHKEY_MUST_CHECK;
/** What members may do for being in it, all of it; count 0: nothing. Permission roles.manage, and
 * nobody gives or takes what they do not have. */
LATCHKEY_API latchkey_status latchkey_workgroup_set_permissions(latchkey_client *client,
    const char *workgroup, const char *tenant, const char *const *permissions, size_t count,
    const latchkey_call *call, latchkey_workgroup **out_workgroup,
    latchkey_error *out_error) LATCHKEY_MUST_CHECK;
/** Keys that were for it alone reach no workgroup. Permission workgroups.manage. */
LATCHKEY_API latchkey_status latchkey_workgroup_delete(latchkey_client *client,
    const char *workgroup, const char *tenant, const latchkey_call *call,
    latchkey_error *out_error) LATCHKEY_MUST_CHECK;
/** A member, and one who chooses members and names administrators of this workgroup. */
LATCHKEY_API latchkey_status latchkey_workgroup_add_admin(latchkey_client *client,
    const char *workgroup, const char *user, const char *tenant, const latchkey_call *call,
    latchkey_workgroup **out_workgroup, latchkey_error *out_error) LATCHKEY_MUST_CHECK;

LATCHKEY_END_DECLS

#endif
