/* Sealed rows on a real database: whatever is moved, swapped or changed by SQL is refused; and keys
 * agreed with callers. */
#include "postgres.h"
#include "test.h"

#include <stdio.h>
#include <string.h>

#include "credentials/credential_store.h"
#include "credentials/transports.h"
#include "credentials/vault.h"
#include "crypto/private_file.h"

extern const struct lk_migrations credentials_migrations;

struct world {
	struct lk_store *store;
	struct vault vault;
	struct lk_arena *arena;
	struct lk_clock_frozen clock;
	struct lk_error err;
};

static const char PLAIN[] = "the secret of a provider";

static int
setup(void **state)
{
	static int number;
	static struct world w;
	char kek[64];
	const uint8_t key[32] = { 7 };

	memset(&w, 0, sizeof w);
	snprintf(kek, sizeof kek, "kek-%d", number++);
	const char *path = lk_test_path(lk_test_tmpdir(), kek);
	w.arena = lk_arena_new(1 << 20);
	lk_clock_frozen_init(&w.clock, 1700000000000);
	expect_ok(lk_secret_file_create(path, "key", lk_bytes(key, sizeof key), &w.err), &w.err);
	expect_ok(vault_open(&w.vault, &(struct lk_kek_config){ .file = path }, &w.err), &w.err);
	expect_ok(lk_store_open(lk_test_store_url(), LK_MIGRATIONS(&credentials_migrations), NULL,
		      &w.store, &w.err),
	    &w.err);
	expect_ok(vault_settle(&w.vault, w.store, 1, &w.err), &w.err);
	*state = &w;
	return 0;
}

static int
teardown(void **state)
{
	struct world *w = *state;

	lk_store_close(w->store);
	vault_close(&w->vault);
	lk_arena_free(w->arena);
	return 0;
}

static struct credential
credential(const char *id, const char *tenant, const char *owner)
{
	struct credential c = { .provider = "aws",
		.label = "label",
		.hint = "AKIA",
		.version = 1,
		.created_at_ms = 1 };

	lk_text_copy(c.id, sizeof c.id, id);
	lk_text_copy(c.tenant, sizeof c.tenant, tenant);
	lk_text_copy(c.owner, sizeof c.owner, owner);
	return c;
}

struct row {
	struct world *w;
	struct credential credential;
	struct lk_bytes plain;
};

static lk_status
put(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct row *row = arg;
	struct lk_bytes sealed;

	LK_TRY(vault_seal(
	    &row->w->vault, tx, &row->credential, lk_bytes_of(PLAIN), row->w->arena, &sealed, err));
	return credential_insert(tx, &row->credential, sealed, err);
}

static lk_status
take(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct row *row = arg;
	struct credential found;
	struct lk_bytes sealed;

	LK_TRY(credential_load_sealed(tx, row->credential.tenant, row->credential.owner,
	    row->credential.provider, row->w->arena, &found, &sealed, err));
	return vault_unseal(&row->w->vault, tx, &found, sealed, row->w->arena, &row->plain, err);
}

static lk_status
run_sql(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	return lk_tx_exec(tx, arg, LK_NO_ARGS, NULL, err);
}

static lk_status
store_row(struct world *w, struct row *row)
{
	row->w = w;
	return lk_store_write(w->store, LK_NO_DEADLINE, put, row, &w->err);
}

static lk_status
fetch_row(struct world *w, struct row *row)
{
	return lk_store_write(w->store, LK_NO_DEADLINE, take, row, &w->err);
}

static void
what_was_sealed_opens_again(void **state)
{
	struct world *w = *state;
	struct row row = { .credential = credential("crd_a", "tnt_a", "usr_a") };

	expect_ok(store_row(w, &row), &w->err);
	expect_ok(fetch_row(w, &row), &w->err);
	assert_int_equal(row.plain.len, strlen(PLAIN));
	assert_memory_equal(row.plain.data, PLAIN, strlen(PLAIN));
}

static void
a_second_one_at_the_same_provider_is_refused(void **state)
{
	struct world *w = *state;
	struct row first = { .credential = credential("crd_a", "tnt_a", "usr_a") };
	struct row second = { .credential = credential("crd_b", "tnt_a", "usr_a") };

	expect_ok(store_row(w, &first), &w->err);
	expect_fail(store_row(w, &second), &w->err, LK_ALREADY_EXISTS, "CREDENTIAL_EXISTS");
	expect_ok(fetch_row(w, &first), &w->err); /* and the first one stands */
}

