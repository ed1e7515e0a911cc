/* ImportKeys: keys of another system by their digest. */
#include <string.h>

#include "access.h"
#include "encode.h"
#include "foreign.h"
#include "handlers.h"
#include "key_seal.h"
#include "key_store.h"
#include "tenant_store.h"

enum { IMPORT_MAX = 100 };

/* What all keys of one request share. */
struct import {
	struct op *op;
	const char *source;
	struct tenant tenant;
	struct policy policy;
};

static lk_status
owner_check(
    const struct import *import, const struct user *owner, struct lk_tx *tx, struct lk_error *err)
{
	int64_t active;
	bool warn;

	if (owner->state == USER_DISABLED)
		return lk_fail(err, LK_FAILED_PRECONDITION, "OWNER_NOT_ACTIVE", "%s is disabled",
		    owner->email);
	LK_TRY(key_creation_check(&import->policy, false, owner->roles.built_in, &warn, err));
	LK_TRY(key_count_active(tx, owner->id, import->op->now_ms, &active, err));
	return key_limit_check(&import->policy, active, err);
}

static lk_status
life_check(const struct import *import, const ForeignKeyMsg *foreign, struct lk_error *err)
{
	if (foreign->expires_at_ms != 0 && foreign->expires_at_ms <= import->op->now_ms)
		return lk_fail_field(
		    err, "expires_at_ms", "TTL_PAST", "a key that is over is not imported");
	return LK_OK;
}

/* It has what its owner has but the delegating permissions, in all workgroups: as where it comes
 * from. */
static lk_status
key_of(const struct import *import, const ForeignKeyMsg *foreign, const uint8_t *sha256,
    const struct user *owner, struct key *out_key, struct lk_error *err)
{
	const struct keys *keys = import->op->keys;
	struct key key = { .all_permissions = true,
		.all_workgroups = true,
		.last4 = "----",
		.generation = 1,
		.pepper_version = lk_pepper_version(keys->setup.pepper),
		.created_at_ms = import->op->now_ms,
		.expires_at_ms = foreign->expires_at_ms };

	LK_TRY(key_name_check(&import->policy, foreign->name, err));
	LK_TRY(life_check(import, foreign, err));
	foreign_tag(keys->setup.pepper, sha256, key.digest);
	lk_id_make(LK_ID_KEY, keys->setup.clock, keys->setup.random, key.id);
	memcpy(key.tenant, import->tenant.id, sizeof key.tenant);
	memcpy(key.owner, owner->id, sizeof key.owner);
	lk_text_copy(key.owner_name, sizeof key.owner_name, owner->email);
	lk_text_copy(key.name, sizeof key.name, foreign->name);
	lk_text_copy(key.imported_from, sizeof key.imported_from, import->source);
	key_seal(keys->setup.pepper, &key);
	*out_key = key;
	return LK_OK;
}

static lk_status
imported_before(const char *name, struct lk_error *err)
{
	return lk_fail(
	    err, LK_ALREADY_EXISTS, "KEY_IMPORTED", "the key \"%s\" was imported before", name);
}

/* Its tag may be under an older pepper than the one that the database keeps apart. */
static lk_status
new_check(const struct import *import, struct lk_tx *tx, const char *name, struct foreign *foreign,
    struct lk_error *err)
{
	bool found;

	LK_TRY(foreign_look_up(tx, import->op->keys, foreign, &found, err));
	return found ? imported_before(name, err) : LK_OK;
}

static lk_status
import_one(const struct import *import, struct lk_tx *tx, const ForeignKeyMsg *foreign,
    KeyMsg **out, struct lk_error *err)
{
	struct op *op = import->op;
	struct foreign same = { .key = "" };
	struct user owner;
	struct key key;
	bool is_new;

	LK_TRY(access_user_in(tx, import->tenant.id, foreign->owner, &owner, err));
	LK_TRY(access_covers(op, tx, &import->tenant, &owner, err));
	LK_TRY(owner_check(import, &owner, tx, err));
	LK_TRY(foreign_digest_parse(foreign->sha256, same.sha256, err));
	LK_TRY(key_of(import, foreign, same.sha256, &owner, &key, err));
	LK_TRY(new_check(import, tx, key.name, &same, err));
	LK_TRY(key_insert(tx, &key, err));
	LK_TRY(imported_insert(tx, key.digest, key.id, &is_new, err));
	if (!is_new)
		return imported_before(key.name, err);
	LK_TRY(op_audit(op, tx,
	    &(struct lk_audit_event){ .action = "key.imported",
		.tenant = key.tenant,
		.object = key.id,
		.owner = key.owner,
		.detail = import->source },
	    err));
	return encode_key(op->arena, &key, op->keys->setup.prefix, op->now_ms, out, err);
}

static void
appeared(void *arg)
{
	foreign_appeared(arg);
}

static lk_status
import_keys(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct op *op = arg;
	const ImportKeysRequest *req = op->req;
	ImportKeysResponse *rep = op->rep;
	struct import import = { .op = op, .source = req->source };

	LK_TRY(access_tenant(op, tx, req->tenant, &import.tenant, err));
	LK_TRY(policy_load(tx, &import.tenant, &import.policy, err));
	rep->keys = lk_arena_array(op->arena, req->n_keys, sizeof *rep->keys);
	if (!rep->keys)
		return lk_fail_oom(err);
	for (; rep->n_keys < req->n_keys; rep->n_keys++)
		LK_TRY(
		    import_one(&import, tx, req->keys[rep->n_keys], &rep->keys[rep->n_keys], err));
	return lk_tx_on_commit(tx, appeared, op->keys, err);
}

lk_status
keys_import_keys(struct lk_call *call, const ImportKeysRequest *req, ImportKeysResponse *rep)
{
	struct op op = op_of(call, req, rep);
	struct lk_error *err = lk_call_error(call);

	if (op.caller->key[0] != '\0')
		return lk_fail(err, LK_PERMISSION_DENIED, "KEYS_DO_NOT_IMPORT",
		    "keys are imported by people and operators: a key has limits that they would "
		    "not have");
	LK_TRY(foreign_source_check(req->source, err));
	if (req->n_keys == 0 || req->n_keys > IMPORT_MAX)
		return lk_fail_field(
		    err, "keys", "KEYS_INVALID", "import between 1 and %d keys", IMPORT_MAX);
	return op_write(&op, import_keys);
}
