/* What becomes of tenants and users once they are made: renamed, suspended, deleted. */
#ifndef LATCHKEY_PEOPLE_H
#define LATCHKEY_PEOPLE_H

#include <latchkey/accounts.h>

LATCHKEY_BEGIN_DECLS

/** Give a tenant another name, domain or both; NULL: as it is. Its id stays. Operators.
 * LATCHKEY_ALREADY_EXISTS TENANT_EXISTS. */
LATCHKEY_API latchkey_status latchkey_tenant_rename(latchkey_client *client, const char *tenant,
    const char *name, const char *domain, const latchkey_call *call, latchkey_tenant **out_tenant,
    latchkey_error *out_error) LATCHKEY_MUST_CHECK;
/** `state` is "active" or "suspended": then keys, tokens, sign-in and credentials of the tenant are
 * refused at once. Operators. LATCHKEY_FAILED_PRECONDITION TENANT_STATE: it is so already. */
LATCHKEY_API latchkey_status latchkey_tenant_set_state(latchkey_client *client, const char *tenant,
    const char *state, const latchkey_call *call, latchkey_tenant **out_tenant,
    latchkey_error *out_error) LATCHKEY_MUST_CHECK;
/** Delete a tenant with everything in it, for good; `confirm_name` is its name again. Operators.
 * LATCHKEY_INVALID_ARGUMENT CONFIRMATION_WRONG. */
LATCHKEY_API latchkey_status latchkey_tenant_delete(latchkey_client *client, const char *tenant,
    const char *confirm_name, const latchkey_call *call,
    latchkey_error *out_error) LATCHKEY_MUST_CHECK;

/**
 * Give a user another e-mail address, display name or both; NULL: as it is. `user` is an id or
 * e-mail, `tenant` for operators. Permission users.manage, and nobody does so to users above them.
 *
 * @return LATCHKEY_ALREADY_EXISTS USER_EXISTS; LATCHKEY_INVALID_ARGUMENT EMAIL_INVALID,
 * DISPLAY_NAME_INVALID; LATCHKEY_PERMISSION_DENIED PERMISSION_EXCEEDS.
 */
LATCHKEY_API latchkey_status latchkey_user_update(latchkey_client *client, const char *user,
    const char *tenant, const char *email, const char *display_name, const latchkey_call *call,
    latchkey_user **out_user, latchkey_error *out_error) LATCHKEY_MUST_CHECK;
/**
 * Delete a user for good: keys are revoked, sessions end, credentials are no longer handed out, the
 * address is free again. `out_keys_revoked` may be NULL. Permission users.manage.
 *
 * @return LATCHKEY_FAILED_PRECONDITION LAST_ADMIN; LATCHKEY_PERMISSION_DENIED PERMISSION_EXCEEDS.
 */
LATCHKEY_API latchkey_status latchkey_user_delete(latchkey_client *client, const char *user,
    const char *tenant, const latchkey_call *call, uint32_t *out_keys_revoked,
    latchkey_error *out_error) LATCHKEY_MUST_CHECK;

LATCHKEY_END_DECLS

#endif