static void
a_row_changed_or_swapped_by_sql_is_refused(void **state)
{
	/* one statement each; the constants are given to the store, which keeps prepared forms by
	 * address */
	static char rows[][200] = {
		"UPDATE credential SET owner = 'usr_m' WHERE id = 'crd_a'",
		"UPDATE credential SET version = 2 WHERE id = 'crd_a'",
		"UPDATE credential SET expires_at_ms = 5 WHERE id = 'crd_a'",
		"UPDATE credential SET id = 'crd_z' WHERE id = 'crd_a'",
		"UPDATE credential SET sealed = (SELECT sealed FROM credential WHERE id = 'crd_b') "
		"WHERE id = 'crd_a'",
		"UPDATE tenant_key SET wrapped = (SELECT wrapped FROM tenant_key WHERE tenant = "
		"'tnt_b') WHERE tenant = 'tnt_a'",
		"UPDATE credential SET tenant = 'tnt_b' WHERE id = 'crd_a'",
	};

	for (size_t i = 0; i < LK_ARRAY_LEN(rows); i++) {
		setup(state);
		struct world *w = *state;
		struct row a = { .credential = credential("crd_a", "tnt_a", "usr_a") };
		struct row b = { .credential = credential("crd_b", "tnt_b", "usr_b") };
		expect_ok(store_row(w, &a), &w->err);
		expect_ok(store_row(w, &b), &w->err);
		expect_ok(
		    lk_store_write(w->store, LK_NO_DEADLINE, run_sql, rows[i], &w->err), &w->err);
		struct row moved = a;
		if (i == 0)
			lk_text_copy(
			    moved.credential.owner, sizeof moved.credential.owner, "usr_m");
		if (i == 6)
			lk_text_copy(
			    moved.credential.tenant, sizeof moved.credential.tenant, "tnt_b");
		expect_fail(fetch_row(w, &moved), &w->err, LK_DATA_LOSS, "SEAL_BROKEN");
		teardown(state);
	}
}

static void
destroying_the_tenants_key_destroys_its_credentials(void **state)
{
	static char destroy[] = "UPDATE tenant_key SET wrapped = (SELECT sealed FROM credential "
				"WHERE id = 'crd_a') WHERE tenant = 'tnt_a'";
	struct world *w = *state;
	struct row row = { .credential = credential("crd_a", "tnt_a", "usr_a") };

	expect_ok(store_row(w, &row), &w->err);
	expect_ok(lk_store_write(w->store, LK_NO_DEADLINE, run_sql, destroy, &w->err), &w->err);
	expect_fail(fetch_row(w, &row), &w->err, LK_DATA_LOSS, "SEAL_BROKEN");
}

static void
a_transport_key_is_its_callers_alone_and_ends(void **state)
{
	struct world *w = *state;
	LK_AUTO(transports_freep) struct transports *transports = transports_new(&w->clock.clock);
	LK_AUTO(lk_box_pair_wipe) struct lk_box_pair client = { 0 };
	const struct lk_caller ben = { .kind = LK_CALLER_USER, .id = "usr_ben" },
			       eve = { .kind = LK_CALLER_USER, .id = "usr_eve" };
	struct lk_transport theirs = { 0 }, ours = { 0 };
	uint8_t server_key[LK_BOX_PUBLIC_LEN];
	char id[TRANSPORT_ID_SIZE];
	int64_t expires_at_ms;
	const struct lk_transport_call call = { "req_1", "Fetch" };
	struct lk_bytes blob, plain;

	lk_box_pair_make(&client);
	expect_ok(transports_agree(transports, &ben,
		      lk_bytes(client.public_key, sizeof client.public_key), server_key, id,
		      &expires_at_ms, &w->err),
	    &w->err);
	expect_ok(transports_find(transports, &ben, id, &theirs, &w->err), &w->err);
	expect_ok(lk_transport_init_client(&client, server_key, &ours, &w->err), &w->err);
	expect_ok(lk_transport_seal(&theirs, &call, lk_bytes_of(PLAIN), w->arena, &blob, &w->err),
	    &w->err);
	expect_ok(lk_transport_open(&ours, &call, blob, w->arena, &plain, &w->err), &w->err);
	assert_memory_equal(plain.data, PLAIN, plain.len);

	expect_fail(transports_find(transports, &eve, id, &theirs, &w->err), &w->err,
	    LK_INVALID_ARGUMENT, "TRANSPORT_UNKNOWN");
	w->clock.now_ms = expires_at_ms;
	expect_fail(transports_find(transports, &ben, id, &theirs, &w->err), &w->err,
	    LK_INVALID_ARGUMENT, "TRANSPORT_UNKNOWN");
}

