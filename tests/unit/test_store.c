/* Statements, values, columns and errors of the store, each in its own throw-away database, on
 * both engines. */
#include <stdio.h>
#include <string.h>

#include "postgres.h"
#include "store/store.h"
#include "test.h"

static const struct lk_migration steps[] = {
	{ "0001_things.sql",
	    "CREATE TABLE thing (id TEXT PRIMARY KEY, n INTEGER, body BLOB, owner TEXT REFERENCES "
	    "thing (id),"
	    " CHECK (n IS NULL OR n >= 0)) STRICT;",
	    "aa" },
};
static const struct lk_migration postgres_steps[] = {
	{ "0001_things.sql",
	    "CREATE TABLE thing (id text COLLATE \"C\" PRIMARY KEY, n bigint, body bytea, "
	    "owner text COLLATE \"C\" REFERENCES thing (id), CHECK (n IS NULL OR n >= 0));",
	    "aa" },
};
static const struct lk_migrations things = { "things", steps, 1, postgres_steps, 1, NULL };

static const char Q_PUT[] = "INSERT INTO thing (id, n, body, owner) VALUES ($1, $2, $3, $4)";
static const char Q_GET[] = "SELECT id, n, body, owner FROM thing WHERE id = $1";
static const char Q_ALL[] = "SELECT id FROM thing ORDER BY id";

struct world {
	struct lk_store *store;
	struct lk_error err;
	struct lk_clock_frozen clock;
};

static int
setup(void **state)
{
	static struct world w;
	struct lk_store_options options = { .clock = &w.clock.clock };

	memset(&w, 0, sizeof w);
	lk_clock_frozen_init(&w.clock, 1000);
	*state = &w;
	return lk_store_open(
		   lk_test_store_url(), LK_MIGRATIONS(&things), &options, &w.store, &w.err) == LK_OK
		   ? 0
		   : 1;
}

static int
teardown(void **state)
{
	lk_store_close(((struct world *)*state)->store);
	return 0;
}

static lk_status
write_with(struct world *w, lk_tx_fn *fn)
{
	lk_error_clear(&w->err);
	return lk_store_write(w->store, LK_NO_DEADLINE, fn, w, &w->err);
}

static lk_status
read_with(struct world *w, lk_tx_fn *fn)
{
	lk_error_clear(&w->err);
	return lk_store_read(w->store, LK_NO_DEADLINE, fn, w, &w->err);
}

static lk_status
put(struct lk_tx *tx, const char *id, struct lk_error *err)
{
	int64_t changed; /* asked for, so that the statement is answered in its place */

	return lk_tx_exec(
	    tx, Q_PUT, LK_ARGS(lk_text(id), lk_null(), lk_null(), lk_null()), &changed, err);
}

static lk_status
put_a(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	(void)arg;
	return put(tx, "a", err);
}

/* ---- Values ---- */

static lk_status
put_every_kind(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	(void)arg;
	LK_TRY(lk_tx_exec(tx, Q_PUT,
	    LK_ARGS(lk_text("é"), lk_int(INT64_MAX), lk_blob(lk_bytes("\0\1", 2)), lk_null()), NULL,
	    err));
	return lk_tx_exec(tx, Q_PUT,
	    LK_ARGS(lk_text(""), lk_null(), lk_blob(lk_bytes(NULL, 0)), lk_text(NULL)), NULL, err);
}

static lk_status
see_every_kind(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	uint8_t two[2] = { 9, 9 };
	bool has = false;

	(void)arg;
	LK_TRY(lk_tx_query_first(tx, Q_GET, LK_ARGS(lk_text("é")), &rows, &has, err));
	assert_true(has);
	assert_string_equal(lk_col_text(&rows, 0), "é");
	assert_true(lk_col_int(&rows, 1) == INT64_MAX);
	LK_TRY(lk_col_fixed(&rows, 2, two, sizeof two, err));
	assert_memory_equal(two, "\0\1", 2);
	assert_true(lk_col_is_null(&rows, 3));
	LK_TRY(lk_tx_query_first(tx, Q_GET, LK_ARGS(lk_text("")), &rows, &has, err));
	assert_true(has);
	assert_true(lk_col_is_null(&rows, 1));
	assert_int_equal(lk_col_int(&rows, 1), 0);
	assert_false(lk_col_is_null(&rows, 2));
	assert_int_equal(lk_col_blob(&rows, 2).len, 0);
	assert_string_equal(lk_col_text(&rows, 3), "");
	LK_TRY(lk_rows_next(&rows, &has, err));
	assert_false(has);
	return lk_rows_next(&rows, &has, err);
}

