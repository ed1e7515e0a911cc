/*
 * Ed25519 (RFC 8032) for assertions, checkpoints and feeds; public keys as lines of text in
 * peers/.
 */
#ifndef LK_CRYPTO_SIGN_H
#define LK_CRYPTO_SIGN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/status.h"
#include "crypto/box.h"
#include "crypto/secret.h"

enum {
	LK_SIGN_PUBLIC_LEN = 32,
	LK_SIGN_SEED_LEN = 32,
	LK_SIGNATURE_LEN = 64,
	LK_PEER_ROLE_SIZE = 17, /* [a-z][a-z0-9-]{0,15} and NUL */
	LK_PEER_NAME_SIZE = 65, /* [A-Za-z0-9][A-Za-z0-9._@-]{0,63} and NUL */
	LK_PEER_LINE_SIZE = 8 + 43 + 1 + 16 + 1 + 64 + 1 + 1,
};

/* A private key in guarded memory; threads may share it. */
struct lk_sign_key;

/* RESOURCE_EXHAUSTED OUT_OF_MEMORY. Yours. */
lk_status lk_sign_key_generate(struct lk_sign_key **out_key, struct lk_error *err);
lk_status lk_sign_key_from_seed(
    const struct lk_secret32 *seed, struct lk_sign_key **out_key, struct lk_error *err);
void lk_sign_key_free(struct lk_sign_key *key);
LK_DEFINE_FREEP(lk_sign_key_freep, struct lk_sign_key *, lk_sign_key_free)

/*
 * The file is the 32-byte seed as lk_secret_file_create writes it; errors are those of
 * private_file.h.
 */
lk_status lk_sign_key_load(
    const char *path, const char *what, struct lk_sign_key **out_key, struct lk_error *err);
lk_status lk_sign_key_create_file(
    const struct lk_sign_key *key, const char *path, const char *what, struct lk_error *err);

const uint8_t *lk_sign_key_public(
    const struct lk_sign_key *key); /* LK_SIGN_PUBLIC_LEN bytes, borrowed */
void lk_sign(const struct lk_sign_key *key, struct lk_bytes message,
    uint8_t out_signature[LK_SIGNATURE_LEN]);

/* The X25519 pair that belongs to an Ed25519 one (both are points of one curve), for what is sealed
 * to it. Under LK_AUTO(lk_box_pair_wipe). */
void lk_sign_key_box(const struct lk_sign_key *key, struct lk_box_pair *out_pair);

/* False also for a signature of another length, a weak public key, or a non-canonical S. */
bool lk_sign_verify(const uint8_t public_key[LK_SIGN_PUBLIC_LEN], struct lk_bytes message,
    struct lk_bytes signature);

/* Who may speak: a public key, its role (operator, service, …) and its name. */
struct lk_peer_key {
	uint8_t public_key[LK_SIGN_PUBLIC_LEN];
	char role[LK_PEER_ROLE_SIZE];
	char name[LK_PEER_NAME_SIZE];
};

/*
 * "ed25519 <base64url> <role> <name>", single spaces, no newline. INVALID_ARGUMENT
 * PEER_KEY_INVALID for a bad field.
 */
lk_status lk_peer_line_format(
    const struct lk_peer_key *peer, char out_line[LK_PEER_LINE_SIZE], struct lk_error *err);

/*
 * Exactly what lk_peer_line_format writes, with or without one newline. INVALID_ARGUMENT
 * PEER_KEY_INVALID.
 */
lk_status lk_peer_line_parse(
    struct lk_bytes line, struct lk_peer_key *out_peer, struct lk_error *err);

/*
 * One line from a file nobody but its owner (the effective user or root) may write. NOT_FOUND
 * PEER_FILE_MISSING, FAILED_PRECONDITION PEER_FILE_UNSAFE, INVALID_ARGUMENT PEER_KEY_INVALID.
 */
lk_status lk_peer_file_load(const char *path, struct lk_peer_key *out_peer, struct lk_error *err);
/*
 * A new file with mode 0644, synced. ALREADY_EXISTS PEER_FILE_EXISTS; UNAVAILABLE
 * PEER_FILE_WRITE.
 */
lk_status lk_peer_file_create(
    const char *path, const struct lk_peer_key *peer, struct lk_error *err);

#endif
