/* CreateKey, durable, through a whole latchkey-keys, alone and 64 at once, against SQLite's own
 * FULL transaction of the same rows; and pages of a list of a million keys against those of a
 * thousand. */
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bench.h"
#include "keys/key_seal.h"
#include "keys/key_store.h"
#include "keys_world.h"

enum {
	WRITERS = 64,
	INSERT_BATCH = 1000,
	PAGE = 100,
	FEW = 1000,
	MANY = 1000000,
	MANY_QUICK = 20000
};

/* A tenant with so many keys, listed page by page. */
struct listed {
	const char *admin;
	char tenant[LK_ID_SIZE], owner[LK_ID_SIZE];
	char cursor[256];
	size_t filled;
	struct world *w;
};

struct bench {
	struct world *w;
	const char *admin; /* "usr_… ses_…" */
	char tenant[LK_ID_SIZE];
	char owner[LK_ID_SIZE];
	struct listed few, many;
	sqlite3 *bare;
	sqlite3_stmt *begin, *key, *audit, *commit;
	int64_t bare_id;
};

static void
must(bool ok, const char *what)
{
	if (ok)
		return;
	(void)fprintf(stderr, "bench_keys: %s failed\n", what);
	exit(1);
}

/* ---- SQLite alone: a key and its audit row ---- */

#define DDL                                                                                        \
	"CREATE TABLE k (id TEXT PRIMARY KEY, tenant TEXT, owner TEXT, name TEXT, last4 TEXT, "    \
	"digest BLOB, mac BLOB, scope TEXT, a INT, b INT, c INT, d INT, e INT, f INT); "           \
	"CREATE INDEX k_owner ON k (owner, id); CREATE INDEX k_tenant ON k (tenant, id); "         \
	"CREATE TABLE a (id TEXT PRIMARY KEY, at INT, action TEXT, actor TEXT, tenant TEXT, "      \
	"object TEXT, owner TEXT, detail TEXT)"

static void
prepare(struct bench *b, sqlite3_stmt **stmt, const char *sql)
{
	must(sqlite3_prepare_v2(b->bare, sql, -1, stmt, NULL) == SQLITE_OK, sql);
}

static void
bare_open(struct bench *b, const char *path)
{
	must(sqlite3_open(path, &b->bare) == SQLITE_OK, "open");
	must(sqlite3_exec(b->bare, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; " DDL,
		 NULL, NULL, NULL) == SQLITE_OK,
	    "schema");
	prepare(b, &b->begin, "BEGIN IMMEDIATE");
	prepare(b, &b->key,
	    "INSERT INTO k VALUES (?, ?, ?, 'laptop', 'abcd', ?, ?, '', 1, 1, 1, 1, 2, 0)");
	prepare(b, &b->audit, "INSERT INTO a VALUES (?, 1, 'key.created', ?, ?, ?, ?, 'laptop')");
	prepare(b, &b->commit, "COMMIT");
}

static void
step(sqlite3_stmt *stmt)
{
	must(sqlite3_step(stmt) == SQLITE_DONE, "a bare statement");
	(void)sqlite3_reset(stmt);
}

static void
bind(sqlite3_stmt *stmt, int at, const char *value)
{
	(void)sqlite3_bind_text(stmt, at, value, -1, SQLITE_TRANSIENT);
}

static void
bare_creates(void *arg, uint64_t times)
{
	static const uint8_t digest[LK_DIGEST_LEN];
	struct bench *b = arg;
	char id[40];

	while (times--) {
		(void)snprintf(id, sizeof id, "key_%026lld", (long long)++b->bare_id);
		step(b->begin);
		bind(b->key, 1, id);
		bind(b->key, 2, b->tenant);
		bind(b->key, 3, b->owner);
		(void)sqlite3_bind_blob(b->key, 4, digest, sizeof digest, SQLITE_STATIC);
		(void)sqlite3_bind_blob(b->key, 5, digest, sizeof digest, SQLITE_STATIC);
		step(b->key);
		for (int i = 1; i <= 5; i++)
			bind(b->audit, i, i == 1 || i == 4 ? id : b->tenant);
		step(b->audit);
		step(b->commit);
	}
}

/* ---- latchkey-keys ---- */

static void
create_in(struct bench *b, struct lk_arena *arena)
{
	CreateKeyRequest req = LATCHKEY__KEYS__V1__CREATE_KEY_REQUEST__INIT;
	struct lk_error err = { 0 };

	req.name = text("laptop");
	must(world_ask_in(b->w, b->admin, "CreateKey", NULL, &req, arena, NULL, &err) == LK_OK,
	    err.message);
	lk_arena_reset(arena);
}

struct share {
	struct bench *bench;
	uint64_t times;
};

static void *
share_main(void *arg)
{
	const struct share *share = arg;
	struct lk_arena *arena = lk_arena_new(1 << 20);

	must(arena != NULL, "memory");
	for (uint64_t i = 0; i < share->times; i++)
		create_in(share->bench, arena);
	lk_arena_free(arena);
	return NULL;
}

