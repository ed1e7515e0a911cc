/* Columns and ciphertexts exchanged between rows, every pair of them: whoever can write the
 * database makes no credential of one owner answer for another. */
#include "postgres.h"
#include "test.h"

#include <stdio.h>
#include <string.h>

#include "credentials/credential_store.h"
#include "credentials/vault.h"
#include "crypto/private_file.h"

extern const struct lk_migrations credentials_migrations;

enum { ROWS = 5, TEXT_SIZE = 16 /* enough of each text here */ };

struct row {
	struct credential credential;
	struct lk_bytes sealed;
};

static struct world {
	struct lk_store *store;
	struct vault vault;
	struct lk_arena *arena;
	struct row rows[ROWS]; /* as they were stored */
	struct lk_error err;
} w;

/* One tenant, owner and provider each; then neighbours that share all but one of them. */
static const struct credential stored[ROWS] = {
	{ .id = "crd_a", .tenant = "tnt_a", .owner = "usr_a", .provider = "aws", .version = 1 },
	{ .id = "crd_b",
	    .tenant = "tnt_b",
	    .owner = "usr_b",
	    .provider = "s3",
	    .version = 2,
	    .expires_at_ms = 1000 },
	{ .id = "crd_c", .tenant = "tnt_a", .owner = "usr_a", .provider = "s3", .version = 1 },
	{ .id = "crd_d", .tenant = "tnt_a", .owner = "usr_d", .provider = "aws", .version = 1 },
	{ .id = "crd_e", .tenant = "tnt_b", .owner = "usr_a", .provider = "aws", .version = 1 },
};

static lk_status
store_all(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	(void)arg;
	for (size_t i = 0; i < ROWS; i++) {
		struct row *row = &w.rows[i];
		row->credential = stored[i];
		lk_text_copy(row->credential.label, sizeof row->credential.label, "label");
		LK_TRY(vault_seal(&w.vault, tx, &row->credential, lk_bytes_of(stored[i].id),
		    w.arena, &row->sealed, err));
		LK_TRY(credential_insert(tx, &row->credential, row->sealed, err));
	}
	return LK_OK;
}

static int
setup(void **state)
{
	static int number;
	const uint8_t key[32] = { 7 };
	char name[32];

	(void)state;
	memset(&w, 0, sizeof w);
	snprintf(name, sizeof name, "kek-%d", number++);
	const char *path = lk_test_path(lk_test_tmpdir(), name);
	w.arena = lk_arena_new(16 << 20);
	expect_ok(lk_secret_file_create(path, "key", lk_bytes(key, sizeof key), &w.err), &w.err);
	expect_ok(vault_open(&w.vault, &(struct lk_kek_config){ .file = path }, &w.err), &w.err);
	expect_ok(lk_store_open(lk_test_store_url(), LK_MIGRATIONS(&credentials_migrations), NULL,
		      &w.store, &w.err),
	    &w.err);
	expect_ok(vault_settle(&w.vault, w.store, 1, &w.err), &w.err);
	expect_ok(lk_store_write(w.store, LK_NO_DEADLINE, store_all, NULL, &w.err), &w.err);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	lk_store_close(w.store);
	vault_close(&w.vault);
	lk_arena_free(w.arena);
	return 0;
}

/* ---- columns ---- */

enum column { ID, TENANT, OWNER, PROVIDER, VERSION, EXPIRES_AT, SEALED, COLUMNS };

/* Where a column lies in a row, and how much of it. */
static const struct place {
	size_t offset, size;
} places[COLUMNS] = {
#define PLACE(member)                                                                              \
	{                                                                                          \
		offsetof(struct row, member), sizeof((struct row *)NULL)->member                   \
	}
	[ID] = PLACE(credential.id),
	[TENANT] = PLACE(credential.tenant),
	[OWNER] = PLACE(credential.owner),
	[PROVIDER] = PLACE(credential.provider),
	[VERSION] = PLACE(credential.version),
	[EXPIRES_AT] = PLACE(credential.expires_at_ms),
	[SEALED] = PLACE(sealed),
#undef PLACE
};

/* Whether they differed. */
static bool
swap(void *a, void *b, size_t size)
{
	char kept[sizeof(struct row)];
	const bool differ = memcmp(a, b, size) != 0;

	memcpy(kept, a, size);
	memcpy(a, b, size);
	memcpy(b, kept, size);
	return differ;
}

static bool
swap_column(struct row *a, struct row *b, enum column column)
{
	const struct place place = places[column];

	return swap((char *)a + place.offset, (char *)b + place.offset, place.size);
}

/* ---- one exchange ---- */

struct exchange {
	size_t at[2]; /* which rows */
	struct row now[2];
	lk_status opened[2];
	struct lk_error why[2];
	int refused_by_database;
};

static lk_status
open_row(struct lk_tx *tx, const struct credential *as, struct lk_error *err)
{
	struct credential found;
	struct lk_bytes sealed, plain;

	LK_TRY(credential_load_sealed(
	    tx, as->tenant, as->owner, as->provider, w.arena, &found, &sealed, err));
	return vault_unseal(&w.vault, tx, &found, sealed, w.arena, &plain, err);
}

