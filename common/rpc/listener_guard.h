/* nng before 1.6 loses ipc listeners; see listener_guard.c. With newer versions the guard does
 * nothing. */
#ifndef LK_RPC_LISTENER_GUARD_H
#define LK_RPC_LISTENER_GUARD_H

#include "base/base.h"
#include "rpc/listen.h"

struct lk_listener_guard;

/*
 * Watch `listen` (borrowed) from a thread of its own until freed; `alive` is one of probe.h's
 * questions to its path, `on_healed` runs on that thread. out_guard is yours.
 */
lk_status lk_listener_guard_start(struct lk_listener_guard **out_guard, struct lk_listen *listen,
    bool (*alive)(const char *path, int timeout_ms), void (*on_healed)(void *user), void *user,
    struct lk_error *err);

/* Returns once the thread is gone: from then on `listen` is the caller's alone. NULL is allowed. */
void lk_listener_guard_free(struct lk_listener_guard *guard);

#endif
