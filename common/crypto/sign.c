/* Ed25519 keys and signatures, on libsodium. */
#include "crypto/sign.h"

#include <sodium.h>
#include <string.h>

#include "crypto/private_file.h"

_Static_assert(LK_SIGN_PUBLIC_LEN == crypto_sign_PUBLICKEYBYTES, "public key");
_Static_assert(LK_SIGN_SEED_LEN == crypto_sign_SEEDBYTES, "seed");
_Static_assert(LK_SIGNATURE_LEN == crypto_sign_BYTES, "signature");

struct lk_sign_key {
	uint8_t public_key[LK_SIGN_PUBLIC_LEN];
	struct lk_secret *private_key; /* libsodium's form: the seed, then the public key */
};

lk_status
lk_sign_key_from_seed(
    const struct lk_secret32 *seed, struct lk_sign_key **out_key, struct lk_error *err)
{
	LK_AUTO(lk_sign_key_freep) struct lk_sign_key *key = LK_ALLOC(struct lk_sign_key);
	uint8_t private_key[crypto_sign_SECRETKEYBYTES];
	LK_AUTO(lk_wipe_view) struct lk_wiped wiped = { private_key, sizeof private_key };

	if (!key)
		return lk_fail_oom(err);
	crypto_sign_seed_keypair(key->public_key, private_key, seed->bytes);
	LK_TRY(lk_secret_new(lk_bytes(private_key, sizeof private_key), &key->private_key, err));
	*out_key = LK_TAKE(key);
	return LK_OK;
}

lk_status
lk_sign_key_generate(struct lk_sign_key **out_key, struct lk_error *err)
{
	LK_AUTO(lk_secret32_wipe) struct lk_secret32 seed;

	lk_secret32_random(&seed);
	return lk_sign_key_from_seed(&seed, out_key, err);
}

void
lk_sign_key_free(struct lk_sign_key *key)
{
	if (!key)
		return;
	lk_secret_free(key->private_key);
	lk_free(key);
}

lk_status
lk_sign_key_load(
    const char *path, const char *what, struct lk_sign_key **out_key, struct lk_error *err)
{
	LK_AUTO(lk_secret32_wipe) struct lk_secret32 seed = { 0 };

	LK_TRY(lk_secret_file_load32(path, what, &seed, err));
	return lk_sign_key_from_seed(&seed, out_key, err);
}

lk_status
lk_sign_key_create_file(
    const struct lk_sign_key *key, const char *path, const char *what, struct lk_error *err)
{
	return lk_secret_file_create(
	    path, what, lk_bytes(lk_secret_bytes(key->private_key).data, LK_SIGN_SEED_LEN), err);
}

const uint8_t *
lk_sign_key_public(const struct lk_sign_key *key)
{
	return key->public_key;
}

void
lk_sign(
    const struct lk_sign_key *key, struct lk_bytes message, uint8_t out_signature[LK_SIGNATURE_LEN])
{
	crypto_sign_detached(
	    out_signature, NULL, message.data, message.len, lk_secret_bytes(key->private_key).data);
}

void
lk_sign_key_box(const struct lk_sign_key *key, struct lk_box_pair *out_pair)
{
	(void)crypto_sign_ed25519_sk_to_curve25519(
	    out_pair->private_key.bytes, lk_secret_bytes(key->private_key).data);
	(void)crypto_scalarmult_base(out_pair->public_key, out_pair->private_key.bytes);
}

bool
lk_sign_verify(const uint8_t public_key[LK_SIGN_PUBLIC_LEN], struct lk_bytes message,
    struct lk_bytes signature)
{
	return signature.len == LK_SIGNATURE_LEN && crypto_sign_verify_detached(signature.data,
							message.data, message.len, public_key) == 0;
}
