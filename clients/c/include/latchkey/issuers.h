/* OpenID issuers that a tenant trusts: how users without a password come in (OpenID Connect, RFC
 * 7523). */
#ifndef LATCHKEY_ISSUERS_H
#define LATCHKEY_ISSUERS_H

#include <latchkey/client.h>

LATCHKEY_BEGIN_DECLS

/** An issuer and the tokens of its that are taken. */
typedef struct latchkey_issuer latchkey_issuer;
typedef struct latchkey_issuer_list latchkey_issuer_list;
LATCHKEY_API const char *latchkey_issuer_issuer(const latchkey_issuer *issuer); /**< https://… */
LATCHKEY_API const char *latchkey_issuer_audience(const latchkey_issuer *issuer);
LATCHKEY_API uint32_t latchkey_issuer_keys(
    const latchkey_issuer *issuer); /**< how many of its keys can be used */
LATCHKEY_API int64_t latchkey_issuer_created_at_ms(const latchkey_issuer *issuer);
LATCHKEY_API void latchkey_issuer_free(latchkey_issuer *issuer);
LATCHKEY_API size_t latchkey_issuer_list_count(const latchkey_issuer_list *list);
LATCHKEY_API const latchkey_issuer *latchkey_issuer_list_at(
    const latchkey_issuer_list *list, size_t index);
LATCHKEY_API void latchkey_issuer_list_free(latchkey_issuer_list *list);

typedef struct latchkey_issuer_request {
	const char *issuer;   /**< exactly as its tokens say */
	const char *audience; /**< what its tokens for this tenant are for */
	const char *jwks;     /**< its key set (RFC 7517), at most 64 KiB */
	const char *tenant;   /**< operators only */
} latchkey_issuer_request;

/**
 * Trust an issuer; again for one that is trusted replaces its audience and keys. Permission
 * policy.manage.
 *
 * @return LATCHKEY_INVALID_ARGUMENT ISSUER_INVALID, AUDIENCE_INVALID, JWKS_INVALID;
 * LATCHKEY_FAILED_PRECONDITION ISSUERS_MANY.
 */
LATCHKEY_API latchkey_status latchkey_issuer_add(latchkey_client *client,
    const latchkey_issuer_request *request, const latchkey_call *call, latchkey_issuer **out_issuer,
    latchkey_error *out_error) LATCHKEY_MUST_CHECK;
/** `tenant` is for operators, else NULL, here and below. */
LATCHKEY_API latchkey_status latchkey_issuer_list_get(latchkey_client *client, const char *tenant,
    const latchkey_call *call, latchkey_issuer_list **out_list,
    latchkey_error *out_error) LATCHKEY_MUST_CHECK;
/** Its subjects are unlinked, too. LATCHKEY_NOT_FOUND ISSUER_NOT_FOUND. */
LATCHKEY_API latchkey_status latchkey_issuer_remove(latchkey_client *client, const char *issuer,
    const char *tenant, const latchkey_call *call, latchkey_error *out_error) LATCHKEY_MUST_CHECK;

typedef struct latchkey_subject_request {
	const char *user;    /**< id or e-mail */
	const char *issuer;  /**< one that is trusted */
	const char *subject; /**< the claim `sub` of its tokens */
	const char *tenant;
} latchkey_subject_request;

/**
 * From now on the issuer's subject is this user. Permission users.manage, and nobody does so for
 * users above them.
 *
 * @return LATCHKEY_ALREADY_EXISTS SUBJECT_LINKED; LATCHKEY_NOT_FOUND; LATCHKEY_PERMISSION_DENIED.
 */
LATCHKEY_API latchkey_status latchkey_subject_link(latchkey_client *client,
    const latchkey_subject_request *request, const latchkey_call *call,
    latchkey_error *out_error) LATCHKEY_MUST_CHECK;
LATCHKEY_API latchkey_status latchkey_subject_unlink(latchkey_client *client,
    const latchkey_subject_request *request, const latchkey_call *call,
    latchkey_error *out_error) LATCHKEY_MUST_CHECK;

LATCHKEY_END_DECLS

#endif
