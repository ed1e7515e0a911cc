/* Tenants, users, platform principals, roles, workgroups, policy; and signing in. */
#ifndef LATCHKEY_ACCOUNTS_H
#define LATCHKEY_ACCOUNTS_H

#include <latchkey/client.h>

LATCHKEY_BEGIN_DECLS

/** What sort of subject. */
typedef enum latchkey_kind {
	LATCHKEY_KIND_UNSPECIFIED = 0,
	LATCHKEY_KIND_HUMAN = 1,
	LATCHKEY_KIND_SERVICE = 2,
	LATCHKEY_KIND_PRINCIPAL = 3
} latchkey_kind;

/** "human", "service", "principal", or "" for an operator. */
LATCHKEY_API const char *latchkey_kind_name(latchkey_kind kind);

/** Somebody, with what they may do at this moment. */
typedef struct latchkey_identity latchkey_identity;
LATCHKEY_API const char *latchkey_identity_subject(
    const latchkey_identity *identity); /**< usr_… or prn_… */
LATCHKEY_API latchkey_kind latchkey_identity_kind(const latchkey_identity *identity);
LATCHKEY_API const char *latchkey_identity_name(
    const latchkey_identity *identity); /**< e-mail, or the principal's name */
LATCHKEY_API const char *latchkey_identity_tenant(
    const latchkey_identity *identity); /**< "" for a principal */
LATCHKEY_API const char *latchkey_identity_tenant_name(const latchkey_identity *identity);
LATCHKEY_API const char *latchkey_identity_key(const latchkey_identity *identity);
LATCHKEY_API const char *latchkey_identity_session(const latchkey_identity *identity);
LATCHKEY_API size_t latchkey_identity_permission_count(const latchkey_identity *identity);
LATCHKEY_API const char *latchkey_identity_permission_at(
    const latchkey_identity *identity, size_t index);
LATCHKEY_API bool latchkey_identity_all_workgroups(const latchkey_identity *identity);
LATCHKEY_API size_t latchkey_identity_workgroup_count(const latchkey_identity *identity);
LATCHKEY_API const char *latchkey_identity_workgroup_at(
    const latchkey_identity *identity, size_t index);
LATCHKEY_API bool latchkey_identity_all_tenants(
    const latchkey_identity *identity); /**< principals only */
LATCHKEY_API size_t latchkey_identity_tenant_count(const latchkey_identity *identity);
LATCHKEY_API const char *latchkey_identity_tenant_at(
    const latchkey_identity *identity, size_t index);
LATCHKEY_API int64_t latchkey_identity_expires_at_ms(const latchkey_identity *identity);

/** Tenants. */
typedef struct latchkey_tenant latchkey_tenant;
typedef struct latchkey_tenant_list latchkey_tenant_list;
LATCHKEY_API const char *latchkey_tenant_id(const latchkey_tenant *tenant);
LATCHKEY_API const char *latchkey_tenant_name(const latchkey_tenant *tenant);
LATCHKEY_API const char *latchkey_tenant_domain(const latchkey_tenant *tenant);
LATCHKEY_API const char *latchkey_tenant_profile(
    const latchkey_tenant *tenant); /**< of its policy */
LATCHKEY_API const char *latchkey_tenant_state(
    const latchkey_tenant *tenant); /**< "active", "suspended" */
LATCHKEY_API int64_t latchkey_tenant_created_at_ms(const latchkey_tenant *tenant);
LATCHKEY_API void latchkey_tenant_free(latchkey_tenant *tenant);
LATCHKEY_API size_t latchkey_tenant_list_count(const latchkey_tenant_list *list);
LATCHKEY_API const latchkey_tenant *latchkey_tenant_list_at(
    const latchkey_tenant_list *list, size_t index);
LATCHKEY_API const char *latchkey_tenant_list_next(const latchkey_tenant_list *list);
LATCHKEY_API void latchkey_tenant_list_free(latchkey_tenant_list *list);

