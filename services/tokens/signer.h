/* The signing keys in memory: the one that signs, its header prepared, and the JWKS that the world
 * reads. */
#ifndef LK_TOKENS_SIGNER_H
#define LK_TOKENS_SIGNER_H

#include "auth/token.h"
#include "signing_key_store.h"

struct signer;

/* Loads the keys of `store`; an installation without any gets its first one, durable before this
 * returns. `ring` is borrowed for the call. */
lk_status signer_open(struct lk_store *store, const struct lk_keyring *ring,
    const struct lk_clock *clock, struct signer **out_signer, struct lk_error *err);
void signer_close(struct signer *signer);
LK_DEFINE_FREEP(signer_closep, struct signer *, signer_close)

/* RFC 7517, all published keys; borrowed. */
const char *signer_jwks_json(const struct signer *signer);
struct lk_jwks *signer_jwks(const struct signer *signer); /* borrowed */
const char *signer_kid(const struct signer *signer);

/*
 * The compact form (RFC 7515 7.1) of a claim set: header.claims.signature, NUL-terminated in the
 * arena, at most LK_TOKEN_MAX. Thread-safe. RESOURCE_EXHAUSTED TOKEN_TOO_LARGE.
 */
lk_status signer_sign(const struct signer *signer, struct lk_bytes claims, struct lk_arena *arena,
    struct lk_bytes *out_token, struct lk_error *err);

#endif
