/*
 * liblatchkey-validator: decide from memory whether a key or JWT is good, and forget in time what
 * is no longer true.
 *
 * Answers of the services are remembered, and believed only under a lease that the services' feeds
 * renew. Whatever the network does, a call that begins later than `max_staleness_ms` after a
 * revocation was answered does not accept what was revoked. The rules of latchkey/base.h hold here
 * too. Link with liblatchkey-validator and liblatchkey (pkg-config latchkey-validator).
 */
#ifndef LATCHKEY_VALIDATOR_H
#define LATCHKEY_VALIDATOR_H

#include <latchkey/client.h>
#include <latchkey/keys.h>

LATCHKEY_BEGIN_DECLS

typedef struct latchkey_validator latchkey_validator;

/** What to do while no lease is held: the service was not reached for `max_staleness_ms`. */
typedef enum latchkey_lost_lease {
	LATCHKEY_LOST_LEASE_ASK,        /**< ask the service about every credential */
	LATCHKEY_LOST_LEASE_FAIL_CLOSED /**< LATCHKEY_UNAVAILABLE LEASE_LOST at once */
} latchkey_lost_lease;

/** Zero is each member's default. */
typedef struct latchkey_validator_options {
	const latchkey_options
	    *client; /**< where, and who: with permissions tokens.validate and feed.read */
	const char *peers_dir;     /**< folder with keys.pub and tokens.pub, to check the feeds'
				      signatures; NULL: the     connection vouches for them */
	uint32_t max_staleness_ms; /**< 10 to 60000; 0: 5000 */
	uint32_t stale_grace_ms; /**< after a lease ends, go on accepting what is remembered; 0: not
				    at all */
	latchkey_lost_lease lost_lease;
	uint32_t negative_ttl_ms; /**< how long a refusal is remembered, at most; 0: 1000 */
	size_t max_entries;       /**< credentials remembered; 0: 100000 */
	uint32_t timeout_ms;      /**< of a question to the service; 0: 2000 */
} latchkey_validator_options;

/**
 * Begin to read the feeds of keys and tokens, in threads of its own, and to report every minute how
 * often each key was used. Succeeds while services are down.
 * @return as latchkey_client_open; LATCHKEY_INVALID_ARGUMENT STALENESS_INVALID; what reading a
 * peer's key file answers.
 */
LATCHKEY_API latchkey_status latchkey_validator_open(const latchkey_validator_options *options,
    latchkey_validator **out_validator, latchkey_error *out_error) LATCHKEY_MUST_CHECK;

/** Reports uses that were not reported yet, for a second at most. No call may be running or
 * follow. NULL is allowed. In a forked child it does nothing. */
LATCHKEY_API void latchkey_validator_close(latchkey_validator *validator);

/** The answer, in the caller's storage. */
typedef struct latchkey_decision {
	bool active;
	bool remembered;       /**< answered without asking */
	bool is_token;         /**< a JWT, not a key */
	char reason[48];       /**< "" when active, else as latchkey_validation_reason() */
	char key[31];          /**< key_… that was shown, or the token was made from; or "" */
	char token[31];        /**< jti_…, or "" */
	int64_t expires_at_ms; /**< of the credential; 0: never */
	const latchkey_identity
	    *identity; /**< who, and what they may do now; NULL when refused. Shared by all
			  credentials of one owner with the same rights, so it names no key and
			  no expiry. Lives until latchkey_decision_wipe() */
	void *held;    /**< what keeps `identity` alive */
} latchkey_decision;

/** Let go of the identity. Twice is fine, and so is a decision of all zeroes. */
LATCHKEY_API void latchkey_decision_wipe(latchkey_decision *decision);

/**
 * Is this key or JWT good, and does it meet the requirements (NULL: none)? Refused is an answer. On
 * every call, remembered or not: expiry, not-before, audience, permission, workgroup; what was
 * remembered counts for the same audience and source address only. Any thread.
 *
 * @return LATCHKEY_UNAVAILABLE LEASE_LOST, or VALIDATOR_LATE: the service's answer came later than
 * max_staleness_ms after it was asked, so it may not be true any more; LATCHKEY_FAILED_PRECONDITION
 * FORKED in a child of fork(): open a validator of its own there; else what asking the service may
 * return.
 */
LATCHKEY_API latchkey_status latchkey_validator_validate(latchkey_validator *validator,
    const char *credential, const latchkey_requirements *requirements,
    latchkey_decision *out_decision, latchkey_error *out_error) LATCHKEY_MUST_CHECK;

/** What it did since it was opened. */
typedef struct latchkey_validator_counts {
	uint64_t hits, refused_hits; /**< answered from memory: yes, and no */
	uint64_t misses;             /**< asked about */
	uint64_t batches;            /**< messages that carried these questions */
	uint64_t failures;           /**< questions without an answer */
	uint64_t lease_lost;         /**< calls that found no lease */
	uint64_t events, flushes;    /**< from the feeds */
	uint64_t uses_reported;      /**< of those answered from memory: told to keys */
	int64_t lease_left_ms[2];    /**< of keys, of tokens; 0 or less: none */
	uint64_t entries;            /**< credentials remembered now, good or not any more */
} latchkey_validator_counts;
LATCHKEY_API void latchkey_validator_count(
    const latchkey_validator *validator, latchkey_validator_counts *out_counts);

LATCHKEY_END_DECLS

#endif
