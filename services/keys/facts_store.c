/* From rows to facts, through the stores that own the SQL; see facts_store.h. */
#include "facts_store.h"

#include <string.h>

#include "fact_cache.h"
#include "key_cache.h"
#include "key_seal.h"
#include "key_store.h"
#include "principal_store.h"
#include "row_seal.h"
#include "session_store.h"
#include "tenant_store.h"
#include "user_store.h"
#include "workgroup_store.h"

lk_status
tenant_facts_load(
    struct lk_tx *tx, const char *id, struct tenant_facts **out_facts, struct lk_error *err)
{
	struct lk_error why = { 0 };
	struct tenant tenant;
	struct policy policy;
	bool found;

	*out_facts = NULL;
	LK_TRY(row_or_none(tenant_find(tx, id, &tenant, &found, &why), &why, &found, err));
	if (!found)
		return LK_OK;
	LK_TRY(policy_load(tx, &tenant, &policy, err));
	struct tenant_facts *facts = fact_new(sizeof *facts);
	if (!facts)
		return lk_fail_oom(err);
	id_pack(tenant.id, &facts->id);
	lk_text_copy(facts->name, sizeof facts->name, tenant.name);
	facts->active = tenant.state == TENANT_ACTIVE;
	facts->generation = tenant.generation;
	facts->policy = policy;
	*out_facts = facts;
	return LK_OK;
}

/* One allocation: the facts, the ids they reach, what each of these gives, the name. `grants` is
 * NULL where none gives anything. */
static struct owner_facts *
owner_facts_new(
    const char *id, const char *name, const struct id_list *reach, const lk_permissions *grants)
{
	const size_t ids = reach->count * sizeof(struct packed_id), text = strlen(name) + 1;
	const size_t given = grants ? reach->count * sizeof *grants : 0;
	struct owner_facts *facts = fact_new(sizeof *facts + ids + given + text);

	if (!facts)
		return NULL;
	struct packed_id *packed = (struct packed_id *)(void *)(facts + 1);
	for (size_t i = 0; i < reach->count; i++)
		id_pack(reach->ids[i], &packed[i]);
	char *copy = (char *)(packed + reach->count) + given;
	memcpy(copy, name, text);
	if (given) {
		lk_permissions *mine = (lk_permissions *)(void *)(packed + reach->count);
		memcpy(mine, grants, given);
		facts->grants = mine;
	}
	id_pack(id, &facts->id);
	facts->reach = packed;
	facts->reach_count = (uint32_t)reach->count;
	facts->name = copy;
	return facts;
}

static lk_status
user_facts_load(struct lk_tx *tx, const char *id, struct lk_arena *arena,
    struct owner_facts **out_facts, struct lk_error *err)
{
	struct lk_error why = { 0 };
	struct user user;
	struct id_list workgroups = { 0 };
	lk_permissions *grants = NULL;
	bool found;

	LK_TRY(row_or_none(user_find(tx, id, &user, &found, &why), &why, &found, err));
	if (!found)
		return LK_OK;
	LK_TRY(workgroups_of_user(tx, id, arena, &workgroups, err));
	if (user.workgroup_permissions)
		LK_TRY(workgroup_grants_of_user(tx, id, &workgroups, arena, &grants, err));
	struct owner_facts *facts = owner_facts_new(id, user.email, &workgroups, grants);
	if (!facts)
		return lk_fail_oom(err);
	id_pack(user.tenant, &facts->tenant);
	facts->kind = user.kind == USER_SERVICE ? OWNER_SERVICE : OWNER_HUMAN;
	facts->roles = user.roles.built_in;
	facts->permissions = roles_own_permissions(&user.roles);
	facts->active = user.state == USER_ACTIVE;
	facts->generation = user.generation;
	*out_facts = facts;
	return LK_OK;
}

static lk_status
principal_facts_load(struct lk_tx *tx, const char *id, struct lk_arena *arena,
    struct owner_facts **out_facts, struct lk_error *err)
{
	struct lk_error why = { 0 };
	struct principal principal;
	bool found;

	LK_TRY(row_or_none(
	    principal_find(tx, id, arena, &principal, &found, &why), &why, &found, err));
	if (!found)
		return LK_OK;
	struct owner_facts *facts = owner_facts_new(id, principal.name, &principal.tenants, NULL);
	if (!facts)
		return lk_fail_oom(err);
	facts->kind = OWNER_PRINCIPAL;
	facts->permissions = principal.permissions;
	facts->all_tenants = principal.all_tenants;
	facts->active = principal.state == PRINCIPAL_ACTIVE;
	facts->generation = principal.generation;
	*out_facts = facts;
	return LK_OK;
}

