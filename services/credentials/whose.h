/* Whose things a listing shows: one's own, another's, or the whole tenant's. */
#ifndef LK_CREDENTIALS_WHOSE_H
#define LK_CREDENTIALS_WHOSE_H

#include "keys_peer.h"
#include "service.h"

/* As the request says it; texts are "" when it does not. */
struct whose_wish {
	const char *owner, *tenant;
	bool all_owners;
};

/* What that comes to; NULL or "" means any. Borrows from the wish, the caller and `found`. */
struct whose {
	const char *tenant, *owner;
	struct owner found;
};

/*
 * Own ones with credentials.manage, others of the tenant with credentials.manage_any, any for
 * operators. PERMISSION_DENIED USERS_ONLY, PERMISSION_MISSING; NOT_FOUND USER_NOT_FOUND;
 * INVALID_ARGUMENT TENANT_INVALID. Blocks: keys may be asked.
 */
lk_status whose_find(struct credentials *credentials, struct lk_call *call,
    const struct whose_wish *wish, struct whose *out, struct lk_error *err);

#endif
