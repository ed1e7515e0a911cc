/* Rows and identities as messages; see encode.h. */
#include "encode.h"

#include <string.h>

/* A new message of this type, or leave with OUT_OF_MEMORY. */
#define NEW_MSG(msg, Type, init)                                                                   \
	Type *msg = LK_ARENA_NEW(arena, Type);                                                     \
	if (!msg)                                                                                  \
		return lk_fail_oom(err);                                                           \
	*msg = (Type)init

#define TEXT(field, text) LK_TRY(lk_field_copy(arena, (text), &(field), err))

lk_status
encode_ids(struct lk_arena *arena, const struct id_list *list, char ***out_ids, size_t *out_count,
    struct lk_error *err)
{
	char **ids = lk_arena_array(arena, list->count, sizeof *ids);

	if (!ids)
		return lk_fail_oom(err);
	for (size_t i = 0; i < list->count; i++)
		ids[i] = lk_field_borrow(list->ids[i]);
	*out_ids = ids;
	*out_count = list->count;
	return LK_OK;
}

lk_status
encode_tenant(
    struct lk_arena *arena, const struct tenant *tenant, TenantMsg **out_msg, struct lk_error *err)
{
	NEW_MSG(msg, TenantMsg, LATCHKEY__ACCOUNTS__V1__TENANT__INIT);

	TEXT(msg->id, tenant->id);
	TEXT(msg->name, tenant->name);
	TEXT(msg->domain, tenant->domain);
	TEXT(msg->profile, tenant->profile);
	TEXT(msg->state, tenant_state_name(tenant->state));
	msg->created_at_ms = tenant->created_at_ms;
	*out_msg = msg;
	return LK_OK;
}

static lk_status
encode_roles(struct lk_arena *arena, const struct roles *roles, char ***out_names,
    size_t *out_count, struct lk_error *err)
{
	char **names = lk_arena_array(arena, ROLE_COUNT + roles->own_count, sizeof *names);
	size_t count = 0;

	if (!names)
		return lk_fail_oom(err);
	for (int i = 0; i < ROLE_COUNT; i++) {
		if (roles->built_in & role_bit((enum role)i))
			names[count++] = lk_field_borrow(role_name((enum role)i));
	}
	for (size_t i = 0; i < roles->own_count; i++)
		TEXT(names[count++], roles->own[i].name);
	*out_names = names;
	*out_count = count;
	return LK_OK;
}

lk_status
encode_user(
    struct lk_arena *arena, const struct user *user, UserMsg **out_msg, struct lk_error *err)
{
	NEW_MSG(msg, UserMsg, LATCHKEY__ACCOUNTS__V1__USER__INIT);

	TEXT(msg->id, user->id);
	TEXT(msg->tenant, user->tenant);
	TEXT(msg->email, user->email);
	TEXT(msg->display_name, user->display_name);
	TEXT(msg->state, user_state_name(user->state));
	msg->kind = user->kind == USER_SERVICE
			? LATCHKEY__COMMON__V1__SUBJECT_KIND__SUBJECT_KIND_SERVICE
			: LATCHKEY__COMMON__V1__SUBJECT_KIND__SUBJECT_KIND_HUMAN;
	LK_TRY(encode_roles(arena, &user->roles, &msg->roles, &msg->n_roles, err));
	msg->created_at_ms = user->created_at_ms;
	msg->last_sign_in_at_ms = user->last_sign_in_at_ms;
	*out_msg = msg;
	return LK_OK;
}

lk_status
encode_principal(struct lk_arena *arena, const struct principal *principal, PrincipalMsg **out_msg,
    struct lk_error *err)
{
	NEW_MSG(msg, PrincipalMsg, LATCHKEY__ACCOUNTS__V1__PRINCIPAL__INIT);

	TEXT(msg->id, principal->id);
	TEXT(msg->name, principal->name);
	TEXT(msg->state, principal_state_name(principal->state));
	LK_TRY(lk_permissions_fields(
	    principal->permissions, arena, &msg->permissions, &msg->n_permissions, err));
	LK_TRY(encode_ids(arena, &principal->tenants, &msg->tenants, &msg->n_tenants, err));
	msg->all_tenants = principal->all_tenants;
	msg->created_at_ms = principal->created_at_ms;
	*out_msg = msg;
	return LK_OK;
}