static void
every_kind_of_value_comes_back_as_it_went(void **state)
{
	struct world *w = *state;

	expect_ok(write_with(w, put_every_kind), &w->err);
	expect_ok(read_with(w, see_every_kind), &w->err);
}

static lk_status
fixed_of_wrong_size(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	uint8_t three[3];
	bool has = false;

	(void)arg;
	LK_TRY(lk_tx_query_first(tx, Q_GET, LK_ARGS(lk_text("é")), &rows, &has, err));
	return lk_col_fixed(&rows, 2, three, sizeof three, err);
}

static void
a_blob_of_another_size_is_data_loss(void **state)
{
	struct world *w = *state;

	expect_ok(write_with(w, put_every_kind), &w->err);
	expect_fail(read_with(w, fixed_of_wrong_size), &w->err, LK_DATA_LOSS, "STORE_CORRUPT");
}

static lk_status
put_text_with_nul(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	(void)arg;
	return lk_tx_exec(
	    tx, Q_PUT, LK_ARGS(lk_text_n("a\0b", 3), lk_null(), lk_null(), lk_null()), NULL, err);
}

static lk_status
put_bad_utf8(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	(void)arg;
	return put(tx, "\xc3(", err);
}

static void
text_that_postgresql_would_refuse_is_refused(void **state)
{
	struct world *w = *state;

	expect_fail(
	    write_with(w, put_text_with_nul), &w->err, LK_INVALID_ARGUMENT, "STORE_TEXT_INVALID");
	expect_fail(
	    write_with(w, put_bad_utf8), &w->err, LK_INVALID_ARGUMENT, "STORE_TEXT_INVALID");
}

/* ---- Parameters ---- */

static lk_status
parameters_out_of_order(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	bool has = false;

	(void)arg;
	LK_TRY(lk_tx_query_first(tx, "SELECT $2, $1, $2, $3",
	    LK_ARGS(lk_int(1), lk_int(2), lk_bool(true)), &rows, &has, err));
	assert_int_equal(lk_col_int(&rows, 0), 2);
	assert_int_equal(lk_col_int(&rows, 1), 1);
	assert_int_equal(lk_col_int(&rows, 2), 2);
	assert_true(lk_col_bool(&rows, 3));
	return LK_OK;
}

static void
a_parameter_is_found_by_its_number_not_by_its_place(void **state)
{
	struct world *w = *state;

	expect_ok(read_with(w, parameters_out_of_order), &w->err);
}

#define REFUSED(name, sql, ...)                                                                    \
	static lk_status name(struct lk_tx *tx, void *arg, struct lk_error *err)                   \
	{                                                                                          \
		(void)arg;                                                                         \
		return lk_tx_exec(tx, sql, __VA_ARGS__, NULL, err);                                \
	}
REFUSED(too_few_arguments, Q_PUT, LK_ARGS(lk_text("a")))
REFUSED(too_many_arguments, "DELETE FROM thing", LK_ARGS(lk_text("a")))
REFUSED(a_question_mark, "DELETE FROM thing WHERE id = ?", LK_ARGS(lk_text("a")))
REFUSED(a_name, "DELETE FROM thing WHERE id = $id", LK_ARGS(lk_text("a")))
REFUSED(two_statements, "DELETE FROM thing; DELETE FROM thing", LK_NO_ARGS)
REFUSED(no_statement, " ", LK_NO_ARGS)
REFUSED(double_quoted_text, "DELETE FROM thing WHERE id = \"a\"", LK_NO_ARGS)
REFUSED(nonsense, "SELECT FROM WHERE secret_table_name", LK_NO_ARGS)

static void
statements_that_are_wrong_are_our_bug(void **state)
{
	static lk_tx_fn *const wrong[] = { too_few_arguments, too_many_arguments, a_question_mark,
		a_name, two_statements, no_statement, double_quoted_text, nonsense };
	struct world *w = *state;

	for (size_t i = 0; i < LK_ARRAY_LEN(wrong); i++) {
		expect_fail(write_with(w, wrong[i]), &w->err, LK_INTERNAL, "STORE_SQL");
		expect_lacks(w->err.message, "secret_table_name");
	}
}

