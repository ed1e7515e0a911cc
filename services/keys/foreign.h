/*
 * Keys that another system issued and that go on here: known by the SHA-256 of their whole text, of
 * which only a keyed digest is stored, the tag. So a copy of the database says nothing of them, as
 * of keys of ours.
 */
#ifndef LK_KEYS_FOREIGN_H
#define LK_KEYS_FOREIGN_H

#include "keys.h"
#include "standing.h"

/* 64 hexadecimal digits of either case, or base64 of 32 bytes with or without padding.
 * INVALID_ARGUMENT DIGEST_INVALID naming `sha256`. */
lk_status foreign_digest_parse(
    const char *text, uint8_t out_sha256[LK_DIGEST_LEN], struct lk_error *err);
/* [a-z0-9-]{1,32}. INVALID_ARGUMENT SOURCE_INVALID naming `source`. */
lk_status foreign_source_check(const char *source, struct lk_error *err);

void foreign_tag(const struct lk_pepper *pepper, const uint8_t sha256[LK_DIGEST_LEN],
    uint8_t out_tag[LK_DIGEST_LEN]);

/* Are there any? At start; later foreign_appeared says so. Blocks. */
lk_status foreign_begin(struct keys *keys, struct lk_error *err);
void foreign_appeared(struct keys *keys);

/* What was shown, and which key it is. */
struct foreign {
	uint8_t sha256[LK_DIGEST_LEN], tag[LK_DIGEST_LEN]; /* the tag is under the key's pepper */
	char key[LK_ID_SIZE];
};

/* Which key has the digest foreign->sha256, under whichever loaded pepper it stands, the newest
 * first? Fills the rest when there is one. */
lk_status foreign_look_up(struct lk_tx *tx, const struct keys *keys, struct foreign *foreign,
    bool *out_found, struct lk_error *err);

/*
 * Which key is this text? *out_found false: none of another system's, or none were ever imported.
 * With patience that may not block ABORTED WOULD_BLOCK, unless none were.
 */
lk_status foreign_find(struct keys *keys, const char *text, const struct patience *patience,
    struct foreign *out_foreign, bool *out_found, struct lk_error *err);

#endif
