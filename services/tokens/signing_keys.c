/* Changes of the signing keys. Every one begins with signing_keys_lock(), so that two instances
 * never act on the same state. */
#include "signing_keys.h"

#include "audit/audit.h"

static lk_status
record(struct lk_tx *tx, const struct signing_change *change, const char *action, const char *kid,
    struct lk_error *err)
{
	const struct lk_audit_event event = {
		.action = action, .object = kid, .detail = change->reason
	};

	return lk_audit_write_as(
	    tx, change->actor, change->request_id, change->now_ms, &event, err);
}

/* Everything that is not withdrawn, public halves. */
static lk_status
begin(struct lk_tx *tx, struct signing_key_list *out_list, struct lk_error *err)
{
	LK_TRY(signing_keys_lock(tx, err));
	return signing_keys_load(tx, NULL, NULL, out_list, err);
}

static lk_status
move(struct lk_tx *tx, const struct signing_change *change, struct signing_key *key,
    enum signing_key_state to, const char *action, struct lk_error *err)
{
	if (!signing_key_may_become(key->state, to))
		return lk_fail(err, LK_INTERNAL, "SIGNING_KEY_STATE",
		    "a signing key cannot go from "
		    "%s to %s",
		    signing_key_state_name(key->state), signing_key_state_name(to));
	key->state = to;
	key->changed_at_ms = change->now_ms;
	LK_TRY(signing_key_update(tx, key, err));
	return record(tx, change, action, key->kid, err);
}

/* The list takes the pair's reference only when it fits. */
static lk_status
publish(struct lk_tx *tx, const struct signing_change *change, struct lk_es256 *pair,
    int64_t activate_at_ms, struct signing_key_list *list, struct signing_key *out_key,
    struct lk_error *err)
{
	struct signing_key key = {
		.state = SIGNING_KEY_PUBLISHED,
		.key = pair,
		.created_at_ms = change->now_ms,
		.changed_at_ms = change->now_ms,
		.activate_at_ms = activate_at_ms,
	};

	if (list->count == SIGNING_KEYS_MAX)
		return lk_fail(err, LK_RESOURCE_EXHAUSTED, "SIGNING_KEYS_MANY",
		    "%d signing keys are published: wait until the oldest has left, or withdraw "
		    "one",
		    SIGNING_KEYS_MAX);
	lk_es256_thumbprint(pair, key.kid);
	LK_TRY(signing_key_insert(tx, &key, change->ring, change->arena, err));
	LK_TRY(record(tx, change, "signing_key.published", key.kid, err));
	key.key = NULL;
	list->keys[list->count++] = key;
	*out_key = key;
	return LK_OK;
}

static lk_status
publish_new(struct lk_tx *tx, const struct signing_change *change, int64_t activate_at_ms,
    struct signing_key_list *list, struct signing_key *out_key, struct lk_error *err)
{
	LK_AUTO(lk_es256_unrefp) struct lk_es256 *pair = NULL;

	LK_TRY(lk_es256_generate(&pair, err));
	return publish(tx, change, pair, activate_at_ms, list, out_key, err);
}

/* The old one first: there is never a second active one. */
static lk_status
activate(struct lk_tx *tx, const struct signing_change *change, struct signing_key_list *list,
    struct signing_key *key, struct lk_error *err)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->keys[i].state == SIGNING_KEY_ACTIVE)
			LK_TRY(move(tx, change, &list->keys[i], SIGNING_KEY_RETIRED,
			    "signing_key.retired", err));
	return move(tx, change, key, SIGNING_KEY_ACTIVE, "signing_key.activated", err);
}

static lk_status
drop(struct lk_tx *tx, const struct signing_change *change, struct signing_key_list *list,
    size_t index, struct lk_error *err)
{
	LK_TRY(signing_key_delete(tx, list->keys[index].kid, err));
	LK_TRY(record(tx, change, "signing_key.dropped", list->keys[index].kid, err));
	lk_es256_unref(list->keys[index].key);
	list->count--;
	for (size_t i = index; i < list->count; i++)
		list->keys[i] = list->keys[i + 1];
	return LK_OK;
}

/* Until the calendar asks for nothing more. */
static lk_status
advance(struct lk_tx *tx, const struct signing_change *change, struct signing_key_list *list,
    struct lk_error *err)
{
	struct signing_key published;

	for (;;) {
		const struct rotation_plan plan =
		    rotation_next(change->rules, list->keys, list->count, change->now_ms);
		switch (plan.step) {
		case ROTATION_NOTHING:
			return LK_OK;
		case ROTATION_PUBLISH:
			LK_TRY(publish_new(tx, change,
			    rotation_activate_at(
				change->rules, list->keys, list->count, change->now_ms),
			    list, &published, err));
			break;
		case ROTATION_ACTIVATE:
			LK_TRY(activate(tx, change, list, &list->keys[plan.index], err));
			break;
		case ROTATION_DROP:
			LK_TRY(drop(tx, change, list, plan.index, err));
			break;
		}
	}
}

