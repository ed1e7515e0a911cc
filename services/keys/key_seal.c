/* The MAC of a key's row, and what happens to a row whose MAC is wrong; see key_seal.h. */
#include "key_seal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/audit.h"
#include "damage.h"
#include "key_store.h"

enum { SEAL_BATCH = 500 };
static const char label[] = "latchkey/api-key-row/v1";
static const struct lk_caller myself = { .kind = LK_CALLER_SERVICE, .id = "keys" };

/* ---- The MAC ---- */

/* Ids are of one length, so that the list reads in one way. */
static void
workgroups_hash(const struct key *key, uint8_t out[LK_DIGEST_LEN])
{
	memset(out, 0, LK_DIGEST_LEN);
	for (size_t i = 0; i < key->workgroups.count; i++) {
		const struct lk_bytes parts[] = { lk_bytes(out, LK_DIGEST_LEN),
			lk_bytes_of(key->workgroups.ids[i]) };
		lk_hash256_parts("workgroup", parts, LK_ARRAY_LEN(parts), out);
	}
}

static void
mac_of(const struct lk_pepper *pepper, const struct key *key, uint8_t out[LK_DIGEST_LEN])
{
	const int64_t numbers[] = { key->pepper_version, key->all_permissions, key->all_workgroups,
		(int64_t)key->generation, key->created_at_ms, key->expires_at_ms,
		key->revoked_at_ms, key->not_before_ms, key->suspended_at_ms };
	char scope[LK_SCOPE_SIZE], networks[LK_NETWORKS_TEXT_SIZE];
	uint8_t workgroups[LK_DIGEST_LEN];

	lk_scope_format(key->permissions, scope, sizeof scope);
	lk_networks_text(&key->networks, networks);
	workgroups_hash(key, workgroups);
	const struct lk_bytes parts[] = { lk_bytes_of(key->id), lk_bytes_of(key->tenant),
		lk_bytes_of(key->owner), lk_bytes_of(key->name), lk_bytes_of(key->last4),
		lk_bytes(key->digest, sizeof key->digest), lk_bytes(numbers, sizeof numbers),
		lk_bytes_of(scope), lk_bytes_of(networks), lk_bytes(workgroups, sizeof workgroups),
		lk_bytes_of(key->suspended_by), lk_bytes_of(key->replaced_by),
		lk_bytes_of(key->revoke_reason), lk_bytes_of(key->imported_from) };
	lk_pepper_mac(pepper, label, parts, LK_ARRAY_LEN(parts), out);
}

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Workgroups in the order in which they are read back. */
void
key_seal(const struct lk_pepper *pepper, struct key *key)
{
	if (key->workgroups.count > 1)
		qsort(key->workgroups.ids, key->workgroups.count, sizeof *key->workgroups.ids,
		    by_text);
	mac_of(pepper, key, key->mac);
	key->has_mac = true;
}

/* Of a row whose pepper is not there: was it over, and left behind when that was retired? */
static bool
outlived(const struct keys *keys, const struct key *key)
{
	const enum key_state state = key_state(key, lk_clock_wall_ms(keys->setup.clock));

	return key->pepper_version < lk_pepper_version(keys->setup.pepper) &&
	       (state == KEY_REVOKED || state == KEY_EXPIRED);
}

bool
key_seal_ok(const struct keys *keys, const struct key *key)
{
	const struct lk_pepper *pepper = keys_pepper(keys, key->pepper_version);
	uint8_t mac[LK_DIGEST_LEN];

	if (!pepper)
		return outlived(keys, key);
	mac_of(pepper, key, mac);
	return key->has_mac && lk_secret_equal(mac, key->mac, sizeof mac);
}

lk_status
key_reseal(struct keys *keys, struct lk_tx *tx, struct lk_arena *arena, const char *id,
    struct lk_error *err)
{
	struct key key;
	bool found;

	LK_TRY(key_find(tx, id, arena, &key, &found, err));
	if (!found)
		return lk_fail(err, LK_INTERNAL, "INTERNAL", "the key to seal is missing");
	if (!keys_pepper(keys, key.pepper_version) && outlived(keys, &key))
		key.pepper_version = lk_pepper_version(keys->setup.pepper);
	const struct lk_pepper *pepper = keys_pepper(keys, key.pepper_version);
	if (!pepper)
		return lk_fail(err, LK_FAILED_PRECONDITION, "PEPPER_MISSING",
		    "version %u of the pepper is not loaded", key.pepper_version);
	key_seal(pepper, &key);
	return key_save_mac(tx, &key, err);
}

/* ---- A damaged row ---- */

lk_status
key_seal_check(struct keys *keys, const struct key *key, struct lk_error *err)
{
	if (key_seal_ok(keys, key))
		return LK_OK;
	damage_note(
	    keys, &(struct damaged){
		      .kind = "key", .id = key->id, .tenant = key->tenant, .owner = key->owner });
	return lk_fail(err, LK_DATA_LOSS, "ROW_DAMAGED",
	    "the record of %s was changed from outside and is not used", key->id);
}

/* ---- Rows from before ---- */

struct sealing {
	struct keys *keys;
	struct lk_arena *arena;
	size_t count;
	bool done;
};

static lk_status
seal_some(struct lk_tx *tx, struct sealing *sealing, size_t *out_count, struct lk_error *err)
{
	struct id_list ids = { 0 };

	LK_TRY(key_list_unsealed(tx, SEAL_BATCH, sealing->arena, &ids, err));
	for (size_t i = 0; i < ids.count; i++)
		LK_TRY(key_reseal(sealing->keys, tx, sealing->arena, ids.ids[i], err));
	*out_count = ids.count;
	return LK_OK;
}

static lk_status
seal_batch(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct sealing *sealing = arg;
	const int64_t now_ms = lk_clock_wall_ms(sealing->keys->setup.clock);
	char detail[64];
	size_t count = 0;

	LK_TRY(key_rows_are_sealed(tx, &sealing->done, err));
	if (sealing->done)
		return LK_OK;
	LK_TRY(seal_some(tx, sealing, &count, err));
	sealing->count += count;
	sealing->done = count < SEAL_BATCH;
	if (!sealing->done)
		return LK_OK;
	LK_TRY(key_rows_set_sealed(tx, now_ms, err));
	snprintf(detail, sizeof detail, "%zu keys", sealing->count);
	return lk_audit_write_as(tx, &myself, "", now_ms,
	    &(struct lk_audit_event){ .action = "keys.sealed", .detail = detail }, err);
}

lk_status
key_seal_old_rows(struct keys *keys, struct lk_error *err)
{
	LK_AUTO(lk_arena_freep) struct lk_arena *arena = lk_arena_new(4 << 20);
	struct sealing sealing = { .keys = keys, .arena = arena };

	if (!arena)
		return lk_fail_oom(err);
	while (!sealing.done) {
		LK_TRY(
		    lk_store_write(keys->setup.store, LK_NO_DEADLINE, seal_batch, &sealing, err));
		lk_arena_reset(arena);
	}
	return LK_OK;
}
