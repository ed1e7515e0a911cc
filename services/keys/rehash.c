/* One transaction for each key that moves; see rehash.h. */
#include "rehash.h"

#include <string.h>

#include "key_seal.h"
#include "key_store.h"

enum { AT_ONCE = 32, ARENA_MAX = 64 * 1024 };

struct rehash {
	struct keys *keys;
	struct lk_arena *arena;
	char id[LK_ID_SIZE];
	uint8_t old_digest[LK_DIGEST_LEN], new_digest[LK_DIGEST_LEN];
};

static void
rehash_free(struct rehash *rehash)
{
	atomic_fetch_sub(&rehash->keys->rehashing, 1);
	lk_arena_free(rehash->arena);
	lk_free(rehash);
}

static bool
is_as_it_was(const struct rehash *rehash, const struct key *key)
{
	return key->revoked_at_ms == 0 && key_seal_ok(rehash->keys, key) &&
	       memcmp(key->digest, rehash->old_digest, LK_DIGEST_LEN) == 0;
}

static lk_status
rehash_in(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct rehash *rehash = arg;
	const struct lk_pepper *newest = rehash->keys->setup.pepper;
	struct key key;
	bool found;

	lk_arena_reset(rehash->arena);
	LK_TRY(key_find(tx, rehash->id, rehash->arena, &key, &found, err));
	if (!found || !is_as_it_was(rehash, &key))
		return LK_OK;
	memcpy(key.digest, rehash->new_digest, sizeof key.digest);
	key.pepper_version = lk_pepper_version(newest);
	key_seal(newest, &key);
	LK_TRY(key_save_digest(tx, &key, err));
	return keys_forget(rehash->keys, tx, rehash->arena, key.id, err);
}

static void
rehash_done(void *arg, lk_status status, const struct lk_error *error)
{
	(void)status; /* the next use tries again */
	(void)error;
	rehash_free(arg);
}

void
rehash_later(struct keys *keys, const char *id, const uint8_t old_digest[LK_DIGEST_LEN],
    const uint8_t new_digest[LK_DIGEST_LEN])
{
	if (atomic_fetch_add(&keys->rehashing, 1) >= AT_ONCE) {
		atomic_fetch_sub(&keys->rehashing, 1);
		return;
	}
	struct rehash *rehash = LK_ALLOC(struct rehash);
	if (!rehash) {
		atomic_fetch_sub(&keys->rehashing, 1);
		return;
	}
	rehash->keys = keys;
	rehash->arena = lk_arena_new(ARENA_MAX);
	lk_text_copy(rehash->id, sizeof rehash->id, id);
	memcpy(rehash->old_digest, old_digest, LK_DIGEST_LEN);
	memcpy(rehash->new_digest, new_digest, LK_DIGEST_LEN);
	if (!rehash->arena || lk_store_submit(keys->setup.store, LK_NO_DEADLINE, rehash_in,
				  rehash_done, rehash, NULL) != LK_OK)
		rehash_free(rehash);
}
