/* The closed list of permissions, and sets of them as one word. */
#ifndef LK_AUTH_PERMISSION_H
#define LK_AUTH_PERMISSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"

enum lk_permission {
#define LK_PERMISSION(symbol, name, delegating, help) LK_PERM_##symbol,
#include "auth/permissions.def"
#undef LK_PERMISSION
	LK_PERM_COUNT,

	/* What a row of methods.def may say instead of a permission. */
	LK_PERM_PUBLIC = 100, /* anybody, without authorisation */
	LK_PERM_CALLER,   /* any authenticated caller but a gateway; the domain decides the rest */
	LK_PERM_REPORTER, /* likewise, and gateways: who may report uses, read metrics */
	LK_PERM_SERVICE,  /* another service of the installation, by assertion */
	LK_PERM_OPERATOR, /* an operator, by assertion */
};

typedef uint32_t lk_permissions; /* bit n is permission n */

static inline lk_permissions
lk_permission_bit(enum lk_permission permission)
{
	return (lk_permissions)1 << permission;
}

static inline bool
lk_permissions_has(lk_permissions set, enum lk_permission permission)
{
	return permission < LK_PERM_COUNT && (set & lk_permission_bit(permission)) != 0;
}

extern const lk_permissions LK_PERMISSIONS_ALL;
extern const lk_permissions LK_PERMISSIONS_DELEGATING; /* those that mint power */

const char *lk_permission_name(
    enum lk_permission permission); /* "api_keys.manage"; NULL outside the list */
const char *lk_permission_help(enum lk_permission permission);
bool lk_permission_parse(const char *name, enum lk_permission *out);

/* INVALID_ARGUMENT PERMISSION_UNKNOWN naming `field` for a name outside the list. `names` has
 * `count` entries. */
lk_status lk_permissions_parse(
    const char *field, char *const *names, size_t count, lk_permissions *out, struct lk_error *err);

/* Fill `out` with borrowed static names in list order; returns how many. */
size_t lk_permissions_names(lk_permissions set, const char *out[LK_PERM_COUNT]);

/* The same as a repeated field of a message, the array in the arena. RESOURCE_EXHAUSTED
 * OUT_OF_MEMORY. */
lk_status lk_permissions_fields(lk_permissions set, struct lk_arena *arena, char ***out_names,
    size_t *out_count, struct lk_error *err);

/* Space-separated, as in the scope claim (RFC 6749 3.3). out_size ≥ LK_SCOPE_SIZE. Unknown words
 * are an error when parsed. */
enum { LK_SCOPE_SIZE = 512 };
void lk_scope_format(lk_permissions set, char *out, size_t out_size);
lk_status lk_scope_parse(const char *scope, lk_permissions *out, struct lk_error *err);

#endif
