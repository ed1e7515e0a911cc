/* A server from the inside, for server.c and slot.c. */
#ifndef LK_RPC_SERVER_IMPL_H
#define LK_RPC_SERVER_IMPL_H

#include <nng/nng.h>
#include <stdatomic.h>

#include "rpc/dispatch.h"
#include "rpc/listen.h"
#include "rpc/listener_guard.h"
#include "rpc/queue.h"
#include "rpc/server.h"
#include "rpc/shun.h"
#include "rpc/slot.h"

struct lk_server {
	struct lk_server_config config; /* defaults filled in; its services are in the dispatcher */
	char url[LK_URL_SIZE];
	struct lk_dispatcher *dispatcher;
	struct lk_queue *queue;
	struct lk_shun *shun;
	nng_socket socket;
	bool socket_open, listening;
	struct lk_listen listen;
	struct lk_listener_guard *guard;
	struct lk_slot *slots;
	unsigned slot_count; /* of these, initialised */

	atomic_uint reaped; /* connections that nng let go of */
	atomic_bool draining;
	atomic_uint in_progress, sending; /* calls; those whose reply waits for its reader */
	atomic_uint waiting;              /* of the calls, those that somebody will resume */
	atomic_int_fast64_t last_received_us;
	atomic_uint_fast64_t calls, failed, healed;
};

int64_t lk_server_now_us(void); /* CLOCK_MONOTONIC, for durations */

#endif
