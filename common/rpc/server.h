/* A server: receives calls on one socket, checks, authenticates and dispatches them, answers each
 * one, and drains. */
#ifndef LK_RPC_SERVER_H
#define LK_RPC_SERVER_H

#include "base/base.h"
#include "rpc/call.h"
#include "rpc/method.h"
#include "rpc/tls.h"
#include "time/clock.h"

struct lk_server;

/* A method table and the context pointer its handlers find in lk_call_user(). */
struct lk_service {
	const struct lk_method_table *table;
	void *user;
};

/* What became of one call; everything is borrowed for the length of the hook. */
struct lk_finished {
	const struct lk_call *call;
	const char *method;             /* "" when the frame was unreadable */
	const char *request_id;         /* "" likewise */
	const struct lk_caller *caller; /* NULL when nobody was recognised */
	lk_status status;
	const struct lk_error *error; /* meaningful when status is not LK_OK */
	int64_t duration_us; /* from its arrival, or lk_call_time_anew(), to the reply being
				handed to nng */
};

/* Zero means the default in brackets. Everything is borrowed until lk_server_free, but `url` and
 * `services` are copied. */
struct lk_server_config {
	const char *url;          /* ipc:///absolute/path.sock, or tls+tcp://ADDRESS:PORT */
	const struct lk_tls *tls; /* for the latter */
	bool allow_old_tls;       /* even with nng before 1.6: see lk_listen_tls() */
	const struct lk_service *services;
	size_t service_count;
	struct lk_authenticator authenticator; /* both functions are required */
	const struct lk_clock *clock;          /* [the system's] */

	/* Called once per call, after its status is known and before its reply is sent, on the
	 * thread that ran it. */
	void (*on_finished)(void *user, const struct lk_finished *finished);
	/* The ipc listener had stopped answering and was replaced (see listener_guard.c). */
	void (*on_healed)(void *user);
	/* nng lets go of no connection any more: this process should end and be started again (see
	 * listener_guard.c). */
	void (*on_unreaped)(void *user);
	void *hook_user;

	unsigned contexts; /* calls in progress at once [256]; must exceed workers + queue_max */
	unsigned workers;  /* threads for LK_WORKER [4] */
	unsigned
	    queue_max; /* calls waiting for a worker [192]; above it RESOURCE_EXHAUSTED at once */
	size_t arena_cap; /* most bytes of memory per call [1 MiB] */
	uint32_t
	    max_timeout_ms; /* a call's longest life, and that of one that names none [30,000] */
	uint32_t send_timeout_ms; /* how long a reply may wait for its reader before its connection
				     is shunned; a tenth while half of all contexts wait [1,000] */
};

/*
 * Check the tables and allocate; starts no thread and opens nothing. FAILED_PRECONDITION
 * METHOD_TABLE_INVALID names the rpc at fault; INVALID_ARGUMENT for the configuration. out_server
 * is yours.
 */
lk_status lk_server_new(
    struct lk_server **out_server, const struct lk_server_config *config, struct lk_error *err);

/*
 * Listen (mode 0660, in a directory that exists) and serve. A socket file left by a dead process is
 * replaced. FAILED_PRECONDITION ADDRESS_IN_USE when a server answers there already, URL_TOO_LONG
 * for a path over 107 bytes; over TLS the errors of lk_listen_tls.
 */
lk_status lk_server_start(struct lk_server *server, struct lk_error *err);

/*
 * Stop without a failed request: the path goes away, calls that still arrive are answered
 * UNAVAILABLE DRAINING (never executed), and it returns once all work is answered and 200 ms were
 * quiet. DEADLINE_EXCEEDED after `timeout_ms`.
 */
lk_status lk_server_drain(struct lk_server *server, uint32_t timeout_ms, struct lk_error *err);

struct lk_server_stats {
	uint64_t calls, failed; /* answered, and answered with an error */
	uint64_t healed;        /* listeners replaced */
	unsigned in_progress;   /* received and not answered yet */
	unsigned queued;        /* of these, waiting for a worker */
	unsigned waiting;       /* of these, for what somebody resumes (lk_call_later) */
};
struct lk_server_stats lk_server_stats(struct lk_server *server); /* any thread */

/* Stops at once when it was not drained: unanswered calls lose their connection. Waits for handlers
 * that run. */
void lk_server_free(struct lk_server *server);
LK_DEFINE_FREEP(lk_server_freep, struct lk_server *, lk_server_free)

#endif
