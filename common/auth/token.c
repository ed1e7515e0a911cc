/*
 * The signature layer of access tokens: shape, header, key, signature, then the claims. Nothing a
 * stranger sent reaches a library before it has the shape that library can bear. RFC 7515, RFC
 * 8725, RFC 9068.
 */
#include "auth/token.h"

#include <jansson.h>
#include <string.h>

#include "crypto/digest.h"
#include "crypto/encode.h"

enum { PARTS = 3, HEADER_MEMBERS = 3 };

static lk_status
refused(struct lk_error *err, const char *reason, const char *why)
{
	return lk_fail(err, LK_UNAUTHENTICATED, reason, "the token %s", why);
}

static void
json_freep(json_t **json)
{
	json_decref(*json);
}

/* ---- Shape ---- */

/* Where the three parts lie in the token, and the first two decoded. */
struct parts {
	struct lk_bytes header, claims; /* decoded, in the buffers below */
	struct lk_bytes signature;
	struct lk_bytes signed_text; /* RFC 7515 5.1: ASCII of header '.' payload */
	uint8_t header_buffer[LK_BASE64URL_DECODED_MAX(LK_TOKEN_MAX)];
	uint8_t claims_buffer[LK_BASE64URL_DECODED_MAX(LK_TOKEN_MAX)];
	uint8_t signature_buffer[LK_BASE64URL_DECODED_MAX(LK_TOKEN_MAX)];
};

static bool
part_decode(struct lk_bytes text, uint8_t *buffer, size_t cap, struct lk_bytes *out)
{
	size_t len;

	if (text.len == 0 || !lk_base64url_decode(text, buffer, cap, &len) || len == 0)
		return false;
	*out = lk_bytes(buffer, len);
	return true;
}

static bool
token_split(const char *token, size_t len, struct lk_bytes out[PARTS])
{
	const char *first = memchr(token, '.', len);
	if (first == NULL)
		return false;
	const char *end = token + len;
	const char *second = memchr(first + 1, '.', (size_t)(end - first - 1));
	if (second == NULL || memchr(second + 1, '.', (size_t)(end - second - 1)) != NULL)
		return false;
	out[0] = lk_bytes(token, (size_t)(first - token));
	out[1] = lk_bytes(first + 1, (size_t)(second - first - 1));
	out[2] = lk_bytes(second + 1, (size_t)(end - second - 1));
	return true;
}

static lk_status
token_take_apart(const char *token, size_t len, struct parts *out, struct lk_error *err)
{
	struct lk_bytes text[PARTS];

	if (token == NULL || len == 0 || len > LK_TOKEN_MAX)
		return refused(err, "TOKEN_MALFORMED", "is empty or longer than 8 KiB");
	if (!token_split(token, len, text))
		return refused(err, "TOKEN_MALFORMED", "does not have three parts");
	if (!part_decode(text[0], out->header_buffer, sizeof out->header_buffer, &out->header) ||
	    !part_decode(text[1], out->claims_buffer, sizeof out->claims_buffer, &out->claims) ||
	    !part_decode(
		text[2], out->signature_buffer, sizeof out->signature_buffer, &out->signature))
		return refused(err, "TOKEN_MALFORMED", "is not canonical base64url");
	out->signed_text = lk_bytes(token, text[0].len + 1 + text[1].len);
	return LK_OK;
}

/* ---- Header ---- */

static const char *const typ_texts[] = {
	[LK_TOKEN_TYP_AT_JWT] = "at+jwt", /* RFC 9068 2.1 */
	[LK_TOKEN_TYP_JWT] = "JWT",
};

const char *
lk_token_typ_text(enum lk_token_typ typ)
{
	return typ_texts[typ];
}

bool
lk_token_typ_parse(const char *text, enum lk_token_typ *out)
{
	for (size_t i = 0; i < LK_ARRAY_LEN(typ_texts); i++) {
		if (lk_text_is(text, typ_texts[i])) {
			*out = (enum lk_token_typ)i;
			return true;
		}
	}
	return false;
}

static bool
member_is(const json_t *object, const char *name, const char *value)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text != NULL && strcmp(text, value) == 0;
}

/* base64url of a SHA-256: 43 characters, canonical. */
static bool
kid_ok(const char *kid)
{
	uint8_t thumbprint[LK_DIGEST_LEN];
	size_t len;

	return kid != NULL && strlen(kid) == LK_KID_SIZE - 1 &&
	       lk_base64url_decode(lk_bytes_of(kid), thumbprint, sizeof thumbprint, &len) &&
	       len == sizeof thumbprint;
}

