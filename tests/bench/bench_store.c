/* A durable row through the store, alone and with 64 writers at once, against SQLite's own FULL
 * transaction of the same row; and a point read against SQLite's own, alone and from 8 threads with
 * a connection each. */
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "store/store.h"

#define DDL                                                                                        \
	"CREATE TABLE key (id INTEGER PRIMARY KEY, tenant TEXT NOT NULL, name TEXT NOT NULL, "     \
	"digest BLOB NOT NULL,"                                                                    \
	" created_at_ms INTEGER NOT NULL) STRICT;"

static const struct lk_migration steps[] = { { "0001_key.sql", DDL, "aa" } };
static const struct lk_migrations schema = { "bench", steps, 1, NULL, 0, NULL };
static const char Q_INSERT[] =
    "INSERT INTO key (id, tenant, name, digest, created_at_ms) VALUES ($1, $2, $3, $4, $5)";
static const char Q_POINT[] = "SELECT tenant, name, digest, created_at_ms FROM key WHERE id = $1";
static const char TENANT[] = "tnt_01J9ZZZZZZZZZZZZZZZZZZZZZZ";
static const uint8_t digest[32];

enum { WRITERS = 64, READERS = 8, ROWS = 10000 };

struct reader {
	sqlite3 *handle;
	sqlite3_stmt *point;
};

struct both {
	struct lk_store *store;
	struct reader readers[READERS];
	_Atomic int64_t read_id;
	sqlite3 *bare;
	sqlite3_stmt *begin, *insert, *commit;
	int64_t bare_id;
	_Atomic int64_t store_id;
};

static void
must(bool ok, const char *what)
{
	if (ok)
		return;
	(void)fprintf(stderr, "bench_store: %s failed\n", what);
	exit(1);
}

/* ---- SQLite alone ---- */

static void
bare_prepare(struct both *b, sqlite3_stmt **stmt, const char *sql)
{
	must(sqlite3_prepare_v2(b->bare, sql, -1, stmt, NULL) == SQLITE_OK, sql);
}

static void
bare_open(struct both *b, const char *path)
{
	must(sqlite3_open(path, &b->bare) == SQLITE_OK, "open");
	must(sqlite3_exec(b->bare, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;" DDL,
		 NULL, NULL, NULL) == SQLITE_OK,
	    "schema");
	bare_prepare(b, &b->begin, "BEGIN IMMEDIATE");
	bare_prepare(b, &b->insert, Q_INSERT);
	bare_prepare(b, &b->commit, "COMMIT");
}

static void
bare_step(sqlite3_stmt *stmt)
{
	must(sqlite3_step(stmt) == SQLITE_DONE, "a bare statement");
	(void)sqlite3_reset(stmt);
}

static void
bare_rows(void *arg, uint64_t times)
{
	struct both *b = arg;

	while (times--) {
		bare_step(b->begin);
		(void)sqlite3_bind_int64(b->insert, 1, ++b->bare_id);
		(void)sqlite3_bind_text(b->insert, 2, TENANT, -1, SQLITE_STATIC);
		(void)sqlite3_bind_text(b->insert, 3, "laptop", -1, SQLITE_STATIC);
		(void)sqlite3_bind_blob(b->insert, 4, digest, sizeof digest, SQLITE_STATIC);
		(void)sqlite3_bind_int64(b->insert, 5, 1700000000000);
		bare_step(b->insert);
		bare_step(b->commit);
	}
}

static void
readers_open(struct both *b, const char *path)
{
	for (size_t i = 0; i < READERS; i++) {
		struct reader *reader = &b->readers[i];

		must(sqlite3_open_v2(path, &reader->handle,
			 SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK,
		    "open");
		must(sqlite3_prepare_v3(reader->handle, Q_POINT, -1, SQLITE_PREPARE_PERSISTENT,
			 &reader->point, NULL) == SQLITE_OK,
		    Q_POINT);
	}
}

static void
readers_close(struct both *b)
{
	for (size_t i = 0; i < READERS; i++) {
		sqlite3_finalize(b->readers[i].point);
		(void)sqlite3_close(b->readers[i].handle);
	}
}

static void
bare_point(struct both *b, size_t at)
{
	sqlite3_stmt *point = b->readers[at].point;

	(void)sqlite3_bind_int64(point, 1, ++b->read_id % ROWS + 1);
	must(sqlite3_step(point) == SQLITE_ROW &&
		 sqlite3_column_bytes(point, 2) == (int)sizeof digest,
	    "the row");
	(void)sqlite3_reset(point);
}

/* ---- The store ---- */

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
	int64_t id = ++b->read_id % ROWS + 1;

	(void)at;
	must(lk_store_read(b->store, LK_NO_DEADLINE, point, &id, NULL) == LK_OK, "a read");
}

static lk_status
insert(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	return lk_tx_exec(tx, Q_INSERT,
	    LK_ARGS(lk_int(*(const int64_t *)arg), lk_text(TENANT), lk_text("laptop"),
		lk_blob(lk_bytes(digest, sizeof digest)), lk_int(1700000000000)),
	    NULL, err);
}

