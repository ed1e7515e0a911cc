/*
 * Secrets have a type: guarded memory for long-lived ones, wiped scope for small ones, one
 * comparison. Nothing here prints one.
 */
#ifndef LK_CRYPTO_SECRET_H
#define LK_CRYPTO_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/alloc.h" /* lk_wipe */
#include "base/bytes.h"
#include "base/scope.h"
#include "base/status.h"

/*
 * Starts libsodium, and libcrypto without its configuration file: call it before a sandbox. Any
 * thread, any number of times. INTERNAL CRYPTO_UNAVAILABLE.
 */
lk_status lk_crypto_init(struct lk_error *err);

/* Takes the same time wherever the bytes differ. */
bool lk_secret_equal(const void *a, const void *b, size_t len);

/* 32 secret bytes on the stack or inside another secret; under LK_AUTO(lk_secret32_wipe). */
enum { LK_SECRET32_LEN = 32 };
struct lk_secret32 {
	uint8_t bytes[LK_SECRET32_LEN];
};
void lk_secret32_wipe(struct lk_secret32 *secret);
void lk_secret32_random(struct lk_secret32 *out);

/* Wipes a buffer with its scope: LK_AUTO(lk_wipe_view) struct lk_wiped w = { buf, sizeof buf }; */
struct lk_wiped {
	void *data;
	size_t len;
};
void lk_wipe_view(struct lk_wiped *view);

/*
 * A long-lived secret: locked in memory where the system allows it, between guard pages, left out
 * of core dumps, read-only once made, wiped when freed. Costs several pages: for a process's own
 * keys, not for one per row. Threads may share it.
 */
struct lk_secret;

enum { LK_SECRET_MAX = 16 * 1024 }; /* bytes: the longest token with room to spare */

/*
 * Copies 1 to LK_SECRET_MAX bytes; the secret is yours. RESOURCE_EXHAUSTED OUT_OF_MEMORY, INTERNAL
 * SECRET_LENGTH, or as lk_crypto_init, which it calls.
 */
lk_status lk_secret_new(struct lk_bytes bytes, struct lk_secret **out_secret, struct lk_error *err);
/* How many could not be kept from the swap: the limit of locked memory was met. */
uint64_t lk_secret_unlocked(void);
struct lk_bytes lk_secret_bytes(const struct lk_secret *secret); /* borrowed until freed */
void lk_secret_free(struct lk_secret *secret);
LK_DEFINE_FREEP(lk_secret_freep, struct lk_secret *, lk_secret_free)

#endif
