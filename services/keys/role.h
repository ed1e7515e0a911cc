/* Roles: named sets of permissions a user is given. The built-in ones are rows of roles.def. */
#ifndef LK_KEYS_ROLE_H
#define LK_KEYS_ROLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "auth/permission.h"
#include "policy.h"

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

/* INVALID_ARGUMENT ROLE_UNKNOWN naming the field `roles`; no names give ROLE_MEMBER alone. */
lk_status role_set_parse(
    char *const *names, size_t count, role_set *out_roles, struct lk_error *err);

/* What a role says by itself, without the tenant's policy. */
lk_permissions role_permissions(enum role role);

/* What a user with these roles may do in a tenant with this policy: members manage their own keys
 * and credentials where `default_member_manages_keys` says so. */
lk_permissions role_set_permissions(role_set roles, const struct policy *policy);

/*
 * May somebody with `held` change a user's roles from `before` to `after`? Nobody gives or takes
 * what they do not hold. PERMISSION_DENIED PERMISSION_EXCEEDS naming the role.
 */
lk_status role_change_check(
    lk_permissions held, role_set before, role_set after, struct lk_error *err);

#endif
