/* Who may choose the members of a workgroup; see workgroup.h. */
#include "workgroup.h"

#include "role.h"

lk_status
workgroup_name_check(const char *name, struct lk_error *err)
{
	if (!label_ok(name) || lk_id_ok(LK_ID_WORKGROUP, name))
		return lk_fail_field(err, "name", "WORKGROUP_NAME_INVALID",
		    "name must be 1-64 printable characters");
	return LK_OK;
}

/* A key or a narrowed token has what its owner has of workgroups only by permission: naming
 * administrators mints power. */
static bool
is_own_admin(const struct workgroup *workgroup, const struct lk_caller *caller)
{
	return caller->kind == LK_CALLER_USER && caller->key[0] == '\0' &&
	       id_list_has(&workgroup->admins, caller->id);
}

lk_status
workgroup_manage_check(
    const struct workgroup *workgroup, const struct lk_caller *caller, struct lk_error *err)
{
	if (is_own_admin(workgroup, caller))
		return LK_OK;
	return lk_caller_require(caller, LK_PERM_WORKGROUPS_MANAGE, err);
}

lk_status
workgroup_reach_check(const struct workgroup *workgroup, const struct lk_caller *caller,
    lk_permissions changed, struct lk_error *err)
{
	return own_role_reach_check(caller->permissions, changed, workgroup->name, err);
}

lk_status
workgroup_permissions_check(lk_permissions permissions, struct lk_error *err)
{
	const char *names[LK_PERM_COUNT];

	if (lk_permissions_names(permissions & ~role_permissions_possible(), names) > 0)
		return lk_fail_field(err, "permissions", "PERMISSION_REFUSED",
		    "%s is not for people of a tenant", names[0]);
	return LK_OK;
}
