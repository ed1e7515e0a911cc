/* API keys: what one may be called, how long it lives, what it may do, when it is over. Rules only;
 * rows are key_store's. */
#ifndef LK_KEYS_KEY_H
#define LK_KEYS_KEY_H

#include "auth/caller.h"
#include "auth/network.h"
#include "crypto/digest.h"
#include "crypto/key_format.h"
#include "ids.h"
#include "policy.h"
#include "role.h"
#include "text.h"

/*
 *   pending ──time──▶ active ──time──▶ expired
 *                     ▲    │ suspended
 *             resumed │    ▼
 *                    suspended ──time──▶ expired
 *   each of them ──revoked──▶ revoked
 * A revoked key stays as a tombstone without its digest. A pending key may be suspended, too.
 */
enum key_state { KEY_ACTIVE, KEY_EXPIRED, KEY_REVOKED, KEY_SUSPENDED, KEY_PENDING };

enum { SOURCE_SIZE = 33 };

struct key {
	char id[LK_ID_SIZE];
	char tenant[LK_ID_SIZE]; /* "" for a principal's key */
	char owner[LK_ID_SIZE];  /* usr_… or prn_… */
	char owner_name[EMAIL_SIZE];
	char name[LABEL_SIZE];
	char last4[LK_KEY_LAST4_SIZE];
	uint8_t digest[LK_DIGEST_LEN]; /* zero once revoked */
	uint32_t pepper_version;
	bool all_permissions; /* what the owner has but the delegating ones */
	lk_permissions permissions;
	bool all_workgroups;
	struct id_list workgroups; /* in the arena it was read into */
	struct lk_networks networks;
	int64_t not_before_ms;                  /* 0: from the start */
	int64_t suspended_at_ms;                /* 0: it is not */
	char suspended_by[LK_CALLER_NAME_SIZE]; /* "" or who */
	char imported_from[SOURCE_SIZE];        /* "" for a key of ours */
	char replaced_by[LK_ID_SIZE];           /* "" or the key of a rotation */
	uint64_t generation;
	int64_t created_at_ms, expires_at_ms; /* 0: never */
	int64_t last_used_at_ms, last_sign_in_at_ms;
	int64_t revoked_at_ms;
	char revoke_reason[REASON_SIZE];
	uint8_t mac[LK_DIGEST_LEN]; /* of the row as it was read; see key_seal.h */
	bool has_mac;
};

const char *key_state_name(enum key_state state);
bool key_state_find(const char *name, enum key_state *out_state);
enum key_state key_state(const struct key *key, int64_t now_ms);

/* FAILED_PRECONDITION KEY_ALREADY_REVOKED. An expired key may be revoked. */
lk_status key_revoke_check(const struct key *key, struct lk_error *err);

/*
 * Suspending: FAILED_PRECONDITION KEY_ALREADY_REVOKED, KEY_ALREADY_SUSPENDED. Resuming, by `actor`,
 * who may decide over others' keys (`any`) or not: KEY_NOT_SUSPENDED; PERMISSION_DENIED
 * SUSPENDED_BY_ANOTHER.
 */
lk_status key_suspend_check(const struct key *key, struct lk_error *err);
lk_status key_resume_check(
    const struct key *key, const char *actor, bool any, struct lk_error *err);

/*
 * Rotating: FAILED_PRECONDITION KEY_ALREADY_REVOKED, KEY_EXPIRED, KEY_SUSPENDED,
 * KEY_ALREADY_ROTATED.
 */
lk_status key_rotate_check(const struct key *key, int64_t now_ms, struct lk_error *err);

/*
 * When the rotated key ends: `overlap` as in time/duration.h from now, "" for 24 hours or the
 * policy's maximum, "0s" at once; never later than it would have. INVALID_ARGUMENT naming
 * `overlap`: DURATION_INVALID, OVERLAP_TOO_LONG.
 */
lk_status key_overlap_end(const struct policy *policy, const struct key *key, const char *overlap,
    int64_t now_ms, int64_t *out_ends_at_ms, struct lk_error *err);

