/* The active key is parsed once and its token header encoded once; issuing only hashes and signs.
 */
#include "signing_set.h"

#include <stdatomic.h>
#include <string.h>

#include "base/alloc.h"
#include "base/json.h"
#include "crypto/encode.h"

enum { HEADER_MAX = 256 };

struct signing_set {
	atomic_uint references;
	int64_t version;
	struct signing_key_list keys;
	const struct signing_key *active; /* one of keys */
	char header[LK_BASE64URL_LEN(HEADER_MAX) + 1];
	size_t header_len;
	char *jwks_json;
	struct lk_jwks *jwks;
};

static void
write_jwk(struct lk_json *j, const struct signing_key *key)
{
	char coordinate[LK_BASE64URL_LEN(LK_ES256_COORDINATE_LEN) + 1];

	lk_json_object(j, NULL);
	lk_json_string(j, "kty", "EC");
	lk_json_string(j, "crv", "P-256");
	lk_json_string(j, "use", "sig");
	lk_json_string(j, "alg", "ES256");
	lk_json_string(j, "kid", key->kid);
	lk_base64url_encode(lk_bytes(lk_es256_x(key->key), LK_ES256_COORDINATE_LEN), coordinate);
	lk_json_string(j, "x", coordinate);
	lk_base64url_encode(lk_bytes(lk_es256_y(key->key), LK_ES256_COORDINATE_LEN), coordinate);
	lk_json_string(j, "y", coordinate);
	lk_json_object_end(j);
}

static lk_status
make_jwks(struct signing_set *set, struct lk_error *err)
{
	LK_AUTO(lk_json_wipe) struct lk_json j = { 0 };

	lk_json_object(&j, NULL);
	lk_json_array(&j, "keys");
	for (size_t i = 0; i < set->keys.count; i++)
		if (signing_key_is_published(set->keys.keys[i].state))
			write_jwk(&j, &set->keys.keys[i]);
	lk_json_array_end(&j);
	lk_json_object_end(&j);
	set->jwks_json = lk_text_dup(lk_json_text(&j));
	if (!set->jwks_json)
		return lk_fail_oom(err);
	return lk_jwks_parse(&set->jwks, set->jwks_json, strlen(set->jwks_json), err);
}

/* RFC 9068 2.1: typ; RFC 7515 4.1.4: kid. The verifier accepts these three members and no other. */
static lk_status
make_header(struct signing_set *set, enum lk_token_typ typ, struct lk_error *err)
{
	LK_AUTO(lk_json_wipe) struct lk_json j = { 0 };

	lk_json_object(&j, NULL);
	lk_json_string(&j, "alg", "ES256");
	lk_json_string(&j, "typ", lk_token_typ_text(typ));
	lk_json_string(&j, "kid", set->active->kid);
	lk_json_object_end(&j);
	const char *text = lk_json_text(&j);
	if (!text || strlen(text) > HEADER_MAX)
		return lk_fail_oom(err);
	set->header_len = lk_base64url_encode(lk_bytes_of(text), set->header);
	return LK_OK;
}

lk_status
signing_set_new(struct signing_key_list *list, int64_t version, enum lk_token_typ typ,
    struct signing_set **out_set, struct lk_error *err)
{
	LK_AUTO(signing_set_unrefp) struct signing_set *set = LK_ALLOC(struct signing_set);

	if (!set) {
		signing_key_list_clear(list);
		return lk_fail_oom(err);
	}
	atomic_init(&set->references, 1);
	set->version = version;
	set->keys = *list;
	list->count = 0;
	set->active = rotation_find(set->keys.keys, set->keys.count, SIGNING_KEY_ACTIVE);
	if (!set->active)
		return lk_fail(err, LK_DATA_LOSS, "STORE_CORRUPT", "no signing key is active");
	LK_TRY(make_header(set, typ, err));
	LK_TRY(make_jwks(set, err));
	*out_set = LK_TAKE(set);
	return LK_OK;
}

struct signing_set *
signing_set_ref(struct signing_set *set)
{
	atomic_fetch_add_explicit(&set->references, 1, memory_order_relaxed);
	return set;
}

void
signing_set_unref(struct signing_set *set)
{
	if (!set || atomic_fetch_sub_explicit(&set->references, 1, memory_order_acq_rel) != 1)
		return;
	signing_key_list_clear(&set->keys);
	lk_jwks_unref(set->jwks);
	lk_free(set->jwks_json);
	lk_free(set);
}

int64_t
signing_set_version(const struct signing_set *set)
{
	return set->version;
}

const struct signing_key_list *
signing_set_keys(const struct signing_set *set)
{
	return &set->keys;
}

const char *
signing_set_kid(const struct signing_set *set)
{
	return set->active->kid;
}

const char *
signing_set_jwks_json(const struct signing_set *set)
{
	return set->jwks_json;
}

struct lk_jwks *
signing_set_jwks(const struct signing_set *set)
{
	return set->jwks;
}

lk_status
signing_set_sign(const struct signing_set *set, struct lk_bytes claims, struct lk_arena *arena,
    struct lk_bytes *out_token, struct lk_error *err)
{
	const size_t signature_len = LK_BASE64URL_LEN(LK_ES256_SIGNATURE_LEN);
	const size_t len = set->header_len + 1 + LK_BASE64URL_LEN(claims.len) + 1 + signature_len;
	uint8_t signature[LK_ES256_SIGNATURE_LEN];

	if (claims.len > LK_TOKEN_MAX || len > LK_TOKEN_MAX)
		return lk_fail(err, LK_RESOURCE_EXHAUSTED, "TOKEN_TOO_LARGE",
		    "the token would be larger than %d bytes: narrow its scope or workgroups",
		    LK_TOKEN_MAX);
	char *text = lk_arena_alloc(arena, len + 1);
	if (!text)
		return lk_fail_oom(err);
	memcpy(text, set->header, set->header_len);
	size_t at = set->header_len;
	text[at++] = '.';
	at += lk_base64url_encode(claims, text + at);
	LK_TRY(lk_es256_sign(set->active->key, lk_bytes(text, at), signature, err));
	text[at++] = '.';
	at += lk_base64url_encode(lk_bytes(signature, sizeof signature), text + at);
	*out_token = lk_bytes(text, at);
	return LK_OK;
}
