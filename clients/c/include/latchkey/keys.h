/* API keys: made, listed, revoked, and checked. */
#ifndef LATCHKEY_KEYS_H
#define LATCHKEY_KEYS_H

#include <latchkey/accounts.h>
#include <latchkey/client.h>

LATCHKEY_BEGIN_DECLS

typedef struct latchkey_key latchkey_key;
typedef struct latchkey_key_list latchkey_key_list;

LATCHKEY_API const char *latchkey_key_id(const latchkey_key *key);
LATCHKEY_API const char *latchkey_key_tenant(
    const latchkey_key *key); /**< "" for a principal's key */
LATCHKEY_API const char *latchkey_key_owner(const latchkey_key *key); /**< usr_… or prn_… */
LATCHKEY_API const char *latchkey_key_owner_name(
    const latchkey_key *key); /**< e-mail, or the principal's name */
LATCHKEY_API const char *latchkey_key_name(const latchkey_key *key);
LATCHKEY_API const char *latchkey_key_hint(
    const latchkey_key *key); /**< the masked key, for lists */
LATCHKEY_API const char *latchkey_key_state(
    const latchkey_key *key); /**< "active", "pending", "suspended", "expired", "revoked" */
LATCHKEY_API const char *latchkey_key_revoke_reason(const latchkey_key *key);
LATCHKEY_API size_t latchkey_key_permission_count(
    const latchkey_key *key); /**< 0: all the owner's but those that mint power */
LATCHKEY_API const char *latchkey_key_permission_at(const latchkey_key *key, size_t index);
LATCHKEY_API bool latchkey_key_all_workgroups(const latchkey_key *key);
LATCHKEY_API size_t latchkey_key_workgroup_count(const latchkey_key *key);
LATCHKEY_API const char *latchkey_key_workgroup_at(const latchkey_key *key, size_t index);
LATCHKEY_API size_t latchkey_key_source_network_count(
    const latchkey_key *key); /**< 0: good from anywhere */
LATCHKEY_API const char *latchkey_key_source_network_at(const latchkey_key *key, size_t index);
LATCHKEY_API int64_t latchkey_key_not_before_at_ms(
    const latchkey_key *key); /**< refused until then; 0: good from the start */
LATCHKEY_API int64_t latchkey_key_suspended_at_ms(const latchkey_key *key); /**< 0: it is not */
LATCHKEY_API const char *latchkey_key_suspended_by(
    const latchkey_key *key); /**< usr_… or an operator's name; "" */
LATCHKEY_API const char *latchkey_key_replaced_by(
    const latchkey_key *key); /**< key_… that a rotation made in its place; "" */
LATCHKEY_API const char *latchkey_key_imported_from(
    const latchkey_key *key); /**< the system that issued it; "": we did */
LATCHKEY_API int64_t latchkey_key_created_at_ms(const latchkey_key *key);
LATCHKEY_API int64_t latchkey_key_expires_at_ms(const latchkey_key *key);
LATCHKEY_API int64_t latchkey_key_last_used_at_ms(const latchkey_key *key);
LATCHKEY_API int64_t latchkey_key_last_sign_in_at_ms(const latchkey_key *key);
LATCHKEY_API int64_t latchkey_key_revoked_at_ms(const latchkey_key *key);
LATCHKEY_API void latchkey_key_free(latchkey_key *key);

/** The items are borrowed from the list. `index` is below the count. */
LATCHKEY_API size_t latchkey_key_list_count(const latchkey_key_list *list);
LATCHKEY_API const latchkey_key *latchkey_key_list_at(const latchkey_key_list *list, size_t index);
LATCHKEY_API const char *latchkey_key_list_next(
    const latchkey_key_list *list); /**< the next page's cursor; "": none */
LATCHKEY_API void latchkey_key_list_free(latchkey_key_list *list);

