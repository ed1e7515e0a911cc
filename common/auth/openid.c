/* The verifier of other issuers' tokens; see openid.h. */
#include "auth/openid.h"

#include <jansson.h>
#include <string.h>
#include <strings.h>

#include "auth/openid_keys.h"
#include "crypto/encode.h"

enum { PARTS = 3, AUDIENCES_MAX = 8 };

/* RFC 7519 2: seconds; to 9999-12-31T23:59:59Z. */
#define DATE_MAX INT64_C(253402300799)

struct parts {
	struct lk_bytes text[PARTS];
	struct lk_bytes signed_text;
	json_t *header, *claims;
	uint8_t buffer[PARTS][LK_BASE64URL_DECODED_MAX(LK_OPENID_TOKEN_MAX)];
	struct lk_bytes decoded[PARTS];
};

static void
parts_freep(struct parts **parts)
{
	if (!*parts)
		return;
	json_decref((*parts)->header);
	json_decref((*parts)->claims);
	lk_wipe(*parts, sizeof **parts);
	lk_free(*parts);
}

static lk_status
refused(struct lk_error *err, const char *reason, const char *why)
{
	return lk_fail(err, LK_UNAUTHENTICATED, reason, "the issuer's token %s", why);
}

/* ---- Shape ---- */

static bool
split(struct lk_bytes token, struct lk_bytes out[PARTS])
{
	const uint8_t *at = token.data, *end = token.data + token.len;

	for (size_t i = 0; i < PARTS; i++) {
		const uint8_t *dot = memchr(at, '.', (size_t)(end - at));
		if ((dot != NULL) != (i + 1 < PARTS))
			return false;
		out[i] = lk_bytes(at, (size_t)((dot ? dot : end) - at));
		at = dot ? dot + 1 : end;
	}
	return true;
}

static bool
decode(struct parts *parts, size_t i)
{
	size_t len = 0;

	if (!lk_base64url_decode(parts->text[i], parts->buffer[i], sizeof parts->buffer[i], &len) ||
	    len == 0)
		return false;
	parts->decoded[i] = lk_bytes(parts->buffer[i], len);
	return true;
}

static json_t *
object_of(struct lk_bytes text)
{
	json_t *json = json_loadb((const char *)text.data, text.len, JSON_REJECT_DUPLICATES, NULL);

	if (json_is_object(json))
		return json;
	json_decref(json);
	return NULL;
}

static lk_status
take_apart(struct lk_bytes token, struct parts *out, struct lk_error *err)
{
	if (token.len == 0 || token.len > LK_OPENID_TOKEN_MAX || !split(token, out->text))
		return refused(err, "OPENID_MALFORMED", "has not three parts, or more than 16 KiB");
	for (size_t i = 0; i < PARTS; i++)
		if (!decode(out, i))
			return refused(err, "OPENID_MALFORMED", "is not canonical base64url");
	out->signed_text = lk_bytes(token.data, out->text[0].len + 1 + out->text[1].len);
	out->header = object_of(out->decoded[0]);
	out->claims = object_of(out->decoded[1]);
	return out->header && out->claims
		   ? LK_OK
		   : refused(err, "OPENID_MALFORMED", "is no JSON without duplicate members");
}

/* ---- Header ---- */

