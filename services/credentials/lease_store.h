/* The rows of leases. */
#ifndef LK_CREDENTIALS_LEASE_STORE_H
#define LK_CREDENTIALS_LEASE_STORE_H

#include "lease.h"
#include "store/store.h"

/* RESOURCE_EXHAUSTED LEASES_TOO_MANY when its credential has as many as one may. Forgets a few that
 * were over a week ago. */
lk_status lease_insert(struct lk_tx *tx, const struct lease *lease, struct lk_error *err);

/* NOT_FOUND LEASE_NOT_FOUND; also for one that is nothing to the caller. */
lk_status lease_load_reached(struct lk_tx *tx, const char *id, const struct lk_caller *caller,
    struct lease *out, struct lk_error *err);
/* The same for its worker alone. */
lk_status lease_load_held(struct lk_tx *tx, const char *id, const struct lk_caller *caller,
    struct lease *out, struct lk_error *err);

/* Heartbeat, expiry and end as `lease` says. */
lk_status lease_update(struct lk_tx *tx, const struct lease *lease, struct lk_error *err);

/* All of a credential that are still alive. */
lk_status leases_end_of_credential(struct lk_tx *tx, const char *credential, const char *ended_by,
    int64_t now_ms, struct lk_error *err);

/* In order of id, after `after`; NULL means any. At most `limit` into `out` (an array of limit). */
struct lease_filter {
	const char *tenant, *owner;
	const char *party; /* its worker, or who granted it */
	bool include_ended;
	int64_t now_ms;
	const char *after; /* "" for the first page */
	size_t limit;
};
lk_status lease_list(struct lk_tx *tx, const struct lease_filter *filter, struct lease *out,
    size_t *out_count, struct lk_error *err);

#endif