typedef struct latchkey_key_request {
	const char *name; /**< 1 to 64 printable characters */
	const char *ttl; /**< "90d", "12h", "P90D", an RFC 3339 instant, "never"; NULL: the policy's
			    default */
	const char *const *permissions; /**< NULL: all the owner's but those that mint power */
	size_t permissions_count;
	const char *const *workgroups; /**< ids or names; NULL: all */
	size_t workgroups_count;
	const char *owner;      /**< NULL: the caller; somebody else needs api_keys.manage_any */
	const char *tenant;     /**< operators only */
	const char *not_before; /**< an RFC 3339 instant, or a duration from now; NULL: at once */
	const char *const *source_networks; /**< at most 16 of "10.0.0.0/8", "2001:db8::/32"; NULL:
					       good from anywhere */
	size_t source_networks_count;
} latchkey_key_request;

/**
 * Make an API key and receive its text, the only time it is ever shown.
 *
 * A repetition with the same idempotency key that finds the key made answers it with
 * LATCHKEY_ALREADY_EXISTS and reason ALREADY_CREATED where the secret cannot be shown again.
 * @return LATCHKEY_INVALID_ARGUMENT KEY_NAME_INVALID, DURATION_INVALID …;
 * LATCHKEY_FAILED_PRECONDITION for what the tenant's policy forbids; LATCHKEY_UNKNOWN when the
 * outcome was lost: list before doing it again.
 */
LATCHKEY_API latchkey_status latchkey_key_create(latchkey_client *client,
    const latchkey_key_request *request, const latchkey_call *call, latchkey_key **out_key,
    latchkey_secret **out_secret, latchkey_error *out_error) LATCHKEY_MUST_CHECK;

LATCHKEY_API latchkey_status latchkey_key_get(latchkey_client *client, const char *id,
    const latchkey_call *call, latchkey_key **out_key,
    latchkey_error *out_error) LATCHKEY_MUST_CHECK;

/**
 * A new key with the name, owner and rights of this one, which goes on for `overlap` ("24h", "0s";
 * NULL: 24 hours, or the policy's maximum when that is less). `ttl` NULL: as long as the old one
 * was given, where the policy allows that.
 * @return LATCHKEY_FAILED_PRECONDITION KEY_ALREADY_ROTATED, ROTATION_UNDER_WAY, KEY_SUSPENDED,
 * KEY_EXPIRED; LATCHKEY_PERMISSION_DENIED PERMISSION_EXCEEDS for a key that can do more than the
 * caller, KEY_ROTATES_ITSELF; LATCHKEY_INVALID_ARGUMENT OVERLAP_TOO_LONG; otherwise as
 * latchkey_key_create.
 */
LATCHKEY_API latchkey_status latchkey_key_rotate(latchkey_client *client, const char *id,
    const char *overlap, const char *ttl, const latchkey_call *call, latchkey_key **out_key,
    latchkey_secret **out_secret, latchkey_error *out_error) LATCHKEY_MUST_CHECK;

/**
 * Take 1 to 200 keys out of use, all or none, and back; the secrets stay as they are. An owner
 * resumes what the owner suspended, an administrator any. LATCHKEY_FAILED_PRECONDITION
 * KEY_ALREADY_SUSPENDED, KEY_NOT_SUSPENDED; LATCHKEY_PERMISSION_DENIED SUSPENDED_BY_ANOTHER.
 */
LATCHKEY_API latchkey_status latchkey_key_suspend(latchkey_client *client, const char *const *ids,
    size_t count, const char *reason, const latchkey_call *call, latchkey_key_list **out_list,
    latchkey_error *out_error) LATCHKEY_MUST_CHECK;
LATCHKEY_API latchkey_status latchkey_key_resume(latchkey_client *client, const char *const *ids,
    size_t count, const latchkey_call *call, latchkey_key_list **out_list,
    latchkey_error *out_error) LATCHKEY_MUST_CHECK;

/**
 * Whose keys, and which of them. NULL in place of it: the caller's own that are not revoked. What
 * is NULL, false or 0 does not narrow. LATCHKEY_INVALID_ARGUMENT KEY_STATE_UNKNOWN,
 * FILTER_CONFLICT; LATCHKEY_PERMISSION_DENIED OPERATORS_ONLY.
 */
