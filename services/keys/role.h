/* Roles: named sets of permissions a user is given. The built-in ones are rows of roles.def; a
 * tenant makes its own, whose rows are role_store's. */
#ifndef LK_KEYS_ROLE_H
#define LK_KEYS_ROLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "auth/permission.h"
#include "id/id.h"
#include "policy.h"
#include "text.h"

enum role {
#define LK_ROLE(symbol, name, permissions) ROLE_##symbol,
#include "roles.def"
#undef LK_ROLE
	ROLE_COUNT,
};

typedef uint32_t role_set; /* bit n is role n */

static inline role_set
role_bit(enum role role)
{
	return (role_set)1 << role;
}

const char *role_name(enum role role);
bool role_parse(const char *name, enum role *out_role);

enum {
	OWN_ROLES_OF_USER_MAX = 8,
	OWN_ROLES_OF_TENANT_MAX = 64,
};

/* A role that a tenant made. */
struct own_role {
	char id[LK_ID_SIZE];
	char tenant[LK_ID_SIZE];
	char name[NAME_SIZE];
	lk_permissions permissions;
	int64_t created_at_ms;
};

/* All that a user has of roles, or that somebody wants to give them. */
struct roles {
	role_set built_in;
	struct own_role own[OWN_ROLES_OF_USER_MAX];
	size_t own_count;
};

/* Everything that any built-in role holds: no role of a tenant's own holds more. */
lk_permissions role_permissions_possible(void);

/*
 * May somebody with `held` make or keep a role of this name that changes by `permissions`?
 * INVALID_ARGUMENT ROLE_NAME_INVALID naming `name`, PERMISSIONS_EMPTY, PERMISSION_REFUSED naming
 * `permissions`; PERMISSION_DENIED PERMISSION_EXCEEDS.
 */
lk_status own_role_check(const char *name, lk_permissions permissions, struct lk_error *err);
lk_status own_role_reach_check(
    lk_permissions held, lk_permissions changed, const char *name, struct lk_error *err);

/* What a role says by itself, without the tenant's policy. */
lk_permissions role_permissions(enum role role);

/* What a user with these roles may do in a tenant with this policy: members manage their own keys
 * and credentials where `default_member_manages_keys` says so. */
lk_permissions role_set_permissions(role_set roles, const struct policy *policy);

/*
 * May somebody with `held` change a user's roles from `before` to `after`? Nobody gives or takes
 * what they do not hold. PERMISSION_DENIED PERMISSION_EXCEEDS naming the role.
 */
lk_status role_change_check(lk_permissions held, const struct roles *before,
    const struct roles *after, struct lk_error *err);

/* Of the own ones among these, together. */
lk_permissions roles_own_permissions(const struct roles *roles);

/* Does somebody who had `before` have less with `after`? */
bool roles_narrow(const struct roles *before, const struct roles *after);

#endif
