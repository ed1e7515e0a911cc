/* The closed list of permissions: names, parsing, scopes. */
#include "auth/permission.h"

#include <stdio.h>
#include <string.h>

#include "rpc/field.h"

static const struct {
	const char *name;
	const char *help;
} rows[] = {
#define LK_PERMISSION(symbol, name, delegating, help) { name, help },
#include "auth/permissions.def"
#undef LK_PERMISSION
};

_Static_assert(LK_PERM_COUNT <= 32, "a set of permissions is one 32-bit word");

const lk_permissions LK_PERMISSIONS_ALL = (lk_permissions)((UINT64_C(1) << LK_PERM_COUNT) - 1);

const lk_permissions LK_PERMISSIONS_DELEGATING = 0
#define LK_PERMISSION(symbol, name, delegating, help)                                              \
	| ((delegating) ? (lk_permissions)1 << LK_PERM_##symbol : 0)
#include "auth/permissions.def"
#undef LK_PERMISSION
    ;

const char *
lk_permission_name(enum lk_permission permission)
{
	return (size_t)permission < LK_ARRAY_LEN(rows) ? rows[permission].name : NULL;
}

const char *
lk_permission_help(enum lk_permission permission)
{
	return (size_t)permission < LK_ARRAY_LEN(rows) ? rows[permission].help : NULL;
}

static bool
permission_find(const char *name, size_t len, enum lk_permission *out)
{
	for (size_t i = 0; i < LK_ARRAY_LEN(rows); i++) {
		if (strlen(rows[i].name) == len && memcmp(rows[i].name, name, len) == 0) {
			*out = (enum lk_permission)i;
			return true;
		}
	}
	return false;
}

bool
lk_permission_parse(const char *name, enum lk_permission *out)
{
	return name != NULL && permission_find(name, strlen(name), out);
}

lk_status
lk_permissions_parse(
    const char *field, char *const *names, size_t count, lk_permissions *out, struct lk_error *err)
{
	lk_permissions set = 0;

	for (size_t i = 0; i < count; i++) {
		enum lk_permission permission;
		if (!lk_permission_parse(names[i], &permission))
			return lk_fail_field(err, field, "PERMISSION_UNKNOWN",
			    "\"%.64s\" is not a permission", names[i]);
		set |= lk_permission_bit(permission);
	}
	*out = set;
	return LK_OK;
}

size_t
lk_permissions_names(lk_permissions set, const char *out[LK_PERM_COUNT])
{
	size_t count = 0;

	for (size_t i = 0; i < LK_ARRAY_LEN(rows); i++) {
		if (lk_permissions_has(set, (enum lk_permission)i))
			out[count++] = rows[i].name;
	}
	return count;
}

lk_status
lk_permissions_fields(lk_permissions set, struct lk_arena *arena, char ***out_names,
    size_t *out_count, struct lk_error *err)
{
	const char *names[LK_PERM_COUNT];
	const size_t count = lk_permissions_names(set, names);
	char **fields = lk_arena_array(arena, count, sizeof *fields);

	if (!fields)
		return lk_fail_oom(err);
	for (size_t i = 0; i < count; i++)
		fields[i] = lk_field_borrow(names[i]);
	*out_names = fields;
	*out_count = count;
	return LK_OK;
}

/* The scope of all permissions fits: 18 names of at most 22 characters and a separator each. */
void
lk_scope_format(lk_permissions set, char *out, size_t out_size)
{
	const char *names[LK_PERM_COUNT];
	const size_t count = lk_permissions_names(set, names);
	size_t used = 0;

	out[0] = '\0';
	for (size_t i = 0; i < count; i++) {
		const int wrote =
		    snprintf(out + used, out_size - used, "%s%s", i == 0 ? "" : " ", names[i]);
		if (wrote < 0 || (size_t)wrote >= out_size - used) {
			out[used] = '\0'; /* a word that does not fit is left out: narrower, never
					     wider */
			return;
		}
		used += (size_t)wrote;
	}
}

lk_status
lk_scope_parse(const char *scope, lk_permissions *out, struct lk_error *err)
{
	lk_permissions set = 0;

	for (const char *word = scope; *word != '\0';) {
		const size_t len = strcspn(word, " ");
		enum lk_permission permission;
		if (!permission_find(word, len, &permission))
			return lk_fail_field(err, "scope", "PERMISSION_UNKNOWN",
			    "\"%.*s\" is not a permission", len > 64 ? 64 : (int)len, word);
		set |= lk_permission_bit(permission);
		word += len;
		if (*word == ' ' && *++word == '\0')
			return lk_fail_field(
			    err, "scope", "PERMISSION_UNKNOWN", "scope ends with a space");
	}
	*out = set;
	return LK_OK;
}
