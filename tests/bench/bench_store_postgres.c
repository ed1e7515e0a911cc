/* Point reads and durable rows through the store against bare libpq in pipeline mode, on a server
 * of its own. Bare is what the store would be if it did nothing: the same prepared statements, sent
 * without waiting where an answer is not needed, on as many connections. */
#include <libpq-fe.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "store/store.h"

enum { CONNECTIONS = 8, ROWS = 10000 };

#define TABLE(name)                                                                                \
	"CREATE TABLE " name " (id bigint PRIMARY KEY, tenant text COLLATE \"C\" NOT NULL, "       \
	"name text COLLATE \"C\" NOT NULL, digest bytea NOT NULL, created_at_ms bigint NOT NULL);"
#define COLUMNS " (id, tenant, name, digest, created_at_ms) VALUES ($1, $2, $3, $4, $5)"
#define POINT "SELECT tenant, name, digest, created_at_ms FROM key WHERE id = $1"

static const struct lk_migration steps[] = { { "0001_key.sql", TABLE("key"), "aa" } };
static const struct lk_migrations schema = { "bench", NULL, 0, steps, 1, NULL };
static const char Q_INSERT[] = "INSERT INTO key" COLUMNS;
static const char Q_POINT[] = POINT;
static const char TENANT[] = "tnt_01J9ZZZZZZZZZZZZZZZZZZZZZZ";
static const uint8_t digest[32];

struct both {
	struct lk_store *store;
	PGconn *bare[CONNECTIONS];
	_Atomic int64_t id;
};

static void
must(bool ok, const char *what)
{
	if (ok)
		return;
	(void)fprintf(stderr, "bench_store_postgres: %s failed\n", what);
	exit(1);
}

/* ---- Bare ---- */

static PGconn *
bare_open(const char *url)
{
	PGconn *c = PQconnectdb(url);

	must(PQstatus(c) == CONNECTION_OK, "connect");
	PQclear(PQexec(c, "SET plan_cache_mode = force_generic_plan"));
	PQclear(PQprepare(c, "insert", "INSERT INTO bench.bare" COLUMNS, 0, NULL));
	PQclear(PQprepare(c, "point",
	    "SELECT tenant, name, digest, created_at_ms FROM bench.key WHERE id = $1", 0, NULL));
	PQclear(PQprepare(c, "begin", "BEGIN ISOLATION LEVEL SERIALIZABLE", 0, NULL));
	PQclear(PQprepare(c, "commit", "COMMIT", 0, NULL));
	must(PQenterPipelineMode(c) == 1, "pipeline mode");
	return c;
}

static void
bare_send(PGconn *c, const char *name, int64_t id, int params)
{
	char text[24];
	const char *values[] = { text, TENANT, "laptop", (const char *)digest, "1700000000000" };
	const int lengths[] = { 0, 0, 0, sizeof digest, 0 }, formats[] = { 0, 0, 0, 1, 0 };

	(void)snprintf(text, sizeof text, "%lld", (long long)id);
	must(PQsendQueryPrepared(c, name, params, values, lengths, formats, 1) == 1, name);
}

static void
bare_end(PGconn *c, int results)
{
	must(PQpipelineSync(c) == 1, "sync");
	while (results--) {
		PGresult *result = PQgetResult(c);

		must(PQresultStatus(result) == PGRES_COMMAND_OK ||
			 PQresultStatus(result) == PGRES_TUPLES_OK,
		    PQresultErrorMessage(result));
		PQclear(result);
		PQclear(PQgetResult(c));
	}
	PQclear(PQgetResult(c));
}

static void
bare_row(struct both *b, size_t at)
{
	bare_send(b->bare[at], "begin", 0, 0);
	bare_send(b->bare[at], "insert", ++b->id, 5);
	bare_send(b->bare[at], "commit", 0, 0);
	bare_end(b->bare[at], 3);
}

static void
bare_point(struct both *b, size_t at)
{
	bare_send(b->bare[at], "point", ++b->id % ROWS + 1, 1);
	bare_end(b->bare[at], 1);
}

/* ---- The store ---- */

static lk_status
insert(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	return lk_tx_exec(tx, Q_INSERT,
	    LK_ARGS(lk_int(*(const int64_t *)arg), lk_text(TENANT), lk_text("laptop"),
		lk_blob(lk_bytes(digest, sizeof digest)), lk_int(1700000000000)),
	    NULL, err);
}

static void
store_row(struct both *b, size_t at)
{
	int64_t id = ++b->id;

	(void)at;
	must(lk_store_write(b->store, LK_NO_DEADLINE, insert, &id, NULL) == LK_OK, "a write");
}

static lk_status
point(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	bool has;

	LK_TRY(lk_tx_query_first(
	    tx, Q_POINT, LK_ARGS(lk_int(*(const int64_t *)arg)), &rows, &has, err));
	must(has && lk_col_blob(&rows, 2).len == sizeof digest, "the row");
	return LK_OK;
}

static void
store_point(struct both *b, size_t at)
{
	int64_t id = ++b->id % ROWS + 1;

	(void)at;
	must(lk_store_read(b->store, LK_NO_DEADLINE, point, &id, NULL) == LK_OK, "a read");
}

/* ---- One and many at once ---- */

struct share {
	struct both *both;
	void (*work)(struct both *b, size_t at);
	size_t at;
	uint64_t times;
};

static void *
share_main(void *arg)
{
	struct share *share = arg;

	while (share->times--)
		share->work(share->both, share->at);
	return NULL;
}

