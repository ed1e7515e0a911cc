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

lk_status
role_set_parse(char *const *names, size_t count, role_set *out_roles, struct lk_error *err)
{
	role_set roles = 0;

	for (size_t i = 0; i < count; i++) {
		enum role role;
		if (!role_parse(names[i], &role))
			return lk_fail_field(
			    err, "roles", "ROLE_UNKNOWN", "there is no role \"%.64s\"", names[i]);
		roles |= role_bit(role);
	}
	*out_roles = count > 0 ? roles : role_bit(ROLE_MEMBER);
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

lk_status
role_change_check(lk_permissions held, role_set before, role_set after, struct lk_error *err)
{
	const role_set changed = before ^ after;

	for (int i = 0; i < ROLE_COUNT; i++) {
		if ((changed & role_bit((enum role)i)) && (role_rows[i].permissions & ~held) != 0)
			return lk_fail(err, LK_PERMISSION_DENIED, "PERMISSION_EXCEEDS",
			    "the role %s holds permissions that you do not have",
			    role_rows[i].name);
	}
	return LK_OK;
}
