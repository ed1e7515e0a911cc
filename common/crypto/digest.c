/*
 * Digests; the pepper holds a BLAKE2b state with its key already in place, so that a digest is
 * a copy and two blocks.
 */
#include "crypto/digest.h"

#include <openssl/evp.h>
#include <pthread.h>
#include <sodium.h>
#include <string.h>

/* A length before each part, so that the hashed bytes say where a part ends. */
static void
absorb(crypto_generichash_state *state, struct lk_bytes part)
{
	uint8_t len[4] = { (uint8_t)part.len, (uint8_t)(part.len >> 8), (uint8_t)(part.len >> 16),
		(uint8_t)(part.len >> 24) };

	crypto_generichash_update(state, len, sizeof len);
	crypto_generichash_update(state, part.data, part.len);
}

void
lk_hash256(struct lk_bytes data, uint8_t out_hash[LK_DIGEST_LEN])
{
	crypto_generichash(out_hash, LK_DIGEST_LEN, data.data, data.len, NULL, 0);
}

void
lk_hash256_parts(
    const char *label, const struct lk_bytes *parts, size_t count, uint8_t out_hash[LK_DIGEST_LEN])
{
	crypto_generichash_state state;

	crypto_generichash_init(&state, NULL, 0, LK_DIGEST_LEN);
	absorb(&state, lk_bytes_of(label));
	for (size_t i = 0; i < count; i++)
		absorb(&state, parts[i]);
	crypto_generichash_final(&state, out_hash, LK_DIGEST_LEN);
}

static EVP_MD
    *sha256; /* fetched once: libcrypto looks it up at every use otherwise; kept until exit */

static void
sha256_fetch(void)
{
	if (lk_crypto_init(NULL) == LK_OK)
		sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
}

/*
 * libcrypto uses the processor's SHA instructions; libsodium's does not, but it needs no memory
 * and cannot fail.
 */
void
lk_sha256(struct lk_bytes data, uint8_t out_hash[LK_DIGEST_LEN])
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, sha256_fetch);
	if (!sha256 || EVP_Digest(data.data, data.len, out_hash, NULL, sha256, NULL) != 1)
		crypto_hash_sha256(out_hash, data.data, data.len);
}

struct lk_pepper {
	uint32_t version;
	struct lk_secret *state;     /* a crypto_generichash_state: of digests */
	struct lk_secret *mac_state; /* likewise: of MACs */
};

/*
 * The key of the digests is derived from the pepper, the label and the instance: they are the same
 * for every key of an installation, so hashing them once serves all, and a digest's own input fits
 * one block.
 */
static lk_status
prepared_state(const struct lk_secret32 *key, const char *label, const char *instance,
    struct lk_secret **out_state, struct lk_error *err)
{
	crypto_generichash_state state;
	LK_AUTO(lk_wipe_view) struct lk_wiped wiped = { &state, sizeof state };
	LK_AUTO(lk_secret32_wipe) struct lk_secret32 derived = { 0 };

	crypto_generichash_init(&state, key->bytes, sizeof key->bytes, sizeof derived.bytes);
	absorb(&state, lk_bytes_of(label));
	absorb(&state, lk_bytes_of(instance));
	crypto_generichash_final(&state, derived.bytes, sizeof derived.bytes);
	crypto_generichash_init(&state, derived.bytes, sizeof derived.bytes, LK_DIGEST_LEN);
	return lk_secret_new(lk_bytes(&state, sizeof state), out_state, err);
}

lk_status
lk_pepper_new(uint32_t version, const struct lk_secret32 *key, const char *instance,
    struct lk_pepper **out_pepper, struct lk_error *err)
{
	LK_AUTO(lk_pepper_freep) struct lk_pepper *pepper = LK_ALLOC(struct lk_pepper);

	if (!pepper)
		return lk_fail_oom(err);
	pepper->version = version;
	LK_TRY(prepared_state(key, "latchkey/key-digest/v1", instance, &pepper->state, err));
	LK_TRY(prepared_state(key, "latchkey/row-mac/v1", instance, &pepper->mac_state, err));
	*out_pepper = LK_TAKE(pepper);
	return LK_OK;
}

uint32_t
lk_pepper_version(const struct lk_pepper *pepper)
{
	return pepper->version;
}

void
lk_pepper_free(struct lk_pepper *pepper)
{
	if (!pepper)
		return;
	lk_secret_free(pepper->state);
	lk_secret_free(pepper->mac_state);
	lk_free(pepper);
}

void
lk_key_digest(const struct lk_pepper *pepper, const char *tenant, const char *key_id,
    const struct lk_secret32 *secret, uint8_t out_digest[LK_DIGEST_LEN])
{
	crypto_generichash_state state;
	LK_AUTO(lk_wipe_view) struct lk_wiped wiped = { &state, sizeof state };

	memcpy(&state, lk_secret_bytes(pepper->state).data, sizeof state);
	absorb(&state, lk_bytes_of(tenant));
	absorb(&state, lk_bytes_of(key_id));
	crypto_generichash_update(&state, secret->bytes, sizeof secret->bytes);
	crypto_generichash_final(&state, out_digest, LK_DIGEST_LEN);
}

void
lk_pepper_mac(const struct lk_pepper *pepper, const char *label, const struct lk_bytes *parts,
    size_t count, uint8_t out_mac[LK_DIGEST_LEN])
{
	crypto_generichash_state state;
	LK_AUTO(lk_wipe_view) struct lk_wiped wiped = { &state, sizeof state };

	memcpy(&state, lk_secret_bytes(pepper->mac_state).data, sizeof state);
	absorb(&state, lk_bytes_of(label));
	for (size_t i = 0; i < count; i++)
		absorb(&state, parts[i]);
	crypto_generichash_final(&state, out_mac, LK_DIGEST_LEN);
}