static void
together(struct both *b, void (*work)(struct both *, size_t), uint64_t times)
{
	struct share shares[CONNECTIONS];
	pthread_t threads[CONNECTIONS];

	for (size_t i = 0; i < CONNECTIONS; i++) {
		shares[i] =
		    (struct share){ b, work, i, times / CONNECTIONS + (i < times % CONNECTIONS) };
		must(pthread_create(&threads[i], NULL, share_main, &shares[i]) == 0, "a thread");
	}
	for (size_t i = 0; i < CONNECTIONS; i++)
		pthread_join(threads[i], NULL);
}

#define ALONE(name, work)                                                                          \
	static void name(void *arg, uint64_t times)                                                \
	{                                                                                          \
		while (times--)                                                                    \
			work(arg, 0);                                                              \
	}
#define TOGETHER(name, work)                                                                       \
	static void name(void *arg, uint64_t times)                                                \
	{                                                                                          \
		together(arg, work, times);                                                        \
	}
ALONE(store_rows, store_row)
ALONE(bare_rows, bare_row)
ALONE(store_points, store_point)
ALONE(bare_points, bare_point)
TOGETHER(store_rows_together, store_row)
TOGETHER(bare_rows_together, bare_row)
TOGETHER(store_points_together, store_point)
TOGETHER(bare_points_together, bare_point)

/* ---- The server ---- */

/* postgres.py VERB FOLDER; its first line. */
static void
server(const char *verb, const char *folder, char *out, size_t size)
{
	char text[512];
	int ends[2], status = 1;
	ssize_t got;

	must(pipe(ends) == 0, "pipe");
	const pid_t child = fork();
	if (child == 0) {
		dup2(ends[1], STDOUT_FILENO);
		close(ends[0]);
		close(ends[1]);
		execl("/usr/bin/python3", "python3", "-B", LK_POSTGRES_PY, verb, folder,
		    (char *)NULL);
		_exit(127);
	}
	close(ends[1]);
	got = read(ends[0], text, sizeof text - 1);
	close(ends[0]);
	must(waitpid(child, &status, 0) == child && status == 0, verb);
	text[got > 0 ? got : 0] = '\0';
	text[strcspn(text, "\n")] = '\0';
	if (out)
		must(lk_text_copy(out, size, text), "the URL");
}

static void
fill(struct both *b)
{
	for (int i = 0; i < ROWS / CONNECTIONS; i++)
		together(b, store_row, CONNECTIONS);
	together(b, store_point, 1000 * CONNECTIONS); /* every connection stands */
}

/* Whether a server's process shares a core with who asks it decides more than what is compared, and
 * stays as it happened to be. So neither side's do: we are on one core, all of them on another. */
static void
place(PGconn *maker, bool apart)
{
	cpu_set_t ours, theirs;
	PGresult *pids = PQexec(maker, "SELECT pid FROM pg_stat_activity WHERE backend_type = "
				       "'client backend'");

	CPU_ZERO(&ours);
	CPU_ZERO(&theirs);
	for (int cpu = 0; cpu < (int)sysconf(_SC_NPROCESSORS_ONLN); cpu++) {
		if (!apart || cpu == 0)
			CPU_SET(cpu, &ours);
		if (!apart || cpu == 1)
			CPU_SET(cpu, &theirs);
	}
	if (CPU_COUNT(&theirs) == 0)
		theirs = ours;
	must(sched_setaffinity(0, sizeof ours, &ours) == 0, "a core of our own");
	for (int i = 0; i < PQntuples(pids); i++)
		if (sched_setaffinity((pid_t)strtol(PQgetvalue(pids, i, 0), NULL, 10),
			sizeof theirs, &theirs) != 0)
			printf("the server's processes stay where they are: run this as root\n");
	PQclear(pids);
}

int
main(int argc, char **argv)
{
	const bool quick = lk_bench_quick(argc, argv);
	const struct lk_store_options options = { .readers = CONNECTIONS, .writers = CONNECTIONS };
	struct both b = { 0 };
	char folder[64], url[512], own[600];
	struct lk_bench benches[] = {
		{ "point read", "lk_store_read", "bare libpq", 0.8, store_points, bare_points, &b },
		{ "point read, 8 threads", "lk_store_read", "bare libpq, 8 connections", 0.8,
		    store_points_together, bare_points_together, &b },
		{ "durable row", "lk_store_write", "bare pipelined libpq", 0.8, store_rows,
		    bare_rows, &b },
		{ "durable row, 8 threads", "lk_store_write", "bare pipelined libpq, 8 connections",
		    0.8, store_rows_together, bare_rows_together, &b },
	};

	(void)snprintf(folder, sizeof folder, "/tmp/lkpg-bench-%d", (int)getpid());
	server("start", folder, url, sizeof url);
	(void)snprintf(own, sizeof own, "%s&schema=bench", url);
	must(lk_store_open(own, LK_MIGRATIONS(&schema), &options, &b.store, NULL) == LK_OK,
	    "lk_store_open");
	fill(&b);
	PGconn *maker = PQconnectdb(url);
	PQclear(PQexec(maker, "SET search_path = bench;" TABLE("bare")));
	for (size_t i = 0; i < CONNECTIONS; i++)
		b.bare[i] = bare_open(url);
	for (size_t i = 0; i < LK_ARRAY_LEN(benches); i++) {
		place(maker, i == 0); /* with many threads both sides use all cores */
		(void)lk_bench_compare(&benches[i], quick);
	}
	PQfinish(maker);
	for (size_t i = 0; i < CONNECTIONS; i++)
		PQfinish(b.bare[i]);
	lk_store_close(b.store);
	server("remove", folder, NULL, 0);
	return 0;
}