/** Users. */
typedef struct latchkey_user latchkey_user;
typedef struct latchkey_user_list latchkey_user_list;
LATCHKEY_API const char *latchkey_user_id(const latchkey_user *user);
LATCHKEY_API const char *latchkey_user_tenant(const latchkey_user *user);
LATCHKEY_API const char *latchkey_user_email(const latchkey_user *user);
LATCHKEY_API const char *latchkey_user_display_name(const latchkey_user *user);
LATCHKEY_API latchkey_kind latchkey_user_kind(const latchkey_user *user);
LATCHKEY_API const char *latchkey_user_state(
    const latchkey_user *user); /**< "invited", "active", "disabled" */
LATCHKEY_API size_t latchkey_user_role_count(const latchkey_user *user);
LATCHKEY_API const char *latchkey_user_role_at(const latchkey_user *user, size_t index);
LATCHKEY_API int64_t latchkey_user_created_at_ms(const latchkey_user *user);
LATCHKEY_API int64_t latchkey_user_last_sign_in_at_ms(const latchkey_user *user);
LATCHKEY_API void latchkey_user_free(latchkey_user *user);
LATCHKEY_API size_t latchkey_user_list_count(const latchkey_user_list *list);
LATCHKEY_API const latchkey_user *latchkey_user_list_at(
    const latchkey_user_list *list, size_t index);
LATCHKEY_API const char *latchkey_user_list_next(const latchkey_user_list *list);
LATCHKEY_API void latchkey_user_list_free(latchkey_user_list *list);

/** An enrolment ticket: single use; latchkey_ticket_redeem() turns its text into a session. */
typedef struct latchkey_ticket latchkey_ticket;
LATCHKEY_API const latchkey_user *latchkey_ticket_user(
    const latchkey_ticket *ticket); /**< borrowed */
LATCHKEY_API const latchkey_tenant *latchkey_ticket_tenant(
    const latchkey_ticket *ticket); /**< NULL unless it was made now */
LATCHKEY_API int64_t latchkey_ticket_expires_at_ms(const latchkey_ticket *ticket);
LATCHKEY_API void latchkey_ticket_free(latchkey_ticket *ticket);

typedef struct latchkey_tenant_request {
	const char *name;        /**< [a-z0-9-]{1,63}, unique */
	const char *domain;      /**< unique */
	const char *profile;     /**< "panomics", "geneious", "labkey", "ica"; NULL: "default" */
	const char *admin_email; /**< the first administrator */
} latchkey_tenant_request;

/** Make a tenant with its first administrator, whose ticket is shown this once. Operators.
 * LATCHKEY_ALREADY_EXISTS. */
LATCHKEY_API latchkey_status latchkey_tenant_create(latchkey_client *client,
    const latchkey_tenant_request *request, const latchkey_call *call, latchkey_ticket **out_ticket,
    latchkey_secret **out_secret, latchkey_error *out_error) LATCHKEY_MUST_CHECK;
/** By id, name or domain. */
LATCHKEY_API latchkey_status latchkey_tenant_get(latchkey_client *client, const char *tenant,
    const latchkey_call *call, latchkey_tenant **out_tenant,
    latchkey_error *out_error) LATCHKEY_MUST_CHECK;
LATCHKEY_API latchkey_status latchkey_tenant_list_get(latchkey_client *client,
    const latchkey_page *page, const latchkey_call *call, latchkey_tenant_list **out_list,
    latchkey_error *out_error) LATCHKEY_MUST_CHECK;

typedef struct latchkey_user_request {
	const char *email;
	const char *display_name;
	const char *const *roles; /**< names; NULL: member */
	size_t roles_count;
	latchkey_kind kind; /**< unspecified: human */
	const char *tenant; /**< operators only */
} latchkey_user_request;

/** Make a user, whose ticket is shown this once. Permission users.manage. LATCHKEY_ALREADY_EXISTS.
 */
