/* A worker fetches the credential of a user for one job: the reason this service exists. */
#ifndef LK_CREDENTIALS_FETCH_H
#define LK_CREDENTIALS_FETCH_H

#include "service.h"
#include "wire.h"

/*
 * PERMISSION_DENIED WORKERS_ONLY for operators and services; INVALID_ARGUMENT naming owner,
 * provider, purpose or transport_id; NOT_FOUND for an owner out of reach or without such a
 * credential, or a lease that is not the worker's; FAILED_PRECONDITION OWNER_NOT_ACTIVE,
 * CREDENTIAL_EXPIRED, SESSION_ONLY, LEASE_REQUIRED, LEASE_ENDED, LEASE_OF_OTHER; what
 * signed_fetch.h and fetch_rate.h say. The audit row is durable before this returns; a refusal
 * leaves one, too.
 */
lk_status fetch_credential(struct credentials *credentials, struct lk_call *call,
    const FetchCredentialRequest *req, FetchCredentialResponse *rep, struct lk_error *err);

#endif
