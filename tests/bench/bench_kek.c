/*
 * Re-wrapping tenant keys, as RewrapKeys does it in steps of 128, each a durable transaction,
 * against the same rows opened, sealed and updated by nothing but libsodium and SQLite, as many in
 * a transaction. One operation is one tenant key. And opening a stored credential (what a fetch
 * does in its transaction but for the audit row) against two bare rows read and three bare
 * decryptions.
 */
#include "bench.h"

#include <sodium.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "credentials/credential_store.h"
#include "credentials/keks.h"

extern const struct lk_migrations audit_migrations, credentials_migrations;

enum { TENANTS = 4096, STEP = 128, WRAPPED = 72, SECRET = 256 };

struct world {
	struct lk_store *store;
	struct vault vault;
	struct lk_arena *arena;
	struct rewrap step;
	char after[LK_ID_SIZE];
	int active; /* of the two root keys */
	sqlite3 *bare;
	uint64_t bare_next;
	uint8_t key[32], sealed[SECRET + 40], small[WRAPPED];
	int opened;
};

static void
must(lk_status status, const struct lk_error *err)
{
	if (status == LK_OK)
		return;
	fprintf(stderr, "%s: %s\n", err->reason, err->message);
	exit(1);
}

static void
run_in(struct world *w, lk_tx_fn *fn)
{
	struct lk_error err = { 0 };

	lk_arena_reset(w->arena);
	must(lk_store_write(w->store, LK_NO_DEADLINE, fn, w, &err), &err);
}

/* ---- ours ---- */

static struct credential
credential_of(int tenant)
{
	struct credential c = { .provider = "aws", .label = "bench", .version = 1 };

	snprintf(c.id, sizeof c.id, "crd_%06d", tenant);
	snprintf(c.tenant, sizeof c.tenant, "tnt_%06d", tenant);
	snprintf(c.owner, sizeof c.owner, "usr_%06d", tenant);
	return c;
}

static lk_status
fill(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	static const char secret[] =
	    "AKIAIOSFODNN7EXAMPLE wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
	struct world *w = arg;

	LK_TRY(keks_settle(tx, &w->vault, 1, w->arena, err));
	for (int i = 0; i < TENANTS; i++) {
		const struct credential c = credential_of(i);
		struct lk_bytes sealed;
		lk_arena_reset(w->arena);
		LK_TRY(vault_seal(&w->vault, tx, &c, lk_bytes_of(secret), w->arena, &sealed, err));
		LK_TRY(credential_insert(tx, &c, sealed, err));
	}
	return LK_OK;
}

static lk_status
rotate(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct world *w = arg;
	struct kek active;
	bool changed;

	return keks_rotate(tx, &w->vault, w->active ? "kek-2" : "kek-1", 2, &active, &changed, err);
}

static lk_status
rewrap(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct world *w = arg;

	return keks_rewrap(tx, &w->vault, w->arena, &w->step, err);
}

static void
run_rewrap(void *arg, uint64_t times)
{
	struct world *w = arg;

	for (uint64_t done = 0; done < times; done += STEP) {
		if (!*w->after) {
			w->active = !w->active;
			run_in(w, rotate);
		}
		w->step = (struct rewrap){ .after = w->after, .limit = STEP };
		run_in(w, rewrap);
		memcpy(w->after, w->step.last, sizeof w->after);
	}
}

static lk_status
open_one(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct world *w = arg;
	const struct credential c = credential_of(w->opened);
	struct credential found;
	struct lk_bytes sealed, plain;

	w->opened = (w->opened + 1) % TENANTS;
	LK_TRY(credential_load_sealed(
	    tx, c.tenant, c.owner, c.provider, w->arena, &found, &sealed, err));
	return vault_unseal(&w->vault, tx, &found, sealed, w->arena, &plain, err);
}

static void
run_open(void *arg, uint64_t times)
{
	struct world *w = arg;
	struct lk_error err = { 0 };

	for (uint64_t i = 0; i < times; i++) {
		lk_arena_reset(w->arena);
		must(lk_store_read(w->store, LK_NO_DEADLINE, open_one, w, &err), &err);
	}
}

/* ---- bare ---- */

static void
sql(struct world *w, const char *text)
{
	if (sqlite3_exec(w->bare, text, NULL, NULL, NULL) != SQLITE_OK) {
		fprintf(stderr, "%s: %s\n", text, sqlite3_errmsg(w->bare));
		exit(1);
	}
}

static void
seal(struct world *w, const uint8_t *plain, size_t len, uint8_t *out)
{
	randombytes_buf(out, 24);
	crypto_aead_xchacha20poly1305_ietf_encrypt(
	    out + 24, NULL, plain, len, (const uint8_t *)"bench", 5, NULL, out, w->key);
}

static void
unseal(struct world *w, const uint8_t *sealed, size_t len, uint8_t *out)
{
	if (crypto_aead_xchacha20poly1305_ietf_decrypt(out, NULL, NULL, sealed + 24, len - 24,
		(const uint8_t *)"bench", 5, sealed, w->key) != 0)
		exit(1);
}

