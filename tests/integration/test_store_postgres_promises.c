/* What the server is held to: durable commits, its own limits on time, and the one of several
 * hosts that takes writes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "postgres.h"
#include "store/store.h"
#include "test.h"

static const struct lk_migration steps[] = {
	{ "0001_item.sql", "CREATE TABLE item (id bigint PRIMARY KEY);", "aa" },
};
static const struct lk_migrations items = { "items", NULL, 0, steps, 1, NULL };

struct world {
	struct lk_store *store;
	struct lk_error err;
	int64_t id, number;
	char text[64];
};

static int64_t
in_ms(int64_t ms)
{
	return lk_clock_steady_ms(lk_clock_system()) + ms;
}

static lk_status
open_at(struct world *w, const char *url)
{
	lk_error_clear(&w->err);
	return lk_store_open(url, LK_MIGRATIONS(&items), NULL, &w->store, &w->err);
}

static void
close_it(struct world *w)
{
	lk_store_close(w->store);
	w->store = NULL;
}

static lk_status
put(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	return lk_tx_exec(tx, "INSERT INTO item (id) VALUES ($1)",
	    LK_ARGS(lk_int(((struct world *)arg)->id)), NULL, err);
}

static lk_status
write_next(struct world *w, int64_t within_ms)
{
	w->id++;
	lk_error_clear(&w->err);
	return lk_store_write(w->store, in_ms(within_ms), put, w, &w->err);
}

/* ---- Durable ---- */

static void
set_switch(const char *server, const char *name, const char *value)
{
	const int64_t until = in_ms(20000);
	char sql[100];

	(void)snprintf(sql, sizeof sql, "ALTER SYSTEM SET %s = %s", name, value);
	(void)lk_test_postgres_sql(server, sql);
	(void)lk_test_postgres_sql(server, "SELECT pg_reload_conf()");
	(void)snprintf(sql, sizeof sql, "SHOW %s", name);
	while (strcmp(lk_test_postgres_sql(server, sql), value) != 0)
		assert_true(in_ms(0) < until);
}

static void
only_a_server_that_keeps_what_it_acknowledged_is_taken(void **state)
{
	static const struct {
		const char *level;
		bool kept;
	} levels[] = { { "off", false }, { "local", false }, { "remote_write", false },
		{ "on", true }, { "remote_apply", true } };
	static const char *const switches[] = { "fsync", "full_page_writes" };
	const char *server = lk_test_postgres_new(NULL);
	struct world w = { 0 };
	char sql[100];

	(void)state;
	for (size_t i = 0; i < LK_ARRAY_LEN(levels); i++) {
		(void)snprintf(sql, sizeof sql, "ALTER ROLE latchkey SET synchronous_commit = %s",
		    levels[i].level);
		(void)lk_test_postgres_sql(server, sql);
		if (levels[i].kept)
			expect_ok(open_at(&w, lk_test_postgres_url(server, "a")), &w.err);
		else
			expect_fail(open_at(&w, lk_test_postgres_url(server, "a")), &w.err,
			    LK_FAILED_PRECONDITION, "STORE_NOT_DURABLE");
		close_it(&w);
	}
	for (size_t i = 0; i < LK_ARRAY_LEN(switches); i++) {
		set_switch(server, switches[i], "off");
		expect_fail(open_at(&w, lk_test_postgres_url(server, "a")), &w.err,
		    LK_FAILED_PRECONDITION, "STORE_NOT_DURABLE");
		set_switch(server, switches[i], "on");
	}
	expect_ok(open_at(&w, lk_test_postgres_url(server, "a")), &w.err);
	close_it(&w);
}

/* ---- Time ---- */

static lk_status
read_limits(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	struct world *w = arg;
	bool has = false;

	LK_TRY(lk_tx_query_first(tx,
	    "SELECT current_setting('statement_timeout') || ' ' || current_setting('lock_timeout')",
	    LK_NO_ARGS, &rows, &has, err));
	(void)lk_text_copy(w->text, sizeof w->text, lk_col_text(&rows, 0));
	return LK_OK;
}

static lk_status
sleep_long(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	bool has = false;

	(void)arg;
	return lk_tx_query_first(
	    tx, "SELECT 1 FROM (SELECT pg_sleep(60)) AS nap", LK_NO_ARGS, &rows, &has, err);
}

static int64_t
sleepers(const char *server)
{
	return strtoll(lk_test_postgres_sql(server,
			   "SELECT count(*) FROM pg_stat_activity WHERE usename = 'latchkey' AND "
			   "state = 'active' AND query LIKE '%pg_sleep(60)%'"),
	    NULL, 10);
}

