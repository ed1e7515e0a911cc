/* At most one credential for each provider: held by the database, whoever comes at the same moment;
 * and a replacement that comes too late is told. */
#include "postgres.h"
#include "test.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "credentials/credential_store.h"
#include "credentials/vault.h"
#include "crypto/private_file.h"

extern const struct lk_migrations credentials_migrations;

enum { AT_ONCE = 64 };

static struct world {
	struct lk_store *store;
	struct vault vault;
	pthread_barrier_t together;
} w;

static int
setup(void **state)
{
	static int number;
	const uint8_t key[32] = { 7 };
	struct lk_error err = { 0 };
	char name[32];

	(void)state;
	memset(&w, 0, sizeof w);
	snprintf(name, sizeof name, "kek-%d", number++);
	const char *path = lk_test_path(lk_test_tmpdir(), name);
	expect_ok(lk_secret_file_create(path, "key", lk_bytes(key, sizeof key), &err), &err);
	expect_ok(vault_open(&w.vault, &(struct lk_kek_config){ .file = path }, &err), &err);
	expect_ok(lk_store_open(lk_test_store_url(), LK_MIGRATIONS(&credentials_migrations), NULL,
		      &w.store, &err),
	    &err);
	expect_ok(vault_settle(&w.vault, w.store, 1, &err), &err);
	assert_int_equal(0, pthread_barrier_init(&w.together, NULL, AT_ONCE));
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	lk_store_close(w.store);
	vault_close(&w.vault);
	pthread_barrier_destroy(&w.together);
	return 0;
}

struct creator {
	pthread_t thread;
	struct credential credential;
	struct lk_arena *arena;
	lk_status status;
	struct lk_error err;
};

static lk_status
put(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct creator *c = arg;
	struct lk_bytes sealed;

	lk_arena_reset(c->arena);
	LK_TRY(vault_seal(
	    &w.vault, tx, &c->credential, lk_bytes_of("secret"), c->arena, &sealed, err));
	return credential_insert(tx, &c->credential, sealed, err);
}

static void *
create(void *arg)
{
	struct creator *c = arg;

	pthread_barrier_wait(&w.together);
	do /* the losers of a race on PostgreSQL are told to come again */
		c->status = lk_store_write(w.store, LK_NO_DEADLINE, put, c, &c->err);
	while (c->status == LK_ABORTED);
	return NULL;
}

static void
creator_init(struct creator *c, int number, int owner, bool one_per_tenant)
{
	*c = (struct creator){ .credential = { .tenant = "tnt_a",
				   .provider = "aws",
				   .label = "label",
				   .hint = "AKIA",
				   .version = 1,
				   .one_per_tenant = one_per_tenant,
				   .created_at_ms = 1 } };
	snprintf(c->credential.id, sizeof c->credential.id, "crd_%d", number);
	snprintf(c->credential.owner, sizeof c->credential.owner, "usr_%d", owner);
	c->arena = lk_arena_new(64 * 1024);
	assert_non_null(c->arena);
}

/* 64 at once, of so many owners; how many were stored. The others were told that there is one. */
static int
stored_of_64(int owners, bool one_per_tenant)
{
	struct creator creators[AT_ONCE];
	int stored = 0;

	for (int i = 0; i < AT_ONCE; i++)
		creator_init(&creators[i], i, i % owners, one_per_tenant);
	for (int i = 0; i < AT_ONCE; i++)
		assert_int_equal(
		    0, pthread_create(&creators[i].thread, NULL, create, &creators[i]));
	for (int i = 0; i < AT_ONCE; i++) {
		pthread_join(creators[i].thread, NULL);
		lk_arena_free(creators[i].arena);
		if (creators[i].status == LK_OK)
			stored++;
		else
			expect_fail(creators[i].status, &creators[i].err, LK_ALREADY_EXISTS,
			    "CREDENTIAL_EXISTS");
	}
	return stored;
}

static void
P10_one_of_an_owner_is_stored_of_64_at_once(void **state)
{
	(void)state;
	assert_int_equal(1, stored_of_64(1, false));
}

static void
one_of_each_owner_is_stored_of_64_at_once(void **state)
{
	(void)state;
	assert_int_equal(4, stored_of_64(4, false));
}

static void
one_of_the_tenant_is_stored_of_64_at_once(void **state)
{
	(void)state;
	assert_int_equal(1, stored_of_64(AT_ONCE, true));
}

static lk_status
store_one(int number, int owner, bool one_per_tenant, struct lk_error *err)
{
	struct creator c;

	creator_init(&c, number, owner, one_per_tenant);
	const lk_status status = lk_store_write(w.store, LK_NO_DEADLINE, put, &c, err);
	lk_arena_free(c.arena);
	return status;
}

static void
one_for_the_tenant_is_refused_beside_those_of_before(void **state)
{
	struct lk_error err = { 0 };

	(void)state;
	expect_ok(store_one(1, 1, false, &err), &err);
	expect_ok(store_one(2, 2, false, &err), &err);
	expect_fail(store_one(3, 3, true, &err), &err, LK_ALREADY_EXISTS, "CREDENTIAL_EXISTS");
}

