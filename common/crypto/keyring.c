/*
 * Root keys and wrapping. A wrapped key is "LKW1" ("LKW2" when a token sealed it), the length of
 * the root key's id, the id, nonce, ciphertext, tag.
 */
#include "crypto/keyring.h"

#include <string.h>

#include "crypto/aead.h"
#include "crypto/token_key.h"

enum { MAGIC_LEN = 4, HEAD_MIN = MAGIC_LEN + 1, SUBJECT_MAX = 64 };

static const char magic[] = "LKW1", token_magic[] = "LKW2";

struct root {
	char id[LK_KEK_ID_SIZE];
	struct lk_secret *key;      /* or */
	struct lk_token_key *token; /* which has it */
};

struct lk_keyring {
	struct root roots[LK_KEYRING_MAX];
	size_t count;
	const struct root *active; /* NULL in an empty ring */
};

lk_status
lk_keyring_new(struct lk_keyring **out_ring, struct lk_error *err)
{
	struct lk_keyring *ring = LK_ALLOC(struct lk_keyring);

	if (!ring)
		return lk_fail_oom(err);
	*out_ring = ring;
	return LK_OK;
}

void
lk_keyring_free(struct lk_keyring *ring)
{
	if (!ring)
		return;
	for (size_t i = 0; i < ring->count; i++) {
		lk_secret_free(ring->roots[i].key);
		lk_token_key_close(ring->roots[i].token);
	}
	lk_free(ring);
}

static bool
kek_id_ok(const char *id, size_t len)
{
	if (len == 0 || len >= LK_KEK_ID_SIZE)
		return false;
	for (size_t i = 0; i < len; i++) {
		const char c = id[i];
		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'))
			return false;
	}
	return true;
}

static const struct root *
find_root(const struct lk_keyring *ring, const char *id)
{
	for (size_t i = 0; i < ring->count; i++)
		if (strcmp(ring->roots[i].id, id) == 0)
			return &ring->roots[i];
	return NULL;
}

static lk_status
check_new(const struct lk_keyring *ring, const char *id, struct lk_error *err)
{
	if (!id || !kek_id_ok(id, strnlen(id, LK_KEK_ID_SIZE)))
		return lk_fail(err, LK_INVALID_ARGUMENT, "KEK_ID_INVALID",
		    "a root key's id is 1 to 16 of a-z, 0-9 and -");
	if (find_root(ring, id))
		return lk_fail(
		    err, LK_ALREADY_EXISTS, "KEK_EXISTS", "root key %s is loaded already", id);
	if (ring->count == LK_KEYRING_MAX)
		return lk_fail(err, LK_RESOURCE_EXHAUSTED, "KEK_TOO_MANY",
		    "at most %d root keys can be loaded", LK_KEYRING_MAX);
	return LK_OK;
}

/* Takes what `root` holds. */
static void
add_root(struct lk_keyring *ring, const char *id, struct root root)
{
	struct root *place = &ring->roots[ring->count++];

	*place = root;
	lk_text_copy(place->id, sizeof place->id, id);
	if (!ring->active)
		ring->active = place;
}

lk_status
lk_keyring_add(
    struct lk_keyring *ring, const char *id, const struct lk_secret32 *key, struct lk_error *err)
{
	struct root root = { .token = NULL };

	LK_TRY(check_new(ring, id, err));
	LK_TRY(lk_secret_new(lk_bytes(key->bytes, sizeof key->bytes), &root.key, err));
	add_root(ring, id, root);
	return LK_OK;
}

lk_status
lk_keyring_add_token(
    struct lk_keyring *ring, const char *id, struct lk_token_key *key, struct lk_error *err)
{
	LK_AUTO(lk_token_key_closep) struct lk_token_key *taken = key;

	LK_TRY(check_new(ring, id, err));
	add_root(ring, id, (struct root){ .token = LK_TAKE(taken) });
	return LK_OK;
}

