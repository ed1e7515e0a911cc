/* API keys: CreateKey, GetKey, ListKeys, RevokeKeys. */
#include <string.h>

#include "access.h"
#include "crypto/encode.h"
#include "daemon/page.h"
#include "encode.h"
#include "handlers.h"
#include "key_choice.h"
#include "key_end.h"
#include "key_make.h"
#include "key_seal.h"
#include "key_store.h"
#include "tenant_store.h"
#include "user_store.h"
#include "workgroup_store.h"

enum { REVOKE_MAX = 200, WORKGROUPS_MAX = 64 }; /* an answer must fit the memory of a call */

/* ---- CreateKey ---- */

/* What a new key is made from. */
struct making {
	struct tenant tenant;
	struct policy policy;
	struct user owner;
	struct id_list owner_workgroups;
	struct key maker_key; /* the key the maker came with */
	bool has_maker_key, by_owner;
};

/* For oneself with api_keys.manage, for others with api_keys.manage_any. */
static lk_status
find_owner(struct op *op, struct lk_tx *tx, const CreateKeyRequest *req, struct making *m,
    struct lk_error *err)
{
	const bool self = *req->owner == '\0' || caller_is(op->caller, req->owner);

	if (self && op->caller->kind == LK_CALLER_USER) {
		LK_TRY(
		    access_user(op, tx, req->tenant, op->caller->id, &m->tenant, &m->owner, err));
		m->by_owner = !lk_caller_has(op->caller, LK_PERM_API_KEYS_MANAGE_ANY);
		return lk_caller_require(op->caller, LK_PERM_API_KEYS_MANAGE, err);
	}
	LK_TRY(lk_caller_require(op->caller, LK_PERM_API_KEYS_MANAGE_ANY, err));
	if (*req->owner == '\0')
		return lk_fail_field(
		    err, "owner", "OWNER_REQUIRED", "say whose key it is: a user's id or e-mail");
	return access_user(op, tx, req->tenant, req->owner, &m->tenant, &m->owner, err);
}

static lk_status
find_maker(struct op *op, struct lk_tx *tx, struct making *m, struct lk_error *err)
{
	if (op->caller->key[0] == '\0')
		return LK_OK;
	LK_TRY(key_find(tx, op->caller->key, op->arena, &m->maker_key, &m->has_maker_key, err));
	return m->has_maker_key ? key_seal_check(op->keys, &m->maker_key, err) : LK_OK;
}

static lk_status
load_making(struct op *op, struct lk_tx *tx, const CreateKeyRequest *req, struct making *m,
    struct lk_error *err)
{
	LK_TRY(find_owner(op, tx, req, m, err));
	LK_TRY(policy_load(tx, &m->tenant, &m->policy, err));
	LK_TRY(workgroups_of_user(tx, m->owner.id, op->arena, &m->owner_workgroups, err));
	return find_maker(op, tx, m, err);
}

static lk_status
creation_allowed(struct op *op, struct lk_tx *tx, const struct making *m, CreateKeyResponse *rep,
    struct lk_error *err)
{
	int64_t active;
	bool warn;

	if (m->owner.state != USER_ACTIVE)
		return lk_fail(err, LK_FAILED_PRECONDITION, "OWNER_NOT_ACTIVE", "the owner is %s",
		    user_state_name(m->owner.state));
	LK_TRY(key_creation_check(&m->policy, m->by_owner, m->owner.roles.built_in, &warn, err));
	LK_TRY(key_count_active(tx, m->owner.id, op->now_ms, &active, err));
	LK_TRY(key_limit_check(&m->policy, active, err));
	return warn ? lk_field_copy(op->arena, "keys owned by administrators are advised against",
			  &rep->warning, err)
		    : LK_OK;
}

static lk_status
choose_permissions(struct op *op, const CreateKeyRequest *req, const struct making *m,
    struct key *key, struct lk_error *err)
{
	const struct key_maker maker = { op->caller->permissions,
		m->has_maker_key && !m->maker_key.all_permissions };
	lk_permissions asked;

