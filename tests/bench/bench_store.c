/* A durable row through the store, alone and with 64 writers at once, against SQLite's own FULL
 * transaction of the same row. */
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
static const char TENANT[] = "tnt_01J9ZZZZZZZZZZZZZZZZZZZZZZ";
static const uint8_t digest[32];

enum { WRITERS = 64 };

struct both {
	struct lk_store *store;
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
};

static void *
share_main(void *arg)
{
	struct share *share = arg;

	store_rows(share->both, share->times);
	return NULL;
}

static void
store_rows_together(void *arg, uint64_t times)
{
	struct share shares[WRITERS];
	pthread_t threads[WRITERS];

	for (size_t i = 0; i < WRITERS; i++) {
		shares[i] = (struct share){ arg, times / WRITERS + (i < times % WRITERS) };
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
	struct lk_store_stats before;

	must(mkdtemp(dir) != NULL, "mkdtemp");
	(void)snprintf(path, sizeof path, "%s/bare.db", dir);
	bare_open(&b, path);
	(void)snprintf(url, sizeof url, "sqlite://%s/store.db", dir);
	must(lk_store_open(url, LK_MIGRATIONS(&schema), NULL, &b.store, NULL) == LK_OK,
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

	lk_store_close(b.store);
	sqlite3_finalize(b.begin);
	sqlite3_finalize(b.insert);
	sqlite3_finalize(b.commit);
	(void)sqlite3_close(b.bare);
	remove_all(dir);
	return 0;
}