static void
who_holds_the_tenants_place_holds_their_own(void **state)
{
	struct lk_error err = { 0 };

	(void)state;
	expect_ok(store_one(1, 1, true, &err), &err);
	expect_fail(store_one(2, 1, false, &err), &err, LK_ALREADY_EXISTS, "CREDENTIAL_EXISTS");
	expect_ok(store_one(3, 2, false, &err), &err);
}

struct replacing {
	struct lk_arena *arena;
	int64_t version; /* that it would be */
	struct credential found;
};

static lk_status
replace(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct replacing *r = arg;
	struct lk_bytes sealed;

	LK_TRY(credential_load(tx, "crd_1", &r->found, err));
	r->found.version = r->version;
	LK_TRY(vault_seal(&w.vault, tx, &r->found, lk_bytes_of("newer"), r->arena, &sealed, err));
	return credential_reseal(tx, &r->found, sealed, err);
}

static lk_status
open_it(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct replacing *r = arg;
	struct lk_bytes sealed, plain;

	LK_TRY(
	    credential_load_sealed(tx, "tnt_a", "usr_1", "aws", r->arena, &r->found, &sealed, err));
	LK_TRY(vault_unseal(&w.vault, tx, &r->found, sealed, r->arena, &plain, err));
	assert_int_equal(plain.len, strlen("newer"));
	assert_memory_equal(plain.data, "newer", plain.len);
	return LK_OK;
}

static void
only_the_version_before_is_replaced(void **state)
{
	LK_AUTO(lk_arena_freep) struct lk_arena *arena = lk_arena_new(64 * 1024);
	struct replacing r = { .arena = arena, .version = 2 };
	struct lk_error err = { 0 };

	(void)state;
	expect_ok(store_one(1, 1, false, &err), &err);
	expect_ok(lk_store_write(w.store, LK_NO_DEADLINE, replace, &r, &err), &err);
	expect_fail(lk_store_write(w.store, LK_NO_DEADLINE, replace, &r, &err), &err, LK_ABORTED,
	    "CREDENTIAL_CHANGED");
	expect_ok(lk_store_read(w.store, LK_NO_DEADLINE, open_it, &r, &err), &err);
	assert_int_equal(2, r.found.version);
}

/* In the middle of a read: the row is read, and before it is opened a newer version takes its
 * place. */
static void *
replace_meanwhile(void *arg)
{
	LK_AUTO(lk_arena_freep) struct lk_arena *arena = lk_arena_new(64 * 1024);
	struct replacing r = { .arena = arena, .version = 2 };

	return lk_store_write(w.store, LK_NO_DEADLINE, replace, &r, arg) == LK_OK ? arg : NULL;
}

static lk_status
open_while_replaced(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct replacing *r = arg;
	struct lk_bytes sealed, plain, again;
	pthread_t writer;
	struct lk_error why = { 0 };
	void *written = NULL;

	LK_TRY(
	    credential_load_sealed(tx, "tnt_a", "usr_1", "aws", r->arena, &r->found, &sealed, err));
	assert_int_equal(0, pthread_create(&writer, NULL, replace_meanwhile, &why));
	pthread_join(writer, &written);
	assert_non_null(written);
	LK_TRY(vault_unseal(&w.vault, tx, &r->found, sealed, r->arena, &plain, err));
	LK_TRY(
	    credential_load_sealed(tx, "tnt_a", "usr_1", "aws", r->arena, &r->found, &again, err));
	assert_true(lk_bytes_equal(sealed, again)); /* one read, one version */
	assert_true(lk_bytes_equal(plain, lk_bytes_of("secret")));
	return LK_OK;
}

static void
who_reads_the_old_version_finishes_with_it(void **state)
{
	LK_AUTO(lk_arena_freep) struct lk_arena *arena = lk_arena_new(64 * 1024);
	struct replacing r = { .arena = arena };
	struct lk_error err = { 0 };

	(void)state;
	expect_ok(store_one(1, 1, false, &err), &err);
	expect_ok(lk_store_read(w.store, LK_NO_DEADLINE, open_while_replaced, &r, &err), &err);
	assert_int_equal(1, r.found.version);
	expect_ok(lk_store_read(w.store, LK_NO_DEADLINE, open_it, &r, &err), &err);
	assert_int_equal(2, r.found.version);
}

#define STORED(fn) LK_CASE_WITH(fn, setup, teardown)
LK_TESTS(STORED(P10_one_of_an_owner_is_stored_of_64_at_once),
    STORED(one_of_each_owner_is_stored_of_64_at_once),
    STORED(one_of_the_tenant_is_stored_of_64_at_once),
    STORED(one_for_the_tenant_is_refused_beside_those_of_before),
    STORED(who_holds_the_tenants_place_holds_their_own),
    STORED(only_the_version_before_is_replaced), STORED(who_reads_the_old_version_finishes_with_it))
