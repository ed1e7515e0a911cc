/* The thread that looks after the signing keys: the calendar, changes of other instances, the
 * freshness of the JWKS. */
#ifndef LK_TOKENS_KEEPER_H
#define LK_TOKENS_KEEPER_H

#include "base/base.h"

struct keeper;

enum { KEEPER_PERIOD_MS = 1000 };

/* Calls `keep(user)` every KEEPER_PERIOD_MS on a thread of its own; `keep` logs its own failures.
 */
lk_status keeper_start(
    struct keeper **out_keeper, void (*keep)(void *user), void *user, struct lk_error *err);
/* Once it returns, `keep` does not run any more. NULL is fine. */
void keeper_stop(struct keeper *keeper);

#endif
