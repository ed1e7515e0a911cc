/* The rules of rotation, of when a key begins and from where it may be used; see key.h. */
#include <string.h>

#include "key.h"
#include "time/duration.h"
#include "time/instant.h"

static const int64_t overlap_default_ms = INT64_C(24) * 3600 * 1000;

lk_status
key_rotate_check(const struct key *key, int64_t now_ms, struct lk_error *err)
{
	LK_TRY(key_revoke_check(key, err));
	if (key->replaced_by[0] != '\0')
		return lk_fail(err, LK_FAILED_PRECONDITION, "KEY_ALREADY_ROTATED",
		    "%s was rotated already: its place is %s's", key->id, key->replaced_by);
	switch (key_state(key, now_ms)) {
	case KEY_ACTIVE:
	case KEY_PENDING:
		return LK_OK;
	case KEY_EXPIRED:
		return lk_fail(err, LK_FAILED_PRECONDITION, "KEY_EXPIRED",
		    "%s has expired: make a new key", key->id);
	case KEY_SUSPENDED:
		return lk_fail(err, LK_FAILED_PRECONDITION, "KEY_SUSPENDED",
		    "%s is suspended: resume it first", key->id);
	case KEY_REVOKED:
		break;
	}
	return key_revoke_check(key, err);
}

static lk_status
overlap_read(const struct policy *policy, const char *text, int64_t *out_ms, struct lk_error *err)
{
	const int64_t max_ms = policy->values[POLICY_ROTATE_OVERLAP_MAX];
	char max[POLICY_TEXT_SIZE];

	if (*text == '\0') {
		*out_ms = max_ms != 0 && max_ms < overlap_default_ms ? max_ms : overlap_default_ms;
		return LK_OK;
	}
	*out_ms = 0;
	if (lk_text_is(text, "0") || lk_text_is(text, "0s"))
		return LK_OK;
	LK_TRY(lk_duration_parse("overlap", text, out_ms, err));
	if (max_ms != 0 && *out_ms > max_ms) {
		policy_text(policy, POLICY_ROTATE_OVERLAP_MAX, max);
		return lk_fail_field(err, "overlap", "OVERLAP_TOO_LONG",
		    "overlap must be at most %s in this tenant", max);
	}
	return LK_OK;
}

lk_status
key_overlap_end(const struct policy *policy, const struct key *key, const char *overlap,
    int64_t now_ms, int64_t *out_ends_at_ms, struct lk_error *err)
{
	int64_t overlap_ms;

	LK_TRY(overlap_read(policy, overlap, &overlap_ms, err));
	const bool ends_before =
	    key->expires_at_ms != 0 && key->expires_at_ms - now_ms < overlap_ms;
	*out_ends_at_ms = ends_before ? key->expires_at_ms : now_ms + overlap_ms;
	return LK_OK;
}

/* It begins when the old one would have. */
static lk_status
beginning_check(const struct key *old, int64_t expires_at_ms, struct lk_error *err)
{
	if (expires_at_ms != 0 && old->not_before_ms >= expires_at_ms)
		return lk_fail_field(err, "ttl", "NOT_BEFORE_INVALID",
		    "the key would expire before it begins: give it a longer life");
	return LK_OK;
}

lk_status
key_rotated_expiry(const struct policy *policy, const struct key *old, const char *ttl,
    bool may_choose, int64_t now_ms, int64_t *out_expires_at_ms, struct lk_error *err)
{
	const int64_t max_ms = policy->values[POLICY_TTL_MAX];
	const int64_t life_ms =
	    old->expires_at_ms == 0 ? 0 : old->expires_at_ms - old->created_at_ms;
	const bool never_ok =
	    old->tenant[0] == '\0' || policy->values[POLICY_TTL_ALLOW_NEVER] == POLICY_YES;
	const bool as_before = life_ms == 0 ? never_ok : max_ms == 0 || life_ms <= max_ms;

	*out_expires_at_ms = life_ms == 0 ? 0 : now_ms + life_ms;
	if (*ttl != '\0' || !as_before)
		LK_TRY(key_expiry(policy, ttl, may_choose, now_ms, out_expires_at_ms, err));
	return beginning_check(old, *out_expires_at_ms, err);
}

lk_status
key_not_before(const char *text, int64_t expires_at_ms, int64_t now_ms, int64_t *out_not_before_ms,
    struct lk_error *err)
{
	struct lk_ttl when;

	*out_not_before_ms = 0;
	if (*text == '\0')
		return LK_OK;
	LK_TRY(lk_ttl_parse("not_before", text, &when, err));
	const int64_t at_ms = when.kind == LK_TTL_INSTANT ? when.ms : now_ms + when.ms;
	if (when.kind == LK_TTL_NEVER || at_ms <= 0 || at_ms > LK_INSTANT_MAX_MS ||
	    (expires_at_ms != 0 && at_ms >= expires_at_ms))
		return lk_fail_field(err, "not_before", "NOT_BEFORE_INVALID",
		    "not_before must be an instant, or a duration from now, before the key "
		    "expires");
	*out_not_before_ms = at_ms > now_ms ? at_ms : 0;
	return LK_OK;
}

lk_status
key_networks_choose(char *const *asked, size_t count, const struct key *maker,
    struct lk_networks *out_networks, struct lk_error *err)
{
	const struct lk_networks *held = maker ? &maker->networks : NULL;
	struct lk_networks networks;

	LK_TRY(lk_networks_parse("source_networks", asked, count, &networks, err));
	if (!held || held->count == 0) {
		*out_networks = networks;
		return LK_OK;
	}
	if (networks.count > 0 && !lk_networks_within(&networks, held->items, held->count))
		return lk_fail(err, LK_PERMISSION_DENIED, "NETWORK_EXCEEDS",
		    "a key cannot be used from where its maker's key cannot");
	*out_networks = networks.count > 0 ? networks : *held;
	return LK_OK;
}
