/* The owners of what was fetched lately, as keys described them to each worker: remembered while
 * its feed says that nothing of it has changed. */
#ifndef LK_CREDENTIALS_OWNERS_H
#define LK_CREDENTIALS_OWNERS_H

#include "keys_peer.h"

struct owners;

/* `host` is borrowed for life. Yours. */
lk_status owners_new(struct owners **out_owners, const struct lk_host *host, struct lk_error *err);
void owners_free(struct owners *owners); /* NULL is fine */

/*
 * The owner as the caller of `call` sees them, from memory: true only under a lease of keys' feed,
 * while nothing has changed of the owner, the tenant, and the worker with its key or session, and
 * for a minute at most. Answers that refuse are not remembered. Any thread; does not block.
 */
bool owners_recall(struct owners *owners, struct lk_call *call, const char *user,
    const char *tenant, struct owner *out_owner);

/* As keys_peer_owner, and remembered. Blocks. */
lk_status owners_ask(struct owners *owners, struct lk_call *call, const char *user,
    const char *tenant, struct owner *out_owner, struct lk_error *err);

#endif