/* ---- Constraints ---- */

static lk_status
refer_to_nothing(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	(void)arg;
	return lk_tx_exec(
	    tx, Q_PUT, LK_ARGS(lk_text("b"), lk_null(), lk_null(), lk_text("nobody")), NULL, err);
}

static lk_status
break_a_check(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	(void)arg;
	return lk_tx_exec(
	    tx, Q_PUT, LK_ARGS(lk_text("b"), lk_int(-1), lk_null(), lk_null()), NULL, err);
}

static void
broken_constraints_have_their_own_statuses(void **state)
{
	struct world *w = *state;

	expect_ok(write_with(w, put_a), &w->err);
	expect_fail(write_with(w, put_a), &w->err, LK_ALREADY_EXISTS, "STORE_UNIQUE");
	expect_fail(
	    write_with(w, refer_to_nothing), &w->err, LK_FAILED_PRECONDITION, "STORE_REFERENCE");
	expect_fail(write_with(w, break_a_check), &w->err, LK_INTERNAL, "STORE_CONSTRAINT");
	expect_lacks(w->err.message, "thing");
}

static lk_status
swallow_an_error(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct world *w = arg;

	LK_TRY(put(tx, "b", err));
	expect_fail(put(tx, "b", &w->err), &w->err, LK_ALREADY_EXISTS, "STORE_UNIQUE");
	expect_fail(put(tx, "c", &w->err), &w->err, LK_ALREADY_EXISTS, "STORE_UNIQUE");
	return LK_OK;
}

static lk_status
count_rows(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct world *w = arg;
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	bool has = false;

	LK_TRY(lk_tx_query_first(tx, "SELECT count(*) FROM thing", LK_NO_ARGS, &rows, &has, err));
	w->clock.now_ms = lk_col_int(&rows, 0);
	return LK_OK;
}

static int
rows_in(struct world *w)
{
	expect_ok(read_with(w, count_rows), &w->err);
	return (int)w->clock.now_ms;
}

static void
after_an_error_the_transaction_is_over(void **state)
{
	struct world *w = *state;

	expect_fail(write_with(w, swallow_an_error), &w->err, LK_ALREADY_EXISTS, "STORE_UNIQUE");
	assert_int_equal(rows_in(w), 0);
}

static lk_status
refuse_with_details(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	(void)arg;
	LK_TRY(put(tx, "a", err));
	return lk_fail_field(err, "name", "NAME_BAD", "no %s", "good");
}

static void
what_the_function_answers_reaches_the_caller_untouched_and_undoes_it(void **state)
{
	struct world *w = *state;

	expect_field(write_with(w, refuse_with_details), &w->err, "name", "NAME_BAD");
	assert_string_equal(w->err.message, "no good");
	assert_int_equal(rows_in(w), 0);
}

/* ---- Rows ---- */

static lk_status
changed_row_counts(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	int64_t changed = -1;

	(void)arg;
	LK_TRY(put(tx, "a", err));
	LK_TRY(put(tx, "b", err));
	LK_TRY(lk_tx_exec(tx, "UPDATE thing SET n = 1", LK_NO_ARGS, &changed, err));
	assert_int_equal(changed, 2);
	LK_TRY(lk_tx_exec(
	    tx, "DELETE FROM thing WHERE id = $1", LK_ARGS(lk_text("zz")), &changed, err));
	assert_int_equal(changed, 0);
	LK_TRY(lk_tx_exec(tx, "INSERT INTO thing (id) VALUES ($1) ON CONFLICT DO NOTHING",
	    LK_ARGS(lk_text("a")), &changed, err));
	assert_int_equal(changed, 0);
	LK_TRY(lk_tx_exec(tx, "SELECT 1", LK_NO_ARGS, &changed, err));
	assert_int_equal(changed, 0);
	return LK_OK;
}

static void
changed_rows_are_those_of_this_statement(void **state)
{
	struct world *w = *state;

	expect_ok(write_with(w, changed_row_counts), &w->err);
}

