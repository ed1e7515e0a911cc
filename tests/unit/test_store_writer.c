/* The writer: groups, savepoints, reruns, deadlines, hooks, and what happens when the disk is full.
 * A gate holds the writer still while a queue forms, so that every group here has a known size. */
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <string.h>

#include "postgres.h"
#include "store/store.h"
#include "test.h"

static const struct lk_migration steps[] = {
	{ "0001_rows.sql",
	    "CREATE TABLE item (id INTEGER PRIMARY KEY, body BLOB,"
	    " other INTEGER REFERENCES item (id) DEFERRABLE INITIALLY DEFERRED) STRICT;",
	    "aa" },
};
static const struct lk_migration postgres_steps[] = {
	{ "0001_rows.sql",
	    "CREATE TABLE item (id bigint PRIMARY KEY, body bytea,"
	    " other bigint REFERENCES item (id) DEFERRABLE INITIALLY DEFERRED);",
	    "aa" },
};
static const struct lk_migrations rows_schema = { "items", steps, 1, postgres_steps, 1, NULL };

static const char Q_PUT[] = "INSERT INTO item (id, body, other) VALUES ($1, $2, $3)";
static const char Q_COUNT[] = "SELECT count(*) FROM item";
static const char Q_HAS[] = "SELECT 1 FROM item WHERE id = $1";

enum { MEMBERS = 64 };

struct world {
	struct lk_store *store;
	struct lk_error err;
	struct lk_clock_frozen clock;
	sem_t inside, gate; /* the gate's function is running; it may end */
	pthread_t holder;
	sem_t answered;
	int64_t count;
};

/* One write that is submitted and answered. */
struct member {
	struct world *w;
	int64_t id, other, advance_ms;
	size_t body;
	int runs, hooks;
	bool refuse, done;
	lk_status status;
	struct lk_error error;
};

static int
setup(void **state)
{
	static struct world w;
	struct lk_store_options options = { .clock = &w.clock.clock, .queue_max = MEMBERS };

	memset(&w, 0, sizeof w);
	lk_clock_frozen_init(&w.clock, 1000);
	sem_init(&w.inside, 0, 0);
	sem_init(&w.gate, 0, 0);
	sem_init(&w.answered, 0, 0);
	*state = &w;
	return lk_store_open(lk_test_store_url(), LK_MIGRATIONS(&rows_schema), &options, &w.store,
		   &w.err) == LK_OK
		   ? 0
		   : 1;
}

static int
teardown(void **state)
{
	lk_store_close(((struct world *)*state)->store);
	return 0;
}

static void
count_hook(void *arg)
{
	((struct member *)arg)->hooks++;
}

static lk_status
put_member(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	static const uint8_t zeroes[1 << 20];
	struct member *m = arg;

	m->runs++;
	LK_TRY(lk_tx_on_commit(tx, count_hook, m, err));
	LK_TRY(lk_tx_exec(tx, Q_PUT,
	    LK_ARGS(lk_int(m->id), lk_blob(lk_bytes(zeroes, m->body)),
		m->other ? lk_int(m->other) : lk_null()),
	    NULL, err));
	if (m->advance_ms) /* members may run side by side, and read it */
		m->w->clock.now_ms += m->advance_ms;
	if (m->refuse)
		return lk_fail(err, LK_PERMISSION_DENIED, "NOT_YOU", "no");
	return LK_OK;
}

static void
member_done(void *arg, lk_status status, const struct lk_error *error)
{
	struct member *m = arg;

	m->done = true;
	m->status = status;
	m->error = *error;
	sem_post(&m->w->answered);
}

static lk_status
hold(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct world *w = arg;

	(void)tx;
	(void)err;
	sem_post(&w->inside);
	sem_wait(&w->gate);
	return LK_OK;
}

static void *
hold_main(void *arg)
{
	struct world *w = arg;

	LK_IGNORE(lk_store_write(w->store, LK_NO_DEADLINE, hold, w, NULL)); /* it answers LK_OK */
	return NULL;
}

static void
close_gate(struct world *w)
{
	pthread_create(&w->holder, NULL, hold_main, w);
	sem_wait(&w->inside);
}

static void
open_gate(struct world *w)
{
	sem_post(&w->gate);
	pthread_join(w->holder, NULL);
}

