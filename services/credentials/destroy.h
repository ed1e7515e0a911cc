/* The end of a tenant: its key goes, and with it whatever was sealed under it. */
#ifndef LK_CREDENTIALS_DESTROY_H
#define LK_CREDENTIALS_DESTROY_H

#include "service.h"
#include "wire.h"

/* For operators; audited, and told in the feed under the tenant's id. Twice is fine.
 * INVALID_ARGUMENT TENANT_INVALID, CONFIRM_MISSING. */
lk_status credentials_destroy(
    struct lk_call *call, const DestroyTenantRequest *req, DestroyTenantResponse *rep);

#endif