static lk_status
undo(struct lk_error *err)
{
	return lk_fail(err, LK_CANCELLED, "UNDO", "as it was");
}

/* Both rows out, both in with what was exchanged, both opened; then all of it undone. */
static lk_status
exchange_in(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct exchange *x = arg;

	x->refused_by_database = 0;
	for (int i = 0; i < 2; i++)
		LK_TRY(credential_delete(tx, stored[x->at[i]].id, err));
	for (int i = 0; i < 2; i++) {
		if (credential_insert(tx, &x->now[i].credential, x->now[i].sealed, &x->why[i]) ==
		    LK_OK)
			continue;
		x->refused_by_database = 1;
		return undo(err);
	}
	for (int i = 0; i < 2; i++)
		x->opened[i] = open_row(tx, &x->now[i].credential, &x->why[i]);
	return undo(err);
}

/* How many rows were refused by their seal; every row that changed has to be, unless the database
 * would not have it at all. */
static int
exchanged(size_t a, size_t b, enum column one, enum column other)
{
	struct exchange x = { .at = { a, b }, .now = { w.rows[a], w.rows[b] } };
	bool differ = swap_column(&x.now[0], &x.now[1], one);

	if (other != one)
		differ = swap_column(&x.now[0], &x.now[1], other) || differ;
	expect_fail(lk_store_write(w.store, LK_NO_DEADLINE, exchange_in, &x, &w.err), &w.err,
	    LK_CANCELLED, "UNDO");
	if (x.refused_by_database)
		return 0;
	for (int i = 0; i < 2; i++) {
		if (differ)
			expect_fail(x.opened[i], &x.why[i], LK_DATA_LOSS, "SEAL_BROKEN");
		else
			expect_ok(
			    x.opened[i], &x.why[i]); /* so it is the exchange that breaks it */
	}
	return differ ? 2 : 0;
}

static void
every_pair_of_columns_exchanged_between_rows_is_refused(void **state)
{
	int refused = 0;

	(void)state;
	for (size_t a = 0; a < ROWS; a++)
		for (size_t b = a + 1; b < ROWS; b++)
			for (int one = 0; one < COLUMNS; one++)
				for (int other = one; other < COLUMNS; other++)
					refused += exchanged(a, b, one, other);
	assert_in_range(refused, 300, 10 * 28 * 2);
}

/* ---- columns of one row, and its versions ---- */

struct altered {
	size_t at;
	struct row now;
	lk_status opened;
	struct lk_error why;
};

static lk_status
alter_in(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct altered *x = arg;

	LK_TRY(credential_delete(tx, stored[x->at].id, err));
	x->opened = credential_insert(tx, &x->now.credential, x->now.sealed, &x->why);
	if (x->opened == LK_OK)
		x->opened = open_row(tx, &x->now.credential, &x->why);
	return undo(err);
}

static void
expect_refused(struct altered *x)
{
	expect_fail(lk_store_write(w.store, LK_NO_DEADLINE, alter_in, x, &w.err), &w.err,
	    LK_CANCELLED, "UNDO");
	assert_int_not_equal(x->opened, LK_OK);
}

/* Texts among texts and numbers among numbers: columns take nothing else. */
static void
columns_of_a_row_exchanged_with_each_other_are_refused(void **state)
{
	(void)state;
	for (size_t at = 0; at < ROWS; at++) {
		for (int one = ID; one < PROVIDER; one++)
			for (int other = one + 1; other <= PROVIDER; other++) {
				struct altered x = { .at = at, .now = w.rows[at] };
				swap((char *)&x.now + places[one].offset,
				    (char *)&x.now + places[other].offset, TEXT_SIZE);
				expect_refused(&x);
			}
		struct altered x = { .at = at, .now = w.rows[at] };
		assert_true(swap(&x.now.credential.version, &x.now.credential.expires_at_ms,
		    sizeof x.now.credential.version));
		expect_refused(&x);
		assert_string_equal("SEAL_BROKEN", x.why.reason);
	}
}

static lk_status
replace_first(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct row *newer = arg;

	*newer = w.rows[0];
	newer->credential.version++;
	LK_TRY(vault_seal(
	    &w.vault, tx, &newer->credential, lk_bytes_of("newer"), w.arena, &newer->sealed, err));
	return credential_reseal(tx, &newer->credential, newer->sealed, err);
}

static void
the_secret_of_another_version_is_refused(void **state)
{
	struct row newer;
	struct altered x = { .at = 0 };

	(void)state;
	expect_ok(lk_store_write(w.store, LK_NO_DEADLINE, replace_first, &newer, &w.err), &w.err);
	x.now = newer;
	x.now.sealed = w.rows[0].sealed;
	expect_refused(&x);
	assert_string_equal("SEAL_BROKEN", x.why.reason);
	x.now = w.rows[0];
	x.now.sealed = newer.sealed;
	expect_refused(&x);
	assert_string_equal("SEAL_BROKEN", x.why.reason);
}

#define STORED(fn) LK_CASE_WITH(fn, setup, teardown)
LK_TESTS(STORED(every_pair_of_columns_exchanged_between_rows_is_refused),
    STORED(columns_of_a_row_exchanged_with_each_other_are_refused),
    STORED(the_secret_of_another_version_is_refused))