LATCHKEY_API latchkey_status latchkey_user_create(latchkey_client *client,
    const latchkey_user_request *request, const latchkey_call *call, latchkey_ticket **out_ticket,
    latchkey_secret **out_secret, latchkey_error *out_error) LATCHKEY_MUST_CHECK;
/** `user` is an id or e-mail here and below; `tenant` is for operators, else NULL. */
LATCHKEY_API latchkey_status latchkey_user_get(latchkey_client *client, const char *user,
    const char *tenant, const latchkey_call *call, latchkey_user **out_user,
    latchkey_error *out_error) LATCHKEY_MUST_CHECK;
LATCHKEY_API latchkey_status latchkey_user_list_get(latchkey_client *client, const char *tenant,
    const latchkey_page *page, const latchkey_call *call, latchkey_user_list **out_list,
    latchkey_error *out_error) LATCHKEY_MUST_CHECK;
/** Replaces all roles. Permission roles.manage. */
LATCHKEY_API latchkey_status latchkey_user_set_roles(latchkey_client *client, const char *user,
    const char *tenant, const char *const *roles, size_t count, const latchkey_call *call,
    latchkey_user **out_user, latchkey_error *out_error) LATCHKEY_MUST_CHECK;
/** `state` is "active" or "disabled". */
LATCHKEY_API latchkey_status latchkey_user_set_state(latchkey_client *client, const char *user,
    const char *tenant, const char *state, const latchkey_call *call, latchkey_user **out_user,
    latchkey_error *out_error) LATCHKEY_MUST_CHECK;
/** A new ticket for somebody who lost theirs. */
LATCHKEY_API latchkey_status latchkey_user_ticket(latchkey_client *client, const char *user,
    const char *tenant, const latchkey_call *call, latchkey_ticket **out_ticket,
    latchkey_secret **out_secret, latchkey_error *out_error) LATCHKEY_MUST_CHECK;

/** Platform principals: backends and fleets that belong to no tenant. */
typedef struct latchkey_principal latchkey_principal;
typedef struct latchkey_principal_list latchkey_principal_list;
LATCHKEY_API const char *latchkey_principal_id(const latchkey_principal *principal);
LATCHKEY_API const char *latchkey_principal_name(const latchkey_principal *principal);
LATCHKEY_API size_t latchkey_principal_permission_count(const latchkey_principal *principal);
LATCHKEY_API const char *latchkey_principal_permission_at(
    const latchkey_principal *principal, size_t index);
LATCHKEY_API bool latchkey_principal_all_tenants(const latchkey_principal *principal);
LATCHKEY_API size_t latchkey_principal_tenant_count(const latchkey_principal *principal);
LATCHKEY_API const char *latchkey_principal_tenant_at(
    const latchkey_principal *principal, size_t index);
LATCHKEY_API const char *latchkey_principal_state(const latchkey_principal *principal);
LATCHKEY_API int64_t latchkey_principal_created_at_ms(const latchkey_principal *principal);
LATCHKEY_API void latchkey_principal_free(latchkey_principal *principal);
LATCHKEY_API size_t latchkey_principal_list_count(const latchkey_principal_list *list);
LATCHKEY_API const latchkey_principal *latchkey_principal_list_at(
    const latchkey_principal_list *list, size_t index);
LATCHKEY_API const char *latchkey_principal_list_next(const latchkey_principal_list *list);
LATCHKEY_API void latchkey_principal_list_free(latchkey_principal_list *list);

typedef struct latchkey_principal_request {
	const char *name; /**< [a-z0-9-]{1,63}, unique */
	const char *const *permissions;
	size_t permissions_count;
	bool all_tenants;
	const char *const *tenants; /**< ids, names or domains */
	size_t tenants_count;
} latchkey_principal_request;

/** Make a principal; its API key is shown this once. Operators. */
LATCHKEY_API latchkey_status latchkey_principal_create(latchkey_client *client,
    const latchkey_principal_request *request, const latchkey_call *call,
    latchkey_principal **out_principal, latchkey_secret **out_secret,
    latchkey_error *out_error) LATCHKEY_MUST_CHECK;