	LK_TRY(
	    lk_permissions_parse("permissions", req->permissions, req->n_permissions, &asked, err));
	return key_permissions_choose(
	    &m->policy, user_permissions(&m->owner, &m->policy), &maker, asked, key, err);
}

static bool
may_include(const struct making *m, const char *workgroup)
{
	return id_list_has(&m->owner_workgroups, workgroup) &&
	       (!m->has_maker_key || m->maker_key.all_workgroups ||
		   id_list_has(&m->maker_key.workgroups, workgroup));
}

static lk_status
add_workgroup(struct op *op, struct lk_tx *tx, const char *name, const struct making *m,
    struct key *key, struct lk_error *err)
{
	struct workgroup workgroup;
	bool found;

	LK_TRY(workgroup_find(tx, m->tenant.id, name, op->arena, &workgroup, &found, err));
	if (!found)
		return lk_fail(
		    err, LK_NOT_FOUND, "WORKGROUP_NOT_FOUND", "there is no such workgroup");
	if (!may_include(m, workgroup.id))
		return lk_fail(err, LK_PERMISSION_DENIED, "WORKGROUP_EXCEEDS",
		    "a key cannot reach a workgroup that its owner or its maker does not");
	return id_list_has(&key->workgroups, workgroup.id)
		   ? LK_OK
		   : id_list_add(&key->workgroups, op->arena, workgroup.id, err);
}

/* Nothing asked: all of the owner's, whatever they will be; a limited maker's key makes keys with
 * the same limits. */
static lk_status
inherit_workgroups(struct op *op, const struct making *m, struct key *key, struct lk_error *err)
{
	key->all_workgroups = !m->has_maker_key || m->maker_key.all_workgroups;
	for (size_t i = 0; !key->all_workgroups && i < m->maker_key.workgroups.count; i++) {
		const char *id = m->maker_key.workgroups.ids[i];
		if (may_include(m, id))
			LK_TRY(id_list_add(&key->workgroups, op->arena, id, err));
	}
	return LK_OK;
}

static lk_status
choose_workgroups(struct op *op, struct lk_tx *tx, const CreateKeyRequest *req,
    const struct making *m, struct key *key, struct lk_error *err)
{
	if (req->n_workgroups > WORKGROUPS_MAX)
		return lk_fail_field(err, "workgroups", "WORKGROUPS_INVALID",
		    "at most %d workgroups, or none for all", WORKGROUPS_MAX);
	if (req->n_workgroups == 0)
		return inherit_workgroups(op, m, key, err);
	for (size_t i = 0; i < req->n_workgroups; i++)
		LK_TRY(add_workgroup(op, tx, req->workgroups[i], m, key, err));
	return LK_OK;
}

static lk_status
create_key(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct op *op = arg;
	const CreateKeyRequest *req = op->req;
	CreateKeyResponse *rep = op->rep;
	struct making m = { 0 };
	struct key key = { 0 };

	LK_TRY(op_creation_rate(op, err));
	LK_TRY(load_making(op, tx, req, &m, err));
	LK_TRY(key_name_check(&m.policy, req->name, err));
	LK_TRY(key_expiry(&m.policy, req->ttl, !m.by_owner, op->now_ms, &key.expires_at_ms, err));
	LK_TRY(key_not_before(
	    req->not_before, key.expires_at_ms, op->now_ms, &key.not_before_ms, err));
	LK_TRY(key_networks_choose(req->source_networks, req->n_source_networks,
	    m.has_maker_key ? &m.maker_key : NULL, &key.networks, err));
	LK_TRY(choose_permissions(op, req, &m, &key, err));
	LK_TRY(choose_workgroups(op, tx, req, &m, &key, err));
	LK_TRY(creation_allowed(op, tx, &m, rep, err));
	memcpy(key.tenant, m.tenant.id, sizeof key.tenant);
	memcpy(key.owner, m.owner.id, sizeof key.owner);
	lk_text_copy(key.owner_name, sizeof key.owner_name, m.owner.email);
	lk_text_copy(key.name, sizeof key.name, req->name);
	LK_TRY(key_make(op, tx, &key, &rep->secret_key, err));
	return encode_key(op->arena, &key, op->keys->setup.prefix, op->now_ms, &rep->key, err);
}