typedef struct latchkey_key_filter {
	const char *owner;  /**< id or e-mail */
	bool all_owners;    /**< the whole tenant: api_keys.manage_any */
	const char *tenant; /**< operators only */
	bool include_revoked;
	const char *state; /**< "active", "pending", "suspended", "expired" or "revoked" */
	int64_t expiring_before_at_ms; /**< their life ends before this */
	int64_t unused_since_at_ms;    /**< made before this and not used from it on */
	const char *name;              /**< how the name begins */
	bool all_tenants;              /**< every key there is: operators only */
} latchkey_key_filter;
LATCHKEY_API latchkey_status latchkey_key_list_get(latchkey_client *client,
    const latchkey_key_filter *filter, const latchkey_page *page, const latchkey_call *call,
    latchkey_key_list **out_list, latchkey_error *out_error) LATCHKEY_MUST_CHECK;

/**
 * Revoke 1 to 200 keys, all or none; the next check of each, and of every token made from one,
 * refuses. `reason` is for people. LATCHKEY_FAILED_PRECONDITION KEY_ALREADY_REVOKED. `out_list`
 * (may be NULL) are the keys as they are then.
 */
LATCHKEY_API latchkey_status latchkey_key_revoke(latchkey_client *client, const char *const *ids,
    size_t count, const char *reason, const latchkey_call *call, latchkey_key_list **out_list,
    latchkey_error *out_error) LATCHKEY_MUST_CHECK;

/** What a revocation by filter says beside the keys. */
typedef struct latchkey_revocation {
	char confirmation[33]; /**< of a dry run: send it to revoke these very keys */
	bool more;             /**< more keys match: do it again */
} latchkey_revocation;

/**
 * Revoke the newest 100 keys that the filter finds, in two steps. `confirmation` NULL is the dry
 * run: it changes nothing and answers the keys that would go and a confirmation. With that
 * confirmation exactly those keys are revoked, or none: LATCHKEY_FAILED_PRECONDITION KEYS_CHANGED
 * when others match by now. `include_revoked` does not count.
 */
LATCHKEY_API latchkey_status latchkey_key_revoke_matching(latchkey_client *client,
    const latchkey_key_filter *filter, const char *confirmation, const char *reason,
    const latchkey_call *call, latchkey_key_list **out_list, latchkey_revocation *out_revocation,
    latchkey_error *out_error) LATCHKEY_MUST_CHECK;

/** One version of the pepper that digests of keys are made with; see `latchkey pepper`. */
typedef struct latchkey_pepper latchkey_pepper;
typedef struct latchkey_pepper_list latchkey_pepper_list;
LATCHKEY_API uint32_t latchkey_pepper_version(const latchkey_pepper *pepper);
LATCHKEY_API bool latchkey_pepper_active(
    const latchkey_pepper *pepper); /**< what is made now is under it */
LATCHKEY_API bool latchkey_pepper_loaded(
    const latchkey_pepper *pepper); /**< false: its file is missing */
LATCHKEY_API uint64_t latchkey_pepper_keys(const latchkey_pepper *pepper);     /**< that live */
LATCHKEY_API uint64_t latchkey_pepper_sessions(const latchkey_pepper *pepper); /**< open ones */
LATCHKEY_API uint64_t latchkey_pepper_tickets(const latchkey_pepper *pepper);  /**< open ones */
LATCHKEY_API uint64_t latchkey_pepper_rows(const latchkey_pepper *pepper); /**< sealed under it */
/** Of an older version up to 20 of all these: "user usr_…", then keys. */
LATCHKEY_API size_t latchkey_pepper_holder_count(const latchkey_pepper *pepper);
LATCHKEY_API const char *latchkey_pepper_holder_at(const latchkey_pepper *pepper, size_t index);
LATCHKEY_API size_t latchkey_pepper_list_count(const latchkey_pepper_list *list);
LATCHKEY_API const latchkey_pepper *latchkey_pepper_list_at(
    const latchkey_pepper_list *list, size_t index);
