/* From facts to rights: key ∩ owner ∩ tenant, now; see facts.h. */
#include "facts.h"

#include "key.h"
#include "session.h"

static bool
key_stands(const struct facts *facts, int64_t session_idle_ms, int64_t now_ms)
{
	const struct key_facts *key = facts->key;

	if (key->flags & (KEY_DEAD | KEY_SUSPENDED_NOW))
		return false;
	if (key->flags & KEY_IS_SESSION)
		return session_is_alive(
		    0, key->expires_at_ms, (int64_t)key->used_at_s * 1000, session_idle_ms, now_ms);
	if (facts->tenant && !policy_keys_work(&facts->tenant->policy))
		return false;
	return key->expires_at_ms == 0 || now_ms < key->expires_at_ms;
}

bool
facts_stand(const struct facts *facts, int64_t session_idle_ms, int64_t now_ms)
{
	const bool owner = facts->owner->active && (!facts->tenant || facts->tenant->active);

	return owner && (!facts->key || key_stands(facts, session_idle_ms, now_ms));
}

const char *
facts_why_not(const struct facts *facts, const char *source_address, int64_t now_ms)
{
	const struct key_limits *limits = facts->key ? facts->key->limits : NULL;

	if (!limits)
		return NULL;
	if (now_ms < limits->not_before_ms)
		return "KEY_NOT_YET_VALID";
	return lk_networks_allow(limits->networks, limits->networks_count, source_address)
		   ? NULL
		   : "SOURCE_REFUSED";
}

static bool
packed_has(const struct packed_id *ids, uint32_t count, struct packed_id id)
{
	for (uint32_t i = 0; i < count; i++) {
		if (packed_id_equal(ids[i], id))
			return true;
	}
	return false;
}

static bool
key_is_for(const struct key_facts *key, struct packed_id workgroup)
{
	return !key || (key->flags & (KEY_ALL_WORKGROUPS | KEY_IS_SESSION)) || !key->limits ||
	       packed_has(key->limits->ids, key->limits->count, workgroup);
}

/* A key that is not for a workgroup has nothing that the workgroup gives. */
static lk_permissions
granted(const struct facts *facts)
{
	const struct owner_facts *owner = facts->owner;
	lk_permissions permissions = 0;

	for (uint32_t i = 0; owner->grants && i < owner->reach_count; i++) {
		if (key_is_for(facts->key, owner->reach[i]))
			permissions |= owner->grants[i];
	}
	return permissions;
}

lk_permissions
facts_permissions(const struct facts *facts)
{
	const struct key_facts *key = facts->key;

	if (facts->owner->kind == OWNER_PRINCIPAL)
		return facts->owner->permissions;
	const struct policy *policy = &facts->tenant->policy;
	const lk_permissions owner = role_set_permissions(facts->owner->roles, policy) |
				     facts->owner->permissions | granted(facts);
	if (!key || (key->flags & KEY_IS_SESSION))
		return owner;
	return key_permissions_now(
	    policy, owner, (key->flags & KEY_ALL_PERMISSIONS) != 0, key->permissions);
}

bool
facts_has_workgroup(const struct facts *facts, const char *workgroup)
{
	const struct owner_facts *owner = facts->owner;
	struct packed_id id;

	if (!lk_id_ok(LK_ID_WORKGROUP, workgroup) || !id_pack(workgroup, &id))
		return false;
	return owner->kind != OWNER_PRINCIPAL && packed_has(owner->reach, owner->reach_count, id) &&
	       key_is_for(facts->key, id);
}

static lk_status
list_reach(const struct facts *facts, enum lk_id_kind kind, const struct key_facts *filter,
    struct lk_arena *arena, struct id_list *out_list, struct lk_error *err)
{
	char id[LK_ID_SIZE];

	for (uint32_t i = 0; i < facts->owner->reach_count; i++) {
		if (!key_is_for(filter, facts->owner->reach[i]))
			continue;
		id_unpack(kind, facts->owner->reach[i], id);
		LK_TRY(id_list_add(out_list, arena, id, err));
	}
	return LK_OK;
}

