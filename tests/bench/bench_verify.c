/*
 * VerifyKey over ipc, with the assertion of a service checked each time, against a bare nng echo
 * that takes and gives messages of the same sizes; 1 and 64 in flight. Each server is a process of
 * its own; the client is the same code for both.
 * `--keys N` (100000) decides how many keys are asked for, each at random.
 */
#include <nng/nng.h>
#include <nng/protocol/reqrep0/rep.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "auth/assertion.h"
#include "bench.h"
#include "bench_client.h"
#include "crypto/key_format.h"
#include "keys/key_seal.h"
#include "keys/key_store.h"
#include "keys/verify.h"
#include "keys_world.h"
#include "latchkey/common/v1/frame.pb-c.h"
#include "peers_world.h"
#include "rpc/frame.h"

enum { OWNERS = 1000, INSERT_BATCH = 1000, KEY_LEN = 80 };

static const char VERIFY[] = "latchkey.keys.v1.KeyService/VerifyKey";

/* What parent and children share: anonymous memory, mapped before the fork. */
struct shared {
	size_t count;
	char (*texts)[KEY_LEN]; /* key texts without their NUL */
};

static void
must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "bench_verify: %s\n", what);
	exit(1);
}

static void
must_ok(lk_status status, const struct lk_error *err)
{
	must(status == LK_OK, err->message);
}

/* ---- latchkey-keys ---- */

struct fill {
	struct world *w;
	struct shared *shared;
	size_t from;
	char tenant[LK_ID_SIZE];
	char owners[OWNERS][LK_ID_SIZE];
};

static lk_status
insert_batch(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	const struct fill *fill = arg;
	struct world *w = fill->w;

	for (size_t i = fill->from; i < fill->from + INSERT_BATCH && i < fill->shared->count; i++) {
		struct key key = { .all_permissions = true,
			.all_workgroups = true,
			.pepper_version = 1,
			.generation = 1,
			.created_at_ms = 1,
			.expires_at_ms = INT64_C(4000000000000),
			.name = "bench" };
		struct lk_secret32 secret;
		struct lk_key_text text_of_key;

		lk_secret32_random(&secret);
		lk_id_make(LK_ID_KEY, &w->clock.clock, lk_random_system(), key.id);
		lk_text_copy(key.tenant, sizeof key.tenant, fill->tenant);
		lk_text_copy(key.owner, sizeof key.owner, fill->owners[i % OWNERS]);
		lk_key_digest(w->pepper, key.tenant, key.id, &secret, key.digest);
		LK_TRY(lk_key_text_make("lk", key.id, &secret, &text_of_key, err));
		must(strlen(text_of_key.text) == 79, "a key has another length");
		memcpy(fill->shared->texts[i], text_of_key.text, KEY_LEN);
		key_seal(w->pepper, &key);
		LK_TRY(key_insert(tx, &key, err));
	}
	return LK_OK;
}

/* Every key once, so that all are in memory before the measurement. */
static void
warm(struct world *w, const struct shared *shared)
{
	const struct lk_caller asker = { .kind = LK_CALLER_SERVICE, .all_tenants = true };
	struct lk_arena *arena = lk_arena_new(1 << 20);
	const struct patience patience = { true, LK_NO_DEADLINE, arena };

	for (size_t i = 0; i < shared->count; i++) {
		const struct verify_ask ask = { shared->texts[i], "", "", false, false, "", "" };
		struct verify_answer answer;
		must_ok(key_verify(w->keys, &asker, &ask, &patience, &answer, &w->err), &w->err);
		must(answer.active, "a key is refused");
		lk_arena_reset(arena);
	}
	lk_arena_free(arena);
}

static void
fill_store(struct world *w, struct shared *shared)
{
	static struct fill fill;
	const struct world_tenant t = world_tenant(w, "bench", "panomics");
	const char *ada = world_redeem(w, t.ticket);

	fill.w = w;
	fill.shared = shared;
	lk_text_copy(fill.tenant, sizeof fill.tenant, t.id);
	for (int i = 0; i < OWNERS; i++) {
		char email[64];
		snprintf(email, sizeof email, "user%03d@bench.example", i);
		const char *who = world_user(w, ada, email, "key-manager");
		memcpy(fill.owners[i], who, LK_ID_LEN);
	}
	for (; fill.from < shared->count; fill.from += INSERT_BATCH)
		must_ok(lk_store_write(w->store, LK_NO_DEADLINE, insert_batch, &fill, &w->err),
		    &w->err);
}

