/*
 * Root key-encryption keys (KEKs) and what they wrap: tenant keys, signing keys. A wrapped key
 * names its root key and is opened by that name, never by trial.
 */
#ifndef LK_CRYPTO_KEYRING_H
#define LK_CRYPTO_KEYRING_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/status.h"
#include "crypto/secret.h"

enum {
	LK_KEK_ID_SIZE = 17,       /* [a-z0-9-]{1,16} and NUL */
	LK_KEYRING_MAX = 16,       /* root keys in one ring */
	LK_WRAP_KEY_MAX = 1024,    /* bytes that can be wrapped */
	LK_WRAP_OVERHEAD_MAX = 61, /* magic 4, length of the id 1, id up to 16, nonce 24, tag 16;
				      in a token nonce 12 */
};

/* Keys in guarded memory. Fill it, then share it: threads may use a ring that nobody changes. */
struct lk_keyring;
struct lk_token_key; /* token_key.h */

lk_status lk_keyring_new(struct lk_keyring **out_ring, struct lk_error *err);

/*
 * The first one added becomes the active one. INVALID_ARGUMENT KEK_ID_INVALID, ALREADY_EXISTS
 * KEK_EXISTS, RESOURCE_EXHAUSTED KEK_TOO_MANY or OUT_OF_MEMORY.
 */
lk_status lk_keyring_add(
    struct lk_keyring *ring, const char *id, const struct lk_secret32 *key, struct lk_error *err);

/* The same for a key inside a PKCS#11 token, which is taken also on failure. */
lk_status lk_keyring_add_token(
    struct lk_keyring *ring, const char *id, struct lk_token_key *key, struct lk_error *err);

/* New wrappings use this one. NOT_FOUND KEK_MISSING. */
lk_status lk_keyring_activate(struct lk_keyring *ring, const char *id, struct lk_error *err);
const char *lk_keyring_active(const struct lk_keyring *ring); /* "" in an empty ring; borrowed */
bool lk_keyring_has(const struct lk_keyring *ring, const char *id);

/* In the order in which they were added; the id is borrowed. */
size_t lk_keyring_count(const struct lk_keyring *ring);
const char *lk_keyring_id(const struct lk_keyring *ring, size_t index);
void lk_keyring_free(struct lk_keyring *ring);
LK_DEFINE_FREEP(lk_keyring_freep, struct lk_keyring *, lk_keyring_free)

/*
 * What a wrapped key is for and whose it is, each 1 to 64 bytes; both must be the same to
 * unwrap.
 */
struct lk_wrap_context {
	const char *purpose; /* "tenant-key", "signing-key" */
	const char *subject; /* the tenant's id, the kid */
};

/*
 * Encrypt a key of 1 to LK_WRAP_KEY_MAX bytes under the active root key: XChaCha20-Poly1305 (in a
 * token: AES-256-GCM) with a random nonce, the root key's id, purpose and subject as associated
 * data. The blob lies in the arena. INVALID_ARGUMENT SEAL_CONTEXT for a field outside its bounds,
 * FAILED_PRECONDITION KEK_MISSING for an empty ring, UNAVAILABLE KEK_TOKEN_FAILED.
 */
lk_status lk_wrap_key(const struct lk_keyring *ring, const struct lk_wrap_context *context,
    struct lk_bytes key, struct lk_arena *arena, struct lk_bytes *out_blob, struct lk_error *err);

/* The same under a root key that is named, whichever is active. NOT_FOUND KEK_MISSING. */
lk_status lk_wrap_key_under(const struct lk_keyring *ring, const char *kek_id,
    const struct lk_wrap_context *context, struct lk_bytes key, struct lk_arena *arena,
    struct lk_bytes *out_blob, struct lk_error *err);

/*
 * DATA_LOSS SEAL_BROKEN when any byte of the blob or the context is not as it was; DATA_LOSS
 * KEK_MISSING when the root key it names is not in the ring. The key lies in the arena, which wipes
 * it.
 */
lk_status lk_unwrap_key(const struct lk_keyring *ring, const struct lk_wrap_context *context,
    struct lk_bytes blob, struct lk_arena *arena, struct lk_bytes *out_key, struct lk_error *err);

/* The same for keys of exactly 32 bytes, without an arena. `out_key` is zero on failure. */
lk_status lk_unwrap_key32(const struct lk_keyring *ring, const struct lk_wrap_context *context,
    struct lk_bytes blob, struct lk_secret32 *out_key, struct lk_error *err);

/*
 * Which root key a blob names, to find what is left to re-wrap; unauthenticated. DATA_LOSS
 * SEAL_BROKEN.
 */
lk_status lk_wrapped_kek_id(
    struct lk_bytes blob, char out_id[LK_KEK_ID_SIZE], struct lk_error *err);

#endif
