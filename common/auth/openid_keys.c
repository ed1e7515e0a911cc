/* Key sets of other issuers; see openid.h. */
#include "auth/openid_keys.h"

#include <jansson.h>
#include <string.h>

#include "crypto/encode.h"
#include "crypto/es256.h"
#include "crypto/rs256.h"

enum { KID_SIZE = 256, NUMBER_MAX = LK_RS256_BITS_MAX / 8 };

struct openid_key {
	char kid[KID_SIZE]; /* "": none */
	struct lk_es256 *es256;
	struct lk_rs256 *rs256;
};

struct lk_openid_keys {
	size_t count;
	struct openid_key keys[LK_OPENID_KEYS_MAX];
};

static void
json_freep(json_t **json)
{
	json_decref(*json);
}

static lk_status
invalid(struct lk_error *err, const char *why)
{
	return lk_fail_field(err, "jwks", "JWKS_INVALID", "the key set %s", why);
}

static bool
is_or_absent(const json_t *jwk, const char *name, const char *value)
{
	const json_t *member = json_object_get(jwk, name);
	const char *text = json_string_value(member);

	return !member || (text && strcmp(text, value) == 0);
}

/* Empty where the member is no canonical base64url. */
static struct lk_bytes
number(const json_t *jwk, const char *name, uint8_t buffer[NUMBER_MAX])
{
	const char *text = json_string_value(json_object_get(jwk, name));
	size_t len = 0;

	if (!text || !lk_base64url_decode(lk_bytes_of(text), buffer, NUMBER_MAX, &len))
		return lk_bytes(NULL, 0);
	return lk_bytes(buffer, len);
}

/* ---- One key ---- */

static lk_status
read_ec(const json_t *jwk, struct openid_key *out, struct lk_error *err)
{
	uint8_t x_buffer[NUMBER_MAX], y_buffer[NUMBER_MAX];
	const struct lk_bytes x = number(jwk, "x", x_buffer), y = number(jwk, "y", y_buffer);

	if (!is_or_absent(jwk, "crv", "P-256") || !is_or_absent(jwk, "alg", "ES256"))
		return LK_OK;
	if (x.len != LK_ES256_COORDINATE_LEN || y.len != LK_ES256_COORDINATE_LEN)
		return invalid(err, "holds a point that is not of P-256");
	return lk_es256_from_public(x.data, y.data, &out->es256, NULL) == LK_OK
		   ? LK_OK
		   : invalid(err, "holds a point that is not on P-256");
}

static lk_status
read_rsa(const json_t *jwk, struct openid_key *out, struct lk_error *err)
{
	uint8_t n_buffer[NUMBER_MAX], e_buffer[NUMBER_MAX];
	const struct lk_bytes n = number(jwk, "n", n_buffer), e = number(jwk, "e", e_buffer);

	if (!is_or_absent(jwk, "alg", "RS256"))
		return LK_OK;
	return lk_rs256_from_public(n, e, &out->rs256, NULL) == LK_OK
		   ? LK_OK
		   : invalid(err, "holds an RSA key that is weak or malformed");
}

/* *out_used: it is one that signs with what we can check. */
static lk_status
read_key(const json_t *jwk, struct openid_key *out, bool *out_used, struct lk_error *err)
{
	const char *kty = json_string_value(json_object_get(jwk, "kty"));
	const json_t *kid = json_object_get(jwk, "kid");

	*out_used = false;
	if (!kty)
		return invalid(err, "holds a key without kty");
	if (json_object_get(jwk, "d") || json_object_get(jwk, "k"))
		return invalid(err, "holds a private or symmetric key");
	if (!is_or_absent(jwk, "use", "sig"))
		return LK_OK;
	if (kid && !lk_text_copy(out->kid, sizeof out->kid, json_string_value(kid)))
		return invalid(err, "holds a kid that is no text, or too long");
	if (strcmp(kty, "EC") == 0)
		LK_TRY(read_ec(jwk, out, err));
	else if (strcmp(kty, "RSA") == 0)
		LK_TRY(read_rsa(jwk, out, err));
	*out_used = out->es256 || out->rs256;
	return LK_OK;
}

/* ---- The set ---- */

static lk_status
read_keys(const json_t *list, struct lk_openid_keys *keys, struct lk_error *err)
{
	bool used;

	for (size_t i = 0; i < json_array_size(list); i++) {
		struct openid_key *key = &keys->keys[keys->count];
		*key = (struct openid_key){ .kid = "" };
		LK_TRY(read_key(json_array_get(list, i), key, &used, err));
		if (!used)
			continue;
		if (keys->count > 0 && (!*key->kid || openid_key_find(keys, key->kid)))
			return invalid(err, "names two keys alike");
		keys->count++;
	}
	if (keys->count > 1 && !*keys->keys[0].kid)
		return invalid(err, "holds several keys, one without kid");
	return keys->count > 0 ? LK_OK : invalid(err, "holds no key for ES256 or RS256");
}

lk_status
lk_openid_keys_parse(struct lk_bytes jwks, struct lk_openid_keys **out_keys, struct lk_error *err)
{
	LK_AUTO(lk_openid_keys_freep) struct lk_openid_keys *keys = NULL;
	LK_AUTO(json_freep) json_t *set = NULL;

	if (jwks.len == 0 || jwks.len > LK_OPENID_JWKS_MAX)
		return invalid(err, "is empty, or larger than 64 KiB");
	set = json_loadb((const char *)jwks.data, jwks.len, JSON_REJECT_DUPLICATES, NULL);
	const json_t *list = json_object_get(set, "keys");
	if (!json_is_array(list) || json_array_size(list) > LK_OPENID_KEYS_MAX)
		return invalid(err, "is no JSON object with an array of at most 32 keys");
	keys = LK_ALLOC(struct lk_openid_keys);
	if (!keys)
		return lk_fail_oom(err);
	LK_TRY(read_keys(list, keys, err));
	*out_keys = LK_TAKE(keys);
	return LK_OK;
}

void
lk_openid_keys_free(struct lk_openid_keys *keys)
{
	if (!keys)
		return;
	for (size_t i = 0; i < LK_OPENID_KEYS_MAX; i++) {
		lk_es256_unref(keys->keys[i].es256);
		lk_rs256_free(keys->keys[i].rs256);
	}
	lk_free(keys);
}

size_t
lk_openid_keys_count(const struct lk_openid_keys *keys)
{
	return keys->count;
}

/* ---- Use ---- */

const struct openid_key *
openid_key_find(const struct lk_openid_keys *keys, const char *kid)
{
	if (!kid)
		return keys->count == 1 ? &keys->keys[0] : NULL;
	for (size_t i = 0; i < keys->count; i++)
		if (*kid && strcmp(keys->keys[i].kid, kid) == 0)
			return &keys->keys[i];
	return NULL;
}

const char *
openid_key_alg(const struct openid_key *key)
{
	return key->es256 ? "ES256" : "RS256";
}

bool
openid_key_verify(const struct openid_key *key, struct lk_bytes message, struct lk_bytes signature)
{
	if (key->es256)
		return signature.len == LK_ES256_SIGNATURE_LEN &&
		       lk_es256_verify(key->es256, message, signature, NULL) == LK_OK;
	return lk_rs256_verify(key->rs256, message, signature, NULL) == LK_OK;
}
