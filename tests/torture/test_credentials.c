/* Provider credentials while memory runs short: a row is there exactly when its write was answered,
 * and opens. */
#include <string.h>

#include "arena_caps.h"
#include "credentials/credential_store.h"
#include "credentials/keks.h"
#include "crypto/private_file.h"
#include "torture.h"

extern const struct lk_migrations credentials_migrations;

static const char PLAIN[] = "the secret of a provider";
static const struct credential credential = { .id = "crd_01hf7yat00jz6j3k0c5m9s8w4x",
	.tenant = "tnt_01hf7yat00jz6j3k0c5m9s8w4x",
	.owner = "usr_01hf7yat00jz6j3k0c5m9s8w4x",
	.provider = "aws",
	.label = "bucket",
	.hint = "AKIA",
	.version = 1,
	.created_at_ms = 1 };

struct world {
	const char *kek;
	struct lk_store *store;
	struct vault vault;
	struct lk_arena *arena;
};

static int
setup(void **state)
{
	static struct world w;
	const uint8_t key[32] = { 7 };

	memset(&w, 0, sizeof w);
	w.kek = lk_test_path(lk_test_tmpdir(), "kek");
	expect_ok(lk_secret_file_create(w.kek, "key", lk_bytes(key, sizeof key), NULL), NULL);
	expect_ok(vault_open(&w.vault, &(struct lk_kek_config){ .file = w.kek }, NULL), NULL);
	*state = &w;
	return 0;
}

static int
teardown(void **state)
{
	struct world *w = *state;

	lk_store_close(w->store);
	vault_close(&w->vault);
	return 0;
}

static lk_status
put(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct world *w = arg;
	struct lk_bytes sealed;

	lk_arena_reset(w->arena);
	LK_TRY(keks_settle(tx, &w->vault, 1, w->arena, err));
	LK_TRY(vault_seal(&w->vault, tx, &credential, lk_bytes_of(PLAIN), w->arena, &sealed, err));
	return credential_insert(tx, &credential, sealed, err);
}

static lk_status
get(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct world *w = arg;
	struct credential found;
	struct lk_bytes sealed, plain;

	lk_arena_reset(w->arena);
	LK_TRY(credential_load_sealed(tx, credential.tenant, credential.owner, credential.provider,
	    w->arena, &found, &sealed, err));
	LK_TRY(vault_unseal(&w->vault, tx, &found, sealed, w->arena, &plain, err));
	assert_int_equal(plain.len, sizeof PLAIN - 1);
	assert_memory_equal(plain.data, PLAIN, plain.len);
	return LK_OK;
}

static lk_status
put_and_get(struct world *w, struct lk_arena *arena, struct lk_error *err)
{
	w->arena = arena;
	lk_store_close(w->store);
	w->store = NULL;
	LK_TRY(lk_store_open(
	    "sqlite://:memory:", LK_MIGRATIONS(&credentials_migrations), NULL, &w->store, err));
	LK_TRY(lk_store_write(w->store, LK_NO_DEADLINE, put, w, err));
	return lk_store_read(w->store, LK_NO_DEADLINE, get, w, err);
}

static lk_status
put_and_get_in_a_new_arena(void *arg, struct lk_error *err)
{
	LK_AUTO(lk_arena_freep) struct lk_arena *arena = lk_arena_new(64 * 1024);

	return arena ? put_and_get(arg, arena, err) : lk_fail_oom(err);
}

/* Not there, or it opens; and what follows works. */
static void
there_and_open_or_not_there(void *arg, lk_status answered)
{
	struct world *w = arg;
	LK_AUTO(lk_arena_freep) struct lk_arena *arena = lk_arena_new(64 * 1024);
	struct lk_error err = { 0 };

	if (!w->store)
		return;
	w->arena = arena;
	const lk_status found = lk_store_read(w->store, LK_NO_DEADLINE, get, w, &err);
	if (found != LK_OK) {
		expect_fail(found, &err, LK_NOT_FOUND, "CREDENTIAL_NOT_FOUND");
		assert_int_not_equal(answered, LK_OK);
		expect_ok(lk_store_write(w->store, LK_NO_DEADLINE, put, w, &err), &err);
		expect_ok(lk_store_read(w->store, LK_NO_DEADLINE, get, w, &err), &err);
	}
}

static void
a_credential_is_stored_whole_or_not_at_all(void **state)
{
	assert_true(
	    lk_torture(put_and_get_in_a_new_arena, there_and_open_or_not_there, *state) > 10);
}

static lk_status
put_and_get_in(struct lk_arena *arena, void *arg, struct lk_error *err)
{
	return put_and_get(arg, arena, err);
}

static void
a_credential_fits_its_calls_arena_or_is_not_stored(void **state)
{
	assert_true(arena_caps(put_and_get_in, there_and_open_or_not_there, *state) > 500);
}

static lk_status
open_vault(void *arg, struct lk_error *err)
{
	struct vault vault = { 0 };

	LK_TRY(
	    vault_open(&vault, &(struct lk_kek_config){ .file = ((struct world *)arg)->kek }, err));
	vault_close(&vault);
	return LK_OK;
}

static void
a_vault_opens_whole_or_not_at_all(void **state)
{
	assert_true(lk_torture(open_vault, NULL, *state) > 1);
}

LK_TESTS(LK_CASE_WITH(a_credential_is_stored_whole_or_not_at_all, setup, teardown),
    LK_CASE_WITH(a_credential_fits_its_calls_arena_or_is_not_stored, setup, teardown),
    LK_CASE_WITH(a_vault_opens_whole_or_not_at_all, setup, teardown))
