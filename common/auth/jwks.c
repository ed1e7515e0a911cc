/* Sets of public keys (RFC 7517), parsed once and shared by reference count. */
#include <jansson.h>
#include <stdatomic.h>
#include <string.h>

#include "auth/token.h"
#include "crypto/encode.h"

enum { JWKS_KEYS_MAX = 64, JWKS_BYTES_MAX = 64 * 1024 };

struct jwk {
	char kid[LK_KID_SIZE];
	struct lk_es256 *key;
};

struct lk_jwks {
	atomic_uint references;
	size_t count;
	struct jwk keys[];
};

_Static_assert((int)LK_KID_SIZE == (int)LK_ES256_THUMBPRINT_SIZE, "a kid is a thumbprint");

static lk_status
invalid(struct lk_error *err, const char *why)
{
	return lk_fail(err, LK_INVALID_ARGUMENT, "JWKS_INVALID", "the key set %s", why);
}

static void
json_freep(json_t **json)
{
	json_decref(*json);
}

static bool
member_is(const json_t *object, const char *name, const char *value)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text != NULL && strcmp(text, value) == 0;
}

static bool
absent_or(const json_t *object, const char *name, const char *value)
{
	return json_object_get(object, name) == NULL || member_is(object, name, value);
}

/* RFC 7518 6.2.1.2: always the full 32 bytes. */
static bool
coordinate_read(const json_t *jwk, const char *name, uint8_t out[LK_ES256_COORDINATE_LEN])
{
	const char *text = json_string_value(json_object_get(jwk, name));
	size_t len;

	return text != NULL &&
	       lk_base64url_decode(lk_bytes_of(text), out, LK_ES256_COORDINATE_LEN, &len) &&
	       len == LK_ES256_COORDINATE_LEN;
}

static lk_status
jwk_read(const json_t *object, struct jwk *out, struct lk_error *err)
{
	uint8_t x[LK_ES256_COORDINATE_LEN], y[LK_ES256_COORDINATE_LEN];

	if (!member_is(object, "kty", "EC") || !member_is(object, "crv", "P-256") ||
	    !absent_or(object, "alg", "ES256") || !absent_or(object, "use", "sig"))
		return invalid(err, "holds a key that is not P-256 for ES256 signatures");
	if (json_object_get(object, "d") != NULL)
		return invalid(err, "holds a private key");
	if (!coordinate_read(object, "x", x) || !coordinate_read(object, "y", y))
		return invalid(err, "holds a coordinate that is not 32 bytes in base64url");
	const lk_status status = lk_es256_from_public(x, y, &out->key, err);
	if (status == LK_INVALID_ARGUMENT)
		return invalid(err, "holds a point that is not on the curve");
	LK_TRY(status);
	lk_es256_thumbprint(out->key, out->kid);
	if (!member_is(object, "kid", out->kid))
		return invalid(err, "holds a kid that is not its key's thumbprint");
	return LK_OK;
}

static lk_status
keys_read(const json_t *keys, struct lk_jwks *jwks, struct lk_error *err)
{
	for (size_t i = 0; i < json_array_size(keys); i++) {
		jwks->count = i + 1; /* before, so that a half-read key is let go, too */
		LK_TRY(jwk_read(json_array_get(keys, i), &jwks->keys[i], err));
	}
	return LK_OK;
}

lk_status
lk_jwks_parse(struct lk_jwks **out, const char *json, size_t len, struct lk_error *err)
{
	LK_AUTO(json_freep) json_t *set = NULL;
	LK_AUTO(lk_jwks_unrefp) struct lk_jwks *jwks = NULL;

	if (len > JWKS_BYTES_MAX)
		return invalid(err, "is larger than 64 KiB");
	set = json_loadb(json, len, JSON_REJECT_DUPLICATES, NULL);
	const json_t *keys = json_object_get(set, "keys");
	if (!json_is_array(keys))
		return invalid(err, "is no JSON object with an array of keys");
	if (json_array_size(keys) > JWKS_KEYS_MAX)
		return invalid(err, "holds more than 64 keys");
	jwks = lk_alloc(sizeof *jwks + json_array_size(keys) * sizeof jwks->keys[0]);
	if (jwks == NULL)
		return lk_fail_oom(err);
	atomic_init(&jwks->references, 1);
	LK_TRY(keys_read(keys, jwks, err));
	*out = LK_TAKE(jwks);
	return LK_OK;
}

struct lk_es256 *
lk_jwks_find(const struct lk_jwks *jwks, const char *kid)
{
	for (size_t i = 0; i < jwks->count; i++) {
		if (strcmp(jwks->keys[i].kid, kid) == 0)
			return jwks->keys[i].key;
	}
	return NULL;
}

size_t
lk_jwks_count(const struct lk_jwks *jwks)
{
	return jwks->count;
}

bool
lk_jwks_covers(const struct lk_jwks *jwks, const struct lk_jwks *older)
{
	for (size_t i = 0; older != NULL && i < older->count; i++) {
		if (lk_jwks_find(jwks, older->keys[i].kid) == NULL)
			return false;
	}
	return true;
}

struct lk_jwks *
lk_jwks_ref(struct lk_jwks *jwks)
{
	atomic_fetch_add_explicit(&jwks->references, 1, memory_order_relaxed);
	return jwks;
}

void
lk_jwks_unref(struct lk_jwks *jwks)
{
	if (jwks == NULL ||
	    atomic_fetch_sub_explicit(&jwks->references, 1, memory_order_acq_rel) != 1)
		return;
	for (size_t i = 0; i < jwks->count; i++)
		lk_es256_unref(jwks->keys[i].key);
	lk_free(jwks);
}
