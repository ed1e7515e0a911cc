/* Sealed boxes: crypto_box_seal of libsodium (X25519, XSalsa20-Poly1305). */
#include "crypto/box.h"

#include <sodium.h>

#include "crypto/aead.h"

_Static_assert(LK_BOX_OVERHEAD == crypto_box_SEALBYTES, "box.h states the overhead");
_Static_assert(LK_BOX_PUBLIC_LEN == crypto_box_PUBLICKEYBYTES, "public key");

void
lk_box_pair_make(struct lk_box_pair *out_pair)
{
	crypto_box_keypair(out_pair->public_key, out_pair->private_key.bytes);
}

void
lk_box_pair_wipe(struct lk_box_pair *pair)
{
	lk_wipe(pair, sizeof *pair);
}

lk_status
lk_box_seal(const uint8_t public_key[LK_BOX_PUBLIC_LEN], struct lk_bytes plain,
    struct lk_arena *arena, struct lk_bytes *out_blob, struct lk_error *err)
{
	if (plain.len > LK_BOX_PLAIN_MAX)
		return lk_fail(err, LK_INVALID_ARGUMENT, "SEAL_TOO_LARGE",
		    "at most %d bytes can be sealed", LK_BOX_PLAIN_MAX);
	const size_t len = plain.len + LK_BOX_OVERHEAD;
	uint8_t *blob = lk_arena_alloc(arena, len);
	if (!blob)
		return lk_fail_oom(err);
	if (crypto_box_seal(blob, plain.data, plain.len, public_key) != 0)
		return lk_fail(
		    err, LK_INVALID_ARGUMENT, "BOX_KEY_INVALID", "not a usable X25519 public key");
	*out_blob = lk_bytes(blob, len);
	return LK_OK;
}

lk_status
lk_box_open(const struct lk_box_pair *pair, struct lk_bytes blob, struct lk_arena *arena,
    struct lk_bytes *out_plain, struct lk_error *err)
{
	if (blob.len < LK_BOX_OVERHEAD || blob.len > LK_BOX_PLAIN_MAX + LK_BOX_OVERHEAD)
		return lk_seal_broken(err);
	const size_t len = blob.len - LK_BOX_OVERHEAD;
	uint8_t *plain = lk_arena_alloc(arena, len);
	if (!plain)
		return lk_fail_oom(err);
	if (crypto_box_seal_open(
		plain, blob.data, blob.len, pair->public_key, pair->private_key.bytes) != 0) {
		lk_wipe(plain, len);
		return lk_seal_broken(err);
	}
	*out_plain = lk_bytes(plain, len);
	return LK_OK;
}