lk_status
keys_create_key(struct lk_call *call, const CreateKeyRequest *req, CreateKeyResponse *rep)
{
	struct op op = op_of(call, req, rep);

	return op_write(&op, create_key);
}

/* ---- GetKey, ListKeys ---- */

static lk_status
get_key(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct op *op = arg;
	const GetKeyRequest *req = op->req;
	GetKeyResponse *rep = op->rep;
	struct key key;

	LK_TRY(access_key(op, tx, req->id, &key, err));
	return encode_key(op->arena, &key, op->keys->setup.prefix, op->now_ms, &rep->key, err);
}

lk_status
keys_get_key(struct lk_call *call, const GetKeyRequest *req, GetKeyResponse *rep)
{
	struct op op = op_of(call, req, rep);

	return op_read(&op, get_key);
}

static lk_status
list_keys(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct op *op = arg;
	const ListKeysRequest *req = op->req;
	ListKeysResponse *rep = op->rep;
	struct key_filter filter = { 0 };
	struct lk_page page;
	struct key_page found;

	LK_TRY(lk_page_read(LK_ID_KEY, req->page, &page, err));
	LK_TRY(key_filter_of(op, tx, req, &filter, err));
	LK_TRY(key_list(tx, &filter, &page, op->arena, &found, err));
	rep->keys = lk_arena_array(op->arena, found.count, sizeof *rep->keys);
	if (!rep->keys)
		return lk_fail_oom(err);
	for (; rep->n_keys < found.count; rep->n_keys++)
		LK_TRY(encode_key(op->arena, &found.items[rep->n_keys], op->keys->setup.prefix,
		    op->now_ms, &rep->keys[rep->n_keys], err));
	return lk_page_reply(
	    op->arena, found.more ? found.items[found.count - 1].id : NULL, &rep->page, err);
}

lk_status
keys_list_keys(struct lk_call *call, const ListKeysRequest *req, ListKeysResponse *rep)
{
	struct op op = op_of(call, req, rep);

	return op_read(&op, list_keys);
}

/* ---- RevokeKeys ---- */

static lk_status
revoke_one(struct op *op, struct lk_tx *tx, const char *id, KeyMsg **out, struct lk_error *err)
{
	const RevokeKeysRequest *req = op->req;
	const char *reason = req->reason;
	struct key key;

	LK_TRY(access_key(op, tx, id, &key, err));
	LK_TRY(key_revoke_check(&key, err));
	if (req->dry_run)
		return encode_key(op->arena, &key, op->keys->setup.prefix, op->now_ms, out, err);
	LK_TRY(key_end(op, tx, op->arena, &key, reason, err));
	key.revoked_at_ms = op->now_ms;
	lk_text_copy(key.revoke_reason, sizeof key.revoke_reason, reason);
	return encode_key(op->arena, &key, op->keys->setup.prefix, op->now_ms, out, err);
}

enum { CONFIRMATION_BYTES = 16, CONFIRMATION_SIZE = 2 * CONFIRMATION_BYTES + 1 };

/* Names the very keys that a dry run showed: another set has another. */
static lk_status
confirmation_make(
    struct op *op, const struct key_page *keys, char out[CONFIRMATION_SIZE], struct lk_error *err)
{
	char *ids = lk_arena_array(op->arena, keys->count + 1, LK_ID_SIZE);
	uint8_t hash[LK_DIGEST_LEN];

