/* A channel from the inside: addresses with their lanes, and exchanges that travel on them. For
 * channel.c, address.c, exchange.c. */
#ifndef LK_RPC_CHANNEL_IMPL_H
#define LK_RPC_CHANNEL_IMPL_H

#include <nng/nng.h>
#include <pthread.h>
#include <stdatomic.h>

#include "latchkey/common/v1/frame.pb-c.h"
#include "rpc/channel.h"
#include "rpc/url.h"

enum { LK_CHANNEL_ADDRESSES_MAX = 16, LK_CHANNEL_REQUEST_ID_SIZE = 65 };

/* One nng context: one request on its way to one address. */
struct lk_lane {
	nng_ctx context;
	struct lk_address *address;
	struct lk_dialled *dialled; /* whose context it is */
	struct lk_lane *next;
};

/* A socket that dials an address; one that nng before 1.6 has lost is kept behind its successor
 * (redial.c). */
struct lk_dialled {
	nng_socket socket;
	nng_dialer dialer;
	struct lk_address *address;
	struct lk_dialled *older;
	struct lk_lane *lost_lanes; /* of a socket that is used no more */
};

/*
 * One server process. A connection is used only after it has answered: one that nng before 1.6
 * lost, or a process that is stopped, looks connected and swallows what it is sent. So a new
 * connection, and one that missed an answer, first gets a Health call. The mutex of the channel
 * guards what is not atomic.
 */
struct lk_address {
	struct lk_channel *channel;
	_Atomic(struct lk_dialled *) dialled; /* the socket in use */
	const char *path;                     /* of its ipc socket, in `url` */
	char url[LK_URL_SIZE];
	unsigned outstanding;
	struct lk_lane *free_lanes;
	atomic_uint pipe;     /* nng's id of the connection that stands; 0: none */
	atomic_bool usable;   /* it answered, and has missed no answer since */
	atomic_bool answered; /* this connection, ever */
	atomic_bool draining; /* said so on this connection */
	atomic_bool probing;  /* a Health call is on its way */
	atomic_uint probe_ms; /* how long the next one may take */
	atomic_int_fast64_t
	    lost_at_ms;          /* steady: since when it is not usable, or was looked after */
	atomic_uint redials;     /* looks after it in a row, none of which brought an answer */
	atomic_uint closed_pipe; /* the connection that we closed last, and when (steady) */
	atomic_int_fast64_t closed_at_ms;
	atomic_bool redialling; /* who sets it owns what follows */
	bool stranger_sent;
	pthread_t stranger;
	atomic_uint_fast64_t mark; /* of the path when we connected: another after a restart */
};

/*
 *                    ┌─────────── nothing sent, or may be sent again ────────────┐
 * IDLE → SENDING → RECEIVING → ENDED → IDLE            SENDING or RECEIVING → PAUSING → SENDING
 */
enum lk_exchange_state {
	LK_EXCHANGE_IDLE,
	LK_EXCHANGE_SENDING,
	LK_EXCHANGE_RECEIVING,
	LK_EXCHANGE_PAUSING,
	LK_EXCHANGE_ENDED,
	LK_EXCHANGE_STATE_COUNT_,
};

/* One call, whatever it takes: retries included. Owned by nng's callback from its start until
 * `on_end` is called. */
struct lk_exchange {
	struct lk_channel *channel;
	struct lk_exchange *next_free, *next_all;
	nng_aio *aio;
	nng_aio
	    *timer; /* apart: after nng_sleep_aio() an aio reports its later timeouts as success */
	enum lk_exchange_state state;
	struct lk_lane *lane; /* while sending and receiving */

	/* The request: header but for its time limit, and body, packed once. Wiped at the end. */
	uint8_t *packed;
	size_t packed_cap, header_len, body_len;
	char request_id[LK_CHANNEL_REQUEST_ID_SIZE];
	enum lk_effect effect;
	bool impatient;
	int64_t deadline_ms;       /* steady */
	struct lk_address *pinned; /* a Health call to this one; NULL: whichever is best */
	unsigned probed_pipe;      /* which connection of it is in doubt */
	unsigned pauses, ticks;    /* behind us: after failures, and waiting for an address */

