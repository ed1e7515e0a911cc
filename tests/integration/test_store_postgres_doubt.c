/*
 * Commits whose answer is lost. A relay between the driver and PostgreSQL ends a connection at its
 * COMMIT, before the server saw it, while it works, or after it answered; the call's idempotency
 * key resolves each one: the row is there once, and the answer is that of the row.
 */
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "auth/caller.h"
#include "daemon/write.h"
#include "idempotency_migrations.h"
#include "latchkey/common/v1/frame.pb-c.h"
#include "latchkey/tokens/v1/tokens.pb-c.h"
#include "postgres.h"
#include "test.h"

typedef Latchkey__Tokens__V1__RevokeTokenResponse Reply;

static const struct lk_migration steps[] = {
	{ "0001_made.sql",
	    "CREATE TABLE made (name text COLLATE \"C\" NOT NULL, attempt bigint NOT NULL);",
	    "aa" },
};
static const struct lk_migrations made_migrations = { "made", NULL, 0, steps, 1, NULL };

/* ---- The relay ---- */

enum when { NEVER, BEFORE, DURING, AFTER };

static _Atomic(enum when) cut; /* what happens to the next COMMIT */
static atomic_int cuts;
static char upstream[128];

static int
unix_socket(const char *path, bool listens)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (strlen(path) >= sizeof address.sun_path)
		return -1;
	memcpy(address.sun_path, path, strlen(path) + 1);
	if (listens)
		return bind(fd, (const struct sockaddr *)&address, sizeof address) == 0 &&
			       listen(fd, 32) == 0
			   ? fd
			   : -1;
	return connect(fd, (const struct sockaddr *)&address, sizeof address) == 0 ? fd : -1;
}

static bool
pass_on(int to, const char *data, ssize_t len)
{
	return send(to, data, (size_t)len, MSG_NOSIGNAL) == len;
}

/* False ends the connection. */
static bool
from_client(int client, int server)
{
	static _Thread_local char data[65536];
	const ssize_t len = recv(client, data, sizeof data, 0);
	enum when how = NEVER;

	if (len <= 0)
		return false;
	/* a Bind message of the prepared statement "commit" */
	if (memmem(data, (size_t)len, "\0commit", 8))
		how = atomic_exchange(&cut, NEVER);
	if (how != NEVER)
		atomic_fetch_add(&cuts, 1);
	if (how == BEFORE)
		return false;
	if (!pass_on(server, data, len) || how == DURING)
		return false;
	if (how == AFTER) /* the answer comes and goes nowhere */
		return recv(server, data, sizeof data, 0) < 0;
	return true;
}

static bool
from_server(int server, int client)
{
	static _Thread_local char data[65536];
	const ssize_t len = recv(server, data, sizeof data, 0);

	return len > 0 && pass_on(client, data, len);
}

static void *
relay_one(void *arg)
{
	const int client = (int)(intptr_t)arg, server = unix_socket(upstream, false);
	struct pollfd fds[] = { { .fd = client, .events = POLLIN },
		{ .fd = server, .events = POLLIN } };
	bool open = server >= 0;

	while (open && poll(fds, 2, -1) > 0) {
		if (fds[0].revents)
			open = from_client(client, server);
		if (open && fds[1].revents)
			open = from_server(server, client);
	}
	close(client);
	close(server);
	return NULL;
}

