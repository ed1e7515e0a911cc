/* Boxes: seal something to whoever holds one X25519 private key, without saying who sealed it. */
#ifndef LK_CRYPTO_BOX_H
#define LK_CRYPTO_BOX_H

#include <stdint.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/status.h"
#include "crypto/secret.h"

enum {
	LK_BOX_PUBLIC_LEN = 32,
	LK_BOX_OVERHEAD = 48, /* ephemeral public key 32, tag 16 */
	LK_BOX_PLAIN_MAX = 1024 * 1024,
};

/* An X25519 key pair: LK_AUTO(lk_box_pair_wipe) struct lk_box_pair pair = { 0 }; */
struct lk_box_pair {
	uint8_t public_key[LK_BOX_PUBLIC_LEN];
	struct lk_secret32 private_key;
};
void lk_box_pair_make(struct lk_box_pair *out_pair);
void lk_box_pair_wipe(struct lk_box_pair *pair);

/*
 * The blob (plain.len + LK_BOX_OVERHEAD) lies in the arena. INVALID_ARGUMENT BOX_KEY_INVALID for a
 * weak public key, SEAL_TOO_LARGE above LK_BOX_PLAIN_MAX; RESOURCE_EXHAUSTED OUT_OF_MEMORY.
 */
lk_status lk_box_seal(const uint8_t public_key[LK_BOX_PUBLIC_LEN], struct lk_bytes plain,
    struct lk_arena *arena, struct lk_bytes *out_blob, struct lk_error *err);

/* DATA_LOSS SEAL_BROKEN for another key or any changed byte. */
lk_status lk_box_open(const struct lk_box_pair *pair, struct lk_bytes blob, struct lk_arena *arena,
    struct lk_bytes *out_plain, struct lk_error *err);

#endif
