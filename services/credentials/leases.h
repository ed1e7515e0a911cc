/* Leases over RPC: granted, listed, kept alive, ended. Handlers of the method table. */
#ifndef LK_CREDENTIALS_LEASES_H
#define LK_CREDENTIALS_LEASES_H

#include "service.h"
#include "wire.h"

/* Writes an audit row. NOT_FOUND USER_NOT_FOUND, CREDENTIAL_NOT_FOUND; PERMISSION_DENIED
 * PERMISSION_MISSING, LEASE_TO_ONESELF; INVALID_ARGUMENT naming the field; FAILED_PRECONDITION
 * OWNER_NOT_ACTIVE; RESOURCE_EXHAUSTED LEASES_TOO_MANY. */
lk_status leases_grant(struct lk_call *call, const GrantLeaseRequest *req, GrantLeaseResponse *rep);
lk_status leases_list(struct lk_call *call, const ListLeasesRequest *req, ListLeasesResponse *rep);
/* The owner must still be active and within the worker's reach. NOT_FOUND LEASE_NOT_FOUND;
 * FAILED_PRECONDITION LEASE_ENDED, OWNER_NOT_ACTIVE, CREDENTIAL_EXPIRED. */
lk_status leases_heartbeat(
    struct lk_call *call, const HeartbeatLeaseRequest *req, HeartbeatLeaseResponse *rep);
/* Told in the feed, and audited. NOT_FOUND LEASE_NOT_FOUND. */
lk_status leases_end(struct lk_call *call, const EndLeaseRequest *req, EndLeaseResponse *rep);

#endif
