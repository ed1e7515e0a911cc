/* From a request's header to a caller: assertion or access token, then live standing. What every
 * service plugs into its rpc server. */
#ifndef LK_AUTH_AUTHENTICATOR_H
#define LK_AUTH_AUTHENTICATOR_H

#include "auth/assertion.h"
#include "auth/caller.h"
#include "auth/jwks_source.h"
#include "rpc/server.h"

/* What keys says of a subject now; see GetStanding in accounts.proto. Lists are in the arena given.
 */
struct lk_standing {
	bool active;
	struct lk_caller caller; /* kind USER or PRINCIPAL; permissions = the key's and owner's, not
				    yet narrowed by a token */
	char name[256];          /* e-mail or principal's name */
	char tenant_name[64];
	int64_t expires_at_ms; /* of the key or session; 0 never */
	uint64_t tenant_generation, user_generation, key_generation, session_generation;
};

/*
 * The source of standing: keys answers from its own tables, the others ask keys over RPC
 * (lk_standing_remote). With may_block false it may answer LK_ABORTED reason WOULD_BLOCK, and the
 * server takes the call to a worker.
 */
struct lk_standing_source {
	lk_status (*get)(void *user, const char *subject, const char *key, const char *session,
	    bool may_block, int64_t deadline_steady_ms, struct lk_arena *arena,
	    struct lk_standing *out, struct lk_error *err);
	void *user;
};

/*
 * The source of revoked tokens: tokens knows them itself, the others by its feed. With may_block
 * false it may answer LK_ABORTED reason WOULD_BLOCK; UNAVAILABLE when nobody can say.
 */
struct lk_revocation_source {
	lk_status (*get)(void *user, const char *token_id, bool may_block,
	    int64_t deadline_steady_ms, bool *out_revoked, struct lk_error *err);
	void *user;
};

struct lk_auth_config {
	const char *service; /* "keys" */
	const char *instance;
	const struct lk_peers *peers;
	struct lk_jwks_source *jwks;
	struct lk_standing_source standing;
	const struct lk_clock *clock;
	struct lk_revocation_source revocations; /* get NULL: no token is ever revoked */
};

/*
 * Public methods take nothing. An assertion makes an operator or service. An access token must be
 * signed, unexpired, for audience "latchkey:<instance>", of the issuer, and its generations must
 * not be behind the live ones; permissions = scope ∩ live ones, tenants and workgroups are the live
 * ones ∩ the token's. Verified tokens are remembered by a keyed hash of the whole text until they
 * expire (bounded), so that the hot path costs a hash and a look-up; expiry and standing are
 * checked on every call all the same. UNAUTHENTICATED CREDENTIALS_MISSING, TOKEN_REFUSED,
 * ASSERTION_REFUSED; UNAVAILABLE JWKS_UNAVAILABLE, FEED_UNAVAILABLE; PERMISSION_DENIED
 * PERMISSION_MISSING, SERVICES_ONLY, OPERATORS_ONLY.
 */
struct lk_auth;
lk_status lk_auth_new(
    struct lk_auth **out, const struct lk_auth_config *config, struct lk_error *err);
void lk_auth_free(struct lk_auth *auth);
LK_DEFINE_FREEP(lk_auth_freep, struct lk_auth *, lk_auth_free)
struct lk_authenticator lk_auth_authenticator(struct lk_auth *auth); /* for lk_server_config */

/* Standing over RPC: asks AccountService/GetStanding with an assertion. `keys` and `maker` are
 * borrowed. */
struct lk_standing_remote;
lk_status lk_standing_remote_new(struct lk_standing_remote **out, struct lk_channel *keys,
    struct lk_assertion_maker *maker, const struct lk_clock *clock, struct lk_error *err);
struct lk_standing_source lk_standing_remote_source(struct lk_standing_remote *remote);
void lk_standing_remote_free(struct lk_standing_remote *remote);
LK_DEFINE_FREEP(lk_standing_remote_freep, struct lk_standing_remote *, lk_standing_remote_free)

#endif
