/* Signing keys in memory. The active key is parsed once and its token header encoded once; issuing
 * only hashes and signs. */
#include "signer.h"

#include "base/alloc.h"
#include "base/json.h"
#include "crypto/encode.h"

#include <string.h>

enum { SIGNER_ARENA = 256 * 1024, HEADER_MAX = 256 };

struct signer {
	struct signing_key_list keys;
	const struct signing_key *active; /* one of keys */
	char header[LK_BASE64URL_LEN(HEADER_MAX) + 1];
	size_t header_len;
	char *jwks_json;
	struct lk_jwks *jwks;
};

struct opening {
	const struct lk_keyring *ring;
	const struct lk_clock *clock;
	struct lk_arena *arena;
	struct signing_key_list keys;
};

static const struct signing_key *
find_active(const struct signing_key_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->keys[i].state == SIGNING_KEY_ACTIVE)
			return &list->keys[i];
	return NULL;
}

static lk_status
make_first_key(struct lk_tx *tx, struct opening *o, struct lk_error *err)
{
	struct signing_key key = { .state = SIGNING_KEY_ACTIVE,
		.created_at_ms = lk_clock_wall_ms(o->clock) };
	LK_AUTO(lk_es256_unrefp) struct lk_es256 *pair = NULL;

	if (o->keys.count == SIGNING_KEYS_MAX)
		return lk_fail(err, LK_RESOURCE_EXHAUSTED, "SIGNING_KEYS_MANY",
		    "too many signing keys are published");
	LK_TRY(lk_es256_generate(&pair, err));
	lk_es256_thumbprint(pair, key.kid);
	key.key = pair;
	LK_TRY(signing_key_insert(tx, &key, o->ring, o->arena, err));
	o->keys.keys[o->keys.count++] = key;
	pair = NULL; /* the list holds it now */
	return LK_OK;
}

/* One transaction, so that two instances that start together agree on one first key. */
static lk_status
open_keys(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct opening *o = arg;

	signing_key_list_clear(&o->keys);
	LK_TRY(signing_keys_load(tx, o->ring, o->arena, &o->keys, err));
	if (find_active(&o->keys))
		return LK_OK;
	return make_first_key(tx, o, err);
}

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
make_jwks(struct signer *signer, struct lk_error *err)
{
	LK_AUTO(lk_json_wipe) struct lk_json j = { 0 };

	lk_json_object(&j, NULL);
	lk_json_array(&j, "keys");
	for (size_t i = 0; i < signer->keys.count; i++)
		if (signing_key_is_published(signer->keys.keys[i].state))
			write_jwk(&j, &signer->keys.keys[i]);
	lk_json_array_end(&j);
	lk_json_object_end(&j);
	signer->jwks_json = lk_text_dup(lk_json_text(&j));
	if (!signer->jwks_json)
		return lk_fail_oom(err);
	return lk_jwks_parse(&signer->jwks, signer->jwks_json, strlen(signer->jwks_json), err);
}

/* RFC 9068 2.1: typ at+jwt; RFC 7515 4.1.4: kid. The verifier accepts these three members and no
 * other. */
static lk_status
make_header(struct signer *signer, struct lk_error *err)
{
	LK_AUTO(lk_json_wipe) struct lk_json j = { 0 };

	lk_json_object(&j, NULL);
	lk_json_string(&j, "alg", "ES256");
	lk_json_string(&j, "typ", "at+jwt");
	lk_json_string(&j, "kid", signer->active->kid);
	lk_json_object_end(&j);
	const char *text = lk_json_text(&j);
	if (!text || strlen(text) > HEADER_MAX)
		return lk_fail_oom(err);
	signer->header_len = lk_base64url_encode(lk_bytes_of(text), signer->header);
	return LK_OK;
}

lk_status
signer_open(struct lk_store *store, const struct lk_keyring *ring, const struct lk_clock *clock,
    struct signer **out_signer, struct lk_error *err)
{
	LK_AUTO(signer_closep) struct signer *signer = LK_ALLOC(struct signer);
	LK_AUTO(lk_arena_freep) struct lk_arena *arena = lk_arena_new(SIGNER_ARENA);
	struct opening opening = { .ring = ring, .clock = clock, .arena = arena };

	if (!signer || !arena)
		return lk_fail_oom(err);
	const lk_status status = lk_store_write(store, LK_NO_DEADLINE, open_keys, &opening, err);
	signer->keys = opening.keys; /* also after a failure: signer_close drops them */
	LK_TRY(status);
	signer->active = find_active(&signer->keys);
	LK_TRY(make_header(signer, err));
	LK_TRY(make_jwks(signer, err));
	*out_signer = LK_TAKE(signer);
	return LK_OK;
}

void
signer_close(struct signer *signer)
{
	if (!signer)
		return;
	signing_key_list_clear(&signer->keys);
	lk_jwks_unref(signer->jwks);
	lk_free(signer->jwks_json);
	lk_free(signer);
}

const char *
signer_jwks_json(const struct signer *signer)
{
	return signer->jwks_json;
}

struct lk_jwks *
signer_jwks(const struct signer *signer)
{
	return signer->jwks;
}

const char *
signer_kid(const struct signer *signer)
{
	return signer->active->kid;
}

lk_status
signer_sign(const struct signer *signer, struct lk_bytes claims, struct lk_arena *arena,
    struct lk_bytes *out_token, struct lk_error *err)
{
	const size_t signature_len = LK_BASE64URL_LEN(LK_ES256_SIGNATURE_LEN);
	const size_t len =
	    signer->header_len + 1 + LK_BASE64URL_LEN(claims.len) + 1 + signature_len;
	uint8_t signature[LK_ES256_SIGNATURE_LEN];

	if (claims.len > LK_TOKEN_MAX || len > LK_TOKEN_MAX)
		return lk_fail(err, LK_RESOURCE_EXHAUSTED, "TOKEN_TOO_LARGE",
		    "the token would be larger than %d bytes: narrow its scope or workgroups",
		    LK_TOKEN_MAX);
	char *text = lk_arena_alloc(arena, len + 1);
	if (!text)
		return lk_fail_oom(err);
	memcpy(text, signer->header, signer->header_len);
	size_t at = signer->header_len;
	text[at++] = '.';
	at += lk_base64url_encode(claims, text + at);
	LK_TRY(lk_es256_sign(signer->active->key, lk_bytes(text, at), signature, err));
	text[at++] = '.';
	at += lk_base64url_encode(lk_bytes(signature, sizeof signature), text + at);
	*out_token = lk_bytes(text, at);
	return LK_OK;
}