lk_status
lk_keyring_activate(struct lk_keyring *ring, const char *id, struct lk_error *err)
{
	const struct root *root = find_root(ring, id);

	if (!root)
		return lk_fail(err, LK_NOT_FOUND, "KEK_MISSING", "no such root key is loaded");
	ring->active = root;
	return LK_OK;
}

const char *
lk_keyring_active(const struct lk_keyring *ring)
{
	return ring->active ? ring->active->id : "";
}

bool
lk_keyring_has(const struct lk_keyring *ring, const char *id)
{
	return find_root(ring, id) != NULL;
}

size_t
lk_keyring_count(const struct lk_keyring *ring)
{
	return ring->count;
}

const char *
lk_keyring_id(const struct lk_keyring *ring, size_t index)
{
	return ring->roots[index].id;
}

static lk_status
associate(const char *kek_id, const struct lk_wrap_context *context, struct lk_associated *out,
    struct lk_error *err)
{
	out->len = 0;
	out->broken = false;
	lk_associated_text(out, "latchkey/wrapped-key/v1", SUBJECT_MAX);
	lk_associated_text(out, kek_id, LK_KEK_ID_SIZE);
	lk_associated_text(out, context->purpose, SUBJECT_MAX);
	lk_associated_text(out, context->subject, SUBJECT_MAX);
	if (out->broken || !context->purpose[0] || !context->subject[0])
		return lk_fail(err, LK_INVALID_ARGUMENT, "SEAL_CONTEXT",
		    "purpose and subject of a wrapped key have 1 to %d bytes", SUBJECT_MAX);
	return LK_OK;
}

static size_t
root_overhead(const struct root *root)
{
	return root->token ? LK_TOKEN_OVERHEAD : LK_AEAD_OVERHEAD;
}

static lk_status
root_seal(const struct root *root, const struct lk_associated *associated, struct lk_bytes plain,
    uint8_t *out, struct lk_error *err)
{
	if (root->token)
		return lk_token_key_seal(root->token, associated, plain, out, err);
	lk_aead_seal(lk_secret_bytes(root->key).data, associated, plain, out);
	return LK_OK;
}

static lk_status
root_open(const struct root *root, const struct lk_associated *associated, struct lk_bytes sealed,
    uint8_t *out, struct lk_error *err)
{
	if (root->token)
		return lk_token_key_unseal(root->token, associated, sealed, out, err);
	if (!lk_aead_open(lk_secret_bytes(root->key).data, associated, sealed, out))
		return lk_seal_broken(err);
	return LK_OK;
}

static lk_status
wrap_under(const struct root *root, const struct lk_wrap_context *context, struct lk_bytes key,
    struct lk_arena *arena, struct lk_bytes *out_blob, struct lk_error *err)
{
	struct lk_associated associated;

	if (key.len == 0 || key.len > LK_WRAP_KEY_MAX)
		return lk_fail(err, LK_INVALID_ARGUMENT, "SEAL_TOO_LARGE",
		    "a wrapped key has 1 to %d bytes", LK_WRAP_KEY_MAX);
	LK_TRY(associate(root->id, context, &associated, err));
	const size_t id_len = strlen(root->id), head = HEAD_MIN + id_len;
	const size_t len = head + key.len + root_overhead(root);
	uint8_t *blob = lk_arena_alloc(arena, len);
	if (!blob)
		return lk_fail_oom(err);
	memcpy(blob, root->token ? token_magic : magic, MAGIC_LEN);
	blob[MAGIC_LEN] = (uint8_t)id_len;
	memcpy(blob + HEAD_MIN, root->id, id_len);
	LK_TRY(root_seal(root, &associated, key, blob + head, err));
	*out_blob = lk_bytes(blob, len);
	return LK_OK;
}

lk_status
lk_wrap_key(const struct lk_keyring *ring, const struct lk_wrap_context *context,
    struct lk_bytes key, struct lk_arena *arena, struct lk_bytes *out_blob, struct lk_error *err)
{
	if (!ring->active)
		return lk_fail(err, LK_FAILED_PRECONDITION, "KEK_MISSING", "no root key is loaded");
	return wrap_under(ring->active, context, key, arena, out_blob, err);
}