static lk_status
nested_cursors(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct world *w = arg;
	LK_AUTO(lk_rows_end) struct lk_rows outer = { 0 };
	bool has = false;

	w->clock.now_ms = 0;
	LK_TRY(lk_tx_query_first(tx, Q_ALL, LK_NO_ARGS, &outer, &has, err));
	while (has) {
		LK_AUTO(lk_rows_end) struct lk_rows inner = { 0 };

		LK_TRY(lk_tx_query_first(tx, Q_ALL, LK_NO_ARGS, &inner, &has, err));
		while (has) {
			w->clock.now_ms++;
			LK_TRY(lk_rows_next(&inner, &has, err));
		}
		LK_TRY(lk_rows_next(&outer, &has, err));
	}
	return LK_OK;
}

static lk_status
put_three(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	(void)arg;
	LK_TRY(put(tx, "a", err));
	LK_TRY(put(tx, "b", err));
	return put(tx, "c", err);
}

static void
one_text_may_have_two_cursors_at_once(void **state)
{
	struct world *w = *state;

	expect_ok(write_with(w, put_three), &w->err);
	expect_ok(read_with(w, nested_cursors), &w->err);
	assert_int_equal(w->clock.now_ms, 9);
}

static lk_status
same_buffer_two_texts(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	char sql[32] = "SELECT 1";
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	bool has = false;

	(void)arg;
	LK_TRY(lk_tx_query_first(tx, sql, LK_NO_ARGS, &rows, &has, err));
	assert_int_equal(lk_col_int(&rows, 0), 1);
	lk_rows_end(&rows);
	memcpy(sql, "SELECT 2", 9);
	LK_TRY(lk_tx_query_first(tx, sql, LK_NO_ARGS, &rows, &has, err));
	assert_int_equal(lk_col_int(&rows, 0), 2);
	return LK_OK;
}

static void
a_buffer_used_again_never_runs_what_it_held_before(void **state)
{
	struct world *w = *state;

	expect_ok(read_with(w, same_buffer_two_texts), &w->err);
}

static lk_status
arguments_end_before_the_rows(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	char id[] = "b";
	bool has = false;
	int seen = 0;

	(void)arg;
	LK_TRY(lk_tx_query(tx, "SELECT id FROM thing WHERE id >= $1 ORDER BY id",
	    LK_ARGS(lk_text(id)), &rows, err));
	memset(id, 'z', 1);
	LK_TRY(lk_rows_next(&rows, &has, err));
	while (has) {
		seen++;
		LK_TRY(lk_rows_next(&rows, &has, err));
	}
	assert_int_equal(seen, 2);
	return LK_OK;
}

static void
arguments_may_go_once_the_query_has_begun(void **state)
{
	struct world *w = *state;

	expect_ok(write_with(w, put_three), &w->err);
	expect_ok(read_with(w, arguments_end_before_the_rows), &w->err);
}

#define COLUMN_MISREAD(name, sql, use)                                                             \
	static lk_status name(struct lk_tx *tx, void *arg, struct lk_error *err)                   \
	{                                                                                          \
		LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };                                  \
		bool has = false;                                                                  \
                                                                                                   \
		(void)arg;                                                                         \
		LK_TRY(lk_tx_query_first(tx, sql, LK_NO_ARGS, &rows, &has, err));                  \
		use;                                                                               \
		return LK_OK;                                                                      \
	}
COLUMN_MISREAD(int_as_text, "SELECT 1", assert_string_equal(lk_col_text(&rows, 0), ""))
COLUMN_MISREAD(text_as_int, "SELECT '1'", assert_int_equal(lk_col_int(&rows, 0), 0))
COLUMN_MISREAD(text_as_blob, "SELECT 'x'", assert_int_equal(lk_col_blob(&rows, 0).len, 0))
COLUMN_MISREAD(float_as_int, "SELECT 1.5", assert_int_equal(lk_col_int(&rows, 0), 0))
COLUMN_MISREAD(beyond_the_last, "SELECT 1", assert_int_equal(lk_col_int(&rows, 1), 0))
COLUMN_MISREAD(below_the_first, "SELECT 1", assert_int_equal(lk_col_int(&rows, -1), 0))

static void
a_misread_column_fails_the_transaction(void **state)
{
	static lk_tx_fn *const wrong[] = { int_as_text, text_as_int, text_as_blob, float_as_int,
		beyond_the_last, below_the_first };
	struct world *w = *state;

	for (size_t i = 0; i < LK_ARRAY_LEN(wrong); i++)
		expect_fail(read_with(w, wrong[i]), &w->err, LK_INTERNAL, "STORE_COLUMN");
}