lk_status
signing_keys_advance(struct lk_tx *tx, const struct signing_change *change, struct lk_error *err)
{
	LK_AUTO(signing_key_list_clear) struct signing_key_list list = { .count = 0 };

	LK_TRY(begin(tx, &list, err));
	return advance(tx, change, &list, err);
}

static void
tell(const struct signing_key *key, struct signing_key *out)
{
	*out = *key;
	out->key = NULL;
}

static int64_t
earlier(int64_t a_ms, int64_t b_ms)
{
	return a_ms < b_ms ? a_ms : b_ms;
}

lk_status
signing_keys_rotate(struct lk_tx *tx, const struct signing_change *change,
    struct signing_key *out_next, struct lk_error *err)
{
	LK_AUTO(signing_key_list_clear) struct signing_key_list list = { .count = 0 };
	const int64_t ahead_ms = change->rules->publish_ahead_ms;

	LK_TRY(begin(tx, &list, err));
	struct signing_key *next = (struct signing_key *)(uintptr_t)rotation_find(
	    list.keys, list.count, SIGNING_KEY_PUBLISHED);
	if (!next)
		return publish_new(tx, change, change->now_ms + ahead_ms, &list, out_next, err);
	next->activate_at_ms = earlier(next->activate_at_ms, next->created_at_ms + ahead_ms);
	LK_TRY(signing_key_update(tx, next, err));
	LK_TRY(record(tx, change, "signing_key.rotation_asked", next->kid, err));
	tell(next, out_next);
	return LK_OK;
}

static lk_status
withdraw_find(struct lk_tx *tx, struct signing_key_list *list, const char *kid,
    struct signing_key **out, struct lk_error *err)
{
	bool exists;

	for (size_t i = 0; i < list->count; i++) {
		if (!lk_text_is(list->keys[i].kid, kid))
			continue;
		*out = &list->keys[i];
		return LK_OK;
	}
	LK_TRY(signing_key_exists(tx, kid, &exists, err));
	if (exists)
		return lk_fail(err, LK_FAILED_PRECONDITION, "SIGNING_KEY_WITHDRAWN",
		    "this signing key was withdrawn already");
	return lk_fail(err, LK_NOT_FOUND, "SIGNING_KEY_MISSING", "there is no such signing key");
}

lk_status
signing_keys_withdraw(struct lk_tx *tx, const struct signing_change *change, const char *kid,
    struct signing_key *out_withdrawn, struct signing_key *out_active, struct lk_error *err)
{
	LK_AUTO(signing_key_list_clear) struct signing_key_list list = { .count = 0 };
	struct signing_key *key = NULL;

	LK_TRY(begin(tx, &list, err));
	LK_TRY(withdraw_find(tx, &list, kid, &key, err));
	LK_TRY(move(tx, change, key, SIGNING_KEY_WITHDRAWN, "signing_key.withdrawn", err));
	tell(key, out_withdrawn);
	lk_es256_unref(key->key);
	*key = list.keys[--list.count];
	LK_TRY(advance(tx, change, &list, err)); /* somebody has to sign */
	tell(rotation_find(list.keys, list.count, SIGNING_KEY_ACTIVE), out_active);
	return LK_OK;
}

/* Whoever waits in line lets the imported key have its life first. */
static lk_status
stand_back(struct lk_tx *tx, struct signing_key_list *list, int64_t until_ms, struct lk_error *err)
{
	for (size_t i = 0; i < list->count; i++) {
		struct signing_key *key = &list->keys[i];
		if (key->state != SIGNING_KEY_PUBLISHED || key->activate_at_ms >= until_ms)
			continue;
		key->activate_at_ms = until_ms;
		LK_TRY(signing_key_update(tx, key, err));
	}
	return LK_OK;
}

lk_status
signing_keys_import(struct lk_tx *tx, const struct signing_change *change, struct lk_es256 *pair,
    struct signing_key *out_key, struct lk_error *err)
{
	LK_AUTO(signing_key_list_clear) struct signing_key_list list = { .count = 0 };
	char kid[LK_ES256_THUMBPRINT_SIZE];
	bool exists;

	lk_es256_thumbprint(pair, kid);
	LK_TRY(begin(tx, &list, err));
	LK_TRY(signing_key_exists(tx, kid, &exists, err));
	if (exists)
		return lk_fail(err, LK_ALREADY_EXISTS, "SIGNING_KEY_EXISTS",
		    "this signing key is or was one of this installation");
	const int64_t activate_at_ms = change->now_ms + change->rules->publish_ahead_ms;
	LK_TRY(stand_back(tx, &list, activate_at_ms + change->rules->life_ms, err));
	LK_TRY(record(tx, change, "signing_key.imported", kid, err));
	return publish(tx, change, pair, activate_at_ms, &list, out_key, err);
}