	if (!ids)
		return lk_fail_oom(err);
	for (size_t i = 0; i < keys->count; i++)
		memcpy(ids + i * LK_ID_SIZE, keys->items[i].id, LK_ID_SIZE);
	lk_sha256(lk_bytes(ids, keys->count * LK_ID_SIZE), hash);
	lk_hex_encode(lk_bytes(hash, CONFIRMATION_BYTES), out);
	return LK_OK;
}

/* What a dry run shows is what the run takes, or nothing is. */
static lk_status
confirm(struct op *op, const struct key_page *keys, struct lk_error *err)
{
	const RevokeKeysRequest *req = op->req;
	RevokeKeysResponse *rep = op->rep;
	char expected[CONFIRMATION_SIZE] = "";

	LK_TRY(confirmation_make(op, keys, expected, err));
	if (req->dry_run)
		return lk_field_copy(op->arena, expected, &rep->confirmation, err);
	if (!lk_text_is(expected, req->confirmation))
		return lk_fail(err, LK_FAILED_PRECONDITION, "KEYS_CHANGED",
		    "these are no longer the keys that the dry run showed");
	return LK_OK;
}

static lk_status
choose_matching(
    struct op *op, struct lk_tx *tx, char ***out_ids, size_t *out_count, struct lk_error *err)
{
	const RevokeKeysRequest *req = op->req;
	RevokeKeysResponse *rep = op->rep;
	const struct lk_page page = { .size = LK_PAGE_ROWS_MAX };
	struct key_filter filter = { 0 };
	struct key_page found;

	LK_TRY(key_filter_of(op, tx, req->matching, &filter, err));
	filter.include_revoked = false;
	LK_TRY(key_list(tx, &filter, &page, op->arena, &found, err));
	LK_TRY(confirm(op, &found, err));
	char **ids = lk_arena_array(op->arena, found.count, sizeof *ids);
	if (!ids)
		return lk_fail_oom(err);
	for (size_t i = 0; i < found.count; i++)
		ids[i] = found.items[i].id;
	rep->more = found.more;
	*out_ids = ids;
	*out_count = found.count;
	return LK_OK;
}

/* All or nothing: one id that is not there, not yours, revoked or named twice, and nothing
 * happened. */
static lk_status
revoke_keys(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct op *op = arg;
	const RevokeKeysRequest *req = op->req;
	RevokeKeysResponse *rep = op->rep;
	size_t count = req->n_ids;
	char **ids = req->ids;

	if (req->matching)
		LK_TRY(choose_matching(op, tx, &ids, &count, err));
	rep->keys = lk_arena_array(op->arena, count, sizeof *rep->keys);
	if (!rep->keys)
		return lk_fail_oom(err);
	for (; rep->n_keys < count; rep->n_keys++)
		LK_TRY(revoke_one(op, tx, ids[rep->n_keys], &rep->keys[rep->n_keys], err));
	return LK_OK;
}

static lk_status
revoke_check(const RevokeKeysRequest *req, struct lk_error *err)
{
	if (req->matching && req->n_ids > 0)
		return lk_fail_field(
		    err, "matching", "FILTER_CONFLICT", "name keys, or choose them, not both");
	if (req->matching && !req->dry_run && *req->confirmation == '\0')
		return lk_fail_field(err, "confirmation", "CONFIRMATION_REQUIRED",
		    "a dry run comes first; send what it answered");
	if (!req->matching && (req->n_ids == 0 || req->n_ids > REVOKE_MAX))
		return lk_fail_field(
		    err, "ids", "IDS_INVALID", "name between 1 and %d keys", REVOKE_MAX);
	return key_reason_check(req->reason, err);
}

lk_status
keys_revoke_keys(struct lk_call *call, const RevokeKeysRequest *req, RevokeKeysResponse *rep)
{
	struct op op = op_of(call, req, rep);

	LK_TRY(revoke_check(req, lk_call_error(call)));
	return req->dry_run ? op_read(&op, revoke_keys) : op_write(&op, revoke_keys);
}
