/* What a caller may reach; see caller.h. */
#include "auth/caller.h"

#include "base/base.h"

const char *
lk_caller_kind_name(enum lk_caller_kind kind)
{
	switch (kind) {
	case LK_CALLER_ANONYMOUS:
		return "anonymous";
	case LK_CALLER_USER:
		return "user";
	case LK_CALLER_PRINCIPAL:
		return "principal";
	case LK_CALLER_OPERATOR:
		return "operator";
	case LK_CALLER_SERVICE:
		return "service";
	case LK_CALLER_GATEWAY:
		return "gateway";
	}
	return "anonymous";
}

bool
lk_caller_has(const struct lk_caller *caller, enum lk_permission permission)
{
	return caller->kind != LK_CALLER_ANONYMOUS &&
	       lk_permissions_has(caller->permissions, permission);
}

static bool
list_has(const char *const *list, size_t count, const char *id)
{
	for (size_t i = 0; i < count; i++) {
		if (lk_text_is(list[i], id))
			return true;
	}
	return false;
}

bool
lk_caller_reaches_tenant(const struct lk_caller *caller, const char *tenant)
{
	const bool named = tenant != NULL && tenant[0] != '\0';

	switch (caller->kind) {
	case LK_CALLER_ANONYMOUS:
		return false;
	case LK_CALLER_USER:
		return named && lk_text_is(caller->tenant, tenant);
	case LK_CALLER_PRINCIPAL:
		return named && (caller->all_tenants ||
				    list_has(caller->tenants, caller->tenants_count, tenant));
	case LK_CALLER_OPERATOR:
	case LK_CALLER_SERVICE:
	case LK_CALLER_GATEWAY:
		return true;
	}
	return false;
}

bool
lk_caller_reaches_workgroup(const struct lk_caller *caller, const char *workgroup)
{
	const bool named = workgroup != NULL && workgroup[0] != '\0';

	switch (caller->kind) {
	case LK_CALLER_ANONYMOUS:
		return false;
	case LK_CALLER_USER:
	case LK_CALLER_PRINCIPAL:
		return named &&
		       (caller->all_workgroups ||
			   list_has(caller->workgroups, caller->workgroups_count, workgroup));
	case LK_CALLER_OPERATOR:
	case LK_CALLER_SERVICE:
	case LK_CALLER_GATEWAY:
		return true;
	}
	return false;
}

lk_status
lk_caller_require(
    const struct lk_caller *caller, enum lk_permission permission, struct lk_error *err)
{
	if (lk_caller_has(caller, permission))
		return LK_OK;
	const char *name = lk_permission_name(permission);
	return lk_fail(err, LK_PERMISSION_DENIED, "PERMISSION_MISSING",
	    "this needs the permission %s", name == NULL ? "of another kind of caller" : name);
}
