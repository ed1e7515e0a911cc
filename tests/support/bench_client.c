/* See bench_client.h. */
#include "bench_client.h"

#include <nng/nng.h>
#include <nng/protocol/reqrep0/req.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct asker {
	struct lk_bench_client *client;
	nng_ctx contexts[2];
	nng_aio *aio;
	bool receiving;
	uint64_t random;
};

struct lk_bench_client {
	struct lk_bench_request *request;
	nng_socket sockets[2];
	struct asker askers[LK_BENCH_CONTEXTS];
	int target;
	size_t reply_len;
	atomic_ullong to_start, left;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool done;
};

void
lk_bench_must(int ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "bench: %s\n", what);
	exit(1);
}

void
lk_bench_serve_until_told(int ready, int told)
{
	char byte;

	lk_bench_must(write(ready, "r", 1) == 1, "cannot say ready");
	lk_bench_must(read(told, &byte, 1) == 0, "told something");
	exit(0);
}

static uint64_t
next_random(uint64_t *state) /* xorshift64 */
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	return *state ^= *state << 17;
}

static void
ask(struct asker *a)
{
	const struct lk_bench_client *client = a->client;
	const struct lk_bench_request *request = client->request;
	nng_msg *message;

	lk_bench_must(nng_msg_alloc(&message, request->len) == 0, "no memory");
	uint8_t *bytes = nng_msg_body(message);
	memcpy(bytes, request->bytes, request->len);
	if (request->vary)
		request->vary(request, next_random(&a->random), bytes);
	if (client->target == 1) {
		const uint32_t reply_len = (uint32_t)client->reply_len;
		memcpy(bytes, &reply_len, sizeof reply_len);
	}
	a->receiving = false;
	nng_aio_set_msg(a->aio, message);
	nng_ctx_send(a->contexts[client->target], a->aio);
}

static bool
one_more(struct lk_bench_client *client)
{
	unsigned long long waiting = atomic_load(&client->to_start);

	while (waiting > 0) {
		if (atomic_compare_exchange_weak(&client->to_start, &waiting, waiting - 1))
			return true;
	}
	return false;
}

static void
finished(struct lk_bench_client *client)
{
	if (atomic_fetch_sub(&client->left, 1) != 1)
		return;
	pthread_mutex_lock(&client->lock);
	client->done = true;
	pthread_cond_signal(&client->changed);
	pthread_mutex_unlock(&client->lock);
}

static void
asker_step(void *arg)
{
	struct asker *a = arg;
	struct lk_bench_client *client = a->client;

	lk_bench_must(nng_aio_result(a->aio) == 0, "the client failed");
	if (!a->receiving) {
		a->receiving = true;
		nng_ctx_recv(a->contexts[client->target], a->aio);
		return;
	}
	nng_msg *reply = nng_aio_get_msg(a->aio);
	nng_aio_set_msg(a->aio, NULL);
	if (client->reply_len == 0)
		client->reply_len = nng_msg_len(reply);
	lk_bench_must(nng_msg_len(reply) == client->reply_len,
	    "a reply has another size: something was refused");
	nng_msg_free(reply);
	if (one_more(client))
		ask(a);
	finished(client);
}

static void
run(struct lk_bench_client *client, int target, uint64_t times)
{
	const unsigned in_flight = client->request->in_flight;
	const unsigned first = times < in_flight ? (unsigned)times : in_flight;

	client->request->make(client->request);
	client->target = target;
	client->done = false;
	atomic_store(&client->left, times);
	atomic_store(&client->to_start, times - first);
	for (unsigned i = 0; i < first; i++)
		ask(&client->askers[i]);
	pthread_mutex_lock(&client->lock);
	while (!client->done)
		pthread_cond_wait(&client->changed, &client->lock);
	pthread_mutex_unlock(&client->lock);
}

void
lk_bench_run_ours(void *arg, uint64_t times)
{
	run(arg, 0, times);
}

void
lk_bench_run_bare(void *arg, uint64_t times)
{
	run(arg, 1, times);
}

struct lk_bench_client *
lk_bench_client_open(struct lk_bench_request *request, const char *const urls[2])
{
	struct lk_bench_client *client = calloc(1, sizeof *client);

	lk_bench_must(client != NULL, "no memory");
	client->request = request;
	pthread_mutex_init(&client->lock, NULL);
	pthread_cond_init(&client->changed, NULL);
	for (int s = 0; s < 2; s++) {
		lk_bench_must(nng_req0_open(&client->sockets[s]) == 0, "no socket");
		nng_socket_set_ms(
		    client->sockets[s], NNG_OPT_REQ_RESENDTIME, NNG_DURATION_INFINITE);
		lk_bench_must(nng_dial(client->sockets[s], urls[s], NULL, 0) == 0, "cannot dial");
	}
	for (int i = 0; i < LK_BENCH_CONTEXTS; i++) {
		struct asker *a = &client->askers[i];
		a->client = client;
		a->random = (uint64_t)i + 1;
		lk_bench_must(nng_aio_alloc(&a->aio, asker_step, a) == 0, "no aio");
		for (int s = 0; s < 2; s++)
			lk_bench_must(
			    nng_ctx_open(&a->contexts[s], client->sockets[s]) == 0, "no context");
	}
	return client;
}

void
lk_bench_client_close(struct lk_bench_client *client)
{
	for (int s = 0; s < 2; s++)
		nng_close(client->sockets[s]);
	for (int i = 0; i < LK_BENCH_CONTEXTS; i++)
		nng_aio_free(client->askers[i].aio);
	pthread_cond_destroy(&client->changed);
	pthread_mutex_destroy(&client->lock);
	free(client);
}
