/*
 * Nobody is answered from memory that may be old: before a call is looked at, the store must be
 * known to be ours still (lk_store_holds). Where that takes a question to the database, a worker
 * asks it.
 */
#ifndef LK_DAEMON_STORE_GATE_H
#define LK_DAEMON_STORE_GATE_H

#include "rpc/call.h"
#include "store/store.h"

struct lk_store_gate {
	struct lk_store *store;
	struct lk_authenticator inner;
};

/* What goes before `inner`; `gate` must live as long as the server. Fails as lk_store_read does. */
struct lk_authenticator lk_store_gate(
    struct lk_store_gate *gate, struct lk_store *store, struct lk_authenticator inner);

#endif
