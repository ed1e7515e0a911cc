/* Changes of the signing keys, each inside one transaction with its audit row: by the calendar and
 * by operators. */
#ifndef LK_TOKENS_SIGNING_KEYS_H
#define LK_TOKENS_SIGNING_KEYS_H

#include "auth/caller.h"
#include "signing_key_store.h"

/* Who changes them and when. Everything is borrowed. */
struct signing_change {
	const struct lk_keyring *ring;
	const struct rotation_rules *rules;
	const struct lk_caller *actor;
	const char *request_id; /* "" outside a call */
	const char *reason;     /* for the trail; "" for none */
	int64_t now_ms;
	struct lk_arena *arena;
};

/* Do all that the calendar asks for; an installation without keys gets its first one, which signs
 * at once. */
lk_status signing_keys_advance(
    struct lk_tx *tx, const struct signing_change *change, struct lk_error *err);

/*
 * Publish the next key now, to sign after publish_ahead; one that is published already is moved
 * forward, never past its publish_ahead. Outputs here and below have no .key. RESOURCE_EXHAUSTED
 * SIGNING_KEYS_MANY.
 */
lk_status signing_keys_rotate(struct lk_tx *tx, const struct signing_change *change,
    struct signing_key *out_next, struct lk_error *err);

/*
 * Out of the JWKS at once, private half destroyed. In the place of an active key the next in line
 * signs, or a new one, at once. NOT_FOUND SIGNING_KEY_MISSING, FAILED_PRECONDITION
 * SIGNING_KEY_WITHDRAWN.
 */
lk_status signing_keys_withdraw(struct lk_tx *tx, const struct signing_change *change,
    const char *kid, struct signing_key *out_withdrawn, struct signing_key *out_active,
    struct lk_error *err);

/* Publish `pair`, which has its private half, to sign after publish_ahead. ALREADY_EXISTS
 * SIGNING_KEY_EXISTS when it was here before, RESOURCE_EXHAUSTED SIGNING_KEYS_MANY. */
lk_status signing_keys_import(struct lk_tx *tx, const struct signing_change *change,
    struct lk_es256 *pair, struct signing_key *out_key, struct lk_error *err);

#endif
