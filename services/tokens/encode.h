/* Between wire messages and the domain's structs; everything made lies in the call's arena. */
#ifndef LK_TOKENS_ENCODE_H
#define LK_TOKENS_ENCODE_H

#include "auth/token.h"
#include "grant.h"
#include "rpc/field.h"
#include "wire.h"

/* What keys said of a good key or session, for grant_claims. Borrows from `answer`. INTERNAL
 * REPLY_INVALID for permissions we do not know. */
lk_status decode_source(
    const VerifyKeyResponse *answer, struct grant_source *out_source, struct lk_error *err);

/*
 * Narrow who somebody is now (as keys says) to what the token they showed says: permissions ∩
 * scope, workgroups ∩ workgroups, the earlier expiry. `identity` is changed in place.
 */
lk_status narrow_identity(struct lk_arena *arena, const struct lk_claims *claims,
    IdentityMsg *identity, struct lk_error *err);

/* Does the identity still stand where the token was made? False for any other generation, older or
 * newer (a restored database). */
bool identity_generations_are(const IdentityMsg *identity, const struct lk_claims *claims);

/* The workgroups that both reach, into `identity`. */
lk_status intersect_workgroups(
    struct lk_arena *arena, IdentityMsg *identity, const IdentityMsg *other, struct lk_error *err);

/* The own tenant of a user; those on the list of a principal, or all. */
bool identity_reaches_tenant(const IdentityMsg *identity, const char *tenant);

/* As identity_generations_are(), for the one who acts. */
bool identity_generations_are_actors(const IdentityMsg *identity, const struct lk_actor *actor);

bool identity_has_permission(const IdentityMsg *identity, const char *permission);
bool identity_has_workgroup(const IdentityMsg *identity, const char *workgroup);

#endif
