/*
 * FetchCredential over ipc, 64 in flight, by real services (latchkey-credentials remembers under a
 * lease what latchkey-keys said of worker and owner), against its floor: a bare nng echo that reads
 * a row, opens it, seals it again and writes an audit row, durable together with those of whoever
 * asks at the same moment. Both get the same messages by the same client and answer as much;
 * clients, servers and kernel share the cores.
 */
#include <nng/nng.h>
#include <nng/protocol/reqrep0/rep.h>
#include <pthread.h>
#include <sodium.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "bench_client.h"
#include "bench_installation.h"
#include "crypto/transport.h"
#include "latchkey/common/v1/frame.pb-c.h"
#include "latchkey/credentials/v1/credentials.pb-c.h"
#include "rpc/channel.h"
#include "rpc/frame.h"

static const char AGREE[] = "latchkey.credentials.v1.CredentialService/AgreeTransport";
static const char FETCH[] = "latchkey.credentials.v1.CredentialService/FetchCredential";
static const char REQUEST_ID[] = "req_01hf7yat00jz6j3k0c5m9s8w4x";

enum { PEERS = 256, SECRET = 256, NONCE = 24, TAG = 16, ROWS = 1000 };

typedef Latchkey__Credentials__V1__AgreeTransportRequest AgreeRequest;
typedef Latchkey__Credentials__V1__AgreeTransportResponse AgreeResponse;
typedef Latchkey__Credentials__V1__FetchCredentialRequest FetchRequest;
typedef Latchkey__Credentials__V1__FetchCredentialResponse FetchResponse;

static char *
text(const char *borrowed)
{
	return (char *)(uintptr_t)borrowed;
}

/* ---- The floor ---- */

struct bare_peer {
	nng_ctx context;
	nng_aio *aio;
	bool sending;
	struct bare *bare;
};

struct bare {
	struct bare_peer peers[PEERS];
	sqlite3 *database;
	sqlite3_stmt *begin, *read, *audit, *commit;
	uint8_t key[32];
	uint64_t asked;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct bare_peer *waiting[PEERS];
	size_t count;
};

static void
sql(const struct bare *bare, const char *statement)
{
	lk_bench_must(sqlite3_exec(bare->database, statement, NULL, NULL, NULL) == SQLITE_OK,
	    sqlite3_errmsg(bare->database));
}

static void
seal(const struct bare *bare, const uint8_t *plain, size_t len, uint8_t *out)
{
	randombytes_buf(out, NONCE);
	crypto_aead_xchacha20poly1305_ietf_encrypt(
	    out + NONCE, NULL, plain, len, NULL, 0, NULL, out, bare->key);
}

static void
bare_fill(struct bare *bare)
{
	uint8_t plain[SECRET] = "AKIAIOSFODNN7EXAMPLE", sealed[NONCE + SECRET + TAG];
	sqlite3_stmt *insert;

	randombytes_buf(bare->key, sizeof bare->key);
	sqlite3_prepare_v2(bare->database, "INSERT INTO c VALUES (?1, ?2)", -1, &insert, NULL);
	for (int i = 0; i < ROWS; i++) {
		seal(bare, plain, sizeof plain, sealed);
		sqlite3_bind_int(insert, 1, i);
		sqlite3_bind_blob(insert, 2, sealed, sizeof sealed, SQLITE_STATIC);
		lk_bench_must(sqlite3_step(insert) == SQLITE_DONE, "a row was not written");
		sqlite3_reset(insert);
	}
	sqlite3_finalize(insert);
}

