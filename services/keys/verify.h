/* The question asked thousands of times a second: is this key good, whose is it, what may it do? */
#ifndef LK_KEYS_VERIFY_H
#define LK_KEYS_VERIFY_H

#include "standing.h"

struct verify_ask {
	const char *secret;              /* as it was shown */
	const char *required_permission; /* "" for none, likewise below */
	const char *required_workgroup;
	bool sign_in;       /* the key is exchanged for a token; from services only */
	bool allow_session; /* a session's secret is accepted; from services only */
	const char
	    *source_address;  /* of who showed it: counted, and held against the key's networks */
	const char *asked_by; /* to be counted; "" for none */
};

struct verify_answer {
	bool active;
	const char *reason;                             /* static; "" when active */
	struct identity identity;                       /* when active */
	int64_t token_ttl_default_ms, token_ttl_max_ms; /* when active: of the tenant's policy; the
							   default profile's for principals */
	int64_t not_before_ms;                          /* when active */
};

/*
 * Refused is an answer. Texts that are no key of this installation are KEY_MALFORMED. Unknown,
 * wrong, revoked, expired, suspended keys, and keys out of the asker's reach, cost and answer the
 * same: KEY_REFUSED; from an address that showed too many such keys, what is not in memory is
 * TOO_MANY_FAILURES. A good key that is shown for something else than a token, where the tenant's
 * policy accepts tokens only, is KEY_FOR_TOKENS_ONLY. Then KEY_NOT_YET_VALID, SOURCE_REFUSED,
 * PERMISSION_MISSING, WORKGROUP_MISSING. Fails only as reading the store may, and INVALID_ARGUMENT
 * PERMISSION_UNKNOWN.
 */
lk_status key_verify(struct keys *keys, const struct lk_caller *asker, const struct verify_ask *ask,
    const struct patience *patience, struct verify_answer *out_answer, struct lk_error *err);

#endif
