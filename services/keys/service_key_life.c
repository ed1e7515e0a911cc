/* What becomes of an API key while it lives: RotateKey, SuspendKeys, ResumeKeys. */
#include <string.h>

#include "access.h"
#include "encode.h"
#include "handlers.h"
#include "key_make.h"
#include "key_seal.h"
#include "key_store.h"
#include "tenant_store.h"
#include "user_store.h"

enum { KEYS_MAX = 200 }; /* as RevokeKeys: an answer must fit the memory of a call */

/* A key that may be changed, by whom, and what its tenant says of it. */
struct change {
	struct key key;
	struct policy policy;
	bool any; /* the caller decides over others' keys */
};

static lk_status
policy_of_key(struct op *op, struct lk_tx *tx, const struct key *key, struct policy *out_policy,
    struct lk_error *err)
{
	struct tenant tenant;
	bool found;

	*out_policy = op->keys->default_policy;
	if (key->tenant[0] == '\0')
		return LK_OK;
	LK_TRY(tenant_find(tx, key->tenant, &tenant, &found, err));
	return found ? policy_load(tx, &tenant, out_policy, err)
		     : lk_fail(err, LK_DATA_LOSS, "STORE_CORRUPT", "a key's tenant is missing");
}

/* One's own with api_keys.manage where keys are in their owners' hands, others' with
 * api_keys.manage_any; a principal's are the operator's. */
static lk_status
change_begin(struct op *op, struct lk_tx *tx, const char *id, struct change *out_change,
    struct lk_error *err)
{
	struct change change = { .any = lk_caller_has(op->caller, LK_PERM_API_KEYS_MANAGE_ANY) };

	LK_TRY(access_key(op, tx, id, &change.key, err));
	LK_TRY(key_seal_check(op->keys, &change.key, err));
	LK_TRY(policy_of_key(op, tx, &change.key, &change.policy, err));
	if (change.key.tenant[0] == '\0' && op->caller->kind != LK_CALLER_OPERATOR)
		return lk_fail(err, LK_PERMISSION_DENIED, "OPERATORS_ONLY",
		    "only operators change the keys of principals");
	if (!change.any) {
		LK_TRY(lk_caller_require(op->caller, LK_PERM_API_KEYS_MANAGE, err));
		if (change.policy.values[POLICY_SELF_SERVICE] != SELF_SERVICE_FULL)
			return lk_fail(err, LK_PERMISSION_DENIED, "SELF_SERVICE_OFF",
			    "keys of this tenant are changed by its administrators");
	}
	*out_change = change;
	return LK_OK;
}

static lk_status
key_event(struct op *op, struct lk_tx *tx, const char *action, const struct key *key,
    const char *detail, struct lk_error *err)
{
	return op_audit(op, tx,
	    &(struct lk_audit_event){ .action = action,
		.tenant = key->tenant,
		.object = key->id,
		.owner = key->owner,
		.detail = detail },
	    err);
}

/* ---- RotateKey ---- */

/* Who rotates is shown a secret: so nobody rotates what can do more than they can, and a key, which
 * is limited in more ways than one, only itself. */
static lk_status
may_be_shown(
    const struct op *op, const struct change *change, lk_permissions owner, struct lk_error *err)
{
	const struct key *key = &change->key;
	const char *names[LK_PERM_COUNT];
	const lk_permissions more =
	    key_permissions_now(&change->policy, owner, key->all_permissions, key->permissions) &
	    ~op->caller->permissions;

	if (op->caller->key[0] != '\0' && strcmp(op->caller->key, key->id) != 0)
		return lk_fail(err, LK_PERMISSION_DENIED, "KEY_ROTATES_ITSELF",
		    "a key rotates itself and no other");
	if (lk_permissions_names(more, names) > 0)
		return lk_fail(err, LK_PERMISSION_DENIED, "PERMISSION_EXCEEDS",
		    "the key has %s and you do not", names[0]);
	return LK_OK;
}