/* Like world_serve, but with the real authenticator: what is measured includes it. */
static void
serve_for_real(struct world *w, const struct lk_peers *peers, const char *url)
{
	static struct lk_auth *auth;
	const struct lk_service services[] = { { &keys_account_service, w->keys },
		{ &keys_key_service, w->keys } };
	const struct lk_auth_config auth_config = { .service = "keys",
		.instance = "test",
		.peers = peers,
		.standing = keys_standing_source(w->keys),
		.clock = lk_clock_system() };

	must_ok(lk_auth_new(&auth, &auth_config, &w->err), &w->err);
	const struct lk_server_config config = { .url = url,
		.services = services,
		.service_count = 2,
		.authenticator = lk_auth_authenticator(auth) };
	struct lk_server *server;
	must_ok(lk_server_new(&server, &config, &w->err), &w->err);
	must_ok(lk_server_start(server, &w->err), &w->err);
}

static long
resident_kib(void)
{
	FILE *file = fopen("/proc/self/statm", "r");
	long size = 0, resident = 0;

	if (file && fscanf(file, "%ld %ld", &size, &resident) != 2)
		resident = 0;
	if (file)
		fclose(file);
	return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

static void
keys_child(
    struct shared *shared, const struct lk_peers *peers, const char *url, int ready, int told)
{
	struct world *w = world_new(2000000 > shared->count ? 2000000 : shared->count + 1000);
	const long before = resident_kib();

	fill_store(w, shared);
	const long filled = resident_kib();
	const double start = lk_bench_now_s();
	warm(w, shared);
	printf("%zu keys: read into memory in %.1f s, %.0f bytes each (process: %ld KiB before, "
	       "%ld KiB with all)\n",
	    shared->count, lk_bench_now_s() - start,
	    (double)(resident_kib() - filled) * 1024 / (double)shared->count, before,
	    resident_kib());
	fflush(stdout);
	serve_for_real(w, peers, url);
	lk_bench_serve_until_told(ready, told);
}

/* ---- The bare echo: the first four bytes of a request say how long the reply is ---- */

struct bare_peer {
	nng_ctx context;
	nng_aio *aio;
	bool sending;
};

static void
bare_step(void *arg)
{
	struct bare_peer *p = arg;

	if (nng_aio_result(p->aio) != 0)
		return;
	p->sending = !p->sending;
	if (!p->sending) {
		nng_ctx_recv(p->context, p->aio);
		return;
	}
	nng_msg *message = nng_aio_get_msg(p->aio);
	uint32_t reply_len;
	memcpy(&reply_len, nng_msg_body(message), sizeof reply_len);
	must(nng_msg_realloc(message, reply_len) == 0, "no memory");
	nng_ctx_send(p->context, p->aio);
}

static void
bare_child(const char *url, int ready, int told)
{
	static struct bare_peer peers[256]; /* as many contexts as the server has */
	nng_socket socket;

	must(nng_rep0_open(&socket) == 0, "no socket");
	for (size_t i = 0; i < LK_ARRAY_LEN(peers); i++) {
		must(nng_ctx_open(&peers[i].context, socket) == 0, "no context");
		must(nng_aio_alloc(&peers[i].aio, bare_step, &peers[i]) == 0, "no aio");
		nng_ctx_recv(peers[i].context, peers[i].aio);
	}
	must(nng_listen(socket, url, NULL, 0) == 0, "cannot listen");
	lk_bench_serve_until_told(ready, told);
}

/* ---- The client of both ---- */

struct rig {
	struct shared *shared;
	struct lk_assertion_maker *maker;
	size_t text_at;
};

/* The frame of a VerifyKey with this service's assertion; only the key in it changes from call to
 * call. */
static void
make_request(struct lk_bench_request *request)
{
	struct rig *rig = request->user;
	Latchkey__Common__V1__RequestHeader header = LATCHKEY__COMMON__V1__REQUEST_HEADER__INIT;
	Latchkey__Common__V1__Assertion wire = LATCHKEY__COMMON__V1__ASSERTION__INIT;
	VerifyKeyRequest body = LATCHKEY__KEYS__V1__VERIFY_KEY_REQUEST__INIT;
	struct lk_assertion assertion;
	struct lk_error err = { 0 };

	must_ok(lk_assertion_make(rig->maker, "keys", VERIFY, &assertion, &err), &err);
	wire.caller = assertion.caller;
	wire.callee = assertion.callee;
	wire.method = assertion.method;
	wire.instance = assertion.instance;
	wire.issued_at_ms = assertion.issued_at_ms;
	wire.expires_at_ms = assertion.expires_at_ms;
	wire.signature.data = assertion.signature;
	wire.signature.len = sizeof assertion.signature;
	header.request_id = text("req_01hf7yat00jz6j3k0c5m9s8w4x");
	header.method = text(VERIFY);
	header.timeout_ms = 10000;
	header.assertion = &wire;
	body.secret_key = rig->shared->texts[0];
	const size_t header_len = latchkey__common__v1__request_header__get_packed_size(&header);
	uint8_t *at = request->bytes + LK_FRAME_PREFIX_SIZE;
	lk_frame_prefix(request->bytes, header_len);
	at += latchkey__common__v1__request_header__pack(&header, at);
	at += latchkey__keys__v1__verify_key_request__pack(&body, at);
	request->len = (size_t)(at - request->bytes);
	rig->text_at = request->len - (KEY_LEN - 1);
	must(memcmp(request->bytes + rig->text_at, body.secret_key, KEY_LEN - 1) == 0, "no key");
}

static void
another_key(const struct lk_bench_request *request, uint64_t random, uint8_t *message)
{
	const struct rig *rig = request->user;

	memcpy(
	    message + rig->text_at, rig->shared->texts[random % rig->shared->count], KEY_LEN - 1);
}

static void
compare(struct lk_bench_client *client, const char *work, double wanted, bool quick)
{
	const struct lk_bench bench = { .work = work,
		.ours = "latchkey-keys",
		.against = "bare nng echo",
		.wanted = wanted,
		.run_ours = lk_bench_run_ours,
		.run_against = lk_bench_run_bare,
		.arg = client };

	lk_bench_compare(&bench, quick);
}

static size_t
arguments(int argc, char **argv, bool *out_quick)
{
	size_t keys = 0;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--quick") == 0) {
			*out_quick = true;
		} else if (strcmp(argv[i], "--keys") == 0 && i + 1 < argc) {
			keys = strtoul(argv[++i], NULL, 10);
			must(keys > 0 && keys <= 20000000, "--keys takes 1 to 20000000");
		} else {
			fprintf(stderr, "usage: bench_verify [--quick] [--keys N]\n");
			exit(2);
		}
	}
	return keys > 0 ? keys : *out_quick ? 2000 : 100000;
}