struct agreeing {
	struct world *w;
	struct transports *transports;
	struct lk_box_pair client;
};

static void
agreeing_end(struct agreeing *a)
{
	transports_free(a->transports);
	lk_box_pair_wipe(&a->client);
}

static void
agree(struct agreeing *a, const struct lk_caller *caller, char out_id[TRANSPORT_ID_SIZE])
{
	const struct lk_bytes key = lk_bytes(a->client.public_key, sizeof a->client.public_key);
	uint8_t server_key[LK_BOX_PUBLIC_LEN];
	int64_t expires_at_ms;

	expect_ok(transports_agree(
		      a->transports, caller, key, server_key, out_id, &expires_at_ms, &a->w->err),
	    &a->w->err);
}

static bool
is_agreed(struct agreeing *a, const struct lk_caller *caller, const char *id)
{
	struct lk_transport found = { 0 };

	return transports_find(a->transports, caller, id, &found, NULL) == LK_OK;
}

static void
the_oldest_transport_key_makes_room(void **state)
{
	struct world *w = *state;
	LK_AUTO(agreeing_end)
	struct agreeing a = { .w = w, .transports = transports_new(&w->clock.clock) };
	struct lk_caller first = { .kind = LK_CALLER_USER, .id = "usr_0" };
	struct lk_caller second = { .kind = LK_CALLER_USER, .id = "usr_1" }, last = second;
	char first_id[TRANSPORT_ID_SIZE], second_id[TRANSPORT_ID_SIZE], id[TRANSPORT_ID_SIZE];

	lk_box_pair_make(&a.client);
	agree(&a, &first, first_id);
	agree(&a, &second, second_id);
	for (size_t i = 2; i < TRANSPORTS_MAX + 1; i++) {
		snprintf(last.id, sizeof last.id, "usr_%zu", i);
		agree(&a, &last, id);
	}
	assert_false(is_agreed(&a, &first, first_id));
	assert_true(is_agreed(&a, &second, second_id));
	assert_true(is_agreed(&a, &last, id));
}

static void
nobody_crowds_out_the_transport_keys_of_others(void **state)
{
	struct world *w = *state;
	LK_AUTO(agreeing_end)
	struct agreeing a = { .w = w, .transports = transports_new(&w->clock.clock) };
	const struct lk_caller ben = { .kind = LK_CALLER_USER, .id = "usr_ben" };
	const struct lk_caller eve = { .kind = LK_CALLER_USER, .id = "usr_eve" };
	const struct lk_caller fleet = { .kind = LK_CALLER_PRINCIPAL, .id = "prn_fleet" };
	char bens[TRANSPORT_ID_SIZE], eves[3][TRANSPORT_ID_SIZE], fleets[TRANSPORT_ID_SIZE];

	lk_box_pair_make(&a.client);
	agree(&a, &eve, eves[0]);
	agree(&a, &eve, eves[1]);
	agree(&a, &ben, bens);
	for (int i = 2; i <= TRANSPORTS_OF_USER; i++)
		agree(&a, &eve, eves[2]);
	assert_false(is_agreed(&a, &eve, eves[0]));
	assert_true(is_agreed(&a, &eve, eves[1]));
	for (int i = 0; i < TRANSPORTS_MAX; i++)
		agree(&a, i % 2 == 0 ? &eve : &fleet, fleets);
	for (int i = 0; i < TRANSPORTS_OF_PRINCIPAL; i++)
		agree(&a, &fleet, fleets);
	assert_true(is_agreed(&a, &ben, bens));
	assert_true(is_agreed(&a, &fleet, fleets));
}

#define STORED(fn) LK_CASE_WITH(fn, setup, teardown)
LK_TESTS(STORED(what_was_sealed_opens_again), STORED(a_second_one_at_the_same_provider_is_refused),
    LK_CASE(a_row_changed_or_swapped_by_sql_is_refused),
    STORED(destroying_the_tenants_key_destroys_its_credentials),
    STORED(a_transport_key_is_its_callers_alone_and_ends),
    STORED(the_oldest_transport_key_makes_room),
    STORED(nobody_crowds_out_the_transport_keys_of_others))