/* May a key be made for this owner now? The one it replaces does not count. */
static lk_status
owner_may_have(struct op *op, struct lk_tx *tx, const struct change *change, bool *out_warn,
    struct lk_error *err)
{
	struct user owner;
	int64_t active;
	bool found;

	*out_warn = false;
	if (change->key.tenant[0] == '\0')
		return LK_OK;
	LK_TRY(user_find(tx, change->key.owner, &owner, &found, err));
	if (!found || owner.state != USER_ACTIVE)
		return lk_fail(
		    err, LK_FAILED_PRECONDITION, "OWNER_NOT_ACTIVE", "the owner is not active");
	LK_TRY(may_be_shown(op, change, user_permissions(&owner, &change->policy), err));
	LK_TRY(
	    key_creation_check(&change->policy, !change->any, owner.roles.built_in, out_warn, err));
	LK_TRY(key_count_active(tx, owner.id, op->now_ms, &active, err));
	return key_limit_check(&change->policy, active - 1, err);
}

/* Two secrets at a time stand for one place, never a chain of them. */
static lk_status
alone_check(struct op *op, struct lk_tx *tx, const struct key *key, struct lk_error *err)
{
	bool has;

	LK_TRY(key_has_predecessor(tx, key, op->now_ms, &has, err));
	if (has)
		return lk_fail(err, LK_FAILED_PRECONDITION, "ROTATION_UNDER_WAY",
		    "the key that %s replaced still works: revoke that one first", key->id);
	return LK_OK;
}

/* The same but for its secret and its life. */
static struct key
successor_of(const struct key *old)
{
	struct key key = *old;

	key.last_used_at_ms = key.last_sign_in_at_ms = 0;
	key.replaced_by[0] = key.imported_from[0] = '\0';
	return key;
}

static lk_status
rotate_key(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct op *op = arg;
	const RotateKeyRequest *req = op->req;
	RotateKeyResponse *rep = op->rep;
	const char *prefix = op->keys->setup.prefix;
	struct change change;
	bool warn;

	LK_TRY(op_creation_rate(op, err));
	LK_TRY(change_begin(op, tx, req->id, &change, err));
	struct key *old = &change.key;
	struct key key = successor_of(old);
	LK_TRY(key_rotate_check(old, op->now_ms, err));
	LK_TRY(alone_check(op, tx, old, err));
	LK_TRY(owner_may_have(op, tx, &change, &warn, err));
	LK_TRY(key_rotated_expiry(
	    &change.policy, old, req->ttl, change.any, op->now_ms, &key.expires_at_ms, err));
	LK_TRY(key_overlap_end(
	    &change.policy, old, req->overlap, op->now_ms, &old->expires_at_ms, err));
	LK_TRY(key_make(op, tx, &key, &rep->secret_key, err));
	LK_TRY(key_save_rotated(tx, old->id, key.id, old->expires_at_ms, err));
	LK_TRY(key_reseal(op->keys, tx, op->arena, old->id, err));
	LK_TRY(op_forget(op, tx, old->id, err));
	memcpy(old->replaced_by, key.id, sizeof old->replaced_by);
	LK_TRY(key_event(op, tx, "key.rotated", old, key.id, err));
	if (warn)
		rep->warning = lk_field_borrow("keys owned by administrators are advised against");
	LK_TRY(encode_key(op->arena, old, prefix, op->now_ms, &rep->replaced, err));
	return encode_key(op->arena, &key, prefix, op->now_ms, &rep->key, err);
}

lk_status
keys_rotate_key(struct lk_call *call, const RotateKeyRequest *req, RotateKeyResponse *rep)
{
	struct op op = op_of(call, req, rep);

	return op_write(&op, rotate_key);
}

/* ---- SuspendKeys, ResumeKeys ---- */

