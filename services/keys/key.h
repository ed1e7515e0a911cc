/* API keys: what one may be called, how long it lives, what it may do, when it is over. Rules only;
 * rows are key_store's. */
#ifndef LK_KEYS_KEY_H
#define LK_KEYS_KEY_H

#include "crypto/digest.h"
#include "crypto/key_format.h"
#include "ids.h"
#include "policy.h"
#include "role.h"
#include "text.h"

/*
 *   active ──time──▶ expired
 *      └──revoked──▶ revoked ◀──revoked── expired
 * A revoked key stays as a tombstone without its digest.
 */
enum key_state { KEY_ACTIVE, KEY_EXPIRED, KEY_REVOKED };

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
	uint64_t generation;
	int64_t created_at_ms, expires_at_ms; /* 0: never */
	int64_t last_used_at_ms, last_sign_in_at_ms;
	int64_t revoked_at_ms;
	char revoke_reason[REASON_SIZE];
};

const char *key_state_name(enum key_state state);
bool key_state_find(const char *name, enum key_state *out_state);
enum key_state key_state(const struct key *key, int64_t now_ms);

/* FAILED_PRECONDITION KEY_ALREADY_REVOKED. An expired key may be revoked. */
lk_status key_revoke_check(const struct key *key, struct lk_error *err);

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
 * FAILED_PRECONDITION API_KEYS_DISABLED, ADMIN_OWNED_KEY; PERMISSION_DENIED SELF_SERVICE_OFF.
 * `out_warn`: allowed, but the policy warns of keys owned by administrators.
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
