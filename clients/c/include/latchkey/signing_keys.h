/* The keys that sign tokens: for operators. */
#ifndef LATCHKEY_SIGNING_KEYS_H
#define LATCHKEY_SIGNING_KEYS_H

#include <latchkey/tokens.h>

LATCHKEY_BEGIN_DECLS

typedef struct latchkey_signing_key latchkey_signing_key;
typedef struct latchkey_signing_key_list latchkey_signing_key_list;
LATCHKEY_API const char *latchkey_signing_key_kid(const latchkey_signing_key *key); /**< RFC 7638 */
/** "published" (not used yet), "active", "retired" (its last tokens still live), "withdrawn". */
LATCHKEY_API const char *latchkey_signing_key_state(const latchkey_signing_key *key);
LATCHKEY_API int64_t latchkey_signing_key_created_at_ms(const latchkey_signing_key *key);
LATCHKEY_API int64_t latchkey_signing_key_changed_at_ms(const latchkey_signing_key *key);
/** When it leaves its state by itself; 0: never. */
LATCHKEY_API int64_t latchkey_signing_key_next_at_ms(const latchkey_signing_key *key);
LATCHKEY_API void latchkey_signing_key_free(latchkey_signing_key *key);

/** The published ones, and the newest of the withdrawn. All of these need an operator. */
LATCHKEY_API latchkey_status latchkey_signing_key_list_get(latchkey_client *client,
    const latchkey_call *call, latchkey_signing_key_list **out_list,
    latchkey_error *out_error) LATCHKEY_MUST_CHECK;
LATCHKEY_API size_t latchkey_signing_key_list_count(const latchkey_signing_key_list *list);
LATCHKEY_API const latchkey_signing_key *latchkey_signing_key_list_at(
    const latchkey_signing_key_list *list, size_t index);
LATCHKEY_API void latchkey_signing_key_list_free(latchkey_signing_key_list *list);

/** Publish the next key; it signs from its next_at_ms on. `out_key` may be NULL, here and below. */
LATCHKEY_API latchkey_status latchkey_signing_key_rotate(latchkey_client *client,
    const latchkey_call *call, latchkey_signing_key **out_key,
    latchkey_error *out_error) LATCHKEY_MUST_CHECK;

/** A withdrawn key, and the one that signs now. */
typedef struct latchkey_withdrawal latchkey_withdrawal;
LATCHKEY_API const latchkey_signing_key *latchkey_withdrawal_key(
    const latchkey_withdrawal *withdrawal);
LATCHKEY_API const latchkey_signing_key *latchkey_withdrawal_active(
    const latchkey_withdrawal *withdrawal);
LATCHKEY_API void latchkey_withdrawal_free(latchkey_withdrawal *withdrawal);

/**
 * Emergency: out of the JWKS at once, private half destroyed, all of its tokens refused. `reason`
 * (may be NULL) is for the audit trail. LATCHKEY_NOT_FOUND SIGNING_KEY_MISSING,
 * LATCHKEY_FAILED_PRECONDITION SIGNING_KEY_WITHDRAWN.
 */
LATCHKEY_API latchkey_status latchkey_signing_key_withdraw(latchkey_client *client, const char *kid,
    const char *reason, const latchkey_call *call, latchkey_withdrawal **out_withdrawal,
    latchkey_error *out_error) LATCHKEY_MUST_CHECK;

/**
 * Bring a P-256 key of one's own: one unencrypted PKCS#8 PEM. It signs from its next_at_ms on.
 * LATCHKEY_INVALID_ARGUMENT SIGNING_KEY_INVALID, LATCHKEY_ALREADY_EXISTS SIGNING_KEY_EXISTS.
 */
LATCHKEY_API latchkey_status latchkey_signing_key_import(latchkey_client *client, const char *pem,
    const latchkey_call *call, latchkey_signing_key **out_key,
    latchkey_error *out_error) LATCHKEY_MUST_CHECK;

LATCHKEY_END_DECLS

#endif
