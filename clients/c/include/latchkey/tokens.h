/* Access tokens (JWT): issued from a key or session, validated, revoked; and the public keys they
 * are checked with. */
#ifndef LATCHKEY_TOKENS_H
#define LATCHKEY_TOKENS_H

#include <latchkey/keys.h>

LATCHKEY_BEGIN_DECLS

typedef struct latchkey_token_request {
	const char *secret;       /**< an API key or session secret; NULL: the client's own */
	const char *audience;     /**< NULL: the platform's */
	const char *const *scope; /**< permissions; NULL: all that the source has */
	size_t scope_count;
	uint64_t ttl_ms; /**< 0: the policy's default */
	const char *source_address;
	const char *tenant; /**< in place of a secret, where the tenant has passwords: its domain or
			       name, */
	const char *user;   /**< the user's e-mail */
	const char *password;  /**< and password */
	const char *assertion; /**< or, beside the tenant alone, a token of an OpenID issuer that it
				  trusts */
} latchkey_token_request;

/** What is known of a token that was issued; the token itself is a latchkey_secret. */
typedef struct latchkey_token latchkey_token;
LATCHKEY_API const char *latchkey_token_id(const latchkey_token *token); /**< jti_… */
LATCHKEY_API int64_t latchkey_token_expires_at_ms(const latchkey_token *token);
LATCHKEY_API size_t latchkey_token_scope_count(const latchkey_token *token);
LATCHKEY_API const char *latchkey_token_scope_at(const latchkey_token *token, size_t index);
LATCHKEY_API void latchkey_token_free(latchkey_token *token);

/**
 * Trade a key or session for a JWT, which lives no longer and may do no more than what it was made
 * from. `request` and `out_token` may be NULL. LATCHKEY_FAILED_PRECONDITION NO_KEY when neither
 * request nor client has one.
 */
LATCHKEY_API latchkey_status latchkey_token_issue(latchkey_client *client,
    const latchkey_token_request *request, const latchkey_call *call, latchkey_token **out_token,
    latchkey_secret **out_secret, latchkey_error *out_error) LATCHKEY_MUST_CHECK;

typedef struct latchkey_exchange_request {
	const char *subject_token; /**< of the user, for the platform */
	const char *actor_token;   /**< NULL: made from the client's own key or session */
	const char *const *scope;  /**< permissions; NULL: all that both have */
	size_t scope_count;
	uint64_t ttl_ms; /**< 0: as long as both tokens live */
} latchkey_exchange_request;

/**
 * Act for a user (RFC 8693): a token of the user's that names the actor, for the platform. It may
 * do what both may do but nothing that mints power, lives no longer than either, and dies with
 * either. The actor needs users.act_for and must reach the user's tenant. `out_secret` is yours.
 * LATCHKEY_UNAUTHENTICATED TOKEN_REFUSED naming the field; LATCHKEY_PERMISSION_DENIED
 * PERMISSION_MISSING, TENANT_NOT_REACHED, SCOPE_EXCEEDED; LATCHKEY_FAILED_PRECONDITION
 * EXCHANGE_CHAINED, NO_KEY.
 */
LATCHKEY_API latchkey_status latchkey_token_exchange(latchkey_client *client,
    const latchkey_exchange_request *request, const latchkey_call *call, latchkey_token **out_token,
    latchkey_secret **out_secret, latchkey_error *out_error) LATCHKEY_MUST_CHECK;

/** A verdict on a key or token, with what a token says of itself. */
typedef struct latchkey_validation latchkey_validation;
typedef struct latchkey_validation_list latchkey_validation_list;
LATCHKEY_API bool latchkey_validation_active(const latchkey_validation *validation);
LATCHKEY_API const char *latchkey_validation_reason(const latchkey_validation *validation);
LATCHKEY_API const char *latchkey_validation_kind(
    const latchkey_validation *validation); /**< "key" or "token" */
/** NULL when refused. Borrowed. */
LATCHKEY_API const latchkey_identity *latchkey_validation_identity(
    const latchkey_validation *validation);
LATCHKEY_API const char *latchkey_validation_token_id(const latchkey_validation *validation);
LATCHKEY_API const char *latchkey_validation_issuer(const latchkey_validation *validation);
LATCHKEY_API const char *latchkey_validation_audience(const latchkey_validation *validation);
/** Who acts for the subject: usr_… or prn_…; "" when the subject acts for itself. */
LATCHKEY_API const char *latchkey_validation_actor(const latchkey_validation *validation);
LATCHKEY_API int64_t latchkey_validation_issued_at_ms(const latchkey_validation *validation);
LATCHKEY_API void latchkey_validation_free(latchkey_validation *validation);

LATCHKEY_API size_t latchkey_validation_list_count(const latchkey_validation_list *list);
LATCHKEY_API const latchkey_validation *latchkey_validation_list_at(
    const latchkey_validation_list *list, size_t index);
LATCHKEY_API void latchkey_validation_list_free(latchkey_validation_list *list);

/** Is this key or JWT good, whose is it, what may it do? Permission tokens.validate. `credential`
 * is any NUL-terminated text. */
LATCHKEY_API latchkey_status latchkey_validate(latchkey_client *client, const char *credential,
    const latchkey_requirements *requirements, const latchkey_call *call,
    latchkey_validation **out_validation, latchkey_error *out_error) LATCHKEY_MUST_CHECK;

/** The same for 1 to 64 at once, in the order asked. */
LATCHKEY_API latchkey_status latchkey_validate_many(latchkey_client *client,
    const char *const *credentials, size_t count, const latchkey_requirements *requirements,
    const latchkey_call *call, latchkey_validation_list **out_list,
    latchkey_error *out_error) LATCHKEY_MUST_CHECK;

/** Revoke a token before it expires: one's own, or any with tokens.revoke_any. */
LATCHKEY_API latchkey_status latchkey_token_revoke(latchkey_client *client, const char *token,
    const latchkey_call *call, latchkey_error *out_error) LATCHKEY_MUST_CHECK;

/** The public keys that tokens are checked with. */
typedef struct latchkey_jwks latchkey_jwks;
LATCHKEY_API latchkey_status latchkey_jwks_get(latchkey_client *client, const latchkey_call *call,
    latchkey_jwks **out_jwks, latchkey_error *out_error) LATCHKEY_MUST_CHECK;
LATCHKEY_API const char *latchkey_jwks_json(const latchkey_jwks *jwks); /**< RFC 7517 */
LATCHKEY_API const char *latchkey_jwks_issuer(const latchkey_jwks *jwks);
LATCHKEY_API const char *latchkey_jwks_audience(const latchkey_jwks *jwks); /**< the platform's */
/** "at+jwt" or "JWT": the typ that every token of this installation has in its header. */
LATCHKEY_API const char *latchkey_jwks_token_typ(const latchkey_jwks *jwks);
LATCHKEY_API void latchkey_jwks_free(latchkey_jwks *jwks);

LATCHKEY_END_DECLS

#endif
