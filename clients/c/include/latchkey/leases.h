/*
 * Leases: a worker's right to one credential for one job, until somebody ends it, its credential is
 * deleted, or the worker falls silent. Granted by the owner or a dispatcher, held by the worker.
 */
#ifndef LATCHKEY_LEASES_H
#define LATCHKEY_LEASES_H

#include <latchkey/client.h>

LATCHKEY_BEGIN_DECLS

typedef struct latchkey_lease latchkey_lease;
typedef struct latchkey_lease_list latchkey_lease_list;
LATCHKEY_API const char *latchkey_lease_id(const latchkey_lease *lease);
LATCHKEY_API const char *latchkey_lease_tenant(const latchkey_lease *lease);
LATCHKEY_API const char *latchkey_lease_owner(const latchkey_lease *lease);
LATCHKEY_API const char *latchkey_lease_provider(const latchkey_lease *lease);
LATCHKEY_API const char *latchkey_lease_credential(const latchkey_lease *lease);
LATCHKEY_API const char *latchkey_lease_worker(const latchkey_lease *lease);
LATCHKEY_API const char *latchkey_lease_job(const latchkey_lease *lease);
LATCHKEY_API const char *latchkey_lease_granted_by(const latchkey_lease *lease);
LATCHKEY_API const char *latchkey_lease_state(
    const latchkey_lease *lease); /**< "active", "ended", "lapsed" */
LATCHKEY_API const char *latchkey_lease_ended_by(const latchkey_lease *lease);
/** How long it lives after a heartbeat. */
LATCHKEY_API int64_t latchkey_lease_beat_ttl_ms(const latchkey_lease *lease);
LATCHKEY_API int64_t latchkey_lease_created_at_ms(const latchkey_lease *lease);
LATCHKEY_API int64_t latchkey_lease_heartbeat_at_ms(const latchkey_lease *lease);
LATCHKEY_API int64_t latchkey_lease_expires_at_ms(const latchkey_lease *lease);
LATCHKEY_API int64_t latchkey_lease_ended_at_ms(const latchkey_lease *lease);
LATCHKEY_API void latchkey_lease_free(latchkey_lease *lease);

LATCHKEY_API size_t latchkey_lease_list_count(const latchkey_lease_list *list);
LATCHKEY_API const latchkey_lease *latchkey_lease_list_at(
    const latchkey_lease_list *list, size_t index);
LATCHKEY_API const char *latchkey_lease_list_next(const latchkey_lease_list *list);
LATCHKEY_API void latchkey_lease_list_free(latchkey_lease_list *list);

/** Who may fetch what for which job. */
typedef struct latchkey_lease_request {
	const char *owner;    /**< id or e-mail; NULL: the caller */
	const char *tenant;   /**< id, name or domain; NULL: the only one the caller reaches */
	const char *provider; /**< "aws", "dnanexus", "s3" */
	const char *worker;   /**< usr_… or prn_…; NULL: the caller, who is then the owner */
	const char *job;      /**< 1 to 128 printable characters */
	const char *ttl;      /**< after each heartbeat: "1s" to "1d"; NULL: "5m" */
} latchkey_lease_request;

/**
 * The owner with credentials.manage, or a dispatcher with credentials.lease.
 * LATCHKEY_PERMISSION_DENIED LEASE_TO_ONESELF for a worker that grants to itself what is another's.
 */
LATCHKEY_API latchkey_status latchkey_lease_grant(latchkey_client *client,
    const latchkey_lease_request *request, const latchkey_call *call, latchkey_lease **out_lease,
    latchkey_error *out_error) LATCHKEY_MUST_CHECK;

/** Which leases. NULL in place of it: those on the caller's own credentials. */
typedef struct latchkey_lease_filter {
	const char *owner;  /**< id or e-mail: credentials.manage_any */
	bool all_owners;    /**< the whole tenant: credentials.manage_any */
	const char *tenant; /**< operators only */
	bool held;          /**< those that the caller holds or has granted; all a principal sees */
	bool include_ended; /**< and lapsed; they are forgotten after a week */
} latchkey_lease_filter;
LATCHKEY_API latchkey_status latchkey_lease_list_get(latchkey_client *client,
    const latchkey_lease_filter *filter, const latchkey_page *page, const latchkey_call *call,
    latchkey_lease_list **out_list, latchkey_error *out_error) LATCHKEY_MUST_CHECK;

/** The worker is alive: the lease lives another ttl. LATCHKEY_FAILED_PRECONDITION LEASE_ENDED once
 * that is over, OWNER_NOT_ACTIVE; LATCHKEY_NOT_FOUND LEASE_NOT_FOUND. */
LATCHKEY_API latchkey_status latchkey_lease_heartbeat(latchkey_client *client, const char *id,
    const latchkey_call *call, latchkey_lease **out_lease,
    latchkey_error *out_error) LATCHKEY_MUST_CHECK;

/** By the worker, whoever granted it, the owner, or credentials.manage_any. Twice is fine. */
LATCHKEY_API latchkey_status latchkey_lease_end(latchkey_client *client, const char *id,
    const latchkey_call *call, latchkey_lease **out_lease,
    latchkey_error *out_error) LATCHKEY_MUST_CHECK;

/** Keeps a lease alive from a thread of its own, and hears of its end by the feed. */
typedef struct latchkey_lease_holder latchkey_lease_holder;

/**
 * Begin to hold `lease`: a heartbeat every third of its ttl, and one at once whenever the feed
 * hints at its end or that of its credential. `on_end` is called at most once, on the holder's
 * thread, when the service says that the lease is over, or has not answered until it must have
 * lapsed. `client` must live until the release; `lease` is borrowed for the call.
 */
LATCHKEY_API latchkey_status latchkey_lease_hold(latchkey_client *client,
    const latchkey_lease *lease, void (*on_end)(void *user, const latchkey_error *why), void *user,
    latchkey_lease_holder **out_holder, latchkey_error *out_error) LATCHKEY_MUST_CHECK;

/**
 * Stop, and end the lease if it is not over; within the client's timeout, after which the lease is
 * left to lapse. NULL is allowed. Not from `on_end`.
 */
LATCHKEY_API void latchkey_lease_release(latchkey_lease_holder *holder);

LATCHKEY_END_DECLS

#endif
