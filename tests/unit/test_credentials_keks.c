/* Root keys on a real database: rotation step by step with every record opening in between, what
 * retires and what does not, and a start with the wrong keys. */
#include "postgres.h"
#include "test.h"

#include <stdio.h>
#include <string.h>

#include "credentials/credential_store.h"
#include "credentials/keks.h"
#include "crypto/private_file.h"

extern const struct lk_migrations credentials_migrations;

enum { TENANTS = 12 };

static struct world {
	struct lk_store *store;
	struct vault vault;
	struct lk_arena *arena;
	char first[256], second[300]; /* a path; an entry of the list */
	struct lk_error err;
} w;

static const char *
key_file(const char *kind, uint8_t byte)
{
	static int number;
	uint8_t key[32];
	char name[32];

	memset(key, byte, sizeof key);
	snprintf(name, sizeof name, "%s-%d", kind, number++);
	const char *path = lk_test_path(lk_test_tmpdir(), name);
	expect_ok(lk_secret_file_create(path, "key", lk_bytes(key, sizeof key), &w.err), &w.err);
	return path;
}

static void
load(const char *file, const char *list)
{
	const struct lk_kek_config config = { .file = file, .list = list };

	vault_close(&w.vault);
	expect_ok(vault_open(&w.vault, &config, &w.err), &w.err);
}

static lk_status
settle(void)
{
	return vault_settle(&w.vault, w.store, 1, &w.err);
}

