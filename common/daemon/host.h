/*
 * The wiring that every service shares: identity, peers, store, channels to the other services,
 * authentication, audit, health and the rpc server. A service adds its domain and its method
 * tables.
 *
 *     struct lk_error *err = lk_daemon_begin("latchkey-tokens");
 *     …
 *     LK_DAEMON_TRY(lk_host_open(&setup, &host, err));            what the domain builds on
 *     LK_DAEMON_TRY(tokens_open(host, &cfg, &tokens, err));       the domain
 *     LK_DAEMON_TRY(lk_host_serve(host, &services, err));         the server, not yet listening
 *     return lk_host_run(host);                                   ready, serve, drain on SIGTERM
 */
#ifndef LK_DAEMON_HOST_H
#define LK_DAEMON_HOST_H

#include "audit/audit.h"
#include "auth/authenticator.h"
#include "daemon/daemon.h"
#include "daemon/use_report.h"
#include "feed/feed.h"
#include "metrics/families.h"
#include "rpc/channel.h"
#include "rpc/server.h"
#include "store/store.h"

enum { LK_HOST_READERS_MAX = 4 };

/* What the common options say (options_common.def); texts are borrowed for the life of the host. */
struct lk_host_setup {
	const char *service; /* "tokens": also the name of its key in peers/ */
	const char *instance, *listen_url, *store_url, *peers_dir, *peer_key_file;
	const char *audit_checkpoints;                 /* "" for none */
	const char *keys_url;                          /* NULL in keys itself */
	const char *tokens_url;                        /* NULL in tokens itself */
	const char *feed_readers[LK_HOST_READERS_MAX]; /* services that decide by our feed */
	struct lk_tls_files tls;                       /* for addresses of tls+tcp:// */
	bool allow_old_nng_tls;
	int64_t workers, contexts, queue_limit;
	const struct lk_migrations
	    *migrations; /* the service's own; audit, feed and idempotency are added */
};

/* .instance = cfg.instance, …: the fields of options_common.def */
#define LK_HOST_OPTIONS(cfg)                                                                       \
	.instance = (cfg).instance, .listen_url = (cfg).listen_url, .store_url = (cfg).store_url,  \
	.peers_dir = (cfg).peers_dir, .audit_checkpoints = (cfg).audit_checkpoints,                \
	.peer_key_file = (cfg).peer_key_file,                                                      \
	.tls = { .cert_file = (cfg).peer_tls_cert_file,                                            \
		.key_file = (cfg).peer_tls_key_file,                                               \
		.ca_file = (cfg).peer_tls_ca_file },                                               \
	.allow_old_nng_tls = (cfg).allow_old_nng_tls, .workers = (cfg).workers,                    \
	.contexts = (cfg).contexts, .queue_limit = (cfg).queue_limit

/* For the `check` of a service's options. INVALID_ARGUMENT CONFIG_INVALID when workers and those
 * who wait for one are more than the requests that may be in progress. */
lk_status lk_host_check(const struct lk_host_setup *setup, struct lk_error *err);

/* Everything here is the host's; a domain borrows it and reads no other field. */
struct lk_host {
	const char *service, *instance;
	const struct lk_clock *clock;
	struct lk_peers *peers;
	struct lk_sign_key *sign_key;
	struct lk_assertion_maker *maker;
	struct lk_store *store;
	struct lk_channel *keys, *tokens; /* NULL where setup named none */
	struct lk_jwks_source *jwks;
	struct lk_audit_sealer *sealer;
	struct lk_use_report *uses; /* NULL in keys itself: uses of keys that keys does not see */
	struct lk_feed *feed;       /* what changes here, for those who remember our answers */
	struct lk_host_private *inner;
};

/* Opens all of the above; starts the sealer. Errors name what is wrong for the operator who starts
 * the process. */
lk_status lk_host_open(
    const struct lk_host_setup *setup, struct lk_host **out_host, struct lk_error *err);

enum { LK_HOST_SERVICES_MAX = 8 };

struct lk_host_services {
	struct lk_service services[LK_HOST_SERVICES_MAX]; /* the service's own; audit, feed and
							     health are added */
	size_t count;
	struct lk_standing_source standing; /* get NULL: ask keys, and remember under its lease */
	struct lk_revocation_source revocations; /* get NULL: by the feed of tokens */
	lk_feed_open_fn *feed_open; /* what our feed told before and still counts; may be NULL */
	void *feed_open_user;
	/* A call came with a token of this key: where keys is not asked (in keys itself); NULL:
	 * keys is told. */
	void (*key_used)(void *user, const char *key, int64_t at_ms);
	void *key_used_user;
	/* When the server listens, to start threads that flush stops; may be NULL. */
	lk_status (*start)(void *user, struct lk_error *err);
	void *start_user;
	void (*tenants_changed)(void *user); /* as in daemon/peer_view.h; may be NULL */
	void *tenants_changed_user;
	/* Adds what the service measures of itself, and its metrics; on a worker's thread; may be
	 * NULL. */
	void (*measure)(void *user, struct lk_families *out, int64_t deadline_steady_ms);
	void *measure_user;
	void (*flush)(
	    void *user); /* after the last call is answered, before the store closes; may be NULL */
	void *flush_user;
};

/* Checks the tables and makes the server; nothing listens before lk_host_run. */
lk_status lk_host_serve(
    struct lk_host *host, const struct lk_host_services *services, struct lk_error *err);

/*
 * What keys answered may be remembered: lk_host_keys_number is taken before asking, and the answer
 * counts while lk_host_keys_unchanged says that nothing of `ids` has changed since, which needs a
 * lease of keys' feed. Any thread, while the host serves.
 */
uint64_t lk_host_keys_number(const struct lk_host *host);
bool lk_host_keys_unchanged(
    const struct lk_host *host, uint64_t number, const char *const *ids, size_t count);

/* Listen, serve, drain on SIGTERM; answers main's exit status. */
int lk_host_run(struct lk_host *host);

void lk_host_close(struct lk_host *host);
LK_DEFINE_FREEP(lk_host_closep, struct lk_host *, lk_host_close)

#endif
