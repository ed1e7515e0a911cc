/* Passwords of people: argon2id (RFC 9106), the parameters and the salt inside the stored text. */
#ifndef LK_CRYPTO_PASSWORD_H
#define LK_CRYPTO_PASSWORD_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/status.h"

enum { LK_PASSWORD_HASH_SIZE = 128, LK_PASSWORD_MAX = 1024 /* bytes */ };

/*
 * Takes about a tenth of a second and 64 MiB: on workers only. INVALID_ARGUMENT PASSWORD_LENGTH for
 * field password; RESOURCE_EXHAUSTED OUT_OF_MEMORY.
 */
lk_status lk_password_hash(
    struct lk_bytes password, char out_hash[LK_PASSWORD_HASH_SIZE], struct lk_error *err);

/* False for a wrong password and for NULL or a text that is no hash; takes as long either way. */
bool lk_password_verify(const char *hash, struct lk_bytes password);

/* The hash was made with weaker parameters than today's: make a new one at the next sign-in. */
bool lk_password_needs_rehash(const char *hash);

#endif
