/* Between wire messages and the domain's structs. */
#include "encode.h"

#include <string.h>

lk_status
decode_source(
    const VerifyKeyResponse *answer, struct grant_source *out_source, struct lk_error *err)
{
	const IdentityMsg *identity = answer->identity;

	if (!identity || !identity->generations)
		return lk_fail(
		    err, LK_INTERNAL, "REPLY_INVALID", "keys answered without an identity");
	struct grant_source source = {
		.subject = identity->subject,
		.tenant = identity->tenant,
		.key = identity->key,
		.session = identity->session,
		.all_workgroups = identity->all_workgroups,
		.workgroups = (const char *const *)identity->workgroups,
		.workgroups_count = identity->n_workgroups,
		.expires_at_ms = identity->expires_at_ms,
		.tenant_generation = identity->generations->tenant,
		.user_generation = identity->generations->user,
		.key_generation = identity->generations->key,
		.session_generation = identity->generations->session,
		.ttl_default_ms = answer->token_ttl_default_ms,
		.ttl_max_ms = answer->token_ttl_max_ms,
	};
	if (lk_permissions_parse("permissions", identity->permissions, identity->n_permissions,
		&source.permissions, err) != LK_OK)
		return lk_fail(err, LK_INTERNAL, "REPLY_INVALID",
		    "keys answered with a permission this service does not know");
	*out_source = source;
	return LK_OK;
}

static bool
claims_have_workgroup(const struct lk_claims *claims, const char *workgroup)
{
	for (size_t i = 0; i < claims->workgroups_count; i++)
		if (strcmp(claims->workgroups[i], workgroup) == 0)
			return true;
	return claims->all_workgroups;
}

/* All now and a list in the token: the list. A list now: what of it the token has, too. */
static lk_status
narrow_workgroups(struct lk_arena *arena, const struct lk_claims *claims, IdentityMsg *identity,
    struct lk_error *err)
{
	if (claims->all_workgroups)
		return LK_OK;
	if (identity->all_workgroups) {
		char **list = lk_arena_array(arena, claims->workgroups_count, sizeof *list);
		if (!list)
			return lk_fail_oom(err);
		for (size_t i = 0; i < claims->workgroups_count; i++)
			LK_TRY(lk_field_copy(arena, claims->workgroups[i], &list[i], err));
		identity->all_workgroups = false;
		identity->workgroups = list;
		identity->n_workgroups = claims->workgroups_count;
		return LK_OK;
	}
	size_t kept = 0;
	for (size_t i = 0; i < identity->n_workgroups; i++)
		if (claims_have_workgroup(claims, identity->workgroups[i]))
			identity->workgroups[kept++] = identity->workgroups[i];
	identity->n_workgroups = kept;
	return LK_OK;
}

lk_status
narrow_identity(struct lk_arena *arena, const struct lk_claims *claims, IdentityMsg *identity,
    struct lk_error *err)
{
	const int64_t token_expires_at_ms = claims->expires_at_s * 1000;
	lk_permissions live;

	LK_TRY(lk_permissions_parse(
	    "permissions", identity->permissions, identity->n_permissions, &live, err));
	LK_TRY(lk_permissions_fields(
	    live & claims->scope, arena, &identity->permissions, &identity->n_permissions, err));
	LK_TRY(narrow_workgroups(arena, claims, identity, err));
	if (!identity->expires_at_ms || token_expires_at_ms < identity->expires_at_ms)
		identity->expires_at_ms = token_expires_at_ms;
	return LK_OK;
}

bool
identity_generations_are(const IdentityMsg *identity, const struct lk_claims *claims)
{
	const GenerationsMsg *live = identity->generations;

	return live && live->tenant == claims->tenant_generation &&
	       live->user == claims->user_generation && live->key == claims->key_generation &&
	       live->session == claims->session_generation;
}

bool
identity_generations_are_actors(const IdentityMsg *identity, const struct lk_actor *actor)
{
	const GenerationsMsg *live = identity->generations;

	return live && live->tenant == actor->tenant_generation &&
	       live->user == actor->user_generation && live->key == actor->key_generation &&
	       live->session == actor->session_generation;
}

lk_status
intersect_workgroups(
    struct lk_arena *arena, IdentityMsg *identity, const IdentityMsg *other, struct lk_error *err)
{
	const IdentityMsg *from = identity->all_workgroups ? other : identity;
	const IdentityMsg *with = identity->all_workgroups ? identity : other;
	size_t kept = 0;

	if (from->all_workgroups)
		return LK_OK;
	char **list = lk_arena_array(arena, from->n_workgroups, sizeof *list);
	if (!list)
		return lk_fail_oom(err);
	for (size_t i = 0; i < from->n_workgroups; i++)
		if (identity_has_workgroup(with, from->workgroups[i]))
			list[kept++] = from->workgroups[i];
	identity->all_workgroups = false;
	identity->workgroups = list;
	identity->n_workgroups = kept;
	return LK_OK;
}

bool
identity_reaches_tenant(const IdentityMsg *identity, const char *tenant)
{
	for (size_t i = 0; i < identity->n_tenants; i++)
		if (strcmp(identity->tenants[i], tenant) == 0)
			return true;
	return identity->all_tenants ||
	       (identity->tenant[0] && lk_text_is(identity->tenant, tenant));
}

bool
identity_has_permission(const IdentityMsg *identity, const char *permission)
{
	for (size_t i = 0; i < identity->n_permissions; i++)
		if (strcmp(identity->permissions[i], permission) == 0)
			return true;
	return false;
}

bool
identity_has_workgroup(const IdentityMsg *identity, const char *workgroup)
{
	for (size_t i = 0; i < identity->n_workgroups; i++)
		if (strcmp(identity->workgroups[i], workgroup) == 0)
			return true;
	return identity->all_workgroups;
}
