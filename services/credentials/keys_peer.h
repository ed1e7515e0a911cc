/* What this service asks latchkey-keys, as itself: whose credential is meant, and by which policy.
 */
#ifndef LK_CREDENTIALS_KEYS_PEER_H
#define LK_CREDENTIALS_KEYS_PEER_H

#include "credential.h"
#include "daemon/host.h"

/* An owner as keys knows it now. */
struct owner {
	char id[LK_ID_SIZE];
	char tenant[LK_ID_SIZE];
	bool active; /* not disabled */
	struct credential_policy policy;
};

/*
 * `user` is an id or e-mail, seen with the eyes of the caller of `call`: whoever it may not reach
 * is NOT_FOUND USER_NOT_FOUND. `tenant` is an id, name or domain, or "" for the only one the caller
 * reaches; INVALID_ARGUMENT TENANT_REQUIRED when there are several. UNAVAILABLE when keys does not
 * answer. Blocks.
 */
lk_status keys_peer_owner(const struct lk_host *host, struct lk_call *call, const char *user,
    const char *tenant, struct owner *out_owner, struct lk_error *err);

/* FAILED_PRECONDITION OWNER_NOT_ACTIVE. */
lk_status keys_peer_active(const struct owner *owner, struct lk_error *err);

#endif