	/* The outcome, for on_end. */
	lk_status status;
	struct lk_error error;
	nng_msg *reply; /* holds reply_body */
	struct lk_bytes reply_body;
	bool reply_sealed;
	lk_open_sealed_fn *open_sealed;
	void *open_user;
	struct lk_arena *arena;

	void (*on_end)(struct lk_exchange *exchange);
	/* for a caller that waits */
	pthread_mutex_t mutex;
	pthread_cond_t ended_changed;
	bool ended;
	/* for one that does not */
	const ProtobufCMessageDescriptor *reply_type;
	lk_channel_done done;
	void *user;
};

struct lk_channel {
	struct lk_channel_config config;
	unsigned address_count;
	struct lk_address addresses[LK_CHANNEL_ADDRESSES_MAX];
	atomic_bool closing;
	atomic_uint submitting; /* threads inside lk_channel_submit() */
	atomic_bool
	    orphans;       /* replies may come that nobody waits for any more, or a timer go off */
	atomic_bool stuck; /* closing would wait for ever: see redial.c */
	struct lk_channel *older_retired;         /* see lk_channel_close() */
	char id_stem[LK_CHANNEL_REQUEST_ID_SIZE]; /* request ids: this and a counter */
	atomic_uint_fast64_t id_counter;

	pthread_mutex_t mutex; /* guards what follows, and the lanes */
	pthread_cond_t returned;
	struct lk_exchange *free_exchanges, *all_exchanges;
	unsigned busy_exchanges;
	unsigned turn; /* where the search for the best address begins */
};

/* address.c */
lk_status lk_address_open(
    struct lk_address *address, struct lk_channel *channel, const char *url, struct lk_error *err);
void lk_address_close(struct lk_address *address); /* nothing may be on its lanes any more */
lk_status lk_address_dial(struct lk_address *address, struct lk_error *err); /* with a new socket */
void lk_address_dial_anew(
    struct lk_address *address); /* with the same; may wait for nng's threads */

enum lk_lane_answer { LK_LANE_TAKEN, LK_LANE_NONE_USABLE, LK_LANE_NONE_FREE };
/* A lane to the usable address with the fewest outstanding, or to `pinned`. */
enum lk_lane_answer lk_lane_take(
    struct lk_channel *channel, struct lk_address *pinned, struct lk_lane **out_lane);
void lk_lane_return(struct lk_lane *lane);
void lk_address_answered(struct lk_address *address, nng_msg *reply);
void lk_address_missed(
    struct lk_address *address); /* an answer, or somebody who takes the question */
void lk_address_probe_failed(struct lk_address *address, unsigned probed_pipe);
bool lk_address_wants_probe(struct lk_address *address);

/* redial.c: what tells one server at a path from its successor; 0: there is none. */
uint64_t lk_address_mark(const struct lk_address *address);
/* While a caller waits for an answer, and when it got none. Blocks nobody. */
void lk_channel_redial(struct lk_channel *channel);
void lk_channel_redial_end(struct lk_channel *channel); /* nothing is called any more */

/* exchange.c: one that is free; NULL when memory is short or the channel closes. */
struct lk_exchange *lk_exchange_take(struct lk_channel *channel);
void lk_exchange_return(struct lk_exchange *exchange);
/* Go, and call on_end exactly once, perhaps before this returns. */
void lk_exchange_start(struct lk_exchange *exchange);
void lk_exchange_stop(struct lk_exchange *exchange); /* waits for callbacks that run */
void lk_exchange_free(struct lk_exchange *exchange); /* after lk_exchange_stop */
void lk_exchange_probe(struct lk_address *address);  /* send a Health call */

/* request.c: pack the request into the exchange; make the message of one attempt. */
lk_status lk_exchange_pack(
    struct lk_exchange *exchange, const struct lk_rpc_request *request, struct lk_error *err);
nng_msg *lk_exchange_message(const struct lk_exchange *exchange, uint32_t timeout_ms);
/* Read the reply's header: the server's status and error, or INTERNAL REPLY_INVALID; sets
 * reply_body. */
lk_status lk_exchange_read(struct lk_exchange *exchange);

#endif