static void
bare_step(struct world *w, sqlite3_stmt *update)
{
	sql(w, "BEGIN IMMEDIATE");
	for (int i = 0; i < STEP; i++) {
		uint8_t key[32], again[WRAPPED];
		unseal(w, w->small, sizeof w->small, key);
		seal(w, key, sizeof key, again);
		sqlite3_bind_blob(update, 1, again, sizeof again, SQLITE_STATIC);
		sqlite3_bind_int64(update, 2, (int64_t)(w->bare_next++ % TENANTS));
		if (sqlite3_step(update) != SQLITE_DONE)
			exit(1);
		sqlite3_reset(update);
	}
	sql(w, "COMMIT");
}

static void
run_bare_rewrap(void *arg, uint64_t times)
{
	struct world *w = arg;
	sqlite3_stmt *update;

	if (sqlite3_prepare_v2(w->bare, "UPDATE t SET wrapped = ?1 WHERE tenant = ?2", -1, &update,
		NULL) != SQLITE_OK)
		exit(1);
	for (uint64_t done = 0; done < times; done += STEP)
		bare_step(w, update);
	sqlite3_finalize(update);
}

static void
run_bare_open(void *arg, uint64_t times)
{
	struct world *w = arg;
	uint8_t key[32], plain[SECRET];
	sqlite3_stmt *select;

	if (sqlite3_prepare_v2(
		w->bare, "SELECT wrapped FROM t WHERE tenant = ?1", -1, &select, NULL) != SQLITE_OK)
		exit(1);
	for (uint64_t i = 0; i < times; i++) {
		for (int row = 0; row < 2; row++) { /* the credential's and its tenant key's */
			sqlite3_bind_int64(select, 1, (int64_t)(w->bare_next++ % TENANTS));
			if (sqlite3_step(select) != SQLITE_ROW)
				exit(1);
			sqlite3_reset(select);
		}
		unseal(w, w->small, sizeof w->small, key);
		unseal(w, w->small, sizeof w->small, key);
		unseal(w, w->sealed, sizeof w->sealed, plain);
	}
	sqlite3_finalize(select);
}

static void
bare_begin(struct world *w, const char *path)
{
	const uint8_t key[32] = { 1 }, plain[SECRET] = { 2 };

	randombytes_buf(w->key, sizeof w->key);
	seal(w, key, sizeof key, w->small);
	seal(w, plain, sizeof plain, w->sealed);
	if (sqlite3_open(path, &w->bare) != SQLITE_OK)
		exit(1);
	sql(w, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
	       "CREATE TABLE t (tenant INTEGER PRIMARY KEY, wrapped BLOB NOT NULL);"
	       "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 4095) "
	       "INSERT INTO t SELECT i, zeroblob(72) FROM n");
}

/* ---- the whole ---- */

static void
vault_begin(struct world *w)
{
	struct lk_error err = { 0 };
	LK_AUTO(lk_secret32_wipe) struct lk_secret32 key = { 0 };

	must(lk_keyring_new(&w->vault.ring, &err), &err);
	for (int i = 1; i <= 2; i++) {
		lk_secret32_random(&key);
		must(lk_keyring_add(w->vault.ring, i == 1 ? "kek-1" : "kek-2", &key, &err), &err);
	}
}

int
main(int argc, char **argv)
{
	const bool quick = lk_bench_quick(argc, argv);
	struct world w = { .arena = lk_arena_new(1 << 20) };
	char dir[] = "/tmp/lk-bench-XXXXXX", path[64], url[96], remove[96];
	struct lk_error err = { 0 };

	if (!mkdtemp(dir))
		return 1;
	snprintf(url, sizeof url, "sqlite://%s/ours.db", dir);
	snprintf(path, sizeof path, "%s/bare.db", dir);
	must(lk_store_open(url, LK_MIGRATIONS(&audit_migrations, &credentials_migrations), NULL,
		 &w.store, &err),
	    &err);
	vault_begin(&w);
	run_in(&w, fill);
	bare_begin(&w, path);
	const struct lk_bench rewraps = { "re-wrapping tenant keys, steps of 128 durable",
		"keks_rewrap", "bare AEAD and SQLite", 0, run_rewrap, run_bare_rewrap, &w };
	const struct lk_bench opens = { "opening a stored credential", "read, unwrap and open",
		"bare SQLite and AEAD", 0, run_open, run_bare_open, &w };
	lk_bench_compare(&rewraps, quick);
	lk_bench_compare(&opens, quick);
	sqlite3_close(w.bare);
	lk_store_close(w.store);
	vault_close(&w.vault);
	lk_arena_free(w.arena);
	for (const char *const *name = (const char *const[]){ "ours.db", "ours.db-wal",
		 "ours.db-shm", "bare.db", "bare.db-wal", "bare.db-shm", NULL };
	     *name; name++) {
		snprintf(remove, sizeof remove, "%s/%s", dir, *name);
		unlink(remove);
	}
	rmdir(dir);
	return 0;
}
