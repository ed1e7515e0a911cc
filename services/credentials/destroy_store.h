/* All rows of a tenant at once. */
#ifndef LK_CREDENTIALS_DESTROY_STORE_H
#define LK_CREDENTIALS_DESTROY_STORE_H

#include "store/store.h"

/* The key under which its secrets are sealed, the sealed secrets, and the leases on them; rows that
 * are gone are overwritten in the file. Answers how many credentials there were. */
lk_status tenant_destroy(
    struct lk_tx *tx, const char *tenant, int64_t *out_credentials, struct lk_error *err);

#endif
