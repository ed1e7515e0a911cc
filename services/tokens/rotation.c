/* The calendar of signing keys. */
#include "rotation.h"

/* Dropping happens a little later than it could, so that instances whose clocks differ, or that
 * have not yet heard of the change, still find the key. */
enum { DROP_SLACK_MS = 60 * 1000 };

lk_status
rotation_rules_check(const struct rotation_rules *rules, struct lk_error *err)
{
	if (rules->publish_ahead_ms >= rules->life_ms)
		return lk_fail(err, LK_INVALID_ARGUMENT, "CONFIG_INVALID",
		    "signing-key-publish-ahead must be shorter than signing-key-life");
	/* one active, one published, one that a command or an import adds, the rest retired */
	if ((rules->keep_ms + DROP_SLACK_MS) / rules->life_ms > SIGNING_KEYS_MAX - 4)
		return lk_fail(err, LK_INVALID_ARGUMENT, "CONFIG_INVALID",
		    "signing-key-life is too short beside token-ttl-limit: more than %d keys would "
		    "be published at a time",
		    SIGNING_KEYS_MAX);
	return LK_OK;
}

const struct signing_key *
rotation_find(const struct signing_key *keys, size_t count, enum signing_key_state state)
{
	for (size_t i = 0; i < count; i++)
		if (keys[i].state == state)
			return &keys[i];
	return NULL;
}

static int64_t
retired_until(const struct rotation_rules *rules, const struct signing_key *key)
{
	return key->changed_at_ms + rules->keep_ms + DROP_SLACK_MS;
}

/* The published key that signs first. */
static const struct signing_key *
next_in_line(const struct signing_key *keys, size_t count)
{
	const struct signing_key *next = NULL;

	for (size_t i = 0; i < count; i++)
		if (keys[i].state == SIGNING_KEY_PUBLISHED &&
		    (!next || keys[i].activate_at_ms < next->activate_at_ms))
			next = &keys[i];
	return next;
}

static const struct signing_key *
outlived(const struct rotation_rules *rules, const struct signing_key *keys, size_t count,
    int64_t now_ms)
{
	for (size_t i = 0; i < count; i++)
		if (keys[i].state == SIGNING_KEY_RETIRED &&
		    retired_until(rules, &keys[i]) <= now_ms)
			return &keys[i];
	return NULL;
}

struct rotation_plan
rotation_next(const struct rotation_rules *rules, const struct signing_key *keys, size_t count,
    int64_t now_ms)
{
	const struct signing_key *active = rotation_find(keys, count, SIGNING_KEY_ACTIVE);
	const struct signing_key *next = next_in_line(keys, count);
	const struct signing_key *old = outlived(rules, keys, count, now_ms);

	if (old)
		return (struct rotation_plan){ ROTATION_DROP, (size_t)(old - keys) };
	if (next && (!active || next->activate_at_ms <= now_ms))
		return (struct rotation_plan){ ROTATION_ACTIVATE, (size_t)(next - keys) };
	if (!active ||
	    (!next && count < SIGNING_KEYS_MAX &&
		active->changed_at_ms + rules->life_ms - rules->publish_ahead_ms <= now_ms))
		return (struct rotation_plan){ ROTATION_PUBLISH, 0 };
	return (struct rotation_plan){ ROTATION_NOTHING, 0 };
}

int64_t
rotation_activate_at(const struct rotation_rules *rules, const struct signing_key *keys,
    size_t count, int64_t now_ms)
{
	const struct signing_key *active = rotation_find(keys, count, SIGNING_KEY_ACTIVE);
	const int64_t earliest = now_ms + rules->publish_ahead_ms;

	if (!active)
		return now_ms;
	const int64_t due = active->changed_at_ms + rules->life_ms;
	return due > earliest ? due : earliest;
}

int64_t
rotation_leaves_at(const struct rotation_rules *rules, const struct signing_key *key)
{
	switch (key->state) {
	case SIGNING_KEY_PUBLISHED:
		return key->activate_at_ms;
	case SIGNING_KEY_ACTIVE:
		return key->changed_at_ms + rules->life_ms;
	case SIGNING_KEY_RETIRED:
		return retired_until(rules, key);
	case SIGNING_KEY_WITHDRAWN:
		return 0;
	}
	return 0;
}
