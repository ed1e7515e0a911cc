/* The rules of keys, free of storage and time; see key.h. */
#include "key.h"

#include <string.h>

#include "time/duration.h"
#include "time/instant.h"

static const char *const state_names[] = { "active", "expired", "revoked", "suspended", "pending" };

const char *
key_state_name(enum key_state state)
{
	return state_names[state];
}

bool
key_state_find(const char *name, enum key_state *out_state)
{
	for (size_t i = 0; i < LK_ARRAY_LEN(state_names); i++) {
		if (!lk_text_is(name, state_names[i]))
			continue;
		*out_state = (enum key_state)i;
		return true;
	}
	return false;
}

enum key_state
key_state(const struct key *key, int64_t now_ms)
{
	if (key->revoked_at_ms != 0)
		return KEY_REVOKED;
	if (key->expires_at_ms != 0 && now_ms >= key->expires_at_ms)
		return KEY_EXPIRED;
	if (key->suspended_at_ms != 0)
		return KEY_SUSPENDED;
	return now_ms < key->not_before_ms ? KEY_PENDING : KEY_ACTIVE;
}

lk_status
key_revoke_check(const struct key *key, struct lk_error *err)
{
	if (key->revoked_at_ms != 0)
		return lk_fail(err, LK_FAILED_PRECONDITION, "KEY_ALREADY_REVOKED",
		    "%s is revoked already", key->id);
	return LK_OK;
}

lk_status
key_suspend_check(const struct key *key, struct lk_error *err)
{
	LK_TRY(key_revoke_check(key, err));
	if (key->suspended_at_ms != 0)
		return lk_fail(err, LK_FAILED_PRECONDITION, "KEY_ALREADY_SUSPENDED",
		    "%s is suspended already", key->id);
	return LK_OK;
}

lk_status
key_resume_check(const struct key *key, const char *actor, bool any, struct lk_error *err)
{
	LK_TRY(key_revoke_check(key, err));
	if (key->suspended_at_ms == 0)
		return lk_fail(err, LK_FAILED_PRECONDITION, "KEY_NOT_SUSPENDED",
		    "%s is not suspended", key->id);
	if (!any && strcmp(key->suspended_by, actor) != 0)
		return lk_fail(err, LK_PERMISSION_DENIED, "SUSPENDED_BY_ANOTHER",
		    "%s was suspended by an administrator, who alone can resume it", key->id);
	return LK_OK;
}

lk_status
key_name_check(const struct policy *policy, const char *name, struct lk_error *err)
{
	if (*name == '\0' && policy->values[POLICY_REQUIRE_NAME] == POLICY_NO)
		return LK_OK;
	if (!label_ok(name))
		return lk_fail_field(
		    err, "name", "KEY_NAME_INVALID", "name must be 1-64 printable characters");
	return LK_OK;
}

lk_status
key_reason_check(const char *reason, struct lk_error *err)
{
	const struct lk_bytes text = lk_bytes_of(reason);

	if (text.len >= REASON_SIZE || !lk_text_printable(text))
		return lk_fail_field(err, "reason", "REASON_INVALID",
		    "reason must be at most %d printable bytes", REASON_SIZE - 1);
	return LK_OK;
}

static lk_status
never_check(const struct policy *policy, struct lk_error *err)
{
	if (policy->values[POLICY_TTL_ALLOW_NEVER] == POLICY_NO)
		return lk_fail_field(
		    err, "ttl", "TTL_NEVER_REFUSED", "a key of this tenant must expire");
	return LK_OK;
}

/* A life above the maximum is an error that names it: never shortened silently. */
static lk_status
life_check(const struct policy *policy, int64_t life_ms, int64_t now_ms, struct lk_error *err)
{
	const int64_t max_ms = policy->values[POLICY_TTL_MAX];
	char text[POLICY_TEXT_SIZE];

	if (life_ms <= 0)
		return lk_fail_field(err, "ttl", "TTL_PAST", "ttl must lie in the future");
	if (max_ms != 0 && life_ms > max_ms) {
		policy_text(policy, POLICY_TTL_MAX, text);
		return lk_fail_field(
		    err, "ttl", "TTL_TOO_LONG", "ttl must be at most %s in this tenant", text);
	}
	if (life_ms > LK_INSTANT_MAX_MS - now_ms)
		return lk_fail_field(
		    err, "ttl", "TTL_TOO_LONG", "ttl must end before the year 10000");
	return LK_OK;
}

static lk_status
expiry_chosen(const struct policy *policy, const char *text, int64_t now_ms,
    int64_t *out_expires_at_ms, struct lk_error *err)
{
	struct lk_ttl ttl;

	LK_TRY(lk_ttl_parse("ttl", text, &ttl, err));
	if (ttl.kind == LK_TTL_NEVER) {
		LK_TRY(never_check(policy, err));
		*out_expires_at_ms = 0;
		return LK_OK;
	}
	const int64_t life_ms = ttl.kind == LK_TTL_INSTANT ? ttl.ms - now_ms : ttl.ms;
	LK_TRY(life_check(policy, life_ms, now_ms, err));
	*out_expires_at_ms = now_ms + life_ms;
	return LK_OK;
}