static void
identity_of_key(const struct key_facts *key, struct identity *identity)
{
	identity->expires_at_ms = key->expires_at_ms;
	if (key->flags & KEY_IS_SESSION) {
		id_unpack(LK_ID_SESSION, key->id, identity->session);
		identity->session_generation = key->generation;
	} else {
		id_unpack(LK_ID_KEY, key->id, identity->key);
		identity->key_generation = key->generation;
	}
	if (key->limits) {
		identity->networks = key->limits->networks;
		identity->networks_count = key->limits->networks_count;
	}
}

static lk_status
identity_of_user(const struct facts *facts, struct lk_arena *arena, struct identity *identity,
    struct lk_error *err)
{
	id_unpack(LK_ID_USER, facts->owner->id, identity->subject);
	id_unpack(LK_ID_TENANT, facts->tenant->id, identity->tenant);
	identity->tenant_name = lk_arena_text(arena, facts->tenant->name);
	identity->tenant_generation = facts->tenant->generation;
	if (!identity->tenant_name)
		return lk_fail_oom(err);
	return list_reach(facts, LK_ID_WORKGROUP, facts->key, arena, &identity->workgroups, err);
}

static lk_status
identity_of_principal(const struct facts *facts, struct lk_arena *arena, struct identity *identity,
    struct lk_error *err)
{
	id_unpack(LK_ID_PRINCIPAL, facts->owner->id, identity->subject);
	identity->all_workgroups = true;
	identity->all_tenants = facts->owner->all_tenants;
	return list_reach(facts, LK_ID_TENANT, NULL, arena, &identity->tenants, err);
}

lk_status
facts_identity(const struct facts *facts, struct lk_arena *arena, struct identity *out_identity,
    struct lk_error *err)
{
	struct identity identity = { .kind = facts->owner->kind, .tenant_name = "" };

	identity.name = lk_arena_text(arena, facts->owner->name);
	if (!identity.name)
		return lk_fail_oom(err);
	if (identity.kind == OWNER_PRINCIPAL)
		LK_TRY(identity_of_principal(facts, arena, &identity, err));
	else
		LK_TRY(identity_of_user(facts, arena, &identity, err));
	identity.permissions = facts_permissions(facts);
	identity.user_generation = facts->owner->generation;
	if (facts->key)
		identity_of_key(facts->key, &identity);
	*out_identity = identity;
	return LK_OK;
}

lk_status
identity_standing(
    const struct identity *identity, struct lk_standing *out_standing, struct lk_error *err)
{
	struct lk_standing s = { .active = true,
		.expires_at_ms = identity->expires_at_ms,
		.tenant_generation = identity->tenant_generation,
		.user_generation = identity->user_generation,
		.key_generation = identity->key_generation,
		.session_generation = identity->session_generation };
	struct lk_caller *caller = &s.caller;

	caller->kind = identity->kind == OWNER_PRINCIPAL ? LK_CALLER_PRINCIPAL : LK_CALLER_USER;
	caller->permissions = identity->permissions;
	caller->all_tenants = identity->all_tenants;
	caller->tenants = identity->tenants.ids;
	caller->tenants_count = identity->tenants.count;
	caller->all_workgroups = identity->all_workgroups;
	caller->workgroups = identity->workgroups.ids;
	caller->workgroups_count = identity->workgroups.count;
	if (!lk_text_copy(caller->id, sizeof caller->id, identity->subject) ||
	    !lk_text_copy(caller->tenant, sizeof caller->tenant, identity->tenant) ||
	    !lk_text_copy(caller->key, sizeof caller->key, identity->key) ||
	    !lk_text_copy(caller->session, sizeof caller->session, identity->session) ||
	    !lk_text_copy(s.name, sizeof s.name, identity->name) ||
	    !lk_text_copy(s.tenant_name, sizeof s.tenant_name, identity->tenant_name))
		return lk_fail(err, LK_INTERNAL, "INTERNAL", "a name is too long");
	*out_standing = s;
	return LK_OK;
}