/* Run all members as one group and wait for every answer. */
static void
run_together(struct world *w, struct member *members, size_t count, int64_t deadline)
{
	close_gate(w);
	for (size_t i = 0; i < count; i++) {
		members[i].w = w;
		expect_ok(lk_store_submit(
			      w->store, deadline, put_member, member_done, &members[i], &w->err),
		    &w->err);
	}
	open_gate(w);
	for (size_t i = 0; i < count; i++)
		sem_wait(&w->answered);
}

static lk_status
count_rows(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	bool has = false;

	LK_TRY(lk_tx_query_first(tx, Q_COUNT, LK_NO_ARGS, &rows, &has, err));
	((struct world *)arg)->count = lk_col_int(&rows, 0);
	return LK_OK;
}

static int64_t
rows_in(struct world *w)
{
	expect_ok(lk_store_read(w->store, LK_NO_DEADLINE, count_rows, w, &w->err), &w->err);
	return w->count;
}

/* ---- Groups ---- */

static void
writes_that_wait_share_one_commit(void **state)
{
	struct world *w = *state;
	struct member members[MEMBERS] = { 0 };
	struct lk_store_stats stats;

	for (size_t i = 0; i < MEMBERS; i++)
		members[i].id = (int64_t)i + 1;
	run_together(w, members, MEMBERS, LK_NO_DEADLINE);

	lk_store_stats(w->store, &stats);
	assert_int_equal(stats.writes, MEMBERS + 1);
	assert_int_equal(stats.commits, 2);
	assert_int_equal(stats.max_group, MEMBERS);
	assert_int_equal(rows_in(w), MEMBERS);
	for (size_t i = 0; i < MEMBERS; i++) {
		assert_int_equal(members[i].status, LK_OK);
		assert_int_equal(members[i].runs, 1);
		assert_int_equal(members[i].hooks, 1);
	}
}

static void
one_members_failure_harms_no_other(void **state)
{
	struct world *w = *state;
	struct member members[5] = { { .id = 1 }, { .id = 2, .refuse = true }, { .id = 3 },
		{ .id = 3 }, { .id = 2 } };
	struct lk_store_stats stats;

	run_together(w, members, 5, LK_NO_DEADLINE);
	assert_int_equal(members[0].status, LK_OK);
	expect_fail(members[1].status, &members[1].error, LK_PERMISSION_DENIED, "NOT_YOU");
	assert_int_equal(members[2].status, LK_OK);
	expect_fail(members[3].status, &members[3].error, LK_ALREADY_EXISTS, "STORE_UNIQUE");
	assert_int_equal(members[4].status, LK_OK);
	assert_int_equal(members[1].hooks, 0);
	assert_int_equal(members[3].hooks, 0);
	assert_int_equal(rows_in(w), 3);
	lk_store_stats(w->store, &stats);
	assert_int_equal(stats.failed, 2);
	assert_int_equal(stats.commits, 2);
	assert_int_equal(stats.reruns, 0);
}

static void
a_group_whose_commit_fails_reruns_each_member_alone(void **state)
{
	struct world *w = *state;
	struct member members[4] = { { .id = 1 }, { .id = 2, .other = 99 }, { .id = 3 },
		{ .id = 4, .refuse = true } };
	struct lk_store_stats stats;

	run_together(
	    w, members, 4, LK_NO_DEADLINE); /* the reference of 2 is checked at the commit */
	assert_int_equal(members[0].status, LK_OK);
	expect_fail(
	    members[1].status, &members[1].error, LK_FAILED_PRECONDITION, "STORE_REFERENCE");
	assert_int_equal(members[2].status, LK_OK);
	expect_fail(members[3].status, &members[3].error, LK_PERMISSION_DENIED, "NOT_YOU");
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(members[i].runs, 2);
		assert_int_equal(members[i].hooks, members[i].status == LK_OK);
	}
	assert_int_equal(rows_in(w), 2);
	lk_store_stats(w->store, &stats);
	assert_int_equal(stats.reruns, 4);
	assert_int_equal(stats.commits, 3);
}