static void
wait_ready(int fd)
{
	char byte;

	must(read(fd, &byte, 1) == 1, "a server did not start");
}

int
main(int argc, char **argv)
{
	static struct lk_bench_request request;
	struct rig rig = { 0 };
	struct peers_world peers;
	struct lk_error err = { 0 };
	bool quick = false;
	struct shared shared = { .count = arguments(argc, argv, &quick) };
	const char *dir = lk_test_tmpdir();
	const char *urls[2];
	int ready[2], told[2];

	for (int s = 0; s < 2; s++)
		urls[s] = lk_test_path("ipc://", lk_test_path(dir, s ? "bare" : "keys") + 1);
	shared.texts = mmap(NULL, shared.count * KEY_LEN, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	must(shared.texts != MAP_FAILED && pipe(ready) == 0 && pipe(told) == 0, "no memory");
	peers_world_open(&peers);
	for (int s = 0; s < 2; s++) {
		if (fork() != 0)
			continue;
		close(told[1]);
		if (s == 0)
			keys_child(&shared, peers.peers, urls[0], ready[1], told[0]);
		bare_child(urls[1], ready[1], told[0]);
	}
	close(ready[1]);
	wait_ready(ready[0]);
	wait_ready(ready[0]);

	rig.shared = &shared;
	must_ok(lk_assertion_maker_new(&rig.maker, "tokens", "test", peers.keys[WORLD_TOKENS],
		    lk_clock_system(), &err),
	    &err);
	request.make = make_request;
	request.vary = another_key;
	request.user = &rig;
	struct lk_bench_client *client = lk_bench_client_open(&request, urls);
	request.in_flight = 1;
	compare(client, "VerifyKey, 1 in flight", 0.90, quick);
	request.in_flight = LK_BENCH_CONTEXTS;
	compare(client, "VerifyKey, 64 in flight", 0.80, quick);
	lk_bench_client_close(client);
	lk_assertion_maker_free(rig.maker);
	close(told[1]);
	while (wait(NULL) > 0)
		;
	peers_world_close(&peers);
	return 0;
}
