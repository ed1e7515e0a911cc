/* Access tokens (RFC 9068 over RFC 7519): the strict verifier that services and libraries share.
 * Our signature layer, libjwt's claims. */
#ifndef LK_AUTH_TOKEN_H
#define LK_AUTH_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "auth/permission.h"
#include "base/base.h"
#include "crypto/es256.h"
#include "id/id.h"
#include "time/clock.h"

enum {
	LK_TOKEN_MAX = 8192,  /* bytes of a token we look at */
	LK_TOKEN_SKEW_MS = 0, /* we issue and verify with the same installation's clocks; nbf is
				 backdated by the issuer instead */
	LK_KID_SIZE = 44,     /* RFC 7638 thumbprint, base64url of SHA-256 */
	LK_URI_SIZE = 256,
	LK_TOKEN_WORKGROUPS_MAX = 64,
};

/* Who acts for the subject (RFC 8693 4.1, claim "act"), under which generations of its own. subject
 * "" is nobody: the subject acts for itself. */
struct lk_actor {
	char subject[LK_ID_SIZE]; /* usr_… or prn_… */
	char key[LK_ID_SIZE], session[LK_ID_SIZE];
	uint64_t tenant_generation, user_generation, key_generation, session_generation;
};

/* What a token states. Fixed storage: nothing to free, copy by value. */
struct lk_claims {
	char issuer[LK_URI_SIZE];
	char subject[LK_ID_SIZE];                        /* usr_… or prn_… */
	char audience[LK_URI_SIZE];                      /* exactly one */
	char client_id[LK_ID_SIZE];                      /* the key, or the session */
	char token[LK_ID_SIZE];                          /* jti_… */
	char tenant[LK_ID_SIZE];                         /* "" for a principal */
	char key[LK_ID_SIZE];                            /* private claim "key" */
	char session[LK_ID_SIZE];                        /* claim "sid" */
	int64_t issued_at_s, not_before_s, expires_at_s; /* RFC 7519 4.1: seconds */
	lk_permissions scope;                            /* claim "scope" */
	uint64_t tenant_generation, user_generation, key_generation,
	    session_generation; /* claim "gen": array of four */
	struct lk_actor actor;
	bool all_workgroups; /* claim "workgroups": "ALL" or an array of at most 64 ids */
	size_t workgroups_count;
	char workgroups[LK_TOKEN_WORKGROUPS_MAX][LK_ID_SIZE];
};

/* The header's typ: what RFC 9068 says, or what clients on libjwt 1.x can read. */
enum lk_token_typ { LK_TOKEN_TYP_AT_JWT, LK_TOKEN_TYP_JWT };
const char *lk_token_typ_text(enum lk_token_typ typ); /* "at+jwt", "JWT" */
bool lk_token_typ_parse(const char *text, enum lk_token_typ *out);

/* The public keys tokens are checked with. Immutable once made; shared by reference count. */
struct lk_jwks;
/* RFC 7517: EC P-256 public keys only, at most 64, each kid the thumbprint of its key.
 * INVALID_ARGUMENT JWKS_INVALID. */
lk_status lk_jwks_parse(struct lk_jwks **out, const char *json, size_t len, struct lk_error *err);
/* NULL when there is none. Borrowed from jwks. */
struct lk_es256 *lk_jwks_find(const struct lk_jwks *jwks, const char *kid);
size_t lk_jwks_count(const struct lk_jwks *jwks);
/* Are all keys of `older` (NULL: none) still here? */
bool lk_jwks_covers(const struct lk_jwks *jwks, const struct lk_jwks *older);
struct lk_jwks *lk_jwks_ref(struct lk_jwks *jwks);
void lk_jwks_unref(struct lk_jwks *jwks);
LK_DEFINE_FREEP(lk_jwks_unrefp, struct lk_jwks *, lk_jwks_unref)

struct lk_token_rules {
	const char *issuer;
	const char *audience;  /* required; exact */
	enum lk_token_typ typ; /* exactly this typ */
	const struct lk_clock *clock;
};

/*
 * In this order: at most LK_TOKEN_MAX bytes; three non-empty canonical base64url parts; a header
 * object without duplicate members whose alg is ES256, typ as the rules say, kid a thumbprint, and
 * nothing else; the key of that kid; the signature; then the claims, each by type and range.
 * UNAUTHENTICATED with reason TOKEN_MALFORMED, TOKEN_HEADER, TOKEN_KID_UNKNOWN (fetch the JWKS
 * again, once), TOKEN_SIGNATURE, TOKEN_CLAIMS, TOKEN_ISSUER, TOKEN_AUDIENCE, TOKEN_EXPIRED,
 * TOKEN_NOT_YET. Answers to outsiders say TOKEN_REFUSED for all of them.
 */
lk_status lk_token_verify(const char *token, size_t len, const struct lk_jwks *jwks,
    const struct lk_token_rules *rules, struct lk_claims *out, struct lk_error *err);

/* The kid a token's header names, when the header could be read at all: only for asking for newer
 * keys. It proves nothing. */
bool lk_token_kid(const char *token, size_t len, char out_kid[LK_KID_SIZE]);

/* Only the claim set, as libjwt reads it, each member type-checked; used by lk_token_verify and,
 * unverified, by nobody. */
lk_status lk_claims_read(const char *json, size_t len, struct lk_claims *out, struct lk_error *err);

/* Is this text the shape of a JWT (has two dots) rather than of an API key? For `validate`, which
 * takes either. */
bool lk_token_looks_like(const char *text, size_t len);

#endif