static void
a_write_alone_whose_commit_fails_changes_nothing(void **state)
{
	struct world *w = *state;
	struct member m = { .w = w, .id = 1, .other = 99 };

	expect_fail(lk_store_write(w->store, LK_NO_DEADLINE, put_member, &m, &w->err), &w->err,
	    LK_FAILED_PRECONDITION, "STORE_REFERENCE");
	assert_int_equal(m.hooks, 0);
	m.other = 0;
	expect_ok(lk_store_write(w->store, LK_NO_DEADLINE, put_member, &m, &w->err), &w->err);
	assert_int_equal(m.hooks, 1);
	assert_int_equal(rows_in(w), 1);
}

/* ---- A full disk ---- */

static lk_status
limit_pages(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	bool has = false;

	(void)arg;
	return lk_tx_query_first(tx, "PRAGMA max_page_count = 64", LK_NO_ARGS, &rows, &has, err);
}

static lk_status
has_row(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	struct member *m = arg;

	return lk_tx_query_first(tx, Q_HAS, LK_ARGS(lk_int(m->id)), &rows, &m->done, err);
}

static void
on_a_full_disk_what_was_answered_is_there_and_nothing_else(void **state)
{
	struct world *w = *state;
	struct member members[MEMBERS] = { 0 };
	size_t kept = 0;

	expect_ok(lk_store_write(w->store, LK_NO_DEADLINE, limit_pages, NULL, &w->err), &w->err);
	for (size_t i = 0; i < MEMBERS; i++)
		members[i] =
		    (struct member){ .id = (int64_t)i + 1, .body = i % 2 ? 100000 : 20000 };
	run_together(w, members, MEMBERS, LK_NO_DEADLINE);
	for (size_t i = 0; i < MEMBERS; i++) {
		if (members[i].status != LK_OK)
			expect_fail(members[i].status, &members[i].error, LK_RESOURCE_EXHAUSTED,
			    "STORE_FULL");
		kept += members[i].status == LK_OK;
		assert_int_equal(members[i].hooks, members[i].status == LK_OK);
		expect_ok(lk_store_read(w->store, LK_NO_DEADLINE, has_row, &members[i], &w->err),
		    &w->err);
		assert_int_equal(members[i].done, members[i].status == LK_OK);
	}
	assert_true(kept > 0 && kept < MEMBERS);
	assert_int_equal(rows_in(w), kept);
}

static void
after_a_full_disk_small_writes_go_on(void **state)
{
	struct world *w = *state;
	struct member large = { .w = w, .id = 1, .body = 1 << 20 }, small = { .w = w, .id = 2 };

	expect_ok(lk_store_write(w->store, LK_NO_DEADLINE, limit_pages, NULL, &w->err), &w->err);
	expect_fail(lk_store_write(w->store, LK_NO_DEADLINE, put_member, &large, &w->err), &w->err,
	    LK_RESOURCE_EXHAUSTED, "STORE_FULL");
	expect_ok(lk_store_write(w->store, LK_NO_DEADLINE, put_member, &small, &w->err), &w->err);
	assert_int_equal(rows_in(w), 1);
}

/* ---- Deadlines ---- */

static void
a_write_that_expired_in_the_queue_never_runs(void **state)
{
	struct world *w = *state;
	struct member m = { .w = w, .id = 1 };
	struct lk_store_stats stats;

	close_gate(w);
	expect_ok(lk_store_submit(w->store, 1005, put_member, member_done, &m, &w->err), &w->err);
	w->clock.now_ms = 1005;
	open_gate(w);
	sem_wait(&w->answered);
	expect_fail(m.status, &m.error, LK_DEADLINE_EXCEEDED, "STORE_DEADLINE");
	assert_int_equal(m.runs, 0);
	lk_store_stats(w->store, &stats);
	assert_int_equal(stats.expired, 1);
}

static void
a_write_that_expires_while_it_runs_is_undone(void **state)
{
	struct world *w = *state;
	struct member members[3] = { { .id = 1 }, { .id = 2, .advance_ms = 4 },
		{ .id = 3, .advance_ms = 0 } };

	run_together(w, members, 3,
	    1004); /* 3 is dropped at dequeue, 2 before its commit; 1 was done in time */
	assert_int_equal(members[0].status, LK_OK);
	expect_fail(members[1].status, &members[1].error, LK_DEADLINE_EXCEEDED, "STORE_DEADLINE");
	expect_fail(members[2].status, &members[2].error, LK_DEADLINE_EXCEEDED, "STORE_DEADLINE");
	assert_int_equal(members[2].runs, 0);
	assert_int_equal(members[1].hooks, 0);
	assert_int_equal(rows_in(w), 1);
}

