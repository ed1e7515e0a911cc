/* The trail while memory runs short: a row is there exactly when its write was answered, and the
 * chain has no gap. */
#include "audit/audit.h"
#include "audit_migrations.h"
#include "test.h"
#include "torture.h"

static const struct lk_caller ada = { .kind = LK_CALLER_USER,
	.id = "usr_01arz3ndektsv4rrffq69g5fav",
	.tenant = "tnt_01arz3ndektsv4rrffq69g5fav" };
static const struct lk_audit_event event = { .action = "key.revoked",
	.object = "key_01arz3ndektsv4rrffq69g5fav" };

struct trail {
	struct lk_store *store;
	struct lk_sign_key *key;
	int64_t rows, sealed, last; /* what the table says */
};

static struct lk_audit_config
config_of(const struct trail *t)
{
	return (struct lk_audit_config){ .service = "keys",
		.instance = "hold",
		.signing_key = t->key,
		.clock = lk_clock_system() };
}

static lk_status
write_row(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	(void)arg;
	return lk_audit_write_as(tx, &ada, "req_a", 1, &event, err);
}

static lk_status
count(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	struct trail *t = arg;
	bool has = false;

	LK_TRY(lk_tx_query_first(tx,
	    "SELECT count(*), count(sequence), coalesce(max(sequence), 0) FROM audit_event",
	    LK_NO_ARGS, &rows, &has, err));
	t->rows = lk_col_int(&rows, 0);
	t->sealed = lk_col_int(&rows, 1);
	t->last = lk_col_int(&rows, 2);
	return LK_OK;
}

static int
trail_setup(void **state)
{
	static struct trail t;
	struct lk_error err = { 0 };

	t = (struct trail){ 0 };
	expect_ok(lk_store_open(
		      "sqlite://:memory:", LK_MIGRATIONS(&audit_migrations), NULL, &t.store, &err),
	    &err);
	expect_ok(lk_sign_key_generate(&t.key, &err), &err);
	*state = &t;
	return 0;
}

static int
trail_teardown(void **state)
{
	struct trail *t = *state;

	lk_store_close(t->store);
	lk_sign_key_free(t->key);
	return 0;
}

static lk_status
record(void *arg, struct lk_error *err)
{
	struct trail *t = arg;

	return lk_store_write(t->store, LK_NO_DEADLINE, write_row, t, err);
}

/* A store that has run nothing yet still has its statements to prepare. */
static lk_status
record_in_a_new_store(void *arg, struct lk_error *err)
{
	struct trail *t = arg;

	lk_store_close(t->store);
	t->store = NULL;
	LK_TRY(lk_store_open(
	    "sqlite://:memory:", LK_MIGRATIONS(&audit_migrations), NULL, &t->store, err));
	return record(t, err);
}

static void
a_row_for_an_answer(void *arg, lk_status answered)
{
	struct trail *t = arg;
	struct lk_error err = { 0 };

	if (!t->store)
		return;
	expect_ok(lk_store_read(t->store, LK_NO_DEADLINE, count, t, &err), &err);
	assert_int_equal(t->rows, answered == LK_OK);
}

static void
a_row_stands_exactly_when_its_write_was_answered(void **state)
{
	assert_true(lk_torture(record_in_a_new_store, a_row_for_an_answer, *state) > 0);
}

static lk_status
record_and_seal(void *arg, struct lk_error *err)
{
	struct trail *t = arg;
	const struct lk_audit_config config = config_of(t);
	LK_AUTO(lk_audit_sealer_stopp) struct lk_audit_sealer *sealer = NULL;

	LK_TRY(record(arg, err));
	LK_TRY(lk_audit_sealer_start(&sealer, t->store, &config, err));
	LK_TRY(record(arg, err));
	return lk_audit_seal_now(sealer, err);
}

static void
no_gap(void *arg, lk_status answered)
{
	struct trail *t = arg;
	struct lk_error err = { 0 };

	expect_ok(lk_store_read(t->store, LK_NO_DEADLINE, count, t, &err), &err);
	assert_int_equal(t->sealed, t->last);
	if (answered == LK_OK)
		assert_int_equal(t->sealed, t->rows);
}

static void
sealing_without_memory_leaves_no_gap_and_goes_on_later(void **state)
{
	assert_true(lk_torture(record_and_seal, no_gap, *state) > 0);
}

LK_TESTS(
    LK_CASE_WITH(a_row_stands_exactly_when_its_write_was_answered, trail_setup, trail_teardown),
    LK_CASE_WITH(
	sealing_without_memory_leaves_no_gap_and_goes_on_later, trail_setup, trail_teardown))