/*
 * When the key of a rotation expires: `ttl` as in key_expiry; "" gives it as long a life as the old
 * one was given, or the policy's default where that is not allowed. A principal's key may live for
 * ever. INVALID_ARGUMENT NOT_BEFORE_INVALID naming `ttl` when it would end before it begins.
 */
lk_status key_rotated_expiry(const struct policy *policy, const struct key *old, const char *ttl,
    bool may_choose, int64_t now_ms, int64_t *out_expires_at_ms, struct lk_error *err);

/*
 * From when on a key is good: `text` is a duration from now or an instant; "" is at once (0).
 * INVALID_ARGUMENT naming `not_before`: DURATION_INVALID, NOT_BEFORE_INVALID (never, past the
 * key's end).
 */
lk_status key_not_before(const char *text, int64_t expires_at_ms, int64_t now_ms,
    int64_t *out_not_before_ms, struct lk_error *err);

/*
 * Networks of a new key: what was asked, or what the maker's key (NULL: none) is held to.
 * PERMISSION_DENIED NETWORK_EXCEEDS; INVALID_ARGUMENT naming `source_networks`.
 */
lk_status key_networks_choose(char *const *asked, size_t count, const struct key *maker,
    struct lk_networks *out_networks, struct lk_error *err);

/* 1 to 64 printable characters; none where policy lets names be left out. INVALID_ARGUMENT
 * KEY_NAME_INVALID naming `name`. */
lk_status key_name_check(const struct policy *policy, const char *name, struct lk_error *err);

/* At most 128 printable bytes. INVALID_ARGUMENT REASON_INVALID naming `reason`. */
lk_status key_reason_check(const char *reason, struct lk_error *err);

/*
 * When a key made now expires: `ttl` as in time/duration.h, "" for the policy's default; 0 is
 * never. `may_choose` is for those who decide over others' keys. All INVALID_ARGUMENT naming `ttl`:
 * DURATION_INVALID, TTL_FIXED (policy chooses), TTL_NEVER_REFUSED, TTL_TOO_LONG (the message holds
 * the maximum), TTL_PAST.
 */
lk_status key_expiry(const struct policy *policy, const char *ttl, bool may_choose, int64_t now_ms,
    int64_t *out_expires_at_ms, struct lk_error *err);

/* May the owner have one more? RESOURCE_EXHAUSTED KEY_LIMIT_REACHED with limit and count. */
lk_status key_limit_check(const struct policy *policy, int64_t active_keys, struct lk_error *err);

/*
 * May keys be made in this tenant, by its members (`by_owner`), for somebody with these roles?
 * FAILED_PRECONDITION API_KEYS_NOT_ALLOWED (the operator), API_KEYS_DISABLED, ADMIN_OWNED_KEY;
 * PERMISSION_DENIED SELF_SERVICE_OFF. `out_warn`: allowed, but the policy warns of keys owned by
 * administrators.
 */
lk_status key_creation_check(const struct policy *policy, bool by_owner, role_set owner_roles,
    bool *out_warn, struct lk_error *err);

/* Who makes the key, as far as it bounds what the key may do. */
struct key_maker {
	lk_permissions permissions;
	bool limited; /* comes with a key or token that is narrower than its owner */
};

/*
 * Decide a new key's permissions. Asked for by name: no more than owner and maker have, and
 * delegating ones only where `keys_may_manage_keys` allows. Nothing asked: all the owner's but the
 * delegating ones, live; a limited maker, or one who has less, makes a key with exactly the ones
 * both have. PERMISSION_DENIED PERMISSION_EXCEEDS, PERMISSION_DELEGATING.
 */
lk_status key_permissions_choose(const struct policy *policy, lk_permissions owner,
    const struct key_maker *maker, lk_permissions asked, struct key *out_key, struct lk_error *err);

/* What a key with these settings may do while its owner has `owner`. */
lk_permissions key_permissions_now(const struct policy *policy, lk_permissions owner,
    bool all_permissions, lk_permissions permissions);

#endif
