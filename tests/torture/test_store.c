/* Every allocation of ours fails once while a store is opened, written, read and closed: nothing
 * half done, nothing leaked. */
#include <semaphore.h>
#include <stdio.h>

#include "store/move.h"
#include "test.h"
#include "torture.h"

static const struct lk_migration steps[] = { { "0001_row.sql",
    "CREATE TABLE row (id INTEGER PRIMARY KEY) STRICT;", "aa" } };
static const struct lk_migrations rows_schema = { "rows", steps, 1, NULL, 0, NULL };

struct world {
	struct lk_store *store;
	int hooks;
	int64_t count, next;
	sem_t answered;
	lk_status answer;
};

static void
count_hook(void *arg)
{
	((struct world *)arg)->hooks++;
}

static lk_status
put(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct world *w = arg;

	LK_TRY(lk_tx_on_commit(tx, count_hook, w, err));
	return lk_tx_exec(
	    tx, "INSERT INTO row (id) VALUES ($1)", LK_ARGS(lk_int(w->next)), NULL, err);
}

static lk_status
count_rows(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	bool has = false;

	LK_TRY(lk_tx_query_first(tx, "SELECT count(*) FROM row", LK_NO_ARGS, &rows, &has, err));
	((struct world *)arg)->count = lk_col_int(&rows, 0);
	return LK_OK;
}

static void
done(void *arg, lk_status status, const struct lk_error *error)
{
	struct world *w = arg;

	(void)error;
	w->answer = status;
	sem_post(&w->answered);
}

static lk_status
whole_life(void *arg, struct lk_error *err)
{
	struct world *w = arg;
	LK_AUTO(lk_store_closep) struct lk_store *store = NULL;

	w->next = 1;
	LK_TRY(lk_store_open("sqlite://:memory:", LK_MIGRATIONS(&rows_schema), NULL, &store, err));
	LK_TRY(lk_store_write(store, LK_NO_DEADLINE, put, w, err));
	return lk_store_read(store, LK_NO_DEADLINE, count_rows, w, err);
}

static void
a_store_that_runs_short_of_memory_says_so(void **state)
{
	struct world w = { 0 };

	(void)state;
	assert_true(lk_torture(whole_life, NULL, &w) > 0);
	assert_int_equal(w.count, 1);
}

static lk_status
submit_one(void *arg, struct lk_error *err)
{
	struct world *w = arg;

	w->next++;
	LK_TRY(lk_store_submit(w->store, LK_NO_DEADLINE, put, done, w, err));
	sem_wait(&w->answered);
	return w->answer == LK_OK ? LK_OK : lk_fail(err, w->answer, "ANSWERED", "the answer told");
}

static lk_status
open_and_submit(void *arg, struct lk_error *err)
{
	struct world *w = arg;
	lk_status status;

	w->next = 0;
	w->hooks = 0;
	w->answer = LK_CANCELLED;
	LK_TRY(
	    lk_store_open("sqlite://:memory:", LK_MIGRATIONS(&rows_schema), NULL, &w->store, err));
	status = submit_one(w, err);
	lk_store_close(w->store);
	return status;
}

static void
hooks_follow_the_answer(void *arg, lk_status answered)
{
	const struct world *w = arg;

	assert_int_equal(w->hooks, answered == LK_OK);
}

static void
a_write_without_memory_changes_nothing_and_tells_nobody(void **state)
{
	struct world w = { 0 };

	(void)state;
	sem_init(&w.answered, 0, 0);
	assert_true(lk_torture(open_and_submit, hooks_follow_the_answer, &w) > 0);
}

struct moving {
	struct world w;
	char from[256], to[256];
};

static bool
tell_nobody(void *user, const struct lk_move_news *news)
{
	(void)user;
	(void)news;
	return true;
}

static lk_status
move_all(void *arg, struct lk_error *err)
{
	const struct moving *m = arg;
	const struct lk_move move = { .from = m->from,
		.to = m->to,
		.migrations = LK_MIGRATIONS(&rows_schema),
		.clock = lk_clock_system(),
		.tell = tell_nobody };

	return lk_store_move(&move, err);
}

static void
open_and_count(const char *url, struct world *w)
{
	LK_AUTO(lk_store_closep) struct lk_store *store = NULL;
	struct lk_error err = { 0 };

	expect_ok(lk_store_open(url, LK_MIGRATIONS(&rows_schema), NULL, &store, &err), &err);
	if (w->next == 0) {
		w->next = 1;
		expect_ok(lk_store_write(store, LK_NO_DEADLINE, put, w, &err), &err);
	}
	expect_ok(lk_store_read(store, LK_NO_DEADLINE, count_rows, w, &err), &err);
}

static void
what_was_moved_is_there(void *arg, lk_status answered)
{
	struct moving *m = arg;

	m->w.count = 0;
	if (answered == LK_OK)
		open_and_count(m->to, &m->w);
	assert_int_equal(m->w.count, answered == LK_OK);
}

static void
a_move_without_memory_is_run_again(void **state)
{
	struct moving m = { .w = { 0 } };

	(void)state;
	(void)snprintf(
	    m.from, sizeof m.from, "sqlite://%s", lk_test_path(lk_test_tmpdir(), "from.db"));
	(void)snprintf(m.to, sizeof m.to, "sqlite://%s", lk_test_path(lk_test_tmpdir(), "to.db"));
	open_and_count(m.from, &m.w);
	assert_true(lk_torture(move_all, what_was_moved_is_there, &m) > 50);
}

LK_TESTS(LK_CASE(a_move_without_memory_is_run_again),
    LK_CASE(a_store_that_runs_short_of_memory_says_so),
    LK_CASE(a_write_without_memory_changes_nothing_and_tells_nobody))
