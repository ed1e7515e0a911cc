/* nng before 1.6 loses ipc listeners, and its reaper; see listener_guard.c. With newer versions the
 * guard does nothing. */
#ifndef LK_RPC_LISTENER_GUARD_H
#define LK_RPC_LISTENER_GUARD_H

#include <stdatomic.h>

#include "base/base.h"
#include "rpc/listen.h"

struct lk_listener_guard;

/* Everything is borrowed until the guard is freed; the hooks run on its thread. */
struct lk_listener_guard_config {
	struct lk_listen *listen;
	bool (*alive)(const char *path, int timeout_ms); /* one of probe.h's questions */
	void (*on_healed)(void *user);
	const atomic_uint *reaped; /* connections of `listen` that nng let go of; NULL: no matter */
	void (*on_unreaped)(void *user); /* once: it lets go of none any more */
	unsigned unreaped_limit;         /* of strangers that came and went meanwhile [300] */
	void *user;
};

/* Watch from a thread of its own until freed. out_guard is yours. */
lk_status lk_listener_guard_start(struct lk_listener_guard **out_guard,
    const struct lk_listener_guard_config *config, struct lk_error *err);

/* Returns once the thread is gone: from then on `listen` is the caller's alone. NULL is allowed. */
void lk_listener_guard_free(struct lk_listener_guard *guard);

#endif