LATCHKEY_API void latchkey_pepper_list_free(latchkey_pepper_list *list);

/** How much is still under which version, the newest first. Operators only. */
LATCHKEY_API latchkey_status latchkey_pepper_status(latchkey_client *client,
    const latchkey_call *call, latchkey_pepper_list **out_list,
    latchkey_error *out_error) LATCHKEY_MUST_CHECK;

/** A key of another system: its owner goes on with it. */
typedef struct latchkey_foreign_key {
	const char *owner;  /**< id or e-mail */
	const char *sha256; /**< of the whole key as its owner shows it: hexadecimal or base64 */
	const char *name;
	int64_t expires_at_ms; /**< 0: never */
} latchkey_foreign_key;
enum { LATCHKEY_IMPORT_MAX = 100 };

/**
 * Import 1 to LATCHKEY_IMPORT_MAX keys by their digest, all or none (api_keys.manage_any). `source`
 * names the system; `tenant` is for operators, else NULL. Only a keyed digest of the digest is
 * stored. LATCHKEY_INVALID_ARGUMENT DIGEST_INVALID, SOURCE_INVALID, TTL_PAST;
 * LATCHKEY_ALREADY_EXISTS KEY_IMPORTED, also when it was revoked since.
 */
LATCHKEY_API latchkey_status latchkey_key_import(latchkey_client *client, const char *source,
    const char *tenant, const latchkey_foreign_key *keys, size_t count, const latchkey_call *call,
    latchkey_key_list **out_list, latchkey_error *out_error) LATCHKEY_MUST_CHECK;

/** A key that wants attention, and why. */
typedef struct latchkey_finding latchkey_finding;
typedef struct latchkey_finding_list latchkey_finding_list;
LATCHKEY_API const latchkey_key *latchkey_finding_key(
    const latchkey_finding *finding); /**< borrowed from the finding */
LATCHKEY_API bool latchkey_finding_expiring(const latchkey_finding *finding);
LATCHKEY_API bool latchkey_finding_idle(const latchkey_finding *finding);
LATCHKEY_API bool latchkey_finding_rotate_due(const latchkey_finding *finding);
LATCHKEY_API const char *latchkey_finding_last_source_address(
    const latchkey_finding *finding); /**< of the last use that told one; or "" */

LATCHKEY_API size_t latchkey_finding_list_count(const latchkey_finding_list *list);
LATCHKEY_API const latchkey_finding *latchkey_finding_list_at(
    const latchkey_finding_list *list, size_t index);
LATCHKEY_API const char *latchkey_finding_list_next(
    const latchkey_finding_list *list); /**< the next page's cursor; "": none */
LATCHKEY_API void latchkey_finding_list_free(latchkey_finding_list *list);

/** NULL in place of it, or of a member: the caller's own keys, 30 days, 90 days, the policy's
 * rotate_after. Durations like "30d". */
typedef struct latchkey_report_request {
	const char *owner;  /**< id or e-mail */
	bool all_owners;    /**< the whole tenant: api_keys.manage_any */
	const char *tenant; /**< operators only */
	const char *expiring_within;
	const char *idle_for;
	const char *older_than;
} latchkey_report_request;

/** Which keys are about to end, idle, or due for rotation? Those that are over or replaced are left
 * out. LATCHKEY_INVALID_ARGUMENT DURATION_INVALID. */
LATCHKEY_API latchkey_status latchkey_key_report(latchkey_client *client,
    const latchkey_report_request *request, const latchkey_page *page, const latchkey_call *call,
    latchkey_finding_list **out_list, latchkey_error *out_error) LATCHKEY_MUST_CHECK;

/** Who used a key: one day of one caller. */
typedef struct latchkey_use latchkey_use;
typedef struct latchkey_use_list latchkey_use_list;
LATCHKEY_API const char *latchkey_use_caller(
    const latchkey_use *use); /**< usr_…, prn_…, or the name of a service */
LATCHKEY_API const char *latchkey_use_caller_name(
    const latchkey_use *use); /**< the principal's name, or as caller */
