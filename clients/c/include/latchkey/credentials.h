/*
 * Users' credentials at other providers: stored once, handed to a worker for one job. Secret parts
 * travel sealed under a key agreed between this client and the service, beneath whatever the
 * transport does.
 */
#ifndef LATCHKEY_CREDENTIALS_H
#define LATCHKEY_CREDENTIALS_H

#include <latchkey/client.h>

LATCHKEY_BEGIN_DECLS

/** What is stored of a credential; never its secret. */
typedef struct latchkey_credential latchkey_credential;
typedef struct latchkey_credential_list latchkey_credential_list;
LATCHKEY_API const char *latchkey_credential_id(const latchkey_credential *credential);
LATCHKEY_API const char *latchkey_credential_tenant(const latchkey_credential *credential);
LATCHKEY_API const char *latchkey_credential_owner(const latchkey_credential *credential);
LATCHKEY_API const char *latchkey_credential_provider(
    const latchkey_credential *credential); /**< "aws", "dnanexus", "s3" */
LATCHKEY_API const char *latchkey_credential_label(const latchkey_credential *credential);
LATCHKEY_API const char *latchkey_credential_hint(const latchkey_credential *credential);
LATCHKEY_API const char *latchkey_credential_state(
    const latchkey_credential *credential); /**< "active", "expired" */
LATCHKEY_API uint32_t latchkey_credential_version(const latchkey_credential *credential);
LATCHKEY_API int64_t latchkey_credential_created_at_ms(const latchkey_credential *credential);
LATCHKEY_API int64_t latchkey_credential_expires_at_ms(const latchkey_credential *credential);
LATCHKEY_API int64_t latchkey_credential_last_used_at_ms(const latchkey_credential *credential);
LATCHKEY_API void latchkey_credential_free(latchkey_credential *credential);

LATCHKEY_API size_t latchkey_credential_list_count(const latchkey_credential_list *list);
LATCHKEY_API const latchkey_credential *latchkey_credential_list_at(
    const latchkey_credential_list *list, size_t index);
LATCHKEY_API const char *latchkey_credential_list_next(const latchkey_credential_list *list);
LATCHKEY_API void latchkey_credential_list_free(latchkey_credential_list *list);

/** A credential to store. `fields` are the provider's, in the order of latchkey_provider_field();
 * an optional one may be NULL. */
typedef struct latchkey_credential_request {
	const char *provider;
	const char *label;
	const char *ttl; /**< as for keys; NULL: the policy's default */
	const char *const *fields;
	size_t fields_count;
} latchkey_credential_request;

/** What a provider's field is beside its name. */
enum {
	LATCHKEY_FIELD_SECRET = 1,  /**< must not be echoed when typed */
	LATCHKEY_FIELD_OPTIONAL = 2 /**< may be left out; such fields come last */
};

/** The name of the nth provider that this library knows ("aws"); NULL past the last. */
LATCHKEY_API const char *latchkey_provider_name(size_t index);

/**
 * The name of a provider's nth field ("access_key_id"); NULL past the last, or for a provider this
 * library does not know. `out_flags` may be NULL.
 */
LATCHKEY_API const char *latchkey_provider_field(
    const char *provider, size_t index, unsigned *out_flags);

/**
 * Store the caller's own credential. LATCHKEY_ALREADY_EXISTS CREDENTIAL_EXISTS when there is one
 * for this provider; LATCHKEY_INVALID_ARGUMENT names the field.
 */
LATCHKEY_API latchkey_status latchkey_credential_create(latchkey_client *client,
    const latchkey_credential_request *request, const latchkey_call *call,
    latchkey_credential **out_credential, latchkey_error *out_error) LATCHKEY_MUST_CHECK;

LATCHKEY_API latchkey_status latchkey_credential_get(latchkey_client *client, const char *id,
    const latchkey_call *call, latchkey_credential **out_credential,
    latchkey_error *out_error) LATCHKEY_MUST_CHECK;

/** Whose credentials. NULL in place of it: the caller's own. */
typedef struct latchkey_credential_filter {
	const char *owner;  /**< id or e-mail: credentials.manage_any */
	bool all_owners;    /**< the whole tenant: credentials.manage_any */
	const char *tenant; /**< operators only */
} latchkey_credential_filter;
LATCHKEY_API latchkey_status latchkey_credential_list_get(latchkey_client *client,
    const latchkey_credential_filter *filter, const latchkey_page *page, const latchkey_call *call,
    latchkey_credential_list **out_list, latchkey_error *out_error) LATCHKEY_MUST_CHECK;

/** Give it another label; nothing else changes. */
LATCHKEY_API latchkey_status latchkey_credential_rename(latchkey_client *client, const char *id,
    const char *label, const latchkey_call *call, latchkey_credential **out_credential,
    latchkey_error *out_error) LATCHKEY_MUST_CHECK;

/**
 * Put a new secret in the place of the old one, in one step: its version is one more, its life
 * begins now. Whoever fetches gets the one or the other, whole. `request->provider` is the stored
 * one's; its label is not looked at. LATCHKEY_ABORTED CREDENTIAL_CHANGED when somebody else
 * replaced it at the same moment: nothing was changed.
 */
LATCHKEY_API latchkey_status latchkey_credential_replace(latchkey_client *client, const char *id,
    const latchkey_credential_request *request, const latchkey_call *call,
    latchkey_credential **out_credential, latchkey_error *out_error) LATCHKEY_MUST_CHECK;

/** Delete 1 to 128, all or none. */
LATCHKEY_API latchkey_status latchkey_credential_delete(latchkey_client *client,
    const char *const *ids, size_t count, const latchkey_call *call,
    latchkey_error *out_error) LATCHKEY_MUST_CHECK;

/** What a worker asks for. */
typedef struct latchkey_fetch_request {
	const char *owner;    /**< id or e-mail; NULL: only where the caller is the owner */
	const char *tenant;   /**< id, name or domain; NULL: the only one the caller reaches */
	const char *provider; /**< "aws", "dnanexus", "s3" */
	const char
	    *purpose; /**< the job's id: 1 to 128 printable characters; stands in the audit trail */
	const char *lease; /**< under which (leases.h); its job is then the purpose, which may be
			      NULL. NULL: without */
} latchkey_fetch_request;

/** A fetched credential in the clear; wiped when freed. */
typedef struct latchkey_fetched latchkey_fetched;
/** The stored part. Borrowed. */
LATCHKEY_API const latchkey_credential *latchkey_fetched_credential(
    const latchkey_fetched *fetched);
/** A field by its name: "access_key_id", "secret_access_key", "region", "session_token", "token",
 * "endpoint", "path_style";
 * NULL when absent. Borrowed. */
LATCHKEY_API const char *latchkey_fetched_field(const latchkey_fetched *fetched, const char *name);
LATCHKEY_API void latchkey_fetched_free(latchkey_fetched *fetched);

/** Fetch for one job: permission credentials.fetch. The audit record is durable before the answer
 * leaves the service. */
LATCHKEY_API latchkey_status latchkey_credential_fetch(latchkey_client *client,
    const latchkey_fetch_request *request, const latchkey_call *call,
    latchkey_fetched **out_fetched, latchkey_error *out_error) LATCHKEY_MUST_CHECK;

LATCHKEY_END_DECLS

#endif
