/* A host from the inside, for host.c and measure_host.c. */
#ifndef LK_DAEMON_HOST_IMPL_H
#define LK_DAEMON_HOST_IMPL_H

#include "daemon/call_counts.h"
#include "daemon/health.h"
#include "daemon/host.h"
#include "daemon/peer_view.h"
#include "daemon/store_gate.h"

struct lk_host_private {
	struct lk_health health;
	struct lk_tls *tls;
	struct lk_standing_remote *standing;
	struct lk_peer_view *view;
	struct lk_auth *auth;
	struct lk_store_gate gate;
	struct lk_server *server;
	struct lk_call_counts *counts;
	struct lk_host_setup setup;
	lk_status (*start)(void *user, struct lk_error *err);
	void *start_user;
	void (*flush)(void *user);
	void *flush_user;
	void (*key_used)(void *user, const char *key, int64_t at_ms);
	void *key_used_user;
	void (*measure)(void *user, struct lk_families *out, int64_t deadline_steady_ms);
	void *measure_user;
};

/* For lk_health: `user` is the host. */
void lk_host_measure(void *user, struct lk_families *out, int64_t deadline_steady_ms);

#endif