static void
bare_open(struct bare *bare, const char *path)
{
	lk_bench_must(sqlite3_open(path, &bare->database) == SQLITE_OK, "no database");
	sql(bare, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
		  "CREATE TABLE c (id INTEGER PRIMARY KEY, sealed BLOB NOT NULL);"
		  "CREATE TABLE a (row_id INTEGER PRIMARY KEY, id TEXT, at INT, action TEXT, "
		  "outcome TEXT, actor TEXT, actor_key TEXT, tenant TEXT, object TEXT, owner TEXT, "
		  "purpose TEXT, request_id TEXT, detail TEXT)");
	bare_fill(bare);
	sqlite3_prepare_v2(bare->database, "BEGIN IMMEDIATE", -1, &bare->begin, NULL);
	sqlite3_prepare_v2(
	    bare->database, "SELECT sealed FROM c WHERE id = ?1", -1, &bare->read, NULL);
	sqlite3_prepare_v2(bare->database,
	    "INSERT INTO a VALUES (NULL, ?1, ?2, 'credential.fetched', '', "
	    "'prn_01hf7yat00jz6j3k0c5m9s8w4x', 'key_01hf7yat00jz6j3k0c5m9s8w4x', "
	    "'tnt_01hf7yat00jz6j3k0c5m9s8w4x', 'crd_01hf7yat00jz6j3k0c5m9s8w4x', "
	    "'usr_01hf7yat00jz6j3k0c5m9s8w4x', 'bench', 'req_01hf7yat00jz6j3k0c5m9s8w4x', 'aws')",
	    -1, &bare->audit, NULL);
	sqlite3_prepare_v2(bare->database, "COMMIT", -1, &bare->commit, NULL);
	lk_bench_must(
	    bare->begin && bare->read && bare->audit && bare->commit, "no bare statements");
}

static void
step(sqlite3_stmt *statement)
{
	lk_bench_must(sqlite3_step(statement) == SQLITE_DONE, "a bare statement failed");
	sqlite3_reset(statement);
}

/* The message that came becomes the reply, once what it says is durable. */
static void
bare_answer(struct bare *bare, const struct bare_peer *peer)
{
	nng_msg *message = nng_aio_get_msg(peer->aio);
	uint8_t plain[SECRET];
	uint32_t reply_len;
	char id[32];

	memcpy(&reply_len, nng_msg_body(message), sizeof reply_len);
	lk_bench_must(reply_len >= NONCE + SECRET + TAG && nng_msg_realloc(message, reply_len) == 0,
	    "no room for a reply");
	sqlite3_bind_int64(bare->read, 1, (int64_t)(bare->asked % ROWS));
	lk_bench_must(sqlite3_step(bare->read) == SQLITE_ROW, "no row");
	const uint8_t *sealed = sqlite3_column_blob(bare->read, 0);
	lk_bench_must(crypto_aead_xchacha20poly1305_ietf_decrypt(plain, NULL, NULL, sealed + NONCE,
			  SECRET + TAG, NULL, 0, sealed, bare->key) == 0,
	    "a row does not open");
	sqlite3_reset(bare->read);
	seal(bare, plain, sizeof plain, nng_msg_body(message));
	snprintf(id, sizeof id, "evt_%026llu", (unsigned long long)bare->asked++);
	sqlite3_bind_text(bare->audit, 1, id, -1, SQLITE_STATIC);
	sqlite3_bind_int64(bare->audit, 2, (int64_t)bare->asked);
	step(bare->audit);
}

static void *
bare_writer(void *arg)
{
	struct bare *bare = arg;
	struct bare_peer *group[PEERS];

	for (;;) {
		pthread_mutex_lock(&bare->lock);
		while (bare->count == 0)
			pthread_cond_wait(&bare->changed, &bare->lock);
		const size_t count = bare->count;
		memcpy(group, bare->waiting, count * sizeof *group);
		bare->count = 0;
		pthread_mutex_unlock(&bare->lock);
		step(bare->begin);
		for (size_t i = 0; i < count; i++)
			bare_answer(bare, group[i]);
		step(bare->commit);
		for (size_t i = 0; i < count; i++)
			nng_ctx_send(group[i]->context, group[i]->aio);
	}
	return NULL;
}