static void
the_server_itself_ends_what_is_past_the_deadline_of_its_call(void **state)
{
	static const struct {
		int64_t within_ms;
		const char *limits;
	} cases[] = { { 400, "500ms 250ms" }, { 9000, "10s 5s" }, { 30000, "30s 15s" } };
	const char *server = lk_test_postgres_new(NULL);
	struct world w = { 0 };

	(void)state;
	expect_ok(open_at(&w, lk_test_postgres_url(server, "a")), &w.err);
	for (size_t i = 0; i < LK_ARRAY_LEN(cases); i++) {
		expect_ok(
		    lk_store_read(w.store, in_ms(cases[i].within_ms), read_limits, &w, &w.err),
		    &w.err);
		assert_string_equal(w.text, cases[i].limits);
	}
	expect_fail(lk_store_read(w.store, in_ms(400), sleep_long, &w, &w.err), &w.err,
	    LK_DEADLINE_EXCEEDED, "STORE_DEADLINE");
	const int64_t until = in_ms(10000);
	while (sleepers(server) > 0) /* we left; nobody but the server ends it */
		assert_true(in_ms(0) < until);
	expect_ok(write_next(&w, 5000), &w.err);
	close_it(&w);
}

/* ---- Several hosts ---- */

static lk_status
read_all(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	struct world *w = arg;
	bool has = false;

	LK_TRY(lk_tx_query_first(tx, "SELECT count(*) FROM item", LK_NO_ARGS, &rows, &has, err));
	w->number = lk_col_int(&rows, 0);
	return LK_OK;
}

static void
of_two_live_servers_the_writable_one_serves_and_its_standby_takes_over(void **state)
{
	const char *primary = lk_test_postgres_new(NULL);
	const char *standby = lk_test_postgres_standby(primary);
	struct world w = { 0 };
	char url[512];
	int64_t written = 0, until;

	(void)state;
	(void)snprintf(url, sizeof url,
	    "postgresql://latchkey@/"
	    "latchkey?host=%s,%s&port=%d,%d&schema=a&target_session_attrs=read-"
	    "write",
	    standby, primary, lk_test_postgres_port(standby), lk_test_postgres_port(primary));
	expect_fail(open_at(&w, lk_test_postgres_url(standby, "a")), &w.err, LK_UNAVAILABLE,
	    "STORE_READ_ONLY");
	expect_ok(open_at(&w, url), &w.err);
	for (; written < 5; written++)
		expect_ok(write_next(&w, 5000), &w.err);
	assert_string_equal(lk_test_postgres_sql(primary, "SELECT count(*) FROM a.item"), "5");

	lk_test_postgres_do(primary, "stop"); /* which sends all it has to its standby first */
	expect_fail(write_next(&w, 300), &w.err, LK_UNAVAILABLE, NULL);
	lk_test_postgres_do(standby, "promote");
	until = in_ms(20000);
	while (write_next(&w, 5000) != LK_OK)
		assert_true(in_ms(0) < until);
	expect_ok(lk_store_read(w.store, in_ms(5000), read_all, &w, &w.err), &w.err);
	assert_int_equal(w.number, written + 1);
	assert_string_equal(lk_test_postgres_sql(standby, "SELECT count(*) FROM a.item"), "6");
	close_it(&w);
}

/* ---- Reads of one question and of two ---- */

static lk_status
ask_twice(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	struct world *w = arg;
	bool has = false;
	int64_t before;

	w->id++; /* how often it ran */
	LK_TRY(lk_tx_query_first(tx, "SELECT count(*) FROM item", LK_NO_ARGS, &rows, &has, err));
	before = lk_col_int(&rows, 0);
	if (w->text[0])
		(void)lk_test_postgres_sql(w->text, "INSERT INTO twice.item VALUES (1000 + "
						    "(SELECT count(*) FROM twice.item))");
	LK_TRY(
	    lk_tx_query_first(tx, "SELECT count(*) + 0 FROM item", LK_NO_ARGS, &rows, &has, err));
	w->number = lk_col_int(&rows, 0) - before;
	return LK_OK;
}

static void
a_read_of_two_questions_sees_one_snapshot_and_is_rerun_only_when_it_is_new(void **state)
{
	const char *server = lk_test_postgres_new(NULL);
	struct world w = { 0 };

	(void)state;
	expect_ok(open_at(&w, lk_test_postgres_url(server, "twice")), &w.err);
	for (int i = 0; i < 40; i++)
		expect_ok(lk_store_read(w.store, in_ms(5000), read_all, &w, &w.err), &w.err);
	(void)lk_text_copy(w.text, sizeof w.text, server);
	expect_ok(lk_store_read(w.store, in_ms(20000), ask_twice, &w, &w.err), &w.err);
	assert_int_equal(w.number, 0);
	assert_int_equal(w.id, 2);
	expect_ok(lk_store_read(w.store, in_ms(20000), ask_twice, &w, &w.err), &w.err);
	assert_int_equal(w.number, 0);
	assert_int_equal(w.id, 3);
	expect_ok(lk_store_read(w.store, in_ms(5000), read_all, &w, &w.err), &w.err);
	assert_int_equal(w.number, 3);
	close_it(&w);
}

LK_TESTS(LK_CASE(only_a_server_that_keeps_what_it_acknowledged_is_taken),
    LK_CASE(the_server_itself_ends_what_is_past_the_deadline_of_its_call),
    LK_CASE(of_two_live_servers_the_writable_one_serves_and_its_standby_takes_over),
    LK_CASE(a_read_of_two_questions_sees_one_snapshot_and_is_rerun_only_when_it_is_new))