static const char *
text_of(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

/* What would move the key, or the meaning of the payload, into the token's own hands. */
static bool
has_forbidden(const json_t *header)
{
	static const char *const names[] = { "crit", "jku", "jwk", "x5u", "x5c", "b64", "zip",
		"enc" };

	for (size_t i = 0; i < LK_ARRAY_LEN(names); i++)
		if (json_object_get(header, names[i]))
			return true;
	return false;
}

static lk_status
find_key(const struct parts *parts, const struct lk_openid_keys *keys,
    const struct openid_key **out_key, struct lk_error *err)
{
	const json_t *kid = json_object_get(parts->header, "kid");
	const char *alg = text_of(parts->header, "alg"), *typ = text_of(parts->header, "typ");

	if (has_forbidden(parts->header) || !alg || (kid && !json_is_string(kid)))
		return refused(err, "OPENID_HEADER", "has a header that is not taken");
	if (json_object_get(parts->header, "typ") && (!typ || strcasecmp(typ, "JWT") != 0))
		return refused(err, "OPENID_HEADER", "is of another type");
	*out_key = openid_key_find(keys, json_string_value(kid));
	if (!*out_key)
		return refused(err, "OPENID_KEY", "is signed with a key that is not in the set");
	return strcmp(alg, openid_key_alg(*out_key)) == 0
		   ? LK_OK
		   : refused(err, "OPENID_HEADER", "names another algorithm than its key's");
}

/* ---- Claims ---- */

static bool
audience_is(const json_t *aud, const char *audience)
{
	if (json_is_string(aud))
		return strcmp(json_string_value(aud), audience) == 0;
	if (!json_is_array(aud) || json_array_size(aud) > AUDIENCES_MAX)
		return false;
	for (size_t i = 0; i < json_array_size(aud); i++) {
		const char *each = json_string_value(json_array_get(aud, i));
		if (each && strcmp(each, audience) == 0)
			return true;
	}
	return false;
}

/* An integer number of seconds; absent is `preset`. */
static bool
date_of(const json_t *claims, const char *name, int64_t preset, int64_t *out)
{
	const json_t *date = json_object_get(claims, name);

	*out = date ? json_integer_value(date) : preset;
	return !date || (json_is_integer(date) && *out > 0 && *out <= DATE_MAX);
}

static lk_status
check_times(const json_t *claims, int64_t now_s, struct lk_error *err)
{
	int64_t expires_s, issued_s, not_before_s;

	if (!date_of(claims, "exp", 0, &expires_s) || expires_s == 0 ||
	    !date_of(claims, "iat", now_s, &issued_s) ||
	    !date_of(claims, "nbf", now_s, &not_before_s))
		return refused(err, "OPENID_CLAIMS", "has a time that is none");
	if (now_s >= expires_s + LK_OPENID_SKEW_S)
		return refused(err, "OPENID_TIME", "has expired");
	if (expires_s - now_s > LK_OPENID_LIFE_MAX_S)
		return refused(err, "OPENID_TIME", "lives longer than a day");
	if (issued_s > now_s + LK_OPENID_SKEW_S || not_before_s > now_s + LK_OPENID_SKEW_S)
		return refused(err, "OPENID_TIME", "is not valid yet");
	return LK_OK;
}

static lk_status
check_claims(const json_t *claims, const struct lk_openid_rules *rules,
    char out_subject[LK_OPENID_SUBJECT_SIZE], struct lk_error *err)
{
	const char *issuer = text_of(claims, "iss"), *subject = text_of(claims, "sub");

	if (!issuer || strcmp(issuer, rules->issuer) != 0)
		return refused(err, "OPENID_ISSUER", "comes from another issuer");
	if (!audience_is(json_object_get(claims, "aud"), rules->audience))
		return refused(err, "OPENID_AUDIENCE", "is for another audience");
	LK_TRY(check_times(claims, lk_clock_wall_ms(rules->clock) / 1000, err));
	if (!subject || !*subject || !lk_text_printable(lk_bytes_of(subject)) ||
	    !lk_text_copy(out_subject, LK_OPENID_SUBJECT_SIZE, subject))
		return refused(err, "OPENID_CLAIMS", "names no subject");
	return LK_OK;
}

lk_status
lk_openid_verify(const struct lk_openid_keys *keys, struct lk_bytes token,
    const struct lk_openid_rules *rules, char out_subject[LK_OPENID_SUBJECT_SIZE],
    struct lk_error *err)
{
	LK_AUTO(parts_freep) struct parts *parts = LK_ALLOC(struct parts);
	const struct openid_key *key = NULL;

	if (!parts)
		return lk_fail_oom(err);
	LK_TRY(take_apart(token, parts, err));
	LK_TRY(find_key(parts, keys, &key, err));
	if (!openid_key_verify(key, parts->signed_text, parts->decoded[2]))
		return refused(err, "OPENID_SIGNATURE", "has a bad signature");
	return check_claims(parts->claims, rules, out_subject, err);
}

bool
lk_openid_issuer(struct lk_bytes token, char *out, size_t out_size)
{
	LK_AUTO(parts_freep) struct parts *parts = LK_ALLOC(struct parts);
	const char *issuer;

	if (!parts || take_apart(token, parts, NULL) != LK_OK)
		return false;
	issuer = text_of(parts->claims, "iss");
	return issuer && *issuer && lk_text_copy(out, out_size, issuer);
}