lk_status
key_expiry(const struct policy *policy, const char *ttl, bool may_choose, int64_t now_ms,
    int64_t *out_expires_at_ms, struct lk_error *err)
{
	const int64_t preset_ms = policy->values[POLICY_TTL_DEFAULT];

	if (*ttl == '\0') {
		*out_expires_at_ms = preset_ms == 0 ? 0 : now_ms + preset_ms;
		return LK_OK;
	}
	if (!may_choose && policy->values[POLICY_TTL_USER_MAY_CHOOSE] == POLICY_NO)
		return lk_fail_field(err, "ttl", "TTL_FIXED",
		    "the tenant's policy sets how long a key lives; leave ttl out");
	return expiry_chosen(policy, ttl, now_ms, out_expires_at_ms, err);
}

lk_status
key_limit_check(const struct policy *policy, int64_t active_keys, struct lk_error *err)
{
	const int64_t limit = policy->values[POLICY_MAX_ACTIVE_KEYS_PER_USER];

	if (limit != 0 && active_keys >= limit)
		return lk_fail(err, LK_RESOURCE_EXHAUSTED, "KEY_LIMIT_REACHED",
		    "the limit is %lld active keys, and %lld exist", (long long)limit,
		    (long long)active_keys);
	return LK_OK;
}

lk_status
key_creation_check(const struct policy *policy, bool by_owner, role_set owner_roles, bool *out_warn,
    struct lk_error *err)
{
	const int64_t admin_keys = policy->values[POLICY_ADMIN_OWNED_KEYS];
	const bool is_admin = (owner_roles & role_bit(ROLE_TENANT_ADMIN)) != 0;

	if (policy->values[POLICY_API_KEYS_ALLOWED] == POLICY_NO)
		return lk_fail(err, LK_FAILED_PRECONDITION, "API_KEYS_NOT_ALLOWED",
		    "the operator does not allow API keys in this tenant");
	if (policy->values[POLICY_API_KEYS_ENABLED] == POLICY_NO)
		return lk_fail(err, LK_FAILED_PRECONDITION, "API_KEYS_DISABLED",
		    "API keys are switched off in this tenant");
	if (by_owner && policy->values[POLICY_SELF_SERVICE] == SELF_SERVICE_NONE)
		return lk_fail(err, LK_PERMISSION_DENIED, "SELF_SERVICE_OFF",
		    "keys of this tenant are made by its administrators");
	if (is_admin && admin_keys == ADMIN_KEYS_DENY)
		return lk_fail(err, LK_FAILED_PRECONDITION, "ADMIN_OWNED_KEY",
		    "administrators of this tenant may not own keys");
	*out_warn = is_admin && admin_keys == ADMIN_KEYS_WARN;
	return LK_OK;
}

static lk_status
asked_check(
    const struct policy *policy, lk_permissions limit, lk_permissions asked, struct lk_error *err)
{
	const char *names[LK_PERM_COUNT];

	if (lk_permissions_names(asked & ~limit, names) > 0)
		return lk_fail(err, LK_PERMISSION_DENIED, "PERMISSION_EXCEEDS",
		    "a key cannot have %s: its owner or its maker does not", names[0]);
	if (policy->values[POLICY_KEYS_MAY_MANAGE_KEYS] == KEYS_MANAGE_DENY &&
	    lk_permissions_names(asked & LK_PERMISSIONS_DELEGATING, names) > 0)
		return lk_fail(err, LK_PERMISSION_DENIED, "PERMISSION_DELEGATING",
		    "keys of this tenant cannot have %s", names[0]);
	return LK_OK;
}

lk_status
key_permissions_choose(const struct policy *policy, lk_permissions owner,
    const struct key_maker *maker, lk_permissions asked, struct key *out_key, struct lk_error *err)
{
	const lk_permissions plain = owner & ~LK_PERMISSIONS_DELEGATING;

	if (asked != 0) {
		LK_TRY(asked_check(policy, owner & maker->permissions, asked, err));
		out_key->all_permissions = false;
		out_key->permissions = asked;
		return LK_OK;
	}
	out_key->all_permissions = !maker->limited && (plain & ~maker->permissions) == 0;
	out_key->permissions = out_key->all_permissions ? 0 : plain & maker->permissions;
	if (!out_key->all_permissions && out_key->permissions == 0)
		return lk_fail(err, LK_PERMISSION_DENIED, "PERMISSION_EXCEEDS",
		    "there is no permission that you could give to this key");
	return LK_OK;
}

lk_permissions
key_permissions_now(const struct policy *policy, lk_permissions owner, bool all_permissions,
    lk_permissions permissions)
{
	const lk_permissions mine =
	    all_permissions ? owner & ~LK_PERMISSIONS_DELEGATING : owner & permissions;

	return policy->values[POLICY_KEYS_MAY_MANAGE_KEYS] == KEYS_MANAGE_DENY
		   ? mine & ~LK_PERMISSIONS_DELEGATING
		   : mine;
}
