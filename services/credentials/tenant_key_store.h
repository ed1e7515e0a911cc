/* The rows of tenant keys, wrapped under a root key. */
#ifndef LK_CREDENTIALS_TENANT_KEY_STORE_H
#define LK_CREDENTIALS_TENANT_KEY_STORE_H

#include "crypto/keyring.h"
#include "id/id.h"
#include "store/store.h"

lk_status tenant_key_load(struct lk_tx *tx, const char *tenant, struct lk_arena *arena,
    bool *out_has, struct lk_bytes *out_wrapped, struct lk_error *err);
lk_status tenant_key_insert(struct lk_tx *tx, const char *tenant, struct lk_bytes wrapped,
    const char *kek, int64_t now_ms, struct lk_error *err);

struct tenant_key {
	char tenant[LK_ID_SIZE];
	struct lk_bytes wrapped;
};

/* At most `limit` into `out` (an array of limit) in order of tenant, after `after` ("" for the
 * first); the blobs lie in the arena. */
lk_status tenant_key_page(struct lk_tx *tx, const char *after, size_t limit, struct lk_arena *arena,
    struct tenant_key *out, size_t *out_count, struct lk_error *err);

/* The same key under another root key. ABORTED TENANT_KEY_CHANGED when `old` is not what is there.
 */
lk_status tenant_key_rewrap(struct lk_tx *tx, const char *tenant, struct lk_bytes old,
    struct lk_bytes wrapped, const char *kek, struct lk_error *err);

/* How many there are, and how many of them are not under `kek`. */
lk_status tenant_key_count(
    struct lk_tx *tx, const char *kek, int64_t *out_all, int64_t *out_others, struct lk_error *err);

/* How many blobs name this root key, whatever the column says. */
lk_status tenant_key_count_named(
    struct lk_tx *tx, const char *kek, int64_t *out_count, struct lk_error *err);

/* A root key that rows name and nobody remembers; false for none. */
lk_status tenant_key_stranger(
    struct lk_tx *tx, char out_kek[LK_KEK_ID_SIZE], bool *out_has, struct lk_error *err);

/* The tenant's key and everything that is sealed under it or belongs to that, for ever: deleted
 * rows are overwritten in the file. False when there was no key. */
lk_status tenant_key_destroy(
    struct lk_tx *tx, const char *tenant, bool *out_destroyed, struct lk_error *err);

#endif
