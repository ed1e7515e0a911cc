/* Where a service gets the token keys from: tokens.GetJwks, its answer signed by the peer "tokens",
 * remembered, asked again on an unknown kid. */
#ifndef LK_AUTH_JWKS_SOURCE_H
#define LK_AUTH_JWKS_SOURCE_H

#include "auth/peers.h"
#include "auth/token.h"
#include "crypto/sign.h"
#include "rpc/channel.h"

struct lk_jwks_source;

/* `tokens` and `peers` are borrowed for life. Nothing is asked before the first use. Thread-safe.
 * `tokens` is NULL in the tokens service itself: it never asks and is told by lk_jwks_source_set.
 */
lk_status lk_jwks_source_new(struct lk_jwks_source **out, struct lk_channel *tokens,
    const struct lk_peers *peers, const char *instance, const struct lk_clock *clock,
    struct lk_error *err);

/* One answer of GetJwks in plain C; texts are borrowed from the arena of the question. */
struct lk_jwks_answer {
	const char *jwks, *service, *issuer, *platform_audience;
	int64_t signed_at_ms;
	struct lk_bytes signature;
};

/* The same with another way to ask; what lk_jwks_source_new builds on, and a test's seam. */
typedef lk_status lk_jwks_ask_fn(void *user, int64_t deadline_steady_ms, struct lk_arena *arena,
    struct lk_jwks_answer *out, struct lk_error *err);
lk_status lk_jwks_source_new_with(struct lk_jwks_source **out, lk_jwks_ask_fn *ask, void *user,
    const struct lk_peers *peers, const char *instance, const struct lk_clock *clock,
    struct lk_error *err);

/*
 * The newest keys known, with the issuer. When `missing_kid` is not NULL and not among them, asks
 * again, at most once a second for all threads. Blocks when it asks. An answer counts only when the
 * service "tokens" of peers/ signed it, not before the one that is remembered. UNAVAILABLE
 * JWKS_UNAVAILABLE when none could be had. Yours: lk_jwks_unref.
 */
lk_status lk_jwks_source_get(struct lk_jwks_source *source, const char *missing_kid,
    int64_t deadline_steady_ms, struct lk_jwks **out, struct lk_error *err);
/* Remember these keys from now on; takes a reference of its own. */
void lk_jwks_source_set(struct lk_jwks_source *source, struct lk_jwks *jwks, const char *issuer);
/* What is remembered, without asking; NULL when nothing is. Never blocks. Yours. */
struct lk_jwks *lk_jwks_source_peek(struct lk_jwks_source *source);
/* The issuer learnt with the keys ("" before): LK_URI_SIZE. */
void lk_jwks_source_issuer(struct lk_jwks_source *source, char out[LK_URI_SIZE]);
/* Grows when a key is withdrawn: what was verified under a smaller epoch is verified again. */
uint64_t lk_jwks_source_epoch(struct lk_jwks_source *source);
void lk_jwks_source_free(struct lk_jwks_source *source);
LK_DEFINE_FREEP(lk_jwks_source_freep, struct lk_jwks_source *, lk_jwks_source_free)

/* Over label "latchkey jwks v1", instance, service, jwks, issuer, platform audience, time, each
 * with its length. */
void lk_jwks_sign(const struct lk_sign_key *key, const char *instance, const char *service,
    const char *jwks, const char *issuer, const char *platform_audience, int64_t signed_at_ms,
    uint8_t out_signature[64]);
bool lk_jwks_signature_ok(const uint8_t public_key[32], const char *instance, const char *service,
    const char *jwks, const char *issuer, const char *platform_audience, int64_t signed_at_ms,
    const uint8_t signature[64]);

#endif