static void
a_lone_write_that_expires_while_it_runs_is_undone(void **state)
{
	struct world *w = *state;
	struct member m = { .w = w, .id = 1, .advance_ms = 10 };

	expect_fail(lk_store_write(w->store, 1010, put_member, &m, &w->err), &w->err,
	    LK_DEADLINE_EXCEEDED, "STORE_DEADLINE");
	assert_int_equal(rows_in(w), 0);
}

static void
a_group_that_worked_long_enough_takes_no_more(void **state)
{
	struct world *w = *state;
	struct member members[4] = { { .id = 1 }, { .id = 2, .advance_ms = 5 }, { .id = 3 },
		{ .id = 4 } };
	struct lk_store_stats stats;

	run_together(w, members, 4, LK_NO_DEADLINE);
	lk_store_stats(w->store, &stats);
	assert_int_equal(stats.writes, 5);
	assert_int_equal(stats.commits, 3);
	assert_int_equal(stats.max_group, 2);
}

/* ---- Limits and ends ---- */

static void
a_full_queue_refuses_at_once(void **state)
{
	struct world *w = *state;
	struct member members[MEMBERS + 1] = { 0 };

	close_gate(w);
	for (size_t i = 0; i < MEMBERS; i++) {
		members[i] = (struct member){ .w = w, .id = (int64_t)i + 1 };
		expect_ok(lk_store_submit(w->store, LK_NO_DEADLINE, put_member, member_done,
			      &members[i], &w->err),
		    &w->err);
	}
	expect_fail(lk_store_submit(w->store, LK_NO_DEADLINE, put_member, member_done,
			&members[MEMBERS], &w->err),
	    &w->err, LK_RESOURCE_EXHAUSTED, "STORE_QUEUE_FULL");
	expect_fail(
	    lk_store_write(w->store, LK_NO_DEADLINE, put_member, &members[MEMBERS], &w->err),
	    &w->err, LK_RESOURCE_EXHAUSTED, "STORE_QUEUE_FULL");
	open_gate(w);
	for (size_t i = 0; i < MEMBERS; i++)
		sem_wait(&w->answered);
	assert_int_equal(members[MEMBERS].runs, 0);
}

static void *
close_main(void *arg)
{
	struct world *w = arg;

	lk_store_close(w->store);
	return NULL;
}

static void
closing_answers_all_that_waits(void **state)
{
	struct world *w = *state;
	struct member members[8] = { 0 };
	pthread_t closer;

	close_gate(w);
	for (size_t i = 0; i < 8; i++) {
		members[i] = (struct member){ .w = w, .id = (int64_t)i + 1 };
		expect_ok(lk_store_submit(w->store, LK_NO_DEADLINE, put_member, member_done,
			      &members[i], &w->err),
		    &w->err);
	}
	pthread_create(&closer, NULL, close_main, w);
	open_gate(w);
	pthread_join(closer, NULL);
	w->store = NULL;
	for (size_t i = 0; i < 8; i++)
		assert_int_equal(members[i].status, LK_OK);
}

static lk_status chain_status;

static void
submit_another(void *arg, lk_status status, const struct lk_error *error)
{
	struct member *m = arg;
	struct lk_error err = { 0 };

	(void)error;
	m->status = status;
	expect_fail(lk_store_write(m->w->store, LK_NO_DEADLINE, put_member, m, &err), &err,
	    LK_INTERNAL, "STORE_NESTED");
	m->id++;
	chain_status =
	    lk_store_submit(m->w->store, LK_NO_DEADLINE, put_member, member_done, m, NULL);
}

static void
an_answer_may_submit_but_not_wait(void **state)
{
	struct world *w = *state;
	struct member m = { .w = w, .id = 1 };

	expect_ok(
	    lk_store_submit(w->store, LK_NO_DEADLINE, put_member, submit_another, &m, &w->err),
	    &w->err);
	sem_wait(&w->answered);
	assert_int_equal(chain_status, LK_OK);
	assert_int_equal(rows_in(w), 2);
}

/* ---- Snapshots ---- */

struct two_looks {
	struct world *w;
	int64_t first, second;
};

