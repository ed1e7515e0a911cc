/* A client's inside: its settings, a channel for each service, and what it holds for a while
 * (token, transport keys). */
#ifndef LATCHKEY_CLIENT_INSIDE_H
#define LATCHKEY_CLIENT_INSIDE_H

#include <pthread.h>

#include "auth/assertion.h"
#include "crypto/transport.h"
#include "rpc/channel.h"
#include "settings.h"

/*
 * Something that is fetched from a service, used for a while and fetched again before it ends. One
 * thread fetches, the others go on with what there is or wait for it.
 */
struct lease {
	uint64_t number;                 /* 0: never held; each fetch makes a new one */
	int64_t renew_at_ms, ends_at_ms; /* steady */
	bool fetching;
};

struct latchkey_client {
	struct settings settings; /* constant once open, but for what `lock` says */
	const struct lk_clock *clock;

	pthread_mutex_t lock; /* guards all below */
	pthread_cond_t changed;
	struct lk_channel *channels[LATCHKEY_SERVICE_COUNT]; /* opened at first use */
	char instance[INSTANCE_SIZE];                        /* "" until known */
	char self[LK_ID_SIZE]; /* usr_… or prn_… of who it speaks as; "" until asked */
	struct lk_assertion_maker *maker; /* operators, once the instance is known */
	struct lease token_lease;
	struct lk_secret *token;
	struct lease transport_lease;
	struct lk_transport transport;
	char transport_id[64];
};

/* The channel of a service; borrowed from the client. */
lk_status client_channel(latchkey_client *client, latchkey_service service, struct lk_channel **out,
    struct lk_error *err);

/*
 * Hold `lease`, fetching it by `fetch` when needed. On LK_OK the client is locked and the lease is
 * good: copy and unlock. `fetch` runs unlocked, then `install` (locked) puts what it made in place
 * and sets the lease's times.
 */
struct lease_source {
	lk_status (*fetch)(
	    latchkey_client *client, int64_t deadline_ms, void *out, struct lk_error *err);
	void (*install)(latchkey_client *client, void *fetched);
	void *fetched; /* storage for one fetch */
};
lk_status lease_hold(latchkey_client *client, struct lease *lease,
    const struct lease_source *source, int64_t deadline_ms, struct lk_error *err);
/* Count a lease as ended if it is still the one with that number. */
void lease_drop(latchkey_client *client, struct lease *lease, uint64_t number);
/* For install: good for `ttl_ms` from now, to be renewed after three quarters of it. */
void lease_begin(latchkey_client *client, struct lease *lease, int64_t ttl_ms);

/* What is left until a deadline as a request's timeout. DEADLINE_EXCEEDED when nothing is. */
lk_status time_left(const latchkey_client *client, int64_t deadline_ms, uint32_t *out_timeout_ms,
    struct lk_error *err);

#endif
