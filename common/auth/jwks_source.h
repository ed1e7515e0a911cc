/*
 * Where a service gets the token keys from: tokens.GetJwks, its answer signed by the peer "tokens",
 * remembered, asked again every LK_JWKS_POLL_MS and on an unknown kid.
 *
 * A withdrawn key is forgotten within LK_JWKS_POLL_MS plus the time of one answer while tokens
 * answers, and nothing is verified with keys older than LK_JWKS_STALE_MS whatever the network does.
 */
#ifndef LK_AUTH_JWKS_SOURCE_H
#define LK_AUTH_JWKS_SOURCE_H

#include "auth/peers.h"
#include "auth/token.h"
#include "crypto/sign.h"
#include "rpc/channel.h"

enum {
	LK_JWKS_POLL_MS = 2000,
	LK_JWKS_STALE_MS = 60000, /* also how far the clocks of two hosts may lie apart */
};

struct lk_jwks_source;

/* `tokens` and `peers` are borrowed for life. Nothing is asked before the first use. Thread-safe.
 * `tokens` is NULL in the tokens service itself: it never asks and is told by lk_jwks_source_set.
 */
lk_status lk_jwks_source_new(struct lk_jwks_source **out, struct lk_channel *tokens,
    const struct lk_peers *peers, const char *instance, const struct lk_clock *clock,
    struct lk_error *err);

/* What tokens signs about itself. Texts are borrowed. */
struct lk_jwks_statement {
	const char *service, *jwks, *issuer, *platform_audience;
	const char *token_typ; /* "at+jwt" or "JWT" */
	int64_t signed_at_ms;
};

/* One answer of GetJwks in plain C; texts are borrowed from the arena of the question. */
struct lk_jwks_answer {
	struct lk_jwks_statement says;
	struct lk_bytes signature;
};

/* The same with another way to ask; what lk_jwks_source_new builds on, and a test's seam. */
typedef lk_status lk_jwks_ask_fn(void *user, int64_t deadline_steady_ms, struct lk_arena *arena,
    struct lk_jwks_answer *out, struct lk_error *err);
lk_status lk_jwks_source_new_with(struct lk_jwks_source **out, lk_jwks_ask_fn *ask, void *user,
    const struct lk_peers *peers, const char *instance, const struct lk_clock *clock,
    struct lk_error *err);

/* Ask in the background every LK_JWKS_POLL_MS from now on; its own thread, which ends with the
 * source. Nothing for a source that never asks. */
lk_status lk_jwks_source_poll(struct lk_jwks_source *source, struct lk_error *err);
/* Ask now; what the thread does. Blocks. */
void lk_jwks_source_refresh(struct lk_jwks_source *source);

/*
 * The newest keys known. Asks again, at most once a second for all threads, when there are none,
 * when they are stale, or when `missing_kid` is not NULL and not among them. Blocks when it asks.
 * An answer counts only when the service "tokens" of peers/ signed it, within LK_JWKS_STALE_MS of
 * our clock and not before the one that is remembered. UNAVAILABLE JWKS_UNAVAILABLE when none could
 * be had. Yours: lk_jwks_unref.
 */
lk_status lk_jwks_source_get(struct lk_jwks_source *source, const char *missing_kid,
    int64_t deadline_steady_ms, struct lk_jwks **out, struct lk_error *err);
/* Remember these keys from now on; takes a reference of its own. For the process that owns them. */
void lk_jwks_source_set(
    struct lk_jwks_source *source, struct lk_jwks *jwks, const char *issuer, enum lk_token_typ typ);
/* Somebody says that a key was withdrawn, or may have been: nothing is verified with the remembered
 * keys before tokens has said them again. Never blocks; a source that polls asks at once. */
void lk_jwks_source_doubt(struct lk_jwks_source *source);
/* What is remembered, without asking; NULL when nothing is. Never blocks. Yours. */
struct lk_jwks *lk_jwks_source_peek(struct lk_jwks_source *source);

/* What was learnt with the keys; issuer "" before. */
struct lk_jwks_about {
	char issuer[LK_URI_SIZE];
	enum lk_token_typ typ;
};
void lk_jwks_source_about(struct lk_jwks_source *source, struct lk_jwks_about *out);
/* Grows when a key is withdrawn: what was verified under a smaller epoch is verified again. */
uint64_t lk_jwks_source_epoch(struct lk_jwks_source *source);
/* False when the keys are too old to decide by; lk_jwks_source_get() would ask. Never blocks. */
bool lk_jwks_source_is_fresh(struct lk_jwks_source *source);
void lk_jwks_source_free(struct lk_jwks_source *source);
LK_DEFINE_FREEP(lk_jwks_source_freep, struct lk_jwks_source *, lk_jwks_source_free)

/* Over label "latchkey jwks v2", instance, and every field of the statement, each with its length.
 */
void lk_jwks_sign(const struct lk_sign_key *key, const char *instance,
    const struct lk_jwks_statement *statement, uint8_t out_signature[LK_SIGNATURE_LEN]);
bool lk_jwks_signature_ok(const uint8_t public_key[32], const char *instance,
    const struct lk_jwks_statement *statement, const uint8_t signature[LK_SIGNATURE_LEN]);

#endif