static void
bare_step(void *arg)
{
	struct bare_peer *peer = arg;
	struct bare *bare = peer->bare;

	if (nng_aio_result(peer->aio) != 0)
		return;
	peer->sending = !peer->sending;
	if (!peer->sending) {
		nng_ctx_recv(peer->context, peer->aio);
		return;
	}
	pthread_mutex_lock(&bare->lock);
	bare->waiting[bare->count++] = peer;
	pthread_cond_signal(&bare->changed);
	pthread_mutex_unlock(&bare->lock);
}

static _Noreturn void
bare_child(const char *url, const char *path, int ready, int told)
{
	static struct bare bare = { .lock = PTHREAD_MUTEX_INITIALIZER,
		.changed = PTHREAD_COND_INITIALIZER };
	nng_socket socket;
	pthread_t writer;

	lk_bench_must(sodium_init() >= 0, "no libsodium");
	bare_open(&bare, path);
	lk_bench_must(
	    pthread_create(&writer, NULL, bare_writer, &bare) == 0 && nng_rep0_open(&socket) == 0,
	    "no thread or socket");
	for (size_t i = 0; i < PEERS; i++) {
		struct bare_peer *peer = &bare.peers[i];
		peer->bare = &bare;
		lk_bench_must(nng_ctx_open(&peer->context, socket) == 0 &&
				  nng_aio_alloc(&peer->aio, bare_step, peer) == 0,
		    "no context");
		nng_ctx_recv(peer->context, peer->aio);
	}
	lk_bench_must(nng_listen(socket, url, NULL, 0) == 0, "cannot listen");
	lk_bench_serve_until_told(ready, told);
}

/* ---- latchkey-credentials ---- */

struct worker {
	struct lk_channel *channel;
	struct lk_arena *arena;
	char token[LK_BENCH_TEXT_SIZE];
	char transport_id[64];
	struct lk_transport transport;
};

static const ProtobufCMessage *
ask(struct worker *worker, const char *method, const ProtobufCMessage *body,
    const ProtobufCMessageDescriptor *reply_type)
{
	const struct lk_rpc_request request = { .method = method,
		.body = body,
		.authorization = worker->token,
		.request_id = REQUEST_ID,
		.effect = LK_WRITE_ONCE };
	struct lk_error err = { 0 };
	ProtobufCMessage *reply = NULL;

	lk_bench_must(lk_channel_call(worker->channel, &request, reply_type, worker->arena, &reply,
			  &err) == LK_OK,
	    err.message);
	return reply;
}

static void
agree(struct worker *worker)
{
	AgreeRequest body = LATCHKEY__CREDENTIALS__V1__AGREE_TRANSPORT_REQUEST__INIT;
	LK_AUTO(lk_box_pair_wipe) struct lk_box_pair own = { 0 };

	lk_box_pair_make(&own);
	body.client_public_key = (ProtobufCBinaryData){ sizeof own.public_key, own.public_key };
	const AgreeResponse *agreed = (const void *)ask(worker, AGREE, &body.base,
	    &latchkey__credentials__v1__agree_transport_response__descriptor);
	lk_bench_must(agreed->server_public_key.len == LK_BOX_PUBLIC_LEN &&
			  lk_text_copy(worker->transport_id, sizeof worker->transport_id,
			      agreed->transport_id) &&
			  lk_transport_init_client(&own, agreed->server_public_key.data,
			      &worker->transport, NULL) == LK_OK,
	    "no transport");
}

static FetchRequest
what_is_asked(const struct worker *worker)
{
	FetchRequest body = LATCHKEY__CREDENTIALS__V1__FETCH_CREDENTIAL_REQUEST__INIT;

	body.owner = text("ada@bench.example");
	body.provider = text("aws");
	body.purpose = text("bench");
	body.transport_id = text(worker->transport_id);
	return body;
}

/* The first one also shows that it is the secret that comes. */
static void
fetch_once(struct worker *worker)
{
	const struct lk_transport_call bound = { REQUEST_ID, FETCH };
	FetchRequest body = what_is_asked(worker);
	struct lk_bytes plain;
	const FetchResponse *fetched = (const void *)ask(worker, FETCH, &body.base,
	    &latchkey__credentials__v1__fetch_credential_response__descriptor);

	lk_bench_must(fetched->secret &&
			  lk_transport_open(&worker->transport, &bound,
			      lk_bytes(fetched->secret->sealed.data, fetched->secret->sealed.len),
			      worker->arena, &plain, NULL) == LK_OK &&
			  memmem(plain.data, plain.len, "wJalrXUtnFEMI", 13) != NULL,
	    "this is not the secret");
}