static lk_status
look_twice(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct two_looks *looks = arg;

	LK_TRY(count_rows(tx, looks->w, err));
	looks->first = looks->w->count;
	sem_post(&looks->w->inside);
	sem_wait(&looks->w->gate);
	LK_TRY(count_rows(tx, looks->w, err));
	looks->second = looks->w->count;
	return LK_OK;
}

static void *
look_main(void *arg)
{
	struct two_looks *looks = arg;

	LK_IGNORE(lk_store_read(
	    looks->w->store, LK_NO_DEADLINE, look_twice, looks, NULL)); /* the counts tell */
	return NULL;
}

static void
a_read_sees_one_snapshot_and_the_next_read_every_write_before_it(void **state)
{
	struct world *w = *state;
	struct two_looks looks = { w, -1, -1 };
	struct member m = { .w = w, .id = 1 };
	pthread_t reader;

	pthread_create(&reader, NULL, look_main, &looks);
	sem_wait(&w->inside);
	expect_ok(lk_store_write(w->store, LK_NO_DEADLINE, put_member, &m, &w->err), &w->err);
	sem_post(&w->gate);
	pthread_join(reader, NULL);
	assert_int_equal(looks.first, 0);
	assert_int_equal(looks.second, 0);
	assert_int_equal(rows_in(w), 1);
}

/* ---- Many threads ---- */

struct crowd {
	struct world *w;
	int64_t first_id;
	size_t count;
	int failures;
};

static void *
crowd_main(void *arg)
{
	struct crowd *crowd = arg;

	for (size_t i = 0; i < crowd->count; i++) {
		struct member m = { .w = crowd->w, .id = crowd->first_id + (int64_t)i };

		crowd->failures +=
		    lk_store_write(crowd->w->store, LK_NO_DEADLINE, put_member, &m, NULL) != LK_OK;
		crowd->failures += m.hooks != 1;
	}
	return NULL;
}

static void
sixty_four_threads_take_fewer_commits_than_writes(void **state)
{
	struct world *w = *state;
	const size_t each = lk_test_repeat("writes a thread", 500, 50);
	struct crowd crowds[64];
	pthread_t threads[LK_ARRAY_LEN(crowds)];
	struct lk_store_stats stats;

	for (size_t i = 0; i < LK_ARRAY_LEN(crowds); i++) {
		crowds[i] = (struct crowd){ w, (int64_t)(i * each), each, 0 };
		pthread_create(&threads[i], NULL, crowd_main, &crowds[i]);
	}
	for (size_t i = 0; i < LK_ARRAY_LEN(crowds); i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(crowds[i].failures, 0);
	}
	lk_store_stats(w->store, &stats);
	assert_int_equal(stats.writes, LK_ARRAY_LEN(crowds) * each);
	assert_true(stats.commits < stats.writes);
	assert_int_equal(rows_in(w), LK_ARRAY_LEN(crowds) * each);
}

LK_TESTS(LK_CASE_WITH(writes_that_wait_share_one_commit, setup, teardown),
    LK_CASE_WITH(one_members_failure_harms_no_other, setup, teardown),
    LK_CASE_WITH(a_group_whose_commit_fails_reruns_each_member_alone, setup, teardown),
    LK_CASE_WITH(a_write_alone_whose_commit_fails_changes_nothing, setup, teardown),
    LK_CASE_WITH(on_a_full_disk_what_was_answered_is_there_and_nothing_else, setup, teardown),
    LK_CASE_WITH(after_a_full_disk_small_writes_go_on, setup, teardown),
    LK_CASE_WITH(a_write_that_expired_in_the_queue_never_runs, setup, teardown),
    LK_CASE_WITH(a_write_that_expires_while_it_runs_is_undone, setup, teardown),
    LK_CASE_WITH(a_lone_write_that_expires_while_it_runs_is_undone, setup, teardown),
    LK_CASE_WITH(a_group_that_worked_long_enough_takes_no_more, setup, teardown),
    LK_CASE_WITH(a_full_queue_refuses_at_once, setup, teardown),
    LK_CASE_WITH(closing_answers_all_that_waits, setup, teardown),
    LK_CASE_WITH(an_answer_may_submit_but_not_wait, setup, teardown),
    LK_CASE_WITH(a_read_sees_one_snapshot_and_the_next_read_every_write_before_it, setup, teardown),
    LK_CASE_WITH(sixty_four_threads_take_fewer_commits_than_writes, setup, teardown))
