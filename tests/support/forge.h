/* Access tokens made by hand, good ones and forgeries, for tests of whoever verifies them. */
#ifndef LK_TESTS_SUPPORT_FORGE_H
#define LK_TESTS_SUPPORT_FORGE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/token.h"
#include "crypto/encode.h"
#include "test.h"

#define FORGE_NOW_S INT64_C(1790000000)
#define FORGE_USER "usr_01arz3ndektsv4rrffq69g5fav"
#define FORGE_TENANT "tnt_01arz3ndektsv4rrffq69g5fav"
#define FORGE_KEY "key_01arz3ndektsv4rrffq69g5fav"
#define FORGE_SESSION "ses_01arz3ndektsv4rrffq69g5fav"
#define FORGE_JTI "jti_01arz3ndektsv4rrffq69g5fav"
#define FORGE_WORKGROUP "wkg_01arz3ndektsv4rrffq69g5fav"
#define FORGE_ISSUER "https://latchkey.example"
#define FORGE_AUDIENCE "latchkey:test"

enum { FORGE_TEXT_MAX = 16384 };

struct forge {
	struct lk_es256 *key;
	struct lk_jwks *jwks; /* holds the public half of `key` alone */
	char kid[LK_KID_SIZE];
	struct lk_clock_frozen clock;
	struct lk_token_rules rules;
	struct lk_claims claims; /* of the last verification */
	struct lk_error err;
	char token[FORGE_TEXT_MAX];
};

static inline void
forge_jwk(const struct lk_es256 *key, char *out, size_t size)
{
	char x[64], y[64], kid[LK_KID_SIZE];

	lk_base64url_encode(lk_bytes(lk_es256_x(key), LK_ES256_COORDINATE_LEN), x);
	lk_base64url_encode(lk_bytes(lk_es256_y(key), LK_ES256_COORDINATE_LEN), y);
	lk_es256_thumbprint(key, kid);
	snprintf(out, size,
	    "{\"kty\":\"EC\",\"crv\":\"P-256\",\"alg\":\"ES256\",\"use\":\"sig\",\"kid\":\"%s\","
	    "\"x\":\"%s\",\"y\":\"%s\"}",
	    kid, x, y);
}

static inline int
forge_setup(void **state)
{
	static struct forge f;
	char jwk[512], set[600];

	memset(&f, 0, sizeof f);
	expect_ok(lk_es256_generate(&f.key, &f.err), &f.err);
	lk_es256_thumbprint(f.key, f.kid);
	forge_jwk(f.key, jwk, sizeof jwk);
	snprintf(set, sizeof set, "{\"keys\":[%s]}", jwk);
	expect_ok(lk_jwks_parse(&f.jwks, set, strlen(set), &f.err), &f.err);
	lk_clock_frozen_init(&f.clock, FORGE_NOW_S * 1000);
	f.rules = (struct lk_token_rules){ FORGE_ISSUER, FORGE_AUDIENCE, LK_TOKEN_TYP_AT_JWT,
		&f.clock.clock };
	*state = &f;
	return 0;
}

static inline int
forge_teardown(void **state)
{
	struct forge *f = *state;

	lk_jwks_unref(f->jwks);
	lk_es256_unref(f->key);
	return 0;
}

/* The header of a good token; borrowed until the next call. */
static inline const char *
forge_header(const struct forge *f)
{
	static char header[256];

	snprintf(
	    header, sizeof header, "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"%s\"}", f->kid);
	return header;
}

/* The claims of a good token, with `from` replaced by `to` ("" and "" for none). */
static inline const char *
forge_claims(const char *from, const char *to)
{
	static char claims[FORGE_TEXT_MAX];
	static const char good[] =
	    "{\"iss\":\"" FORGE_ISSUER "\",\"sub\":\"" FORGE_USER "\",\"aud\":\"" FORGE_AUDIENCE
	    "\",\"client_id\":\"" FORGE_KEY "\",\"iat\":1789999990,\"nbf\":1789999980,"
	    "\"exp\":1790000900,\"jti\":\"" FORGE_JTI "\",\"tenant\":\"" FORGE_TENANT
	    "\",\"scope\":\"api_keys.manage keys.verify\",\"workgroups\":[\"" FORGE_WORKGROUP
	    "\"],\"key\":\"" FORGE_KEY "\",\"gen\":[1,2,3,0]}";
	const char *at = from[0] == '\0' ? good : strstr(good, from);

	assert_non_null(at); /* a forgery that changes nothing proves nothing */
	snprintf(claims, sizeof claims, "%.*s%s%s", (int)(at - good), good, to, at + strlen(from));
	return claims;
}

/* header '.' claims '.', both encoded; returns the length without the last dot. */
static inline size_t
forge_unsigned(struct forge *f, const char *header, const char *claims)
{
	size_t len = lk_base64url_encode(lk_bytes_of(header), f->token);

	f->token[len++] = '.';
	len += lk_base64url_encode(lk_bytes_of(claims), f->token + len);
	f->token[len] = '.';
	f->token[len + 1] = '\0';
	return len;
}

/* f->token becomes header and claims signed with `key`. */
static inline void
forge_sign_with(struct forge *f, struct lk_es256 *key, const char *header, const char *claims)
{
	uint8_t signature[LK_ES256_SIGNATURE_LEN];
	const size_t len = forge_unsigned(f, header, claims);

	expect_ok(lk_es256_sign(key, lk_bytes(f->token, len), signature, &f->err), &f->err);
	lk_base64url_encode(lk_bytes(signature, sizeof signature), f->token + len + 1);
}

static inline void
forge_sign(struct forge *f, const char *header, const char *claims)
{
	forge_sign_with(f, f->key, header, claims);
}

static inline lk_status
forge_verify_bytes(struct forge *f, const void *token, size_t len)
{
	return lk_token_verify(token, len, f->jwks, &f->rules, &f->claims, &f->err);
}

static inline lk_status
forge_verify(struct forge *f)
{
	return forge_verify_bytes(f, f->token, strlen(f->token));
}

#define expect_token_refused(f, reason)                                                            \
	expect_fail(forge_verify(f), &(f)->err, LK_UNAUTHENTICATED, (reason))

#endif