lk_status
encode_workgroup(struct lk_arena *arena, const struct workgroup *workgroup, WorkgroupMsg **out_msg,
    struct lk_error *err)
{
	NEW_MSG(msg, WorkgroupMsg, LATCHKEY__ACCOUNTS__V1__WORKGROUP__INIT);

	TEXT(msg->id, workgroup->id);
	TEXT(msg->tenant, workgroup->tenant);
	TEXT(msg->name, workgroup->name);
	LK_TRY(encode_ids(arena, &workgroup->members, &msg->members, &msg->n_members, err));
	LK_TRY(encode_ids(arena, &workgroup->admins, &msg->admins, &msg->n_admins, err));
	LK_TRY(lk_permissions_fields(
	    workgroup->permissions, arena, &msg->permissions, &msg->n_permissions, err));
	msg->created_at_ms = workgroup->created_at_ms;
	*out_msg = msg;
	return LK_OK;
}

lk_status
encode_role(struct lk_arena *arena, enum role role, RoleMsg **out_msg, struct lk_error *err)
{
	NEW_MSG(msg, RoleMsg, LATCHKEY__ACCOUNTS__V1__ROLE__INIT);

	msg->name = lk_field_borrow(role_name(role));
	LK_TRY(lk_permissions_fields(
	    role_permissions(role), arena, &msg->permissions, &msg->n_permissions, err));
	msg->built_in = true;
	*out_msg = msg;
	return LK_OK;
}

lk_status
encode_own_role(
    struct lk_arena *arena, const struct own_role *role, RoleMsg **out_msg, struct lk_error *err)
{
	NEW_MSG(msg, RoleMsg, LATCHKEY__ACCOUNTS__V1__ROLE__INIT);

	TEXT(msg->id, role->id);
	TEXT(msg->name, role->name);
	LK_TRY(lk_permissions_fields(
	    role->permissions, arena, &msg->permissions, &msg->n_permissions, err));
	msg->created_at_ms = role->created_at_ms;
	*out_msg = msg;
	return LK_OK;
}

static lk_status
encode_policy_value(struct lk_arena *arena, const struct policy *policy, enum policy_name name,
    PolicyValueMsg **out_msg, struct lk_error *err)
{
	char text[POLICY_TEXT_SIZE];
	NEW_MSG(msg, PolicyValueMsg, LATCHKEY__ACCOUNTS__V1__POLICY_VALUE__INIT);

	policy_text(policy, name, text);
	msg->name = lk_field_borrow(policy_name(name));
	TEXT(msg->value, text);
	*out_msg = msg;
	return LK_OK;
}

lk_status
encode_policy(struct lk_arena *arena, const struct policy *policy, PolicyValueMsg ***out_values,
    size_t *out_count, struct lk_error *err)
{
	PolicyValueMsg **values = lk_arena_array(arena, POLICY_COUNT, sizeof(PolicyValueMsg *));

	if (!values)
		return lk_fail_oom(err);
	for (int i = 0; i < POLICY_COUNT; i++)
		LK_TRY(encode_policy_value(arena, policy, (enum policy_name)i, &values[i], err));
	*out_values = values;
	*out_count = POLICY_COUNT;
	return LK_OK;
}

static lk_status
encode_key_texts(struct lk_arena *arena, const struct key *key, const char *prefix, int64_t now_ms,
    KeyMsg *msg, struct lk_error *err)
{
	char hint[LK_KEY_HINT_SIZE];

	lk_key_hint(prefix, key->id, key->last4, hint);
	TEXT(msg->id, key->id);
	TEXT(msg->tenant, key->tenant);
	TEXT(msg->owner, key->owner);
	TEXT(msg->owner_name, key->owner_name);
	TEXT(msg->name, key->name);
	TEXT(msg->hint, hint);
	TEXT(msg->state, key_state_name(key_state(key, now_ms)));
	TEXT(msg->revoke_reason, key->revoke_reason);
	TEXT(msg->suspended_by, key->suspended_by);
	TEXT(msg->replaced_by, key->replaced_by);
	TEXT(msg->imported_from, key->imported_from);
	return LK_OK;
}

static lk_status
encode_networks(struct lk_arena *arena, const struct lk_network *networks, size_t count,
    char ***out_texts, size_t *out_count, struct lk_error *err)
{
	char **texts = lk_arena_array(arena, count, sizeof *texts);
	char text[LK_NETWORK_TEXT_SIZE];

	if (!texts)
		return lk_fail_oom(err);
	for (size_t i = 0; i < count; i++) {
		lk_network_text(&networks[i], text);
		TEXT(texts[i], text);
	}
	*out_texts = texts;
	*out_count = count;
	return LK_OK;
}