LATCHKEY_API latchkey_status latchkey_principal_list_get(latchkey_client *client,
    const latchkey_page *page, const latchkey_call *call, latchkey_principal_list **out_list,
    latchkey_error *out_error) LATCHKEY_MUST_CHECK;
/** By id or name; `state` is "active" or "disabled". */
LATCHKEY_API latchkey_status latchkey_principal_set_state(latchkey_client *client,
    const char *principal, const char *state, const latchkey_call *call,
    latchkey_principal **out_principal, latchkey_error *out_error) LATCHKEY_MUST_CHECK;

/** A session that a ticket was turned into; its secret is a latchkey_secret. */
typedef struct latchkey_session latchkey_session;
LATCHKEY_API const char *latchkey_session_id(const latchkey_session *session);
LATCHKEY_API const latchkey_user *latchkey_session_user(
    const latchkey_session *session); /**< borrowed */
LATCHKEY_API const latchkey_tenant *latchkey_session_tenant(
    const latchkey_session *session); /**< borrowed */
LATCHKEY_API int64_t latchkey_session_expires_at_ms(const latchkey_session *session);
LATCHKEY_API void latchkey_session_free(latchkey_session *session);

/**
 * Turn a ticket into a session, and set the user's password (8 to 1024 bytes) where one is given:
 * NULL sets none. Works for an anonymous client. LATCHKEY_UNAUTHENTICATED TICKET_REFUSED;
 * LATCHKEY_FAILED_PRECONDITION PASSWORDS_OFF: the tenant has none.
 */
LATCHKEY_API latchkey_status latchkey_ticket_redeem(latchkey_client *client, const char *ticket,
    const char *password, const latchkey_call *call, latchkey_session **out_session,
    latchkey_secret **out_secret, latchkey_error *out_error) LATCHKEY_MUST_CHECK;
/**
 * Sign in to a tenant (its domain or name). Works for an anonymous client. LATCHKEY_UNAUTHENTICATED
 * SIGN_IN_REFUSED whatever is wrong; LATCHKEY_RESOURCE_EXHAUSTED SIGN_IN_DELAYED, SIGN_IN_BUSY with
 * retry_after_ms.
 */
LATCHKEY_API latchkey_status latchkey_sign_in(latchkey_client *client, const char *tenant,
    const char *email, const char *password, const latchkey_call *call,
    latchkey_session **out_session, latchkey_secret **out_secret,
    latchkey_error *out_error) LATCHKEY_MUST_CHECK;
/**
 * Change one's own password, having signed in; all other sessions end. `current` is NULL only where
 * none is set yet. LATCHKEY_INVALID_ARGUMENT PASSWORD_WRONG, PASSWORD_LENGTH;
 * LATCHKEY_PERMISSION_DENIED SESSION_REQUIRED: not by a key.
 */
LATCHKEY_API latchkey_status latchkey_password_change(latchkey_client *client, const char *current,
    const char *password, const latchkey_call *call, latchkey_error *out_error) LATCHKEY_MUST_CHECK;
/** Change one's own display name, having signed in: 0 to 64 characters. */
LATCHKEY_API latchkey_status latchkey_name_change(latchkey_client *client, const char *display_name,
    const latchkey_call *call, latchkey_user **out_user,
    latchkey_error *out_error) LATCHKEY_MUST_CHECK;

/** A session that is alive. */
typedef struct latchkey_open_session latchkey_open_session;
typedef struct latchkey_open_session_list latchkey_open_session_list;
LATCHKEY_API const char *latchkey_open_session_id(const latchkey_open_session *session);
LATCHKEY_API const char *latchkey_open_session_user(const latchkey_open_session *session);
LATCHKEY_API int64_t latchkey_open_session_created_at_ms(const latchkey_open_session *session);
LATCHKEY_API int64_t latchkey_open_session_expires_at_ms(const latchkey_open_session *session);
LATCHKEY_API int64_t latchkey_open_session_last_used_at_ms(
    const latchkey_open_session *session); /**< up to a minute old */