static void *
relay_main(void *arg)
{
	const int listener = (int)(intptr_t)arg;
	int client;

	while ((client = accept4(listener, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
		pthread_t thread;

		if (pthread_create(&thread, NULL, relay_one, (void *)(intptr_t)client) == 0)
			pthread_detach(thread);
	}
	return NULL;
}

/* The URL of a new schema through the relay. */
static void
relay_start(const char *server, char *out_url, size_t size)
{
	const char *url = lk_test_store_url();
	const char *port = strstr(url, "&port="), *tail = strstr(port + 1, "&schema=");
	const char *folder = lk_test_tmpdir();
	char path[128];
	pthread_t thread;
	int listener;

	(void)snprintf(upstream, sizeof upstream, "%s/.s.PGSQL.%.*s", server,
	    (int)(tail - port - 6), port + 6);
	(void)snprintf(
	    path, sizeof path, "%s/.s.PGSQL.%.*s", folder, (int)(tail - port - 6), port + 6);
	listener = unix_socket(path, true);
	assert_true(listener >= 0);
	assert_int_equal(pthread_create(&thread, NULL, relay_main, (void *)(intptr_t)listener), 0);
	pthread_detach(thread);
	(void)snprintf(out_url, size, "postgresql://latchkey@/latchkey?host=%s%s", folder, port);
}

/* ---- The call ---- */

struct world {
	struct lk_store *store;
	struct lk_error err;
	struct lk_caller caller;
	char name[32]; /* of the row, and the idempotency key */
	char token[32];
	Reply reply;
	int64_t attempt, stored, count;
};

static lk_status
make(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct world *w = arg;

	w->attempt++;
	(void)snprintf(w->token, sizeof w->token, "%lld", (long long)w->attempt);
	w->reply.token_id = w->token;
	return lk_tx_exec(tx, "INSERT INTO made (name, attempt) VALUES ($1, $2)",
	    LK_ARGS(lk_text(w->name), lk_int(w->attempt)), NULL, err);
}

/* The attempt that the answer tells of, or 0. */
static int64_t
send_call(struct world *w, int64_t within_ms, lk_status *out_status)
{
	Latchkey__Common__V1__RequestHeader header;
	int64_t attempt = 0;

	latchkey__common__v1__request_header__init(&header);
	header.idempotency_key = w->name;
	const struct lk_call_setup setup = { .method = "a.B/C",
		.caller = &w->caller,
		.header = &header,
		.body = lk_bytes_of("body"),
		.deadline_steady_ms = lk_clock_steady_ms(lk_clock_system()) + within_ms,
		.may_block = true };
	LK_AUTO(lk_call_freep) struct lk_call *call = lk_call_new(&setup);

	latchkey__tokens__v1__revoke_token_response__init(&w->reply);
	lk_error_clear(&w->err);
	*out_status = lk_call_write(call, w->store, make, w, &w->reply.base, &w->err);
	if (*out_status != LK_OK)
		return 0;
	const struct lk_bytes packed = lk_call_reply(call);
	if (!packed.data) /* the reply is the one the function filled */
		return strtoll(w->reply.token_id, NULL, 10);
	Reply *again =
	    latchkey__tokens__v1__revoke_token_response__unpack(NULL, packed.len, packed.data);
	assert_non_null(again);
	attempt = strtoll(again->token_id, NULL, 10);
	latchkey__tokens__v1__revoke_token_response__free_unpacked(again, NULL);
	return attempt;
}

static lk_status
look(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	struct world *w = arg;
	bool has;

	LK_TRY(lk_tx_query_first(tx, "SELECT count(*), max(attempt) FROM made WHERE name = $1",
	    LK_ARGS(lk_text(w->name)), &rows, &has, err));
	w->count = lk_col_int(&rows, 0);
	w->stored = lk_col_int(&rows, 1);
	return LK_OK;
}

static void
expect_once(struct world *w, int64_t answered)
{
	expect_ok(lk_store_read(w->store, LK_NO_DEADLINE, look, w, &w->err), &w->err);
	assert_int_equal(w->count, 1);
	assert_int_equal(w->stored, answered);
}

static void
open_world(struct world *w)
{
	char url[512];

	*w = (struct world){ .caller = {
				 .kind = LK_CALLER_USER, .id = "usr_1", .tenant = "tnt_1" } };
	relay_start(lk_test_postgres_shared(), url, sizeof url);
	expect_ok(lk_store_open(url, LK_MIGRATIONS(&idempotency_migrations, &made_migrations), NULL,
		      &w->store, &w->err),
	    &w->err);
}

static void
a_hundred_commits_in_doubt_are_resolved_by_the_idempotency_key(void **state)
{
	struct world w;
	lk_status status;

	(void)state;
	open_world(&w);
	for (int i = 0; i < 100; i++) {
		(void)snprintf(w.name, sizeof w.name, "call-%d", i);
		atomic_store(&cut, (enum when)(BEFORE + i % 3));
		const int64_t answered = send_call(&w, 10000, &status);

		expect_ok(status, &w.err);
		assert_int_equal(atomic_load(&cuts), i + 1);
		expect_once(&w, answered);
		assert_int_equal(send_call(&w, 10000, &status), answered);
		expect_once(&w, answered);
	}
	lk_store_close(w.store);
}

static lk_status
make_plainly(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	return make(tx, arg, err);
}

static void
without_a_key_nobody_can_know_and_the_answer_says_so(void **state)
{
	struct world w;

	(void)state;
	open_world(&w);
	(void)snprintf(w.name, sizeof w.name, "plain");
	atomic_store(&cut, AFTER);
	expect_fail(lk_store_write(w.store, LK_NO_DEADLINE, make_plainly, &w, &w.err), &w.err,
	    LK_UNKNOWN, "STORE_IN_DOUBT");
	expect_once(&w, 1);
	lk_store_close(w.store);
}

/* ---- The server itself ---- */

static void *
call_for_ever(void *arg)
{
	struct world *w = arg;
	lk_status status = LK_UNKNOWN;
	int64_t answered = 0;

	for (int i = 0; i < 400 && status != LK_OK; i++)
		answered = send_call(w, 1000, &status);
	w->stored = answered;
	return NULL;
}

/* The same call is sent until it is answered, while the server is killed and started. */
static void
a_server_killed_at_any_moment_leaves_each_call_done_once(void **state)
{
	const char *server = lk_test_postgres_new(NULL);
	const size_t rounds = lk_test_repeat("server kills", 10, 2);
	struct world w = { .caller = { .kind = LK_CALLER_USER, .id = "usr_1", .tenant = "tnt_1" } };

	(void)state;
	expect_ok(
	    lk_store_open(lk_test_postgres_url(server, "a"),
		LK_MIGRATIONS(&idempotency_migrations, &made_migrations), NULL, &w.store, &w.err),
	    &w.err);
	for (size_t i = 0; i < rounds; i++) {
		pthread_t thread;

		(void)snprintf(w.name, sizeof w.name, "kill-%zu", i);
		assert_int_equal(pthread_create(&thread, NULL, call_for_ever, &w), 0);
		lk_test_postgres_do(server, "kill");
		lk_test_postgres_do(server, "start");
		pthread_join(thread, NULL);
		expect_once(&w, w.stored);
	}
	lk_store_close(w.store);
}

LK_TESTS(LK_CASE(a_hundred_commits_in_doubt_are_resolved_by_the_idempotency_key),
    LK_CASE(without_a_key_nobody_can_know_and_the_answer_says_so),
    LK_CASE(a_server_killed_at_any_moment_leaves_each_call_done_once))