static int
setup(void **state)
{
	(void)state;
	memset(&w, 0, sizeof w);
	w.arena = lk_arena_new(4 << 20);
	snprintf(w.first, sizeof w.first, "%s", key_file("first", 7));
	snprintf(w.second, sizeof w.second, "kek-2=file:%s", key_file("second", 8));
	load(w.first, "");
	expect_ok(lk_store_open(lk_test_store_url(), LK_MIGRATIONS(&credentials_migrations), NULL,
		      &w.store, &w.err),
	    &w.err);
	expect_ok(settle(), &w.err);
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

/* ---- what is done ---- */

static lk_status
run(lk_tx_fn *fn, void *arg)
{
	return lk_store_write(w.store, LK_NO_DEADLINE, fn, arg, &w.err);
}

static struct credential
credential_of(int tenant)
{
	struct credential c = { .provider = "aws", .label = "label", .version = 1 };

	snprintf(c.id, sizeof c.id, "crd_%02d", tenant);
	snprintf(c.tenant, sizeof c.tenant, "tnt_%02d", tenant);
	snprintf(c.owner, sizeof c.owner, "usr_%02d", tenant);
	return c;
}

static lk_status
put(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	const struct credential *c = arg;
	struct lk_bytes sealed;

	LK_TRY(vault_seal(&w.vault, tx, c, lk_bytes_of(c->id), w.arena, &sealed, err));
	return credential_insert(tx, c, sealed, err);
}

static void
store(int from, int to)
{
	for (int i = from; i < to; i++) {
		struct credential c = credential_of(i);
		expect_ok(run(put, &c), &w.err);
	}
}

static lk_status
take(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	const struct credential *c = arg;
	struct credential found;
	struct lk_bytes sealed, plain;

	LK_TRY(credential_load_sealed(
	    tx, c->tenant, c->owner, c->provider, w.arena, &found, &sealed, err));
	LK_TRY(vault_unseal(&w.vault, tx, &found, sealed, w.arena, &plain, err));
	assert_int_equal(plain.len, strlen(c->id));
	assert_memory_equal(plain.data, c->id, plain.len);
	return LK_OK;
}

static void
all_open(int count)
{
	lk_arena_reset(w.arena);
	for (int i = 0; i < count; i++) {
		struct credential c = credential_of(i);
		expect_ok(run(take, &c), &w.err);
	}
}

static lk_status
rotate_in(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct kek active;
	bool changed;

	return keks_rotate(tx, &w.vault, arg, 2, &active, &changed, err);
}

static lk_status
rotate(const char *id)
{
	return run(rotate_in, (void *)id);
}

static lk_status
step_in(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	return keks_rewrap(tx, &w.vault, w.arena, arg, err);
}

/* One step from the beginning; how many were re-wrapped. */
static struct rewrap
step(const char *after, size_t limit)
{
	struct rewrap step = { .after = after, .limit = limit };

	expect_ok(run(step_in, &step), &w.err);
	return step;
}

static lk_status
retire_in(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct kek kek;

	LK_TRY(keks_retire(tx, arg, 3, &kek, err));
	assert_int_equal(kek.state, KEK_RETIRED);
	return LK_OK;
}

static lk_status
retire(const char *id)
{
	return run(retire_in, (void *)id);
}

static lk_status
list_in(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	return kek_load_all(tx, arg, err);
}

static void
expect_state(const char *id, enum kek_state state, int64_t wraps)
{
	struct kek_list list;

	expect_ok(run(list_in, &list), &w.err);
	const struct kek *kek = kek_find(&list, id);
	assert_non_null(kek);
	assert_string_equal(kek_state_name(kek->state), kek_state_name(state));
	assert_int_equal(kek->wraps, wraps);
}

static lk_status
run_sql(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	return lk_tx_exec(tx, arg, LK_NO_ARGS, NULL, err);
}

static void
begin_rotation(void)
{
	store(0, TENANTS);
	load(w.first, w.second);
	expect_ok(settle(), &w.err);
	expect_state("kek-2", KEK_PENDING, 0);
	expect_ok(rotate(""), &w.err);
}

/* ---- cases ---- */

static void
every_record_opens_at_every_step_of_a_rotation(void **state)
{
	char after[LK_ID_SIZE] = "";
	int count = TENANTS, steps = 0;

	(void)state;
	begin_rotation();
	do {
		const struct rewrap done = step(after, 1);
		memcpy(after, done.last, sizeof after);
		if (count < 2 * TENANTS) { /* somebody comes in between: under the new key */
			store(count, count + 1);
			count++;
		}
		all_open(count);
		steps++;
	} while (*after);
	assert_in_range(steps, TENANTS + 1, 3 * TENANTS);
	expect_state("kek-1", KEK_DRAINING, 0);
	expect_state("kek-2", KEK_ACTIVE, count);
	expect_ok(retire("kek-1"), &w.err);
	load(NULL, w.second);
	expect_ok(settle(), &w.err);
	all_open(count);
}

static void
a_rotation_that_was_interrupted_goes_on(void **state)
{
	(void)state;
	begin_rotation();
	assert_int_equal(step("", 5).rewrapped, 5);
	load(w.first, w.second); /* a new process */
	expect_ok(settle(), &w.err);
	expect_ok(rotate(""), &w.err);
	const struct rewrap rest = step("", KEKS_REWRAP_MAX);
	assert_int_equal(rest.rewrapped, TENANTS - 5);
	assert_int_equal(rest.left, 0);
	assert_string_equal(rest.last, "");
	all_open(TENANTS);
	expect_fail(rotate(""), &w.err, LK_FAILED_PRECONDITION, "KEK_NOT_PENDING");
	expect_ok(rotate("kek-1"), &w.err); /* and back */
	assert_int_equal(step("", KEKS_REWRAP_MAX).rewrapped, TENANTS);
	all_open(TENANTS);
}

static void
a_root_key_in_use_is_not_retired_whatever_the_columns_say(void **state)
{
	static char lie[] = "UPDATE tenant_key SET kek = 'kek-2'";

	(void)state;
	begin_rotation();
	expect_fail(retire("kek-1"), &w.err, LK_FAILED_PRECONDITION, "KEK_IN_USE");
	expect_fail(retire("kek-2"), &w.err, LK_FAILED_PRECONDITION, "KEK_IN_USE");
	expect_fail(retire("kek-3"), &w.err, LK_NOT_FOUND, "KEK_MISSING");
	expect_ok(run(run_sql, lie), &w.err);
	expect_fail(retire("kek-1"), &w.err, LK_FAILED_PRECONDITION, "KEK_IN_USE");
	assert_int_equal(step("", KEKS_REWRAP_MAX).rewrapped, TENANTS);
	expect_ok(retire("kek-1"), &w.err);
	expect_ok(retire("kek-1"), &w.err);
	expect_fail(rotate("kek-1"), &w.err, LK_FAILED_PRECONDITION, "KEK_RETIRED");
}

static void
a_tenant_key_that_does_not_open_is_left_and_told(void **state)
{
	static char spoil[] =
	    "UPDATE tenant_key SET wrapped = (SELECT wrapped FROM tenant_key WHERE "
	    "tenant = 'tnt_01') WHERE tenant = 'tnt_00'";

	(void)state;
	store(0, TENANTS);
	expect_ok(run(run_sql, spoil), &w.err);
	load(w.first, w.second);
	expect_ok(settle(), &w.err);
	expect_ok(rotate("kek-2"), &w.err);
	const struct rewrap all = step("", KEKS_REWRAP_MAX);
	assert_int_equal(all.rewrapped, TENANTS - 1);
	assert_int_equal(all.broken, 1);
	assert_int_equal(all.left, 1);
	expect_fail(retire("kek-1"), &w.err, LK_FAILED_PRECONDITION, "KEK_IN_USE");
}

static void
a_start_needs_the_keys_that_are_in_use_and_the_right_ones(void **state)
{
	char wrong[300];

	(void)state;
	begin_rotation();
	load(w.first, "");
	expect_fail(settle(), &w.err, LK_FAILED_PRECONDITION, "KEK_MISSING");
	load(NULL, w.second);
	expect_fail(settle(), &w.err, LK_FAILED_PRECONDITION, "KEK_MISSING");
	snprintf(wrong, sizeof wrong, "kek-2=file:%s", key_file("wrong", 9));
	load(w.first, wrong);
	expect_fail(settle(), &w.err, LK_FAILED_PRECONDITION, "KEK_WRONG");
	load(w.first, w.second);
	expect_ok(settle(), &w.err);
	step("", KEKS_REWRAP_MAX);
	load(NULL, w.second); /* nothing is left under the first */
	expect_ok(settle(), &w.err);
	all_open(TENANTS);
}

static void
a_pending_key_leaves_with_the_configuration_and_two_need_a_name(void **state)
{
	char three[700];

	(void)state;
	snprintf(three, sizeof three, "%s kek-3=file:%s", w.second, key_file("third", 9));
	load(w.first, three);
	expect_ok(settle(), &w.err);
	expect_fail(rotate(""), &w.err, LK_INVALID_ARGUMENT, "KEK_AMBIGUOUS");
	expect_fail(rotate("kek-9"), &w.err, LK_NOT_FOUND, "KEK_MISSING");
	load(w.first, w.second);
	expect_ok(settle(), &w.err);
	expect_ok(rotate(""), &w.err);
	expect_state("kek-2", KEK_ACTIVE, 0);
}

static void
a_root_key_that_tenant_keys_name_is_never_forgotten(void **state)
{
	static char pending[] = "UPDATE kek SET state = 'pending' WHERE id = 'kek-1'";
	static char forget[] = "DELETE FROM kek WHERE id = 'kek-1'";

	(void)state;
	begin_rotation();
	expect_ok(run(run_sql, pending), &w.err);
	load(NULL, w.second);
	expect_fail(settle(), &w.err, LK_FAILED_PRECONDITION, "KEK_MISSING");
	expect_ok(run(run_sql, forget), &w.err);
	expect_fail(settle(), &w.err, LK_FAILED_PRECONDITION, "KEK_MISSING");
	load(w.first, w.second);
	expect_ok(settle(), &w.err);
	expect_state("kek-1", KEK_DRAINING, TENANTS);
	expect_state("kek-2", KEK_ACTIVE, 0);
	all_open(TENANTS);
}

static void
the_first_active_key_is_the_one_that_tenant_keys_name(void **state)
{
	static char forget[] = "DELETE FROM kek";

	(void)state;
	begin_rotation();
	step("", KEKS_REWRAP_MAX);
	expect_ok(run(run_sql, forget), &w.err);
	load(w.first, "");
	expect_fail(settle(), &w.err, LK_FAILED_PRECONDITION, "KEK_MISSING");
	load(w.first, w.second);
	expect_ok(settle(), &w.err);
	expect_state("kek-1", KEK_PENDING, 0);
	expect_state("kek-2", KEK_ACTIVE, TENANTS);
	all_open(TENANTS);
}

#define STORED(fn) LK_CASE_WITH(fn, setup, teardown)
LK_TESTS(STORED(every_record_opens_at_every_step_of_a_rotation),
    STORED(a_rotation_that_was_interrupted_goes_on),
    STORED(a_root_key_in_use_is_not_retired_whatever_the_columns_say),
    STORED(a_tenant_key_that_does_not_open_is_left_and_told),
    STORED(a_start_needs_the_keys_that_are_in_use_and_the_right_ones),
    STORED(a_pending_key_leaves_with_the_configuration_and_two_need_a_name),
    STORED(a_root_key_that_tenant_keys_name_is_never_forgotten),
    STORED(the_first_active_key_is_the_one_that_tenant_keys_name))
