/* The built-in roles and who may hand them out; see role.h. */
#include "role.h"

#include "base/base.h"

struct role_row {
	const char *name;
	lk_permissions permissions;
};

#define P(symbol) ((lk_permissions)1 << LK_PERM_##symbol)
static const struct role_row role_rows[ROLE_COUNT] = {
#define LK_ROLE(symbol, name, permissions) { name, permissions },
#include "roles.def"
#undef LK_ROLE
};

/* What `default_member_manages_keys` adds to every user who is a member. */
static const lk_permissions member_manages = P(API_KEYS_MANAGE) | P(CREDENTIALS_MANAGE);

const char *
role_name(enum role role)
{
	return role_rows[role].name;
}

bool
role_parse(const char *name, enum role *out_role)
{
	for (int i = 0; i < ROLE_COUNT; i++) {
		if (lk_text_is(role_rows[i].name, name)) {
			*out_role = (enum role)i;
			return true;
		}
	}
	return false;
}

lk_permissions
role_permissions_possible(void)
{
	lk_permissions all = 0;

	for (int i = 0; i < ROLE_COUNT; i++)
		all |= role_rows[i].permissions;
	return all;
}

lk_status
own_role_check(const char *name, lk_permissions permissions, struct lk_error *err)
{
	const char *names[LK_PERM_COUNT];
	enum role built_in;

	if (!name_ok(name) || role_parse(name, &built_in) || lk_id_ok(LK_ID_ROLE, name))
		return lk_fail_field(err, "name", "ROLE_NAME_INVALID",
		    "name must be 1-63 characters of a-z, 0-9 and -, and no built-in role's");
	if (permissions == 0)
		return lk_fail_field(err, "permissions", "PERMISSIONS_EMPTY",
		    "say at least one permission of the role");
	if (lk_permissions_names(permissions & ~role_permissions_possible(), names) > 0)
		return lk_fail_field(err, "permissions", "PERMISSION_REFUSED",
		    "%s is not for people of a tenant", names[0]);
	return LK_OK;
}

lk_status
own_role_reach_check(
    lk_permissions held, lk_permissions changed, const char *name, struct lk_error *err)
{
	const char *names[LK_PERM_COUNT];

	if (lk_permissions_names(changed & ~held, names) > 0)
		return lk_fail(err, LK_PERMISSION_DENIED, "PERMISSION_EXCEEDS",
		    "%.64s is about %s, which you do not have", name, names[0]);
	return LK_OK;
}

lk_permissions
role_permissions(enum role role)
{
	return role_rows[role].permissions;
}

lk_permissions
role_set_permissions(role_set roles, const struct policy *policy)
{
	lk_permissions permissions = 0;

	for (int i = 0; i < ROLE_COUNT; i++) {
		if (roles & role_bit((enum role)i))
			permissions |= role_rows[i].permissions;
	}
	if ((roles & role_bit(ROLE_MEMBER)) &&
	    policy->values[POLICY_DEFAULT_MEMBER_MANAGES_KEYS] == POLICY_YES)
		permissions |= member_manages;
	return permissions;
}

static bool
has_own(const struct roles *roles, const char *id)
{
	for (size_t i = 0; i < roles->own_count; i++) {
		if (lk_text_is(roles->own[i].id, id))
			return true;
	}
	return false;
}

static lk_status
built_in_change_check(lk_permissions held, role_set changed, struct lk_error *err)
{
	for (int i = 0; i < ROLE_COUNT; i++) {
		if ((changed & role_bit((enum role)i)) && (role_rows[i].permissions & ~held) != 0)
			return lk_fail(err, LK_PERMISSION_DENIED, "PERMISSION_EXCEEDS",
			    "the role %s holds permissions that you do not have",
			    role_rows[i].name);
	}
	return LK_OK;
}

/* Those of `some` that are not in `others`. */
static lk_status
own_change_check(
    lk_permissions held, const struct roles *some, const struct roles *others, struct lk_error *err)
{
	for (size_t i = 0; i < some->own_count; i++) {
		const struct own_role *role = &some->own[i];
		if (!has_own(others, role->id))
			LK_TRY(own_role_reach_check(held, role->permissions, role->name, err));
	}
	return LK_OK;
}

lk_status
role_change_check(lk_permissions held, const struct roles *before, const struct roles *after,
    struct lk_error *err)
{
	LK_TRY(built_in_change_check(held, before->built_in ^ after->built_in, err));
	LK_TRY(own_change_check(held, before, after, err));
	return own_change_check(held, after, before, err);
}

lk_permissions
roles_own_permissions(const struct roles *roles)
{
	lk_permissions permissions = 0;

	for (size_t i = 0; i < roles->own_count; i++)
		permissions |= roles->own[i].permissions;
	return permissions;
}

bool
roles_narrow(const struct roles *before, const struct roles *after)
{
	for (size_t i = 0; i < before->own_count; i++) {
		if (!has_own(after, before->own[i].id))
			return true;
	}
	return (before->built_in & ~after->built_in) != 0;
}