LATCHKEY_API bool latchkey_open_session_current(
    const latchkey_open_session *session); /**< the client's own */
LATCHKEY_API size_t latchkey_open_session_list_count(const latchkey_open_session_list *list);
LATCHKEY_API const latchkey_open_session *latchkey_open_session_list_at(
    const latchkey_open_session_list *list, size_t index);
LATCHKEY_API const char *latchkey_open_session_list_next(const latchkey_open_session_list *list);
LATCHKEY_API void latchkey_open_session_list_free(latchkey_open_session_list *list);
/** Those of a user, oldest first; NULL: one's own; of others: sessions.manage_any. */
LATCHKEY_API latchkey_status latchkey_open_session_list_get(latchkey_client *client,
    const char *user, const char *tenant, const latchkey_page *page, const latchkey_call *call,
    latchkey_open_session_list **out_list, latchkey_error *out_error) LATCHKEY_MUST_CHECK;
/** End a session; NULL: the client's own. */
LATCHKEY_API latchkey_status latchkey_session_end(latchkey_client *client, const char *session,
    const latchkey_call *call, latchkey_error *out_error) LATCHKEY_MUST_CHECK;

/** Who the client speaks as, seen by the service. */
typedef struct latchkey_me latchkey_me;
LATCHKEY_API const char *latchkey_me_caller_kind(
    const latchkey_me *me); /**< "user", "principal", "operator" */
LATCHKEY_API const latchkey_identity *latchkey_me_identity(
    const latchkey_me *me); /**< borrowed; NULL when the service names none */
LATCHKEY_API void latchkey_me_free(latchkey_me *me);
LATCHKEY_API latchkey_status latchkey_me_get(latchkey_client *client, const latchkey_call *call,
    latchkey_me **out_me, latchkey_error *out_error) LATCHKEY_MUST_CHECK;

/** Roles. */
typedef struct latchkey_role latchkey_role;
typedef struct latchkey_role_list latchkey_role_list;
LATCHKEY_API const char *latchkey_role_name(const latchkey_role *role);
LATCHKEY_API size_t latchkey_role_permission_count(const latchkey_role *role);
LATCHKEY_API const char *latchkey_role_permission_at(const latchkey_role *role, size_t index);
LATCHKEY_API bool latchkey_role_built_in(const latchkey_role *role);
LATCHKEY_API const char *latchkey_role_id(const latchkey_role *role); /**< "" when built in */
LATCHKEY_API int64_t latchkey_role_created_at_ms(const latchkey_role *role); /**< likewise 0 */
LATCHKEY_API void latchkey_role_free(latchkey_role *role);
LATCHKEY_API size_t latchkey_role_list_count(const latchkey_role_list *list);
LATCHKEY_API const latchkey_role *latchkey_role_list_at(
    const latchkey_role_list *list, size_t index);
LATCHKEY_API void latchkey_role_list_free(latchkey_role_list *list);
/** The built-in ones, then the tenant's own; `tenant` is for operators, else NULL. */
LATCHKEY_API latchkey_status latchkey_role_list_get(latchkey_client *client, const char *tenant,
    const latchkey_call *call, latchkey_role_list **out_list,
    latchkey_error *out_error) LATCHKEY_MUST_CHECK;

/** Workgroups. `workgroup` is an id or name; permission workgroups.manage to change one. */
typedef struct latchkey_workgroup latchkey_workgroup;
typedef struct latchkey_workgroup_list latchkey_workgroup_list;
LATCHKEY_API const char *latchkey_workgroup_id(const latchkey_workgroup *workgroup);
LATCHKEY_API const char *latchkey_workgroup_tenant(const latchkey_workgroup *workgroup);
LATCHKEY_API const char *latchkey_workgroup_name(const latchkey_workgroup *workgroup);
LATCHKEY_API size_t latchkey_workgroup_member_count(const latchkey_workgroup *workgroup);
LATCHKEY_API const char *latchkey_workgroup_member_at(
    const latchkey_workgroup *workgroup, size_t index); /**< usr_… */