lk_status
owner_facts_load(struct lk_tx *tx, const char *id, struct lk_arena *arena,
    struct owner_facts **out_facts, struct lk_error *err)
{
	*out_facts = NULL;
	return lk_id_ok(LK_ID_PRINCIPAL, id) ? principal_facts_load(tx, id, arena, out_facts, err)
					     : user_facts_load(tx, id, arena, out_facts, err);
}

/* NULL for a key that may be used by anybody, anywhere, from the start. */
static lk_status
limits_of(const struct key *key, struct key_limits **out, struct lk_error *err)
{
	const struct id_list *workgroups = &key->workgroups;
	const size_t networks = key->networks.count;

	*out = NULL;
	if (key->all_workgroups && networks == 0 && key->not_before_ms == 0)
		return LK_OK;
	struct key_limits *limits = key_limits_new((uint32_t)workgroups->count, (uint32_t)networks);
	if (!limits)
		return lk_fail_oom(err);
	for (size_t i = 0; i < workgroups->count; i++)
		id_pack(workgroups->ids[i], &limits->ids[i]);
	memcpy(limits->networks, key->networks.items, networks * sizeof *limits->networks);
	limits->not_before_ms = key->not_before_ms;
	*out = limits;
	return LK_OK;
}

static uint32_t
seconds(int64_t ms)
{
	return (uint32_t)(ms / 1000);
}

static lk_status
api_key_facts(struct keys *keys, struct lk_tx *tx, const char *id, struct lk_arena *arena,
    struct key_facts *facts, struct lk_error *err)
{
	struct key key;
	bool found;

	LK_TRY(key_find(tx, id, arena, &key, &found, err));
	if (!found || key.revoked_at_ms != 0 || key_seal_check(keys, &key, NULL) != LK_OK)
		return LK_OK;
	LK_TRY(limits_of(&key, &facts->limits, err));
	id_pack(key.owner, &facts->owner);
	memcpy(facts->digest, key.digest, sizeof facts->digest);
	facts->pepper_version = key.pepper_version;
	facts->expires_at_ms = key.expires_at_ms;
	facts->generation = key.generation;
	facts->permissions = key.permissions;
	facts->used_at_s = seconds(key.last_used_at_ms);
	facts->signed_in_at_s = seconds(key.last_sign_in_at_ms);
	facts->flags = (uint8_t)((lk_id_ok(LK_ID_PRINCIPAL, key.owner) ? KEY_OF_PRINCIPAL : 0) |
				 (key.all_permissions ? KEY_ALL_PERMISSIONS : 0) |
				 (key.all_workgroups ? KEY_ALL_WORKGROUPS : 0) |
				 (key.suspended_at_ms != 0 ? KEY_SUSPENDED_NOW : 0) |
				 (key.imported_from[0] != '\0' ? KEY_FOREIGN : 0));
	return LK_OK;
}

static lk_status
session_facts(struct lk_tx *tx, const char *id, struct key_facts *facts, struct lk_error *err)
{
	struct lk_error why = { 0 };
	struct session session;
	bool found;

	LK_TRY(session_find(tx, id, &session, &found, err));
	if (!found || session.ended_at_ms != 0)
		return LK_OK;
	LK_TRY(row_or_none(row_check(tx, ROW_SESSION, id, &why), &why, &found, err));
	if (!found)
		return LK_OK;
	id_pack(session.user, &facts->owner);
	memcpy(facts->digest, session.digest, sizeof facts->digest);
	facts->pepper_version = session.pepper_version;
	facts->expires_at_ms = session.expires_at_ms;
	facts->generation = session.generation;
	facts->used_at_s = seconds(session.last_used_at_ms);
	facts->flags = KEY_IS_SESSION | KEY_ALL_PERMISSIONS | KEY_ALL_WORKGROUPS;
	return LK_OK;
}

lk_status
key_facts_load(struct keys *keys, struct lk_tx *tx, const char *id, struct lk_arena *arena,
    struct key_facts *out_facts, struct lk_error *err)
{
	const bool is_session = lk_id_ok(LK_ID_SESSION, id);
	struct key_facts facts = { .flags = KEY_DEAD | (is_session ? KEY_IS_SESSION : 0) };

	id_pack(id, &facts.id);
	if (is_session)
		LK_TRY(session_facts(tx, id, &facts, err));
	else
		LK_TRY(api_key_facts(keys, tx, id, arena, &facts, err));
	*out_facts = facts;
	return LK_OK;
}
