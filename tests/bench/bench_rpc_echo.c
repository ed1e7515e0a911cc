/* What our frame, header, decoding and dispatch cost over a bare nng echo of the same sizes, 1 and
 * 64 in flight. */
#include <nng/nng.h>
#include <nng/protocol/reqrep0/rep.h>
#include <nng/protocol/reqrep0/req.h>
#include <stdio.h>
#include <stdlib.h>

#include "../integration/rpc_world.h"
#include "bench.h"

enum { CONTEXTS = 64, BODY = 100, MESSAGE = 230 };

static void
must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "bench_rpc_echo: %s\n", what);
	exit(1);
}

/* The bare side: the same loop with nothing in it. */
struct bare_peer {
	nng_ctx context;
	nng_aio *aio;
	bool sending;
};

static void
bare_server_step(void *arg)
{
	struct bare_peer *p = arg;

	if (nng_aio_result(p->aio) != 0)
		return;
	p->sending = !p->sending;
	if (p->sending)
		nng_ctx_send(p->context, p->aio); /* the message that came is still in the aio */
	else
		nng_ctx_recv(p->context, p->aio);
}

struct countdown {
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	atomic_ullong left, to_start;
	bool done;
};

static void
countdown_init(struct countdown *c, uint64_t times, uint64_t in_flight)
{
	pthread_mutex_init(&c->mutex, NULL);
	pthread_cond_init(&c->changed, NULL);
	atomic_store(&c->left, times);
	atomic_store(&c->to_start, times > in_flight ? times - in_flight : 0);
	c->done = false;
}

/* One is done; says whether to start another. */
static bool
countdown_step(struct countdown *c)
{
	unsigned long long waiting = atomic_load(&c->to_start);
	bool more = false;

	while (waiting > 0 &&
	       !(more = atomic_compare_exchange_weak(&c->to_start, &waiting, waiting - 1)))
		;
	if (atomic_fetch_sub(&c->left, 1) == 1) {
		pthread_mutex_lock(&c->mutex);
		c->done = true;
		pthread_cond_signal(&c->changed);
		pthread_mutex_unlock(&c->mutex);
	}
	return more;
}

static void
countdown_wait(struct countdown *c)
{
	pthread_mutex_lock(&c->mutex);
	while (!c->done)
		pthread_cond_wait(&c->changed, &c->mutex);
	pthread_mutex_unlock(&c->mutex);
}

struct bare_client {
	nng_ctx context;
	nng_aio *aio;
	bool receiving;
	struct countdown *countdown;
};

struct rig {
	struct world *w;
	nng_socket bare_server, bare_client;
	struct bare_peer peers[CONTEXTS];
	struct bare_client clients[CONTEXTS];
	Question body;
	unsigned in_flight;
	struct countdown countdown;
};

static void
bare_ask(struct bare_client *c)
{
	nng_msg *message = NULL;

	must(nng_msg_alloc(&message, MESSAGE) == 0, "no memory");
	c->receiving = false;
	nng_aio_set_msg(c->aio, message);
	nng_ctx_send(c->context, c->aio);
}

static void
bare_client_step(void *arg)
{
	struct bare_client *c = arg;

	must(nng_aio_result(c->aio) == 0, "the bare client failed");
	if (!c->receiving) {
		c->receiving = true;
		nng_ctx_recv(c->context, c->aio);
		return;
	}
	nng_msg_free(nng_aio_get_msg(c->aio));
	nng_aio_set_msg(c->aio, NULL);
	if (countdown_step(c->countdown))
		bare_ask(c);
}

static void
bare_up(struct rig *r)
{
	char url[LK_URL_SIZE];

	snprintf(url, sizeof url, "ipc://%s/bare.sock", world_dir());
	must(nng_rep0_open(&r->bare_server) == 0 && nng_req0_open(&r->bare_client) == 0,
	    "no socket");
	for (int i = 0; i < CONTEXTS; i++) {
		struct bare_peer *p = &r->peers[i];
		must(nng_ctx_open(&p->context, r->bare_server) == 0, "no context");
		must(nng_aio_alloc(&p->aio, bare_server_step, p) == 0, "no aio");
		nng_ctx_recv(p->context, p->aio);
		struct bare_client *c = &r->clients[i];
		must(nng_ctx_open(&c->context, r->bare_client) == 0, "no context");
		must(nng_aio_alloc(&c->aio, bare_client_step, c) == 0, "no aio");
		c->countdown = &r->countdown;
	}
	must(nng_listen(r->bare_server, url, NULL, 0) == 0, "cannot listen");
	must(nng_dial(r->bare_client, url, NULL, 0) == 0, "cannot dial");
}

static void
bare_down(struct rig *r)
{
	nng_close(r->bare_client);
	nng_close(r->bare_server);
	for (int i = 0; i < CONTEXTS; i++) {
		nng_aio_free(r->clients[i].aio);
		nng_aio_free(r->peers[i].aio);
	}
}

static void
run_bare(void *arg, uint64_t times)
{
	struct rig *r = arg;

	countdown_init(&r->countdown, times, r->in_flight);
	for (unsigned i = 0; i < r->in_flight && i < times; i++)
		bare_ask(&r->clients[i]);
	countdown_wait(&r->countdown);
}

static void our_ask(struct rig *r);

static void
our_answer(void *user, lk_status status, const ProtobufCMessage *reply, const struct lk_error *err)
{
	struct rig *r = user;

	(void)reply;
	must(status == LK_OK, err->message);
	if (countdown_step(&r->countdown))
		our_ask(r);
}

static void
our_ask(struct rig *r)
{
	const struct lk_rpc_request request = { .method = "test.v1.TestService/Echo",
		.body = &r->body.base };

	must(lk_channel_submit(r->w->channel, &request,
		 &latchkey__common__v1__page_reply__descriptor, our_answer, r, NULL) == LK_OK,
	    "the channel refused");
}

static void
run_ours(void *arg, uint64_t times)
{
	struct rig *r = arg;

	countdown_init(&r->countdown, times, r->in_flight);
	for (unsigned i = 0; i < r->in_flight && i < times; i++)
		our_ask(r);
	countdown_wait(&r->countdown);
}

static void
compare(struct rig *r, const char *work, unsigned in_flight, double wanted, bool quick)
{
	const struct lk_bench bench = { .work = work,
		.ours = "lk_channel and lk_server",
		.against = "bare nng echo",
		.wanted = wanted,
		.run_ours = run_ours,
		.run_against = run_bare,
		.arg = r };

	r->in_flight = in_flight;
	lk_bench_compare(&bench, quick);
}

int
main(int argc, char **argv)
{
	static struct rig r;
	static char cursor[BODY + 1];
	const bool quick = lk_bench_quick(argc, argv);
	void *state = NULL;

	must(world_up(&state) == 0, "the server does not start");
	r.w = state;
	memset(cursor, 'x', BODY);
	r.body = (Question)LATCHKEY__COMMON__V1__PAGE_REQUEST__INIT;
	r.body.cursor = cursor;
	bare_up(&r);
	compare(&r, "echo of 100 bytes, 1 in flight", 1, 0.90, quick);
	compare(&r, "echo of 100 bytes, 64 in flight", CONTEXTS, 0.80, quick);
	bare_down(&r);
	world_down(&state);
	return 0;
}
