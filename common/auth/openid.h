/*
 * Tokens of other people's OpenID issuers (OpenID Connect Core 1.0 2, RFC 7523 3), by which users
 * without a password come in. As strict as with our own, but for what issuers in the wild do: RS256
 * beside ES256, several audiences, header members that only describe a key (x5t).
 */
#ifndef LK_AUTH_OPENID_H
#define LK_AUTH_OPENID_H

#include "base/base.h"
#include "time/clock.h"

enum {
	LK_OPENID_TOKEN_MAX = 16 * 1024,
	LK_OPENID_JWKS_MAX = 64 * 1024,
	LK_OPENID_KEYS_MAX = 32,
	LK_OPENID_SUBJECT_SIZE = 256, /* Core 2: at most 255 ASCII characters */
	LK_OPENID_SKEW_S = 60,
	LK_OPENID_LIFE_MAX_S = 24 * 60 * 60,
};

struct lk_openid_keys;

/*
 * RFC 7517. Keys for signatures, P-256 or RSA from 2048 bits, by kid; others in the set are passed
 * over. INVALID_ARGUMENT JWKS_INVALID naming `jwks`: no set, too large, a private key, a kid twice,
 * no key of use. Yours.
 */
lk_status lk_openid_keys_parse(
    struct lk_bytes jwks, struct lk_openid_keys **out_keys, struct lk_error *err);
void lk_openid_keys_free(struct lk_openid_keys *keys);
LK_DEFINE_FREEP(lk_openid_keys_freep, struct lk_openid_keys *, lk_openid_keys_free)
size_t lk_openid_keys_count(const struct lk_openid_keys *keys);

struct lk_openid_rules {
	const char *issuer;   /* exact */
	const char *audience; /* the one, or one of at most eight */
	const struct lk_clock *clock;
};

/* The issuer that an unverified token names, to find its keys by; proves nothing. False when it
 * cannot be read. */
bool lk_openid_issuer(struct lk_bytes token, char *out, size_t out_size);

/*
 * Three canonical base64url parts; a header without duplicate members and without crit, jku, jwk,
 * x5u, x5c, b64, zip, enc, whose alg is the one of the key its kid names (without kid: of the only
 * key); the signature; then iss, aud, exp (within a day), iat and nbf where given, sub.
 * UNAUTHENTICATED, with reasons OPENID_MALFORMED, OPENID_HEADER, OPENID_KEY, OPENID_SIGNATURE,
 * OPENID_CLAIMS, OPENID_ISSUER, OPENID_AUDIENCE, OPENID_TIME: for the trail, not for outsiders.
 */
lk_status lk_openid_verify(const struct lk_openid_keys *keys, struct lk_bytes token,
    const struct lk_openid_rules *rules, char out_subject[LK_OPENID_SUBJECT_SIZE],
    struct lk_error *err);

#endif
