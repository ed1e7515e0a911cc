/* Facts from memory, or from the store when they are not there; and what somebody may do now. */
#ifndef LK_KEYS_STANDING_H
#define LK_KEYS_STANDING_H

#include "facts.h"
#include "keys.h"

/* How a question may be answered: with may_block false, what is not in memory is ABORTED
 * WOULD_BLOCK. */
struct patience {
	bool may_block;
	int64_t deadline_steady_ms;
	struct lk_arena *arena;
};

/* Facts with their references: LK_AUTO(held_facts_release) struct held_facts held = { 0 }; */
struct held_facts {
	struct tenant_facts *tenant; /* NULL for principals */
	struct owner_facts *owner;
	struct key_facts key;
	struct facts facts; /* the three as the rules take them */
};
void held_facts_release(struct held_facts *held);

/* The key or session of `id`, and its owner and tenant. *out_known false: there is no such key, or
 * it is over. */
lk_status standing_of_key(struct keys *keys, const char *id, const struct patience *patience,
    struct held_facts *out_held, bool *out_known, struct lk_error *err);

/* A usr_ or prn_, and its tenant, without a key. */
lk_status standing_of_subject(struct keys *keys, const char *id, const struct patience *patience,
    struct held_facts *out_held, bool *out_known, struct lk_error *err);

/*
 * What `subject` may do now when it comes with `key` or `session` ("" for none). *out_active false:
 * one of tenant, subject, key, session is not alive, or the key is not the subject's.
 */
lk_status standing_get(struct keys *keys, const char *subject, const char *key, const char *session,
    const struct patience *patience, struct identity *out_identity, bool *out_active,
    struct lk_error *err);

#endif
