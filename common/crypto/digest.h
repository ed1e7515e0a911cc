/*
 * Keyed digests of key secrets under a pepper; BLAKE2b-256; SHA-256 where a standard asks for
 * it.
 */
#ifndef LK_CRYPTO_DIGEST_H
#define LK_CRYPTO_DIGEST_H

#include <stdint.h>

#include "base/bytes.h"
#include "base/status.h"
#include "crypto/secret.h"

enum { LK_DIGEST_LEN = 32 };

/* BLAKE2b-256 (RFC 7693). Of bodies, cache keys, chains. */
void lk_hash256(struct lk_bytes data, uint8_t out_hash[LK_DIGEST_LEN]);

/*
 * The same over a label and parts, each behind its length: no two lists of parts are hashed
 * alike.
 */
void lk_hash256_parts(
    const char *label, const struct lk_bytes *parts, size_t count, uint8_t out_hash[LK_DIGEST_LEN]);

/* FIPS 180-4. */
void lk_sha256(struct lk_bytes data, uint8_t out_hash[LK_DIGEST_LEN]);

/*
 * The pepper: 32 secret bytes with a version, in guarded memory, tied to one installation. A stolen
 * database without it tells nothing about which key is which. Threads may share it.
 */
struct lk_pepper;

/* `instance` is the installation's id. RESOURCE_EXHAUSTED OUT_OF_MEMORY. Yours. */
lk_status lk_pepper_new(uint32_t version, const struct lk_secret32 *key, const char *instance,
    struct lk_pepper **out_pepper, struct lk_error *err);
uint32_t lk_pepper_version(const struct lk_pepper *pepper);
void lk_pepper_free(struct lk_pepper *pepper);
LK_DEFINE_FREEP(lk_pepper_freep, struct lk_pepper *, lk_pepper_free)

/*
 * What is stored in place of a key's secret: keyed BLAKE2b-256 over label, instance, tenant ("" for
 * a principal's key), key id and secret, unambiguously encoded. Compare with lk_secret_equal.
 * Cannot fail.
 */
void lk_key_digest(const struct lk_pepper *pepper, const char *tenant, const char *key_id,
    const struct lk_secret32 *secret, uint8_t out_digest[LK_DIGEST_LEN]);

/*
 * A keyed BLAKE2b-256 over a label and parts, each behind its length, under a key that is derived
 * from the pepper and used for nothing else: who has the database alone cannot make one. Compare
 * with lk_secret_equal. Cannot fail.
 */
void lk_pepper_mac(const struct lk_pepper *pepper, const char *label, const struct lk_bytes *parts,
    size_t count, uint8_t out_mac[LK_DIGEST_LEN]);

#endif