static void
creates(void *arg, uint64_t times)
{
	struct share share = { arg, times };

	(void)share_main(&share);
}

static void
creates_together(void *arg, uint64_t times)
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

/* ---- Lists ---- */

static lk_status
insert_batch(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	const struct listed *of = arg;

	for (size_t i = 0; i < INSERT_BATCH; i++) {
		struct key key = { .all_permissions = true,
			.all_workgroups = true,
			.pepper_version = 1,
			.generation = 1,
			.created_at_ms = 1,
			.expires_at_ms = INT64_C(4000000000000),
			.name = "bench" };
		lk_id_make(LK_ID_KEY, &of->w->clock.clock, lk_random_system(), key.id);
		memcpy(key.tenant, of->tenant, sizeof key.tenant);
		memcpy(key.owner, of->owner, sizeof key.owner);
		key_seal(of->w->pepper, &key);
		LK_TRY(key_insert(tx, &key, err));
	}
	return LK_OK;
}

static void
fill(struct listed *of, size_t count)
{
	struct lk_error err = { 0 };

	for (; of->filled < count; of->filled += INSERT_BATCH)
		must(lk_store_write(of->w->store, LK_NO_DEADLINE, insert_batch, of, &err) == LK_OK,
		    err.message);
}

static void
pages(struct listed *of, uint64_t times)
{
	struct lk_arena *arena = lk_arena_new(4 << 20);
	Latchkey__Common__V1__PageRequest page = LATCHKEY__COMMON__V1__PAGE_REQUEST__INIT;
	ListKeysRequest req = LATCHKEY__KEYS__V1__LIST_KEYS_REQUEST__INIT;
	struct lk_error err = { 0 };
	ListKeysResponse *rep;

	must(arena != NULL, "memory");
	req.page = &page;
	req.all_owners = true;
	page.size = PAGE;
	while (times--) {
		page.cursor = of->cursor;
		must(world_ask_in(of->w, of->admin, "ListKeys", NULL, &req, arena, &rep, &err) ==
			 LK_OK,
		    err.message);
		lk_text_copy(of->cursor, sizeof of->cursor, rep->page->next_cursor);
		lk_arena_reset(arena);
	}
	lk_arena_free(arena);
}

static void
pages_of_few(void *arg, uint64_t times)
{
	struct bench *b = arg;

	pages(&b->few, times);
}

static void
pages_of_many(void *arg, uint64_t times)
{
	struct bench *b = arg;

	pages(&b->many, times);
}

/* ---- All of it ---- */

static void
listed_open(struct world *w, struct listed *of, const char *name)
{
	const struct world_tenant tenant = world_tenant(w, name, "panomics");

	of->w = w;
	of->admin = world_redeem(w, tenant.ticket);
	lk_text_copy(of->tenant, sizeof of->tenant, tenant.id);
	lk_text_copy(of->owner, sizeof of->owner, tenant.admin);
}

/* A log that was written once around is written over and need not grow: so are both before it
 * counts. */
static void
bench_creates(struct bench *b, bool quick)
{
	bare_creates(b, quick ? 300 : 2000);
	(void)lk_bench_compare(&(struct lk_bench){ "durable CreateKey, 1 caller", "latchkey-keys",
				   "bare FULL transaction", 0.85, creates, bare_creates, b },
	    quick);
	(void)lk_bench_compare(
	    &(struct lk_bench){ "durable CreateKey, 64 callers", "latchkey-keys",
		"bare FULL transaction, 1 writer", 2, creates_together, bare_creates, b },
	    quick);
}

static void
bench_lists(struct bench *b, bool quick)
{
	fill(&b->few, FEW);
	fill(&b->many, quick ? MANY_QUICK : MANY);
	(void)lk_bench_compare(
	    &(struct lk_bench){ quick ? "a page of 20,000 keys" : "a page of 1,000,000 keys",
		"ListKeys", "a page of 1,000 keys", 0.9, pages_of_many, pages_of_few, b },
	    quick);
}

int
main(int argc, char **argv)
{
	const bool quick = lk_bench_quick(argc, argv);
	struct bench b = { .w = world_new(4096) };

	listed_open(b.w, &b.few, "few");
	listed_open(b.w, &b.many, "many");
	b.admin = b.few.admin;
	memcpy(b.tenant, b.few.tenant, sizeof b.tenant);
	memcpy(b.owner, b.few.owner, sizeof b.owner);
	bare_open(&b, lk_test_path(lk_test_tmpdir(), "bare.db"));
	bench_lists(&b, quick);
	bench_creates(&b, quick);
	sqlite3_finalize(b.begin);
	sqlite3_finalize(b.key);
	sqlite3_finalize(b.audit);
	sqlite3_finalize(b.commit);
	(void)sqlite3_close(b.bare);
	void *state = b.w;
	return world_teardown(&state);
}
