/* argon2id through libsodium, with its parameters for interactive use: 64 MiB, two passes. */
#include "crypto/password.h"

#include <sodium.h>

#include "base/alloc.h"

_Static_assert(
    LK_PASSWORD_HASH_SIZE == crypto_pwhash_argon2id_STRBYTES, "password.h states the size");

static const unsigned long long passes = crypto_pwhash_argon2id_OPSLIMIT_INTERACTIVE;
static const size_t memory = crypto_pwhash_argon2id_MEMLIMIT_INTERACTIVE;

lk_status
lk_password_hash(
    struct lk_bytes password, char out_hash[LK_PASSWORD_HASH_SIZE], struct lk_error *err)
{
	if (password.len == 0 || password.len > LK_PASSWORD_MAX)
		return lk_fail_field(err, "password", "PASSWORD_LENGTH",
		    "a password has 1 to %d bytes", LK_PASSWORD_MAX);
	if (crypto_pwhash_argon2id_str(
		out_hash, (const char *)password.data, password.len, passes, memory) != 0)
		return lk_fail_oom(err);
	return LK_OK;
}

/* The time of a verification, for users who have no password. */
static void
spend_time(struct lk_bytes password)
{
	static const uint8_t salt[crypto_pwhash_argon2id_SALTBYTES];
	uint8_t ignored[32];

	if (crypto_pwhash_argon2id(ignored, sizeof ignored, (const char *)password.data,
		password.len, salt, passes, memory, crypto_pwhash_argon2id_ALG_ARGON2ID13) == 0)
		lk_wipe(ignored, sizeof ignored);
}

bool
lk_password_verify(const char *hash, struct lk_bytes password)
{
	if (password.len == 0 || password.len > LK_PASSWORD_MAX)
		return false;
	if (!hash || crypto_pwhash_argon2id_str_needs_rehash(hash, passes, memory) < 0) {
		spend_time(password);
		return false;
	}
	return crypto_pwhash_argon2id_str_verify(hash, (const char *)password.data, password.len) ==
	       0;
}

bool
lk_password_needs_rehash(const char *hash)
{
	return crypto_pwhash_argon2id_str_needs_rehash(hash, passes, memory) != 0;
}
