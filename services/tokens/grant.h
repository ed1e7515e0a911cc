/*
 * What a token may say: never wider and never longer-lived than the key or session it is made from.
 * Pure: no I/O. RFC 9068 2.2 for the members, RFC 8725 for the care.
 */
#ifndef LK_TOKENS_GRANT_H
#define LK_TOKENS_GRANT_H

#include "auth/token.h"
#include "id/random.h"

enum {
	GRANT_NOT_BEFORE_SLACK_S = 30
}; /* a verifier whose clock is behind by less takes a fresh token */

/* What keys says of the source; lists borrowed. */
struct grant_source {
	const char *subject, *tenant, *key, *session; /* "" where there is none */
	lk_permissions permissions;
	bool all_workgroups;
	const char *const *workgroups;
	size_t workgroups_count;
	int64_t expires_at_ms; /* of the key or session; 0 never */
	uint64_t tenant_generation, user_generation, key_generation, session_generation;
	const struct lk_actor *actor;       /* who acts for the subject; NULL for nobody */
	int64_t ttl_default_ms, ttl_max_ms; /* the tenant's policy */
};

/* What the asker wants. */
struct grant_wish {
	const char *audience; /* "" means the platform's */
	lk_permissions scope; /* 0 means all the source has */
	int64_t ttl_ms;       /* 0 means the policy's default */
};

/* What the installation allows. */
struct grant_rules {
	const char *issuer;
	const char *platform_audience;
	const char *own_audience; /* "latchkey:<instance>" */
	enum lk_token_typ typ;
	int64_t ttl_limit_ms; /* no token lives longer, whatever the policy says */
};

/* What needs no source to be refused: audience and time, with the same errors as grant_claims. */
lk_status grant_check(
    const struct grant_wish *wish, const struct grant_rules *rules, struct lk_error *err);

/*
 * INVALID_ARGUMENT naming the field: AUDIENCE_UNKNOWN, TTL_TOO_LONG (with the maximum);
 * PERMISSION_DENIED SCOPE_EXCEEDED when the scope asks for what the source has not;
 * FAILED_PRECONDITION WORKGROUPS_MANY above LK_TOKEN_WORKGROUPS_MAX; UNAUTHENTICATED KEY_REFUSED
 * when the source expires within this second. A token of a source that expires earlier expires with
 * it.
 */
lk_status grant_claims(const struct grant_source *source, const struct grant_wish *wish,
    const struct grant_rules *rules, const struct lk_clock *clock, const struct lk_random *random,
    struct lk_claims *out_claims, struct lk_error *err);

#endif
