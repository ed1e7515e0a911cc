/*
 * Destroys the keys of deleted tenants, and so their credentials: a thread that asks latchkey-keys
 * which of the tenants here are gone, when its feed says that one is, at start, and every minute (a
 * credential may be stored in the very moment in which its tenant is deleted).
 */
#ifndef LK_CREDENTIALS_SHREDDER_H
#define LK_CREDENTIALS_SHREDDER_H

#include "daemon/host.h"

struct shredder;

struct shredder *shredder_new(struct lk_host *host); /* NULL: out of memory; `host` is borrowed */
void shredder_free(struct shredder *shredder);       /* stops it, too; NULL is fine */

/* RESOURCE_EXHAUSTED NO_THREAD. */
lk_status shredder_start(struct shredder *shredder, struct lk_error *err);
void shredder_stop(struct shredder *shredder); /* waits for what it does; twice is fine */

/* Look soon. Any thread; does not block for longer than a lock. */
void shredder_hint(struct shredder *shredder);

#endif
