/* Changes of root keys: what is loaded meets what is stored; rotate, re-wrap, retire. Each is part
 * of a transaction of the caller's. */
#ifndef LK_CREDENTIALS_KEKS_H
#define LK_CREDENTIALS_KEKS_H

#include "kek_store.h"
#include "tenant_key_store.h"
#include "vault.h"

/*
 * Once at start: a key that was never seen is remembered as pending (one that tenant keys name, or
 * else the very first, as active), one that was is proven to be the same, and every one in use has
 * to be loaded. FAILED_PRECONDITION KEK_WRONG, KEK_MISSING. One that is retired and still
 * configured is logged.
 */
lk_status keks_settle(struct lk_tx *tx, const struct vault *vault, int64_t now_ms,
    struct lk_arena *arena, struct lk_error *err);

/*
 * Make `id` the active one; "" is the only one that is pending. One that is active already stays
 * so: going on with a rotation that was interrupted. NOT_FOUND KEK_MISSING; FAILED_PRECONDITION
 * KEK_NOT_PENDING (nothing to rotate to), KEK_RETIRED; INVALID_ARGUMENT KEK_AMBIGUOUS for field id.
 */
lk_status keks_rotate(struct lk_tx *tx, const struct vault *vault, const char *id, int64_t now_ms,
    struct kek *out_active, bool *out_changed, struct lk_error *err);

/* One step of re-wrapping under the active key. */
struct rewrap {
	const char *after;     /* the tenant that the step before ended with; "" */
	size_t limit;          /* tenant keys looked at: 1 to KEKS_REWRAP_MAX */
	int64_t rewrapped;     /* of those */
	int64_t broken;        /* did not open, and were left as they are */
	int64_t all, left;     /* tenant keys, and those of them not under the active key */
	char last[LK_ID_SIZE]; /* where the next step goes on; "" after the last one */
};
enum { KEKS_REWRAP_MAX = 512 };

/* Fills what follows `limit`. RESOURCE_EXHAUSTED OUT_OF_MEMORY, or as the store. */
lk_status keks_rewrap(struct lk_tx *tx, const struct vault *vault, struct lk_arena *arena,
    struct rewrap *step, struct lk_error *err);

/* FAILED_PRECONDITION KEK_IN_USE while it is active or pending or a tenant key is wrapped under it;
 * NOT_FOUND KEK_MISSING. */
lk_status keks_retire(
    struct lk_tx *tx, const char *id, int64_t now_ms, struct kek *out_kek, struct lk_error *err);

#endif
