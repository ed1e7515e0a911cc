/* Accounts that people ask for themselves; and what the caller may do here. */
#ifndef LATCHKEY_REGISTRATIONS_H
#define LATCHKEY_REGISTRATIONS_H

#include <latchkey/accounts.h>

LATCHKEY_BEGIN_DECLS

/** Somebody who awaits to be admitted. */
typedef struct latchkey_registration latchkey_registration;
typedef struct latchkey_registration_list latchkey_registration_list;
LATCHKEY_API const char *latchkey_registration_id(
    const latchkey_registration *registration); /**< the user's, once admitted */
LATCHKEY_API const char *latchkey_registration_tenant(const latchkey_registration *registration);
LATCHKEY_API const char *latchkey_registration_email(const latchkey_registration *registration);
LATCHKEY_API const char *latchkey_registration_display_name(
    const latchkey_registration *registration);
LATCHKEY_API int64_t latchkey_registration_created_at_ms(const latchkey_registration *registration);
LATCHKEY_API size_t latchkey_registration_list_count(const latchkey_registration_list *list);
LATCHKEY_API const latchkey_registration *latchkey_registration_list_at(
    const latchkey_registration_list *list, size_t index);
LATCHKEY_API const char *latchkey_registration_list_next(const latchkey_registration_list *list);
LATCHKEY_API void latchkey_registration_list_free(latchkey_registration_list *list);

/**
 * Ask for an account of a tenant (its domain or name). Works for an anonymous client. The answer is
 * the same whatever comes of it: where the tenant lets people ask, an administrator decides.
 *
 * @return LATCHKEY_INVALID_ARGUMENT TENANT_REQUIRED, EMAIL_INVALID, DISPLAY_NAME_INVALID;
 * LATCHKEY_RESOURCE_EXHAUSTED RATE_LIMITED with retry_after_ms.
 */
LATCHKEY_API latchkey_status latchkey_account_request(latchkey_client *client, const char *tenant,
    const char *email, const char *display_name, const latchkey_call *call,
    latchkey_error *out_error) LATCHKEY_MUST_CHECK;
/** Oldest first. Permission users.manage; `tenant` is for operators, else NULL, here and below. */
LATCHKEY_API latchkey_status latchkey_registration_list_get(latchkey_client *client,
    const char *tenant, const latchkey_page *page, const latchkey_call *call,
    latchkey_registration_list **out_list, latchkey_error *out_error) LATCHKEY_MUST_CHECK;
/** By id or e-mail: a user from now on, with these roles (none: member), whose ticket is shown this
 * once. LATCHKEY_NOT_FOUND REGISTRATION_NOT_FOUND; LATCHKEY_ALREADY_EXISTS USER_EXISTS. */
LATCHKEY_API latchkey_status latchkey_registration_admit(latchkey_client *client,
    const char *registration, const char *tenant, const char *const *roles, size_t count,
    const latchkey_call *call, latchkey_ticket **out_ticket, latchkey_secret **out_secret,
    latchkey_error *out_error) LATCHKEY_MUST_CHECK;
LATCHKEY_API latchkey_status latchkey_registration_reject(latchkey_client *client,
    const char *registration, const char *tenant, const latchkey_call *call,
    latchkey_error *out_error) LATCHKEY_MUST_CHECK;

/** What the caller may do here, to decide what to show. */
typedef struct latchkey_capabilities latchkey_capabilities;
LATCHKEY_API const char *latchkey_capabilities_caller_kind(
    const latchkey_capabilities *capabilities); /**< only a "user" has more than permissions */
LATCHKEY_API size_t latchkey_capabilities_permission_count(
    const latchkey_capabilities *capabilities);
LATCHKEY_API const char *latchkey_capabilities_permission_at(
    const latchkey_capabilities *capabilities, size_t index);
LATCHKEY_API const char *latchkey_capabilities_profile(
    const latchkey_capabilities *capabilities); /**< of the tenant's policy */
LATCHKEY_API bool latchkey_capabilities_shows_keys(
    const latchkey_capabilities *capabilities); /**< keys are on, and the caller manages some */
LATCHKEY_API bool latchkey_capabilities_shows_credentials(
    const latchkey_capabilities *capabilities);
LATCHKEY_API bool latchkey_capabilities_may_create_keys(const latchkey_capabilities *capabilities);
LATCHKEY_API const char *latchkey_capabilities_create_key_reason(
    const latchkey_capabilities *capabilities); /**< why not; "" when the caller may */
LATCHKEY_API uint32_t latchkey_capabilities_active_keys(
    const latchkey_capabilities *capabilities); /**< the caller's own */
LATCHKEY_API size_t latchkey_capabilities_role_count(const latchkey_capabilities *capabilities);
LATCHKEY_API const char *latchkey_capabilities_role_at(
    const latchkey_capabilities *capabilities, size_t index); /**< that the caller may give */
LATCHKEY_API void latchkey_capabilities_free(latchkey_capabilities *capabilities);
LATCHKEY_API latchkey_status latchkey_capabilities_get(latchkey_client *client,
    const latchkey_call *call, latchkey_capabilities **out_capabilities,
    latchkey_error *out_error) LATCHKEY_MUST_CHECK;

LATCHKEY_END_DECLS

#endif