lk_status
encode_key(struct lk_arena *arena, const struct key *key, const char *prefix, int64_t now_ms,
    KeyMsg **out_msg, struct lk_error *err)
{
	NEW_MSG(msg, KeyMsg, LATCHKEY__KEYS__V1__KEY__INIT);

	LK_TRY(encode_key_texts(arena, key, prefix, now_ms, msg, err));
	LK_TRY(lk_permissions_fields(
	    key->permissions, arena, &msg->permissions, &msg->n_permissions, err));
	LK_TRY(encode_ids(arena, &key->workgroups, &msg->workgroups, &msg->n_workgroups, err));
	LK_TRY(encode_networks(arena, key->networks.items, key->networks.count,
	    &msg->source_networks, &msg->n_source_networks, err));
	msg->all_workgroups = key->all_workgroups;
	msg->not_before_at_ms = key->not_before_ms;
	msg->suspended_at_ms = key->suspended_at_ms;
	msg->created_at_ms = key->created_at_ms;
	msg->expires_at_ms = key->expires_at_ms;
	msg->last_used_at_ms = key->last_used_at_ms;
	msg->last_sign_in_at_ms = key->last_sign_in_at_ms;
	msg->revoked_at_ms = key->revoked_at_ms;
	*out_msg = msg;
	return LK_OK;
}

static Latchkey__Common__V1__SubjectKind
subject_kind(enum owner_kind kind)
{
	switch (kind) {
	case OWNER_HUMAN:
		return LATCHKEY__COMMON__V1__SUBJECT_KIND__SUBJECT_KIND_HUMAN;
	case OWNER_SERVICE:
		return LATCHKEY__COMMON__V1__SUBJECT_KIND__SUBJECT_KIND_SERVICE;
	case OWNER_PRINCIPAL:
		return LATCHKEY__COMMON__V1__SUBJECT_KIND__SUBJECT_KIND_PRINCIPAL;
	}
	return LATCHKEY__COMMON__V1__SUBJECT_KIND__SUBJECT_KIND_UNSPECIFIED;
}

static lk_status
encode_generations(struct lk_arena *arena, const struct identity *identity,
    GenerationsMsg **out_msg, struct lk_error *err)
{
	NEW_MSG(msg, GenerationsMsg, LATCHKEY__COMMON__V1__GENERATIONS__INIT);

	msg->tenant = identity->tenant_generation;
	msg->user = identity->user_generation;
	msg->key = identity->key_generation;
	msg->session = identity->session_generation;
	*out_msg = msg;
	return LK_OK;
}

static lk_status
encode_identity_texts(
    struct lk_arena *arena, const struct identity *identity, IdentityMsg *msg, struct lk_error *err)
{
	TEXT(msg->subject, identity->subject);
	if (identity->tenant[0] != '\0')
		TEXT(msg->tenant, identity->tenant);
	if (identity->key[0] != '\0')
		TEXT(msg->key, identity->key);
	if (identity->session[0] != '\0')
		TEXT(msg->session, identity->session);
	msg->name = lk_field_borrow(identity->name);
	msg->tenant_name = lk_field_borrow(identity->tenant_name);
	return LK_OK;
}

lk_status
encode_identity(struct lk_arena *arena, const struct identity *identity, IdentityMsg **out_msg,
    struct lk_error *err)
{
	NEW_MSG(msg, IdentityMsg, LATCHKEY__COMMON__V1__IDENTITY__INIT);

	LK_TRY(encode_identity_texts(arena, identity, msg, err));
	LK_TRY(lk_permissions_fields(
	    identity->permissions, arena, &msg->permissions, &msg->n_permissions, err));
	LK_TRY(encode_ids(arena, &identity->workgroups, &msg->workgroups, &msg->n_workgroups, err));
	LK_TRY(encode_ids(arena, &identity->tenants, &msg->tenants, &msg->n_tenants, err));
	LK_TRY(encode_networks(arena, identity->networks, identity->networks_count,
	    &msg->source_networks, &msg->n_source_networks, err));
	LK_TRY(encode_generations(arena, identity, &msg->generations, err));
	msg->kind = subject_kind(identity->kind);
	msg->all_workgroups = identity->all_workgroups;
	msg->all_tenants = identity->all_tenants;
	msg->expires_at_ms = identity->expires_at_ms;
	*out_msg = msg;
	return LK_OK;
}
