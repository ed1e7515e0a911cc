/*
 * Sealed records: root key → tenant key → a fresh data key for each record version,
 * XChaCha20-Poly1305. The associated data says which row a ciphertext belongs to, so that it cannot
 * be moved, swapped or rolled back to another row.
 */
#ifndef LK_CRYPTO_SEAL_H
#define LK_CRYPTO_SEAL_H

#include <stdint.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/status.h"
#include "crypto/secret.h"

enum {
	LK_SEAL_PAD = 256, /* plaintext is padded to a multiple (ISO/IEC 7816-4), always by at least
			      one byte */
	LK_SEAL_PLAIN_MAX = 64 * 1024,                 /* bytes */
	LK_SEAL_FIELD_MAX = 128,                       /* bytes of one text field of the context */
	LK_SEAL_OVERHEAD = 4 + 24 + 32 + 16 + 24 + 16, /* magic, nonce, data key, tag, nonce, tag */
};

/* Length of a sealed record; multiples of LK_SEAL_PAD show, nothing finer. */
#define LK_SEALED_LEN(plain_len) (LK_SEAL_OVERHEAD + ((plain_len) / LK_SEAL_PAD + 1) * LK_SEAL_PAD)

/* Must be the same at opening. Texts are not NULL ("" is fine), at most LK_SEAL_FIELD_MAX bytes. */
struct lk_seal_context {
	const char *label; /* what kind of record: "credential" */
	const char *tenant;
	const char *record; /* its id */
	const char *owner;
	const char *provider;
	uint64_t version;      /* of the record */
	int64_t expires_at_ms; /* 0 for none */
};

/*
 * The blob lies in the arena, and so does a padded copy of the plaintext until it is reset.
 * INVALID_ARGUMENT SEAL_CONTEXT or SEAL_TOO_LARGE; RESOURCE_EXHAUSTED OUT_OF_MEMORY.
 */
lk_status lk_seal_record(const struct lk_secret32 *tenant_key,
    const struct lk_seal_context *context, struct lk_bytes plain, struct lk_arena *arena,
    struct lk_bytes *out_blob, struct lk_error *err);

/*
 * DATA_LOSS SEAL_BROKEN when any byte of key, context or blob is not as it was at sealing; which
 * one is not told. The plaintext lies in the arena, which wipes it; on failure nothing of it is
 * left there. Thread-safe.
 */
lk_status lk_open_record(const struct lk_secret32 *tenant_key,
    const struct lk_seal_context *context, struct lk_bytes blob, struct lk_arena *arena,
    struct lk_bytes *out_plain, struct lk_error *err);

#endif