static void
store_rows(void *arg, uint64_t times)
{
	struct both *b = arg;

	while (times--) {
		int64_t id = ++b->store_id;

		must(lk_store_write(b->store, LK_NO_DEADLINE, insert, &id, NULL) == LK_OK,
		    "a write");
	}
}

struct share {
	struct both *both;
	uint64_t times;
	void (*point)(struct both *b, size_t at); /* NULL: rows */
	size_t at;
};

static void *
share_main(void *arg)
{
	struct share *share = arg;

	if (!share->point)
		store_rows(share->both, share->times);
	while (share->point && share->times--)
		share->point(share->both, share->at);
	return NULL;
}

static void
points(struct both *b, void (*work)(struct both *b, size_t at), size_t threads, uint64_t times)
{
	struct share shares[READERS];
	pthread_t started[READERS];

	for (size_t i = 0; i < threads; i++) {
		shares[i] = (struct share){ b, times / threads + (i < times % threads), work, i };
		must(pthread_create(&started[i], NULL, share_main, &shares[i]) == 0, "a thread");
	}
	for (size_t i = 0; i < threads; i++)
		pthread_join(started[i], NULL);
}

static void
store_points(void *arg, uint64_t times)
{
	points(arg, store_point, 1, times);
}

static void
bare_points(void *arg, uint64_t times)
{
	points(arg, bare_point, 1, times);
}

static void
store_points_together(void *arg, uint64_t times)
{
	points(arg, store_point, READERS, times);
}

static void
bare_points_together(void *arg, uint64_t times)
{
	points(arg, bare_point, READERS, times);
}

static void
store_rows_together(void *arg, uint64_t times)
{
	struct share shares[WRITERS];
	pthread_t threads[WRITERS];

	for (size_t i = 0; i < WRITERS; i++) {
		shares[i] = (struct share){ arg, times / WRITERS + (i < times % WRITERS), NULL, i };
		must(pthread_create(&threads[i], NULL, share_main, &shares[i]) == 0, "a thread");
	}
	for (size_t i = 0; i < WRITERS; i++)
		pthread_join(threads[i], NULL);
}

static void
print_groups(struct lk_store *store, const struct lk_store_stats *before)
{
	struct lk_store_stats now;

	lk_store_stats(store, &now);
	printf("  %.1f writes a commit, at most %llu\n",
	    (double)(now.writes - before->writes) / (double)(now.commits - before->commits),
	    (unsigned long long)now.max_group);
}

static void
remove_all(const char *dir)
{
	static const char *const names[] = { "bare.db", "bare.db-wal", "bare.db-shm", "store.db",
		"store.db-wal", "store.db-shm", "store.db.lock" };
	char path[80];

	for (size_t i = 0; i < LK_ARRAY_LEN(names); i++) {
		(void)snprintf(path, sizeof path, "%s/%s", dir, names[i]);
		(void)unlink(path);
	}
	(void)rmdir(dir);
}

int
main(int argc, char **argv)
{
	const bool quick = lk_bench_quick(argc, argv);
	char dir[] = "/tmp/latchkey-bench-XXXXXX", path[64], url[80];
	struct both b = { 0 };
	const struct lk_store_options options = { .readers = READERS };
	struct lk_store_stats before;

	must(mkdtemp(dir) != NULL, "mkdtemp");
	(void)snprintf(path, sizeof path, "%s/bare.db", dir);
	bare_open(&b, path);
	(void)snprintf(url, sizeof url, "sqlite://%s/store.db", dir);
	must(lk_store_open(url, LK_MIGRATIONS(&schema), &options, &b.store, NULL) == LK_OK,
	    "lk_store_open");

	(void)lk_bench_compare(&(struct lk_bench){ "durable row, 1 writer", "lk_store_write",
				   "bare FULL transaction", 0.85, store_rows, bare_rows, &b },
	    quick);
	lk_store_stats(b.store, &before);
	(void)lk_bench_compare(
	    &(struct lk_bench){ "durable row, 64 writers", "lk_store_write",
		"bare FULL transaction, 1 writer", 2, store_rows_together, bare_rows, &b },
	    quick);
	print_groups(b.store, &before);

	bare_rows(&b, ROWS);
	store_rows(&b, ROWS);
	readers_open(&b, path);
	(void)lk_bench_compare(&(struct lk_bench){ "point read", "lk_store_read", "bare SQLite",
				   0.8, store_points, bare_points, &b },
	    quick);
	(void)lk_bench_compare(&(struct lk_bench){ "point read, 8 threads", "lk_store_read",
				   "bare SQLite, 8 connections", 0.8, store_points_together,
				   bare_points_together, &b },
	    quick);
	readers_close(&b);

	lk_store_close(b.store);
	sqlite3_finalize(b.begin);
	sqlite3_finalize(b.insert);
	sqlite3_finalize(b.commit);
	(void)sqlite3_close(b.bare);
	remove_all(dir);
	return 0;
}