LATCHKEY_API size_t latchkey_workgroup_admin_count(const latchkey_workgroup *workgroup);
LATCHKEY_API const char *latchkey_workgroup_admin_at(
    const latchkey_workgroup *workgroup, size_t index); /**< those of them who choose members */
LATCHKEY_API size_t latchkey_workgroup_permission_count(const latchkey_workgroup *workgroup);
LATCHKEY_API const char *latchkey_workgroup_permission_at(
    const latchkey_workgroup *workgroup, size_t index); /**< what it gives its members */
LATCHKEY_API int64_t latchkey_workgroup_created_at_ms(const latchkey_workgroup *workgroup);
LATCHKEY_API void latchkey_workgroup_free(latchkey_workgroup *workgroup);
LATCHKEY_API size_t latchkey_workgroup_list_count(const latchkey_workgroup_list *list);
LATCHKEY_API const latchkey_workgroup *latchkey_workgroup_list_at(
    const latchkey_workgroup_list *list, size_t index);
LATCHKEY_API const char *latchkey_workgroup_list_next(const latchkey_workgroup_list *list);
LATCHKEY_API void latchkey_workgroup_list_free(latchkey_workgroup_list *list);
LATCHKEY_API latchkey_status latchkey_workgroup_create(latchkey_client *client, const char *name,
    const char *tenant, const latchkey_call *call, latchkey_workgroup **out_workgroup,
    latchkey_error *out_error) LATCHKEY_MUST_CHECK;
LATCHKEY_API latchkey_status latchkey_workgroup_list_get(latchkey_client *client,
    const char *tenant, const latchkey_page *page, const latchkey_call *call,
    latchkey_workgroup_list **out_list, latchkey_error *out_error) LATCHKEY_MUST_CHECK;
/** Make a user a member; latchkey_workgroup_add_admin makes them one who chooses members, too. Also
 * by the workgroup's own administrators. */
LATCHKEY_API latchkey_status latchkey_workgroup_add(latchkey_client *client, const char *workgroup,
    const char *user, const char *tenant, const latchkey_call *call,
    latchkey_workgroup **out_workgroup, latchkey_error *out_error) LATCHKEY_MUST_CHECK;
LATCHKEY_API latchkey_status latchkey_workgroup_remove(latchkey_client *client,
    const char *workgroup, const char *user, const char *tenant, const latchkey_call *call,
    latchkey_workgroup **out_workgroup, latchkey_error *out_error) LATCHKEY_MUST_CHECK;

/** A tenant's policy: names and their canonical text ("90d", "yes", "10"). `tenant` NULL: the
 * caller's. */
typedef struct latchkey_policy latchkey_policy;
LATCHKEY_API const char *latchkey_policy_profile(const latchkey_policy *policy);
LATCHKEY_API size_t latchkey_policy_count(const latchkey_policy *policy);
LATCHKEY_API const char *latchkey_policy_name_at(const latchkey_policy *policy, size_t index);
LATCHKEY_API const char *latchkey_policy_value_at(const latchkey_policy *policy, size_t index);
LATCHKEY_API void latchkey_policy_free(latchkey_policy *policy);
LATCHKEY_API latchkey_status latchkey_policy_get(latchkey_client *client, const char *tenant,
    const latchkey_call *call, latchkey_policy **out_policy,
    latchkey_error *out_error) LATCHKEY_MUST_CHECK;
/** Change `count` values, all or none. Permission policy.manage. */
LATCHKEY_API latchkey_status latchkey_policy_set(latchkey_client *client, const char *tenant,
    const char *const *names, const char *const *values, size_t count, const latchkey_call *call,
    latchkey_policy **out_policy, latchkey_error *out_error) LATCHKEY_MUST_CHECK;

LATCHKEY_END_DECLS

#endif