/* Exactly three members and these: so no crit, jku, jwk, x5u, x5c, b64, zip, enc or anything new.
 */
static lk_status
header_read(
    struct lk_bytes header, enum lk_token_typ typ, char out_kid[LK_KID_SIZE], struct lk_error *err)
{
	LK_AUTO(json_freep)
	json_t *object =
	    json_loadb((const char *)header.data, header.len, JSON_REJECT_DUPLICATES, NULL);

	if (!json_is_object(object))
		return refused(
		    err, "TOKEN_HEADER", "has no header object without duplicate members");
	if (json_object_size(object) != HEADER_MEMBERS)
		return refused(err, "TOKEN_HEADER", "has other header members than alg, typ, kid");
	if (!member_is(object, "alg", "ES256"))
		return refused(err, "TOKEN_HEADER", "is not of algorithm ES256");
	if (!member_is(object, "typ", lk_token_typ_text(typ)))
		return refused(err, "TOKEN_HEADER", "is of another type");
	const char *kid = json_string_value(json_object_get(object, "kid"));
	if (!kid_ok(kid))
		return refused(err, "TOKEN_HEADER", "names no key by its thumbprint");
	memcpy(out_kid, kid, LK_KID_SIZE);
	return LK_OK;
}

/* ---- Signature ---- */

static lk_status
signature_check(
    const struct parts *parts, const struct lk_jwks *jwks, const char *kid, struct lk_error *err)
{
	struct lk_es256 *key = jwks == NULL ? NULL : lk_jwks_find(jwks, kid);

	if (key == NULL)
		return refused(err, "TOKEN_KID_UNKNOWN", "was signed with a key we do not know");
	if (parts->signature.len != LK_ES256_SIGNATURE_LEN ||
	    lk_es256_verify(key, parts->signed_text, parts->signature, NULL) != LK_OK)
		return refused(err, "TOKEN_SIGNATURE", "has a bad signature");
	return LK_OK;
}

/* ---- Rules ---- */

static lk_status
rules_check(
    const struct lk_token_rules *rules, const struct lk_claims *claims, struct lk_error *err)
{
	const int64_t now_ms = lk_clock_wall_ms(rules->clock);

	if (!lk_text_is(claims->issuer, rules->issuer))
		return refused(err, "TOKEN_ISSUER", "comes from another issuer");
	if (!lk_text_is(claims->audience, rules->audience))
		return refused(err, "TOKEN_AUDIENCE", "is for another audience");
	if (now_ms >= claims->expires_at_s * 1000 + LK_TOKEN_SKEW_MS)
		return refused(err, "TOKEN_EXPIRED", "has expired");
	if (now_ms + LK_TOKEN_SKEW_MS < claims->not_before_s * 1000)
		return refused(err, "TOKEN_NOT_YET", "is not valid yet");
	return LK_OK;
}

lk_status
lk_token_verify(const char *token, size_t len, const struct lk_jwks *jwks,
    const struct lk_token_rules *rules, struct lk_claims *out, struct lk_error *err)
{
	struct parts parts;
	struct lk_claims claims;
	char kid[LK_KID_SIZE];

	LK_TRY(token_take_apart(token, len, &parts, err));
	LK_TRY(header_read(parts.header, rules->typ, kid, err));
	LK_TRY(signature_check(&parts, jwks, kid, err));
	LK_TRY(lk_claims_read((const char *)parts.claims.data, parts.claims.len, &claims, err));
	LK_TRY(rules_check(rules, &claims, err));
	*out = claims;
	return LK_OK;
}

bool
lk_token_kid(const char *token, size_t len, char out_kid[LK_KID_SIZE])
{
	struct parts parts;

	return token_take_apart(token, len, &parts, NULL) == LK_OK &&
	       (header_read(parts.header, LK_TOKEN_TYP_AT_JWT, out_kid, NULL) == LK_OK ||
		   header_read(parts.header, LK_TOKEN_TYP_JWT, out_kid, NULL) == LK_OK);
}

bool
lk_token_looks_like(const char *text, size_t len)
{
	size_t dots = 0;

	for (size_t i = 0; i < len; i++)
		dots += text[i] == '.';
	return dots == PARTS - 1;
}