/* The same frame each time. */
static void
make_request(struct lk_bench_request *request)
{
	Latchkey__Common__V1__RequestHeader header = LATCHKEY__COMMON__V1__REQUEST_HEADER__INIT;
	const struct worker *worker = request->user;
	const FetchRequest body = what_is_asked(worker);

	header.request_id = text(REQUEST_ID);
	header.method = text(FETCH);
	header.timeout_ms = 10000;
	header.authorization = text(worker->token);
	const size_t header_len = latchkey__common__v1__request_header__get_packed_size(&header);
	const size_t body_len =
	    latchkey__credentials__v1__fetch_credential_request__get_packed_size(&body);
	lk_bench_must(LK_FRAME_PREFIX_SIZE + header_len + body_len <= LK_BENCH_MESSAGE_CAP,
	    "the request is too long");
	lk_frame_prefix(request->bytes, header_len);
	uint8_t *at = request->bytes + LK_FRAME_PREFIX_SIZE;
	at += latchkey__common__v1__request_header__pack(&header, at);
	at += latchkey__credentials__v1__fetch_credential_request__pack(&body, at);
	request->len = (size_t)(at - request->bytes);
}

/* ---- Both ---- */

static void
compare(struct lk_bench_request *request, const char *const urls[2], bool quick)
{
	struct lk_bench_client *client = lk_bench_client_open(request, urls);
	struct lk_bench bench = { .work = "FetchCredential, 1 in flight",
		.ours = "latchkey-credentials and latchkey-keys",
		.against = "bare echo, row, AEAD twice, durable audit row",
		.run_ours = lk_bench_run_ours,
		.run_against = lk_bench_run_bare,
		.arg = client };

	request->in_flight = 1;
	lk_bench_compare(&bench, quick);
	request->in_flight = LK_BENCH_CONTEXTS;
	bench.work = "FetchCredential, 64 in flight";
	bench.wanted = 0.80;
	lk_bench_compare(&bench, quick);
	lk_bench_client_close(client);
}

int
main(int argc, char **argv)
{
	const bool quick = lk_bench_quick(argc, argv);
	struct lk_bench_installation installation;
	struct worker worker = { .arena = lk_arena_new(1 << 20) };
	static struct lk_bench_request request;
	char services[128], bare[128], path[128], byte;
	struct lk_error err = { 0 };
	int ready[2], told[2];

	lk_bench_installation_start(&installation, argv[0]);
	snprintf(
	    services, sizeof services, "ipc://%s/state/run/credentials.sock", installation.dir);
	snprintf(bare, sizeof bare, "ipc://%s/bare.sock", installation.dir);
	snprintf(path, sizeof path, "%s/bare.db", installation.dir);
	lk_bench_must(pipe(ready) == 0 && pipe(told) == 0, "no pipe");
	if (fork() == 0) {
		close(told[1]);
		close(installation.told);
		bare_child(bare, path, ready[1], told[0]);
	}
	close(ready[1]);
	lk_bench_must(read(ready[0], &byte, 1) == 1, "the bare server did not start");
	lk_bench_installation_read(&installation, "fleet.token", worker.token);
	lk_bench_must(lk_channel_open(&worker.channel, services, NULL, &err) == LK_OK, err.message);
	agree(&worker);
	fetch_once(&worker);
	request.make = make_request;
	request.user = &worker;
	compare(&request, (const char *const[]){ services, bare }, quick);
	lk_channel_close(worker.channel);
	lk_transport_wipe(&worker.transport);
	lk_arena_free(worker.arena);
	close(told[1]);
	lk_bench_installation_stop(&installation);
	return 0;
}
