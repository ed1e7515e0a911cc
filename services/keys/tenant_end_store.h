/* Deleting a tenant: the rows of everything in it. */
#ifndef LK_KEYS_TENANT_END_STORE_H
#define LK_KEYS_TENANT_END_STORE_H

#include "store/store.h"

/*
 * Its users, keys, sessions, workgroups, policy and all else that only it had are gone; its own row
 * stays without name and domain, so that its id is nobody else's. Takes as long as the tenant is
 * large.
 */
lk_status tenant_end(struct lk_tx *tx, const char *id, int64_t now_ms, struct lk_error *err);

#endif
