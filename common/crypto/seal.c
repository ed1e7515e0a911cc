/*
 * Sealed records: "LKR1", the data key sealed under the tenant's key, the padded plaintext
 * sealed under the data key.
 */
#include "crypto/seal.h"

#include <sodium.h>
#include <string.h>

#include "crypto/aead.h"

enum {
	MAGIC_LEN = 4,
	SEALED_KEY_LEN = LK_SECRET32_LEN + LK_AEAD_OVERHEAD,
	HEAD = MAGIC_LEN + SEALED_KEY_LEN
};

_Static_assert(LK_SEAL_OVERHEAD == HEAD + LK_AEAD_OVERHEAD, "seal.h states the overhead");

static const char magic[] = "LKR1";
static const char of_key[] = "latchkey/record-key/v1", of_data[] = "latchkey/record-data/v1";

/* The two layers differ in the first text, so that neither can stand for the other. */
static lk_status
associate(const char *layer, const struct lk_seal_context *context, struct lk_associated *out,
    struct lk_error *err)
{
	const char *const texts[] = { layer, context->label, context->tenant, context->record,
		context->owner, context->provider };

	out->len = 0;
	out->broken = false;
	for (size_t i = 0; i < LK_ARRAY_LEN(texts); i++)
		lk_associated_text(out, texts[i], LK_SEAL_FIELD_MAX);
	lk_associated_u64(out, context->version);
	lk_associated_u64(out, (uint64_t)context->expires_at_ms);
	if (out->broken)
		return lk_fail(err, LK_INVALID_ARGUMENT, "SEAL_CONTEXT",
		    "a field of the sealing context is missing or above %d bytes",
		    LK_SEAL_FIELD_MAX);
	return LK_OK;
}

/* A copy of the plaintext, padded, in the arena. */
static lk_status
pad(struct lk_bytes plain, struct lk_arena *arena, struct lk_bytes *out_padded,
    struct lk_error *err)
{
	const size_t padded_len = (plain.len / LK_SEAL_PAD + 1) * LK_SEAL_PAD;
	uint8_t *padded = lk_arena_alloc(arena, padded_len);

	if (!padded)
		return lk_fail_oom(err);
	if (plain.len)
		memcpy(padded, plain.data, plain.len);
	padded[plain.len] = 0x80; /* ISO/IEC 7816-4; zeros follow */
	*out_padded = lk_bytes(padded, padded_len);
	return LK_OK;
}

lk_status
lk_seal_record(const struct lk_secret32 *tenant_key, const struct lk_seal_context *context,
    struct lk_bytes plain, struct lk_arena *arena, struct lk_bytes *out_blob, struct lk_error *err)
{
	LK_AUTO(lk_secret32_wipe) struct lk_secret32 data_key;
	struct lk_associated key_bound, data_bound;
	struct lk_bytes padded;

	lk_secret32_random(&data_key);
	if (plain.len > LK_SEAL_PLAIN_MAX)
		return lk_fail(err, LK_INVALID_ARGUMENT, "SEAL_TOO_LARGE",
		    "at most %d bytes can be sealed", LK_SEAL_PLAIN_MAX);
	LK_TRY(associate(of_key, context, &key_bound, err));
	LK_TRY(associate(of_data, context, &data_bound, err));
	LK_TRY(pad(plain, arena, &padded, err));
	const size_t len = LK_SEALED_LEN(plain.len);
	uint8_t *blob = lk_arena_alloc(arena, len);
	if (!blob)
		return lk_fail_oom(err);
	memcpy(blob, magic, MAGIC_LEN);
	lk_aead_seal(tenant_key->bytes, &key_bound, lk_bytes(data_key.bytes, sizeof data_key.bytes),
	    blob + MAGIC_LEN);
	lk_aead_seal(data_key.bytes, &data_bound, padded, blob + HEAD);
	*out_blob = lk_bytes(blob, len);
	return LK_OK;
}

/* Only lengths that lk_seal_record writes. */
static bool
shape_ok(struct lk_bytes blob)
{
	return blob.len >= LK_SEALED_LEN(0) && blob.len <= LK_SEALED_LEN(LK_SEAL_PLAIN_MAX) &&
	       (blob.len - LK_SEAL_OVERHEAD) % LK_SEAL_PAD == 0 &&
	       memcmp(blob.data, magic, MAGIC_LEN) == 0;
}

lk_status
lk_open_record(const struct lk_secret32 *tenant_key, const struct lk_seal_context *context,
    struct lk_bytes blob, struct lk_arena *arena, struct lk_bytes *out_plain, struct lk_error *err)
{
	LK_AUTO(lk_secret32_wipe) struct lk_secret32 data_key = { 0 };
	struct lk_associated key_bound, data_bound;

	LK_TRY(associate(of_key, context, &key_bound, err));
	LK_TRY(associate(of_data, context, &data_bound, err));
	if (!shape_ok(blob))
		return lk_seal_broken(err);
	const struct lk_bytes sealed_key = lk_bytes(blob.data + MAGIC_LEN, SEALED_KEY_LEN);
	const struct lk_bytes sealed_data = lk_bytes(blob.data + HEAD, blob.len - HEAD);
	if (!lk_aead_open(tenant_key->bytes, &key_bound, sealed_key, data_key.bytes))
		return lk_seal_broken(err);
	const size_t padded_len = sealed_data.len - LK_AEAD_OVERHEAD;
	uint8_t *padded = lk_arena_alloc(arena, padded_len);
	if (!padded)
		return lk_fail_oom(err);
	size_t len;
	if (!lk_aead_open(data_key.bytes, &data_bound, sealed_data, padded) ||
	    sodium_unpad(&len, padded, padded_len, LK_SEAL_PAD) != 0) {
		lk_wipe(padded, padded_len);
		return lk_seal_broken(err);
	}
	*out_plain = lk_bytes(padded, len);
	return LK_OK;
}