static lk_status
many_texts(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	static char sql[1200][24];

	(void)arg;
	for (size_t i = 0; i < LK_ARRAY_LEN(sql); i++) {
		LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
		bool has = false;

		(void)snprintf(sql[i], sizeof sql[i], "SELECT %zu", i);
		LK_TRY(lk_tx_query_first(tx, sql[i], LK_NO_ARGS, &rows, &has, err));
		assert_int_equal(lk_col_int(&rows, 0), i);
	}
	return LK_OK;
}

static void
more_texts_than_are_kept_still_run(void **state)
{
	struct world *w = *state;

	expect_ok(read_with(w, many_texts), &w->err);
	expect_ok(read_with(w, many_texts), &w->err);
}

/* ---- Reads ---- */

static void
a_read_cannot_write(void **state)
{
	struct world *w = *state;

	expect_fail(read_with(w, put_a), &w->err, LK_INTERNAL, "STORE_SQL");
	assert_int_equal(rows_in(w), 0);
}

static void
nothing(void *arg)
{
	(void)arg;
}

static lk_status
hook_in_read(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	return lk_tx_on_commit(tx, nothing, arg, err);
}

static void
a_read_has_no_commit_to_wait_for(void **state)
{
	struct world *w = *state;

	expect_fail(read_with(w, hook_in_read), &w->err, LK_INTERNAL, "STORE_NESTED");
}

static lk_status
write_inside(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct world *w = arg;

	(void)tx;
	expect_fail(lk_store_read(w->store, LK_NO_DEADLINE, count_rows, w, err), err, LK_INTERNAL,
	    "STORE_NESTED");
	expect_fail(lk_store_submit(w->store, LK_NO_DEADLINE, put_a, NULL, w, err), err,
	    LK_INTERNAL, "STORE_NESTED");
	return lk_store_write(w->store, LK_NO_DEADLINE, put_a, w, err);
}

static void
a_transaction_inside_a_transaction_is_refused(void **state)
{
	struct world *w = *state;

	expect_fail(write_with(w, write_inside), &w->err, LK_INTERNAL, "STORE_NESTED");
	expect_fail(read_with(w, write_inside), &w->err, LK_INTERNAL, "STORE_NESTED");
	expect_ok(write_with(w, put_a), &w->err);
}

static void
a_read_past_its_deadline_does_not_begin(void **state)
{
	struct world *w = *state;

	expect_fail(lk_store_read(w->store, 1000, count_rows, w, &w->err), &w->err,
	    LK_DEADLINE_EXCEEDED, "STORE_DEADLINE");
	expect_ok(lk_store_read(w->store, 60000, count_rows, w, &w->err), &w->err);
}

LK_TESTS(LK_CASE_WITH(every_kind_of_value_comes_back_as_it_went, setup, teardown),
    LK_CASE_WITH(a_blob_of_another_size_is_data_loss, setup, teardown),
    LK_CASE_WITH(text_that_postgresql_would_refuse_is_refused, setup, teardown),
    LK_CASE_WITH(a_parameter_is_found_by_its_number_not_by_its_place, setup, teardown),
    LK_CASE_WITH(statements_that_are_wrong_are_our_bug, setup, teardown),
    LK_CASE_WITH(broken_constraints_have_their_own_statuses, setup, teardown),
    LK_CASE_WITH(after_an_error_the_transaction_is_over, setup, teardown),
    LK_CASE_WITH(
	what_the_function_answers_reaches_the_caller_untouched_and_undoes_it, setup, teardown),
    LK_CASE_WITH(changed_rows_are_those_of_this_statement, setup, teardown),
    LK_CASE_WITH(one_text_may_have_two_cursors_at_once, setup, teardown),
    LK_CASE_WITH(a_buffer_used_again_never_runs_what_it_held_before, setup, teardown),
    LK_CASE_WITH(arguments_may_go_once_the_query_has_begun, setup, teardown),
    LK_CASE_WITH(a_misread_column_fails_the_transaction, setup, teardown),
    LK_CASE_WITH(more_texts_than_are_kept_still_run, setup, teardown),
    LK_CASE_WITH(a_read_cannot_write, setup, teardown),
    LK_CASE_WITH(a_read_has_no_commit_to_wait_for, setup, teardown),
    LK_CASE_WITH(a_transaction_inside_a_transaction_is_refused, setup, teardown),
    LK_CASE_WITH(a_read_past_its_deadline_does_not_begin, setup, teardown))
