/* Rows of API keys. */
#ifndef LK_KEYS_KEY_STORE_H
#define LK_KEYS_KEY_STORE_H

#include "daemon/page.h"
#include "key.h"
#include "key_use_store.h"
#include "store/store.h"

lk_status key_insert(struct lk_tx *tx, const struct key *key, struct lk_error *err);

/* With the owner's name and the workgroups, which lie in the arena. */
lk_status key_find(struct lk_tx *tx, const char *id, struct lk_arena *arena, struct key *out_key,
    bool *out_found, struct lk_error *err);

/* key->mac, and the version of the pepper it is under, of the row with its id. */
lk_status key_save_mac(struct lk_tx *tx, const struct key *key, struct lk_error *err);
/* Its digest, pepper version and MAC; of another system's key the tag, too, which is the digest. */
lk_status key_save_digest(struct lk_tx *tx, const struct key *key, struct lk_error *err);
/* Up to `max` ids of rows without a MAC; and whether there may still be good ones among them. */
lk_status key_list_unsealed(struct lk_tx *tx, size_t max, struct lk_arena *arena,
    struct id_list *out_ids, struct lk_error *err);
lk_status key_rows_are_sealed(struct lk_tx *tx, bool *out_are, struct lk_error *err);
lk_status key_rows_set_sealed(struct lk_tx *tx, int64_t now_ms, struct lk_error *err);

/* Neither revoked, nor expired, nor replaced by a rotation. */
lk_status key_count_active(
    struct lk_tx *tx, const char *owner, int64_t now_ms, int64_t *out_count, struct lk_error *err);
/* Has this owner, or did they ever have, a key? */
lk_status key_owner_has_any(
    struct lk_tx *tx, const char *owner, bool *out_has, struct lk_error *err);

struct key_page {
	struct key *items; /* in the arena; newest first */
	size_t count;
	bool more;
};

/* The keys of `owner`, or with owner NULL those of `tenant`, or with both NULL all of them. */
struct key_filter {
	const char *owner, *tenant;
	bool include_revoked;
	const char *state, *name;                    /* "" for any; the name is how it begins */
	int64_t now_ms;                              /* what `state` is judged by */
	int64_t expiring_before_ms, unused_since_ms; /* 0 for any */
};
lk_status key_list(struct lk_tx *tx, const struct key_filter *filter, const struct lk_page *page,
    struct lk_arena *arena, struct key_page *out_page, struct lk_error *err);

/* What wants attention of the filter's owner or tenant: alive, not replaced, and one of the three.
 * 0 for none of a kind. */
struct key_attention {
	int64_t now_ms;
	int64_t ends_before_ms;
	int64_t unused_since_ms; /* made before it, too */
	int64_t made_before_ms;
};
struct key_found {
	struct key key;
	char last_source_address[ADDRESS_SIZE]; /* or "" */
};
struct key_found_page {
	struct key_found *items; /* in the arena; newest first */
	size_t count;
	bool more;
};
lk_status key_list_attention(struct lk_tx *tx, const struct key_filter *filter,
    const struct key_attention *attention, const struct lk_page *page, struct lk_arena *arena,
    struct key_found_page *out_page, struct lk_error *err);

/* Destroys the digest and raises the generation. */
lk_status key_save_revoked(
    struct lk_tx *tx, const char *id, int64_t now_ms, const char *reason, struct lk_error *err);

/* The same of a damaged one: nothing is left of what it gave. It waits for a seal, which may be
 * under `pepper_version`. */
lk_status key_save_emptied(struct lk_tx *tx, const char *id, uint32_t pepper_version,
    int64_t now_ms, const char *reason, struct lk_error *err);

/* Raises the generation: what was made from the key ends, too. `actor` says who. */
lk_status key_save_suspended(
    struct lk_tx *tx, const char *id, int64_t now_ms, const char *actor, struct lk_error *err);
lk_status key_save_resumed(struct lk_tx *tx, const char *id, struct lk_error *err);

/* The key ends then, and is known to be replaced. */
lk_status key_save_rotated(struct lk_tx *tx, const char *id, const char *replaced_by,
    int64_t ends_at_ms, struct lk_error *err);
/* Does a key that this one replaced still go on? */
lk_status key_has_predecessor(
    struct lk_tx *tx, const struct key *key, int64_t now_ms, bool *out_has, struct lk_error *err);

/* Keys of other systems by their tag (foreign.h). *out_new false: there was one with this tag. */
lk_status imported_insert(struct lk_tx *tx, const uint8_t tag[LK_DIGEST_LEN], const char *key,
    bool *out_new, struct lk_error *err);
lk_status imported_find(struct lk_tx *tx, const uint8_t tag[LK_DIGEST_LEN],
    char out_key[LK_ID_SIZE], bool *out_found, struct lk_error *err);
lk_status imported_any(struct lk_tx *tx, bool *out_any, struct lk_error *err);

/* Forward only; a sign-in is also noted at the owner. */
lk_status key_used(struct lk_tx *tx, const char *id, int64_t at_ms, struct lk_error *err);
lk_status key_signed_in(struct lk_tx *tx, const char *id, int64_t at_ms, struct lk_error *err);

#endif