static lk_status
suspend_one(struct op *op, struct lk_tx *tx, const char *id, KeyMsg **out, struct lk_error *err)
{
	const SuspendKeysRequest *req = op->req;
	struct change change;
	struct key *key = &change.key;

	LK_TRY(change_begin(op, tx, id, &change, err));
	LK_TRY(key_suspend_check(key, err));
	LK_TRY(key_save_suspended(tx, key->id, op->now_ms, op->caller->id, err));
	LK_TRY(key_reseal(op->keys, tx, op->arena, key->id, err));
	LK_TRY(op_forget(op, tx, key->id, err));
	key->suspended_at_ms = op->now_ms;
	lk_text_copy(key->suspended_by, sizeof key->suspended_by, op->caller->id);
	LK_TRY(key_event(op, tx, "key.suspended", key, req->reason, err));
	return encode_key(op->arena, key, op->keys->setup.prefix, op->now_ms, out, err);
}

static lk_status
resume_one(struct op *op, struct lk_tx *tx, const char *id, KeyMsg **out, struct lk_error *err)
{
	struct change change;
	struct key *key = &change.key;

	LK_TRY(change_begin(op, tx, id, &change, err));
	LK_TRY(key_resume_check(key, op->caller->id, change.any, err));
	LK_TRY(key_save_resumed(tx, key->id, err));
	LK_TRY(key_reseal(op->keys, tx, op->arena, key->id, err));
	LK_TRY(op_forget(op, tx, key->id, err));
	key->suspended_at_ms = 0;
	key->suspended_by[0] = '\0';
	LK_TRY(key_event(op, tx, "key.resumed", key, "", err));
	return encode_key(op->arena, key, op->keys->setup.prefix, op->now_ms, out, err);
}

typedef lk_status change_fn(
    struct op *op, struct lk_tx *tx, const char *id, KeyMsg **out, struct lk_error *err);

/* All or nothing. */
static lk_status
each(struct op *op, struct lk_tx *tx, change_fn *fn, char *const *ids, size_t count,
    KeyMsg ***out_keys, size_t *out_count, struct lk_error *err)
{
	KeyMsg **keys = lk_arena_array(op->arena, count, sizeof *keys);

	if (!keys)
		return lk_fail_oom(err);
	for (size_t i = 0; i < count; i++)
		LK_TRY(fn(op, tx, ids[i], &keys[i], err));
	*out_keys = keys;
	*out_count = count;
	return LK_OK;
}

static lk_status
suspend_keys(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct op *op = arg;
	const SuspendKeysRequest *req = op->req;
	SuspendKeysResponse *rep = op->rep;

	return each(op, tx, suspend_one, req->ids, req->n_ids, &rep->keys, &rep->n_keys, err);
}

static lk_status
resume_keys(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct op *op = arg;
	const ResumeKeysRequest *req = op->req;
	ResumeKeysResponse *rep = op->rep;

	return each(op, tx, resume_one, req->ids, req->n_ids, &rep->keys, &rep->n_keys, err);
}

static lk_status
count_check(size_t count, struct lk_error *err)
{
	if (count == 0 || count > KEYS_MAX)
		return lk_fail_field(
		    err, "ids", "IDS_INVALID", "name between 1 and %d keys", KEYS_MAX);
	return LK_OK;
}

lk_status
keys_suspend_keys(struct lk_call *call, const SuspendKeysRequest *req, SuspendKeysResponse *rep)
{
	struct op op = op_of(call, req, rep);
	struct lk_error *err = lk_call_error(call);

	LK_TRY(count_check(req->n_ids, err));
	LK_TRY(key_reason_check(req->reason, err));
	return op_write(&op, suspend_keys);
}

lk_status
keys_resume_keys(struct lk_call *call, const ResumeKeysRequest *req, ResumeKeysResponse *rep)
{
	struct op op = op_of(call, req, rep);

	LK_TRY(count_check(req->n_ids, lk_call_error(call)));
	return op_write(&op, resume_keys);
}
