/* What the calendar says about signing keys: when the next one is published, when it signs, when a
 * retired one may go. Pure: no I/O. */
#ifndef LK_TOKENS_ROTATION_H
#define LK_TOKENS_ROTATION_H

#include <stddef.h>

#include "signing_key.h"

enum { SIGNING_KEYS_MAX = 32 }; /* published at one time */

struct rotation_rules {
	int64_t life_ms; /* an active key signs for so long */
	int64_t
	    publish_ahead_ms; /* a key is published for so long before it signs; less than life */
	int64_t keep_ms; /* a retired key is published for so long: the longest life of a token */
};

/* INVALID_ARGUMENT CONFIG_INVALID when keys would be published later than used, or more than
 * SIGNING_KEYS_MAX at a time. */
lk_status rotation_rules_check(const struct rotation_rules *rules, struct lk_error *err);

enum rotation_step {
	ROTATION_NOTHING,
	ROTATION_PUBLISH,  /* make a key; it signs from rotation_activate_at() on */
	ROTATION_ACTIVATE, /* keys[index] signs from now on, the active one is retired */
	ROTATION_DROP,     /* nobody needs keys[index] any more */
};

struct rotation_plan {
	enum rotation_step step;
	size_t index;
};

/* The one thing to do next. An installation without an active key activates its oldest published
 * one, or publishes one. `keys` holds no withdrawn ones. */
struct rotation_plan rotation_next(const struct rotation_rules *rules,
    const struct signing_key *keys, size_t count, int64_t now_ms);

/* When a key that the calendar publishes now is going to sign. */
int64_t rotation_activate_at(const struct rotation_rules *rules, const struct signing_key *keys,
    size_t count, int64_t now_ms);

/* When a key leaves its state by the calendar; 0 for never. */
int64_t rotation_leaves_at(const struct rotation_rules *rules, const struct signing_key *key);

const struct signing_key *rotation_find(
    const struct signing_key *keys, size_t count, enum signing_key_state state); /* the first */

#endif
