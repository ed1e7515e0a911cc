/* What a principal may be; see principal.h. */
#include "principal.h"

static const char *const state_names[] = { "active", "disabled" };

const char *
principal_state_name(enum principal_state state)
{
	return state_names[state];
}

bool
principal_state_parse(const char *text, enum principal_state *out_state)
{
	for (size_t i = 0; i < LK_ARRAY_LEN(state_names); i++) {
		if (lk_text_is(state_names[i], text)) {
			*out_state = (enum principal_state)i;
			return true;
		}
	}
	return false;
}

lk_permissions
principal_permissions_allowed(void)
{
	return lk_permission_bit(LK_PERM_KEYS_VERIFY) | lk_permission_bit(LK_PERM_TOKENS_VALIDATE) |
	       lk_permission_bit(LK_PERM_CREDENTIALS_FETCH) |
	       lk_permission_bit(LK_PERM_CREDENTIALS_LEASE) |
	       lk_permission_bit(LK_PERM_USERS_ACT_FOR) |
	       lk_permission_bit(LK_PERM_TOKENS_REVOKE_ANY) |
	       lk_permission_bit(LK_PERM_AUDIT_READ) | lk_permission_bit(LK_PERM_FEED_READ);
}

static lk_status
permissions_check(lk_permissions permissions, struct lk_error *err)
{
	const char *names[LK_PERM_COUNT];

	if (permissions == 0)
		return lk_fail_field(err, "permissions", "PERMISSIONS_EMPTY",
		    "a principal needs at least one permission");
	if (lk_permissions_names(permissions & ~principal_permissions_allowed(), names) > 0)
		return lk_fail_field(
		    err, "permissions", "PERMISSION_REFUSED", "%s is not for principals", names[0]);
	return LK_OK;
}

lk_status
principal_check(const char *name, char *const *permissions, size_t permission_count,
    bool all_tenants, size_t tenant_count, lk_permissions *out_permissions, struct lk_error *err)
{
	lk_permissions set;

	if (!name_ok(name))
		return lk_fail_field(err, "name", "PRINCIPAL_NAME_INVALID",
		    "name must be 1-63 characters of a-z, 0-9 and -");
	LK_TRY(lk_permissions_parse("permissions", permissions, permission_count, &set, err));
	LK_TRY(permissions_check(set, err));
	if (all_tenants == (tenant_count > 0))
		return lk_fail_field(err, "tenants", "TENANTS_INVALID",
		    "name the tenants, or all of them, but not both");
	*out_permissions = set;
	return LK_OK;
}

lk_status
principal_state_asked(const struct principal *principal, const char *text,
    enum principal_state *out_state, struct lk_error *err)
{
	enum principal_state asked;

	if (!principal_state_parse(text, &asked))
		return lk_fail_field(
		    err, "state", "STATE_INVALID", "state must be active or disabled");
	if (asked == principal->state)
		return lk_fail(err, LK_FAILED_PRECONDITION, "PRINCIPAL_STATE",
		    "the principal is %s", principal_state_name(asked));
	*out_state = asked;
	return LK_OK;
}
