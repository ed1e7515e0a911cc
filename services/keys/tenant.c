/* What a tenant may be called; see tenant.h. */
#include "tenant.h"

#include "base/base.h"

static const char *const state_names[] = { "active", "suspended" };

const char *
tenant_state_name(enum tenant_state state)
{
	return state_names[state];
}

bool
tenant_state_parse(const char *text, enum tenant_state *out_state)
{
	for (size_t i = 0; i < LK_ARRAY_LEN(state_names); i++) {
		if (lk_text_is(state_names[i], text)) {
			*out_state = (enum tenant_state)i;
			return true;
		}
	}
	return false;
}

lk_status
tenant_check(const char *name, const char *domain, const char *profile,
    enum policy_profile *out_profile, struct lk_error *err)
{
	if (!name_ok(name) || lk_id_ok(LK_ID_TENANT, name))
		return lk_fail_field(err, "name", "TENANT_NAME_INVALID",
		    "name must be 1-63 characters of a-z, 0-9 and -");
	if (!domain_ok(domain))
		return lk_fail_field(err, "domain", "DOMAIN_INVALID",
		    "domain must be a lower-case host name such as lab.example");
	return profile_parse(profile, out_profile, err);
}

lk_status
tenant_state_asked(const struct tenant *tenant, const char *text, enum tenant_state *out_state,
    struct lk_error *err)
{
	enum tenant_state asked;

	if (!tenant_state_parse(text, &asked))
		return lk_fail_field(
		    err, "state", "STATE_INVALID", "state must be active or suspended");
	if (asked == tenant->state)
		return lk_fail(err, LK_FAILED_PRECONDITION, "TENANT_STATE", "the tenant is %s",
		    tenant_state_name(asked));
	*out_state = asked;
	return LK_OK;
}
