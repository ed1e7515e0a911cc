/* The signing keys as one moment has them: the one that signs with its header prepared, and the
 * JWKS. Immutable and shared by reference, so that signing never waits for a rotation. */
#ifndef LK_TOKENS_SIGNING_SET_H
#define LK_TOKENS_SIGNING_SET_H

#include "auth/token.h"
#include "base/arena.h"
#include "signing_key_store.h"

struct signing_set;

/* Takes the references of `list`, also on failure. One of its keys is active and can sign. */
lk_status signing_set_new(struct signing_key_list *list, int64_t version, enum lk_token_typ typ,
    struct signing_set **out_set, struct lk_error *err);
struct signing_set *signing_set_ref(struct signing_set *set);
void signing_set_unref(struct signing_set *set); /* the last one destroys; NULL is fine */
LK_DEFINE_FREEP(signing_set_unrefp, struct signing_set *, signing_set_unref)

int64_t signing_set_version(const struct signing_set *set);
const struct signing_key_list *signing_set_keys(const struct signing_set *set); /* borrowed */
const char *signing_set_kid(const struct signing_set *set);                     /* that signs */
const char *signing_set_jwks_json(const struct signing_set *set); /* RFC 7517; borrowed */
struct lk_jwks *signing_set_jwks(const struct signing_set *set);  /* borrowed */

/*
 * The compact form (RFC 7515 7.1) of a claim set: header.claims.signature, NUL-terminated in the
 * arena, at most LK_TOKEN_MAX. Thread-safe. RESOURCE_EXHAUSTED TOKEN_TOO_LARGE.
 */
lk_status signing_set_sign(const struct signing_set *set, struct lk_bytes claims,
    struct lk_arena *arena, struct lk_bytes *out_token, struct lk_error *err);

#endif
