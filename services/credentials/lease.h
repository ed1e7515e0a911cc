/* A worker's right to one credential for one job, and the rules it lives by. Pure: no I/O. */
#ifndef LK_CREDENTIALS_LEASE_H
#define LK_CREDENTIALS_LEASE_H

#include "credential.h"

enum {
	LEASE_JOB_SIZE = 4 * CREDENTIAL_PURPOSE_MAX + 1,
	LEASE_TTL_DEFAULT_MS = 5 * 60 * 1000,
	LEASE_TTL_MIN_MS = 1000,
	LEASE_TTL_MAX_MS = 24 * 60 * 60 * 1000,
	LEASES_OF_CREDENTIAL_MAX = 1024, /* alive at once */
};

/*
 *   ACTIVE ──ended, or its credential deleted──→ ENDED
 *      └────no heartbeat within the ttl────────→ LAPSED
 */
enum lease_state { LEASE_ACTIVE, LEASE_ENDED, LEASE_LAPSED };

struct lease {
	char id[LK_ID_SIZE];
	char tenant[LK_ID_SIZE];
	char owner[LK_ID_SIZE];
	char provider[CREDENTIAL_PROVIDER_SIZE];
	char credential[LK_ID_SIZE];
	char worker[LK_ID_SIZE];
	char job[LEASE_JOB_SIZE];
	char granted_by[LK_CALLER_NAME_SIZE];
	int64_t beat_ttl_ms;
	int64_t created_at_ms, heartbeat_at_ms, expires_at_ms;
	int64_t ended_at_ms; /* 0: nobody ended it */
	char ended_by[LK_CALLER_NAME_SIZE];
};

enum lease_state lease_state_at(const struct lease *lease, int64_t now_ms);
const char *lease_state_name(enum lease_state state); /* "active", "ended", "lapsed" */

/* "" is five minutes. INVALID_ARGUMENT DURATION_INVALID, LEASE_TTL_INVALID outside 1s to 1d. */
lk_status lease_ttl(const char *text, int64_t *out_ms, struct lk_error *err);

/* INVALID_ARGUMENT WORKER_INVALID unless it is the id of a user or a principal. */
lk_status lease_worker_check(const char *worker, struct lk_error *err);

/*
 * May `granter` let `worker` have a credential of `owner`? The owner with credentials.manage, to
 * anybody; others with credentials.lease, but not to themselves. PERMISSION_DENIED
 * PERMISSION_MISSING, LEASE_TO_ONESELF.
 */
lk_status lease_grant_check(
    const struct lk_caller *granter, const char *owner, const char *worker, struct lk_error *err);

/* Its worker, whoever granted it and whoever manages the owner's credentials may see and end it. */
bool lease_is_reached_by(const struct lease *lease, const struct lk_caller *caller);

/* FAILED_PRECONDITION LEASE_ENDED unless it is active. */
lk_status lease_alive_check(const struct lease *lease, int64_t now_ms, struct lk_error *err);

/* A heartbeat came. */
void lease_beat(struct lease *lease, int64_t now_ms);

#endif