lk_status
lk_wrap_key_under(const struct lk_keyring *ring, const char *kek_id,
    const struct lk_wrap_context *context, struct lk_bytes key, struct lk_arena *arena,
    struct lk_bytes *out_blob, struct lk_error *err)
{
	const struct root *root = find_root(ring, kek_id);

	if (!root)
		return lk_fail(err, LK_NOT_FOUND, "KEK_MISSING", "no such root key is loaded");
	return wrap_under(root, context, key, arena, out_blob, err);
}

lk_status
lk_wrapped_kek_id(struct lk_bytes blob, char out_id[LK_KEK_ID_SIZE], struct lk_error *err)
{
	out_id[0] = '\0';
	if (blob.len < HEAD_MIN || (memcmp(blob.data, magic, MAGIC_LEN) != 0 &&
				       memcmp(blob.data, token_magic, MAGIC_LEN) != 0))
		return lk_seal_broken(err);
	const char *id = (const char *)blob.data + HEAD_MIN;
	const size_t len = blob.data[MAGIC_LEN];
	if (len > blob.len - HEAD_MIN || !kek_id_ok(id, len))
		return lk_seal_broken(err);
	memcpy(out_id, id, len);
	out_id[len] = '\0';
	return LK_OK;
}

/*
 * Which root key opens the blob, what it is bound to, and where the sealed part is: 1 to
 * LK_WRAP_KEY_MAX bytes of key.
 */
static lk_status
open_head(const struct lk_keyring *ring, const struct lk_wrap_context *context,
    struct lk_bytes blob, const struct root **out_root, struct lk_associated *out_associated,
    struct lk_bytes *out_sealed, struct lk_error *err)
{
	char id[LK_KEK_ID_SIZE];

	LK_TRY(lk_wrapped_kek_id(blob, id, err));
	LK_TRY(associate(id, context, out_associated, err));
	*out_root = find_root(ring, id);
	if (!*out_root)
		return lk_fail(err, LK_DATA_LOSS, "KEK_MISSING",
		    "sealed under root key %s, which is not loaded", id);
	const size_t head = HEAD_MIN + strlen(id), overhead = root_overhead(*out_root);
	*out_sealed = lk_bytes(blob.data + head, blob.len - head);
	if (memcmp(blob.data, (*out_root)->token ? token_magic : magic, MAGIC_LEN) != 0 ||
	    out_sealed->len <= overhead || out_sealed->len > LK_WRAP_KEY_MAX + overhead)
		return lk_seal_broken(err);
	return LK_OK;
}

lk_status
lk_unwrap_key(const struct lk_keyring *ring, const struct lk_wrap_context *context,
    struct lk_bytes blob, struct lk_arena *arena, struct lk_bytes *out_key, struct lk_error *err)
{
	struct lk_associated associated;
	const struct root *root;
	struct lk_bytes sealed;

	LK_TRY(open_head(ring, context, blob, &root, &associated, &sealed, err));
	const size_t len = sealed.len - root_overhead(root);
	uint8_t *key = lk_arena_alloc(arena, len);
	if (!key)
		return lk_fail_oom(err);
	LK_TRY(root_open(root, &associated, sealed, key, err));
	*out_key = lk_bytes(key, len);
	return LK_OK;
}

lk_status
lk_unwrap_key32(const struct lk_keyring *ring, const struct lk_wrap_context *context,
    struct lk_bytes blob, struct lk_secret32 *out_key, struct lk_error *err)
{
	struct lk_associated associated;
	const struct root *root;
	struct lk_bytes sealed;

	lk_secret32_wipe(out_key);
	LK_TRY(open_head(ring, context, blob, &root, &associated, &sealed, err));
	if (sealed.len != LK_SECRET32_LEN + root_overhead(root))
		return lk_seal_broken(err);
	return root_open(root, &associated, sealed, out_key->bytes, err);
}
