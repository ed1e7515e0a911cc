/* Every allocation of ours fails once while a store is opened, written, read and closed: nothing
 * half done, nothing leaked. */
#include <semaphore.h>

#include "store/store.h"
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

LK_TESTS(LK_CASE(a_store_that_runs_short_of_memory_says_so),
    LK_CASE(a_write_without_memory_changes_nothing_and_tells_nobody))