LATCHKEY_API int64_t latchkey_use_day_at_ms(const latchkey_use *use); /**< midnight UTC */
LATCHKEY_API uint64_t latchkey_use_count(const latchkey_use *use);
LATCHKEY_API int64_t latchkey_use_last_used_at_ms(const latchkey_use *use);
LATCHKEY_API const char *latchkey_use_source_address(const latchkey_use *use); /**< or "" */

LATCHKEY_API size_t latchkey_use_list_count(const latchkey_use_list *list);
LATCHKEY_API const latchkey_use *latchkey_use_list_at(const latchkey_use_list *list, size_t index);
LATCHKEY_API const latchkey_key *latchkey_use_list_key(const latchkey_use_list *list);
LATCHKEY_API uint64_t latchkey_use_list_total(const latchkey_use_list *list); /**< of them all */
LATCHKEY_API int64_t latchkey_use_list_last_used_at_ms(
    const latchkey_use_list *list); /**< ever; 0: never */
LATCHKEY_API const char *latchkey_use_list_last_source_address(
    const latchkey_use_list *list); /**< or "" */
LATCHKEY_API void latchkey_use_list_free(latchkey_use_list *list);

/**
 * Is this key still used, and by whom? The last `days` (1 to 400; 0: 30), newest first. What
 * validators answer from memory is counted within a minute. LATCHKEY_INVALID_ARGUMENT DAYS_INVALID;
 * LATCHKEY_NOT_FOUND KEY_NOT_FOUND.
 */
LATCHKEY_API latchkey_status latchkey_key_use(latchkey_client *client, const char *id,
    uint32_t days, const latchkey_call *call, latchkey_use_list **out_list,
    latchkey_error *out_error) LATCHKEY_MUST_CHECK;

/** What to ask of a key or token beyond its being good. NULL in place of it: nothing. */
typedef struct latchkey_requirements {
	const char *source_address; /**< of the one who showed it: IPv4 or IPv6 text */
	const char *audience;       /**< who is asking; NULL: the platform */
	const char *permission;
	const char *workgroup;
} latchkey_requirements;

/** The answer to "is this good?". Refused is an answer: the call itself returns LATCHKEY_OK. */
typedef struct latchkey_verdict latchkey_verdict;
typedef struct latchkey_verdict_list latchkey_verdict_list;
LATCHKEY_API bool latchkey_verdict_active(const latchkey_verdict *verdict);
LATCHKEY_API const char *latchkey_verdict_reason(
    const latchkey_verdict *verdict); /**< "" when active */
/** Who it is and what they may do now; NULL when refused. Borrowed from the verdict. */
LATCHKEY_API const latchkey_identity *latchkey_verdict_identity(const latchkey_verdict *verdict);
LATCHKEY_API void latchkey_verdict_free(latchkey_verdict *verdict);

LATCHKEY_API size_t latchkey_verdict_list_count(const latchkey_verdict_list *list);
LATCHKEY_API const latchkey_verdict *latchkey_verdict_list_at(
    const latchkey_verdict_list *list, size_t index);
LATCHKEY_API void latchkey_verdict_list_free(latchkey_verdict_list *list);

/** Check an API key (permission keys.verify). `key` is NUL-terminated text of any kind. */
LATCHKEY_API latchkey_status latchkey_key_verify(latchkey_client *client, const char *key,
    const latchkey_requirements *requirements, const latchkey_call *call,
    latchkey_verdict **out_verdict, latchkey_error *out_error) LATCHKEY_MUST_CHECK;

/** Check 1 to 64 keys at once, all under the same requirements; verdicts in the order asked. */
LATCHKEY_API latchkey_status latchkey_key_verify_many(latchkey_client *client,
    const char *const *keys, size_t count, const latchkey_requirements *requirements,
    const latchkey_call *call, latchkey_verdict_list **out_list,
    latchkey_error *out_error) LATCHKEY_MUST_CHECK;

LATCHKEY_END_DECLS

#endif
