/*
 * A key that signs tokens, and the states it lives through.
 *
 *   published ──> active ──> retired ──> (dropped)
 *       │            │          │
 *       └────────────┴──────────┴──> withdrawn
 *
 * Published: in the JWKS, not yet used. Active: signs; there is one. Retired: in the JWKS until its
 * last token has expired, then its row is deleted. Withdrawn: out of the JWKS at once, and for
 * ever. A key that will not sign any more has no private half left.
 */
#ifndef LK_TOKENS_SIGNING_KEY_H
#define LK_TOKENS_SIGNING_KEY_H

#include <stdbool.h>

#include "base/base.h"
#include "crypto/es256.h"

enum signing_key_state {
	SIGNING_KEY_PUBLISHED,
	SIGNING_KEY_ACTIVE,
	SIGNING_KEY_RETIRED,
	SIGNING_KEY_WITHDRAWN,
};

struct signing_key {
	char kid[LK_ES256_THUMBPRINT_SIZE]; /* RFC 7638 */
	enum signing_key_state state;
	struct lk_es256 *key;   /* the active one can sign; the others hold the public half; a
				   reference of this struct, or NULL where only the rest is told */
	int64_t created_at_ms;  /* when it came into the JWKS */
	int64_t changed_at_ms;  /* when it took its state */
	int64_t activate_at_ms; /* published: when it is going to sign */
};

bool signing_key_may_become(enum signing_key_state from, enum signing_key_state to);
bool signing_key_is_published(enum signing_key_state state); /* does the JWKS show it? */
bool signing_key_may_sign(enum signing_key_state state);     /* now or later */

const char *signing_key_state_name(enum signing_key_state state);
bool signing_key_state_parse(const char *name, enum signing_key_state *out);

#endif
