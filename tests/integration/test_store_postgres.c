/* PostgreSQL when things go wrong: a server of the test's own that is stopped, killed, paused,
 * misconfigured and full, or a shared one behind others' locks. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "postgres.h"
#include "store/store.h"
#include "test.h"

static const struct lk_migration steps[] = {
	{ "0001_item.sql",
	    "CREATE TABLE item (id bigint PRIMARY KEY, n bigint NOT NULL, body bytea NOT NULL);",
	    "aa" },
	{ "0002_more.sql", "CREATE TABLE more (id bigint PRIMARY KEY);", "bb" },
};
static const struct lk_migrations items = { "items", NULL, 0, steps, 1, NULL };
static const struct lk_migrations more_items = { "items", NULL, 0, steps, 2, NULL };

struct world {
	struct lk_store *store;
	struct lk_error err;
	int64_t id, count;
	size_t body;
};

static int64_t
in_ms(int64_t ms)
{
	return lk_clock_steady_ms(lk_clock_system()) + ms;
}

static lk_status
put(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	static const uint8_t zeroes[1 << 20];
	const struct world *w = arg;

	return lk_tx_exec(tx, "INSERT INTO item (id, n, body) VALUES ($1, 0, $2)",
	    LK_ARGS(lk_int(w->id), lk_blob(lk_bytes(zeroes, w->body))), NULL, err);
}

static lk_status
count_rows(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	struct world *w = arg;
	bool has;

	LK_TRY(lk_tx_query_first(tx, "SELECT count(*) FROM item", LK_NO_ARGS, &rows, &has, err));
	w->count = lk_col_int(&rows, 0);
	return LK_OK;
}

static lk_status
write_next(struct world *w, int64_t within_ms)
{
	w->id++;
	lk_error_clear(&w->err);
	return lk_store_write(w->store, in_ms(within_ms), put, w, &w->err);
}

static int64_t
rows_in(struct world *w)
{
	expect_ok(lk_store_read(w->store, in_ms(20000), count_rows, w, &w->err), &w->err);
	return w->count;
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

/* A write that works again before `within_ms` are over, though earlier ones may not. */
static void
expect_back(struct world *w, int64_t within_ms)
{
	const int64_t until = in_ms(within_ms);

	while (write_next(w, 5000) != LK_OK)
		if (in_ms(0) > until)
			fail_msg("it did not come back: %s", w->err.message);
}

/* ---- Refused at the start, each with its own words ---- */

static void
what_is_wrong_at_the_start_is_said(void **state)
{
	const char *server = lk_test_postgres_new(NULL);
	struct world w = { 0 };

	(void)state;
	expect_fail(open_at(&w, lk_test_postgres_tcp_url(server, "a", "not-the-password")), &w.err,
	    LK_FAILED_PRECONDITION, "STORE_REFUSED");
	expect_lacks(w.err.message, "not-the-password");
	expect_ok(open_at(&w, lk_test_postgres_tcp_url(server, "a", "loopback")), &w.err);
	close_it(&w);

	lk_test_postgres_sql(server, "ALTER ROLE latchkey SET synchronous_commit = off");
	expect_fail(open_at(&w, lk_test_postgres_url(server, "a")), &w.err, LK_FAILED_PRECONDITION,
	    "STORE_NOT_DURABLE");
	lk_test_postgres_sql(server, "ALTER ROLE latchkey RESET synchronous_commit");

	lk_test_postgres_sql(server, "ALTER ROLE latchkey SUPERUSER");
	expect_fail(open_at(&w, lk_test_postgres_url(server, "a")), &w.err, LK_FAILED_PRECONDITION,
	    "STORE_ROLE_TOO_WIDE");
	lk_test_postgres_sql(server, "ALTER ROLE latchkey NOSUPERUSER");

	lk_test_postgres_sql(server, "REVOKE CREATE ON DATABASE latchkey FROM latchkey");
	expect_fail(open_at(&w, lk_test_postgres_url(server, "b")), &w.err, LK_FAILED_PRECONDITION,
	    "STORE_REFUSED");
	lk_test_postgres_do(server, "stop");
	expect_fail(
	    open_at(&w, lk_test_postgres_url(server, "a")), &w.err, LK_UNAVAILABLE, "STORE_IO");
}

static void
a_url_of_another_shape_is_refused(void **state)
{
	static const char *const wrong[] = { "postgresql://h/d?schema=Upper",
		"postgresql://h/d?schema=", "postgresql://h/d?schema=a;b",
		"postgresql://h/d?schema=pg_x", "postgresql://h/d?nonsense=1",
		"postgresql://h1,h2/d?port=1,2,3&schema=a",
		"postgresql://h/d?target_session_attrs=any",
		"postgresql://u:secret-word@h:port/d" };
	struct world w = { 0 };

	(void)state;
	for (size_t i = 0; i < LK_ARRAY_LEN(wrong); i++) {
		expect_fail(
		    open_at(&w, wrong[i]), &w.err, LK_INVALID_ARGUMENT, "STORE_URL_INVALID");
		expect_lacks(w.err.message, "secret-word");
	}
}

static void
one_process_at_a_time_has_a_schema(void **state)
{
	const char *server = lk_test_postgres_shared(), *url = lk_test_store_url();
	struct world first = { 0 }, second = { 0 };

	(void)state;
	(void)server;
	expect_ok(open_at(&first, url), &first.err);
	expect_fail(open_at(&second, url), &second.err, LK_FAILED_PRECONDITION, "STORE_IN_USE");
	close_it(&first);
	expect_ok(open_at(&second, url), &second.err);
	close_it(&second);
}

static void
a_newer_schema_is_refused(void **state)
{
	const char *url = lk_test_store_url();
	struct world w = { 0 };

	(void)state;
	(void)lk_test_postgres_shared();
	expect_ok(lk_store_open(url, LK_MIGRATIONS(&more_items), NULL, &w.store, &w.err), &w.err);
	close_it(&w);
	expect_fail(open_at(&w, url), &w.err, LK_FAILED_PRECONDITION, "STORE_SCHEMA_NEWER");
}

/* ---- The server goes, and comes back ---- */

static void
a_restart_is_survived_and_nothing_is_lost(void **state)
{
	const char *server = lk_test_postgres_new(NULL);
	struct world w = { 0 };

	(void)state;
	expect_ok(open_at(&w, lk_test_postgres_url(server, "a")), &w.err);
	expect_ok(write_next(&w, 5000), &w.err);
	lk_test_postgres_do(server, "stop");
	expect_fail(write_next(&w, 300), &w.err, LK_UNAVAILABLE, "STORE_IO");
	w.id--;
	lk_test_postgres_do(server, "start");
	expect_back(&w, 20000);
	assert_int_equal(rows_in(&w), 2);

	lk_test_postgres_do(server, "kill");
	expect_fail(write_next(&w, 300), &w.err, LK_UNAVAILABLE, "STORE_IO");
	w.id--;
	lk_test_postgres_do(server, "start");
	expect_back(&w, 20000);
	assert_int_equal(rows_in(&w), 3);
	close_it(&w);
}

static void
connections_that_an_administrator_ends_are_replaced_unseen(void **state)
{
	const char *server = lk_test_postgres_new(NULL);
	struct world w = { 0 };

	(void)state;
	expect_ok(open_at(&w, lk_test_postgres_url(server, "a")), &w.err);
	for (int i = 1; i <= 5; i++) {
		expect_ok(write_next(&w, 10000), &w.err);
		assert_int_equal(rows_in(&w), 2 * i - 1);
		lk_test_postgres_sql(server,
		    "SELECT count(pg_terminate_backend(pid, 1000)) FROM pg_stat_activity "
		    "WHERE usename = 'latchkey'");
		expect_ok(write_next(&w, 10000), &w.err);
		assert_int_equal(rows_in(&w), 2 * i);
	}
	close_it(&w);
}

/* ---- Another process takes the database ---- */

static bool
comes_to_hold(const struct lk_store *store, bool wanted, int64_t within_ms)
{
	const int64_t until = in_ms(within_ms);

	while (lk_store_holds(store) != wanted)
		if (in_ms(0) > until)
			return false;
		else
			usleep(10000);
	return true;
}

static void
memory_is_believed_no_longer_than_the_database_was_known_to_be_ours(void **state)
{
	const char *server = lk_test_postgres_new(NULL);
	struct world w = { 0 };

	(void)state;
	expect_ok(open_at(&w, lk_test_postgres_url(server, "a")), &w.err);
	assert_true(lk_store_holds(w.store));
	usleep(1500000); /* it is asked again and again, without anybody's call */
	assert_true(lk_store_holds(w.store));
	lk_test_postgres_do(server, "pause");
	assert_true(comes_to_hold(w.store, false, 1500));
	expect_fail(lk_store_hold(w.store, in_ms(100), &w.err), &w.err, LK_UNAVAILABLE, "STORE_IO");
	lk_test_postgres_do(server, "resume");
	expect_ok(lk_store_hold(w.store, in_ms(20000), &w.err), &w.err);
	assert_true(lk_store_holds(w.store));
	lk_test_postgres_do(server, "stop");
	assert_true(comes_to_hold(w.store, false, 1500));
	lk_test_postgres_do(server, "start");
	assert_true(comes_to_hold(w.store, true, 20000)); /* nobody asked for it */
	expect_back(&w, 20000);
	close_it(&w);
}

static void
who_finds_that_another_had_the_database_begins_anew(void **state)
{
	const char *server = lk_test_postgres_new(NULL);
	const char *url = lk_test_postgres_url(server, "a");
	struct world first = { 0 };
	int status;

	(void)state;
	expect_ok(open_at(&first, url), &first.err); /* makes the schema */
	close_it(&first);
	const pid_t pid = fork();
	if (pid == 0) {
		if (open_at(&first, url) != LK_OK)
			_exit(1);
		lk_test_postgres_sql(server,
		    "UPDATE a.lk_owner SET tag = 'another''s'; "
		    "SELECT count(pg_terminate_backend(pid, 1000)) FROM pg_stat_activity "
		    "WHERE usename = 'latchkey'");
		(void)lk_store_hold(first.store, in_ms(20000), &first.err);
		_exit(2);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 75);
}

static void
a_server_that_stands_still_holds_nobody_beyond_the_deadline(void **state)
{
	const char *server = lk_test_postgres_new(NULL);
	struct world w = { 0 };
	int64_t began;

	(void)state;
	expect_ok(open_at(&w, lk_test_postgres_url(server, "a")), &w.err);
	expect_ok(write_next(&w, 5000), &w.err);
	lk_test_postgres_do(server, "pause");
	began = in_ms(0);
	expect_fail(lk_store_read(w.store, in_ms(300), count_rows, &w, &w.err), &w.err,
	    LK_DEADLINE_EXCEEDED, "STORE_DEADLINE");
	assert_true(in_ms(0) - began < 3000);
	lk_test_postgres_do(server, "resume");
	expect_back(&w, 20000);
	close_it(&w);
}

static void
a_server_that_takes_no_writes_is_said_and_waited_for(void **state)
{
	const char *server = lk_test_postgres_new(NULL);
	struct world w = { 0 };

	(void)state;
	expect_ok(open_at(&w, lk_test_postgres_url(server, "a")), &w.err);
	expect_ok(write_next(&w, 5000), &w.err);
	lk_test_postgres_sql(
	    server, "ALTER DATABASE latchkey SET default_transaction_read_only = on");
	lk_test_postgres_sql(server, "SELECT count(pg_terminate_backend(pid, 1000)) FROM "
				     "pg_stat_activity WHERE usename = 'latchkey'");
	expect_fail(write_next(&w, 500), &w.err, LK_UNAVAILABLE, "STORE_READ_ONLY");
	w.id--;
	lk_test_postgres_sql(server, "BEGIN READ WRITE; ALTER DATABASE latchkey RESET "
				     "default_transaction_read_only; COMMIT");
	expect_back(&w, 20000);
	assert_int_equal(rows_in(&w), 2);
	close_it(&w);
}

static void
of_several_hosts_the_one_that_takes_writes_is_found(void **state)
{
	const char *server = lk_test_postgres_new(NULL);
	const char *plain = lk_test_postgres_url(server, "a");
	const char *port = strstr(plain, "&port=");
	struct world w = { 0 };
	char url[512];

	(void)state;
	(void)snprintf(url, sizeof url,
	    "postgresql://latchkey@/latchkey?host=%s,%s,%s%s&target_session_attrs=read-write",
	    lk_test_tmpdir(), "/nowhere/at/all", server, port);
	expect_ok(open_at(&w, url), &w.err);
	expect_ok(write_next(&w, 5000), &w.err);
	close_it(&w);
}

/* ---- A full disk ---- */

static void
on_a_full_disk_nothing_is_lost_and_room_brings_it_back(void **state)
{
	const char *server = lk_test_postgres_new(NULL);
	const char *disk = lk_test_path(server, "small");
	char sql[300];
	struct stat info;
	struct world w = { .body = 200000 };
	int64_t kept = 0;

	(void)state;
	assert_int_equal(stat(server, &info), 0);
	if (mkdir(disk, 0700) != 0 || mount("tmpfs", disk, "tmpfs", 0, "size=3m") != 0)
		lk_test_skip("only root can make a small disk");
	(void)snprintf(sql, sizeof sql, "%s/space", disk);
	assert_int_equal(mkdir(sql, 0700), 0);
	assert_int_equal(chown(disk, info.st_uid, info.st_gid), 0);
	assert_int_equal(chown(sql, info.st_uid, info.st_gid), 0);
	(void)snprintf(sql, sizeof sql, "CREATE TABLESPACE small LOCATION '%s/space'", disk);
	lk_test_postgres_sql(server, sql);
	lk_test_postgres_sql(server, "GRANT CREATE ON TABLESPACE small TO latchkey");
	lk_test_postgres_sql(server, "ALTER ROLE latchkey SET default_tablespace = small");

	expect_ok(open_at(&w, lk_test_postgres_url(server, "a")), &w.err);
	lk_test_postgres_sql(server, "ALTER TABLE a.item ALTER COLUMN body SET STORAGE EXTERNAL");
	while (write_next(&w, 5000) == LK_OK)
		kept++;
	expect_fail(LK_RESOURCE_EXHAUSTED, &w.err, LK_RESOURCE_EXHAUSTED, "STORE_FULL");
	assert_true(kept > 0);
	assert_int_equal(rows_in(&w), kept);
	assert_int_equal(mount("tmpfs", disk, "tmpfs", MS_REMOUNT, "size=16m"), 0);
	expect_back(&w, 5000);
	assert_int_equal(rows_in(&w), kept + 1);
	close_it(&w);
	lk_test_postgres_do(server, "stop");
	(void)umount(disk);
}

/* ---- Beside others ---- */

static lk_status
increment(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	bool has;
	int64_t n;

	(void)arg;
	LK_TRY(
	    lk_tx_query_first(tx, "SELECT n FROM item WHERE id = 1", LK_NO_ARGS, &rows, &has, err));
	n = lk_col_int(&rows, 0);
	lk_rows_end(&rows);
	return lk_tx_exec(
	    tx, "UPDATE item SET n = $1 WHERE id = 1", LK_ARGS(lk_int(n + 1)), NULL, err);
}

enum { THREADS = 8, INCREMENTS = 20 };

static void *
increment_often(void *arg)
{
	struct world *w = arg;
	struct lk_error err = { 0 };

	for (int i = 0; i < INCREMENTS; i++)
		if (lk_store_write(w->store, in_ms(30000), increment, NULL, &err) != LK_OK)
			return arg;
	return NULL;
}

static lk_status
read_n(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	bool has;

	LK_TRY(
	    lk_tx_query_first(tx, "SELECT n FROM item WHERE id = 1", LK_NO_ARGS, &rows, &has, err));
	((struct world *)arg)->count = lk_col_int(&rows, 0);
	return LK_OK;
}

static void
writes_that_collide_run_again_and_none_is_lost(void **state)
{
	pthread_t threads[THREADS];
	struct world w = { 0 };
	struct lk_store_stats stats;

	(void)state;
	(void)lk_test_postgres_shared();
	expect_ok(open_at(&w, lk_test_store_url()), &w.err);
	expect_ok(write_next(&w, 5000), &w.err);
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, increment_often, &w), 0);
	for (size_t i = 0; i < THREADS; i++) {
		void *wrong = NULL;

		pthread_join(threads[i], &wrong);
		assert_null(wrong);
	}
	expect_ok(lk_store_read(w.store, in_ms(5000), read_n, &w, &w.err), &w.err);
	assert_int_equal(w.count, THREADS * INCREMENTS);
	lk_store_stats(w.store, &stats);
	assert_true(stats.reruns > 0);
	close_it(&w);
}

struct locker {
	const char *server, *sql;
};

static void *
hold_lock(void *arg)
{
	const struct locker *locker = arg;

	(void)lk_test_postgres_sql(locker->server, locker->sql);
	return NULL;
}

static lk_status
is_locked(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };

	return lk_tx_query_first(tx,
	    "SELECT 1 FROM pg_locks WHERE relation = 'item'::regclass AND mode = 'ExclusiveLock' "
	    "AND granted",
	    LK_NO_ARGS, &rows, arg, err);
}

static void
a_lock_that_others_hold_is_waited_for_less_than_the_deadline(void **state)
{
	struct world w = { 0 };
	struct locker locker = { lk_test_postgres_new(NULL),
		"BEGIN; LOCK TABLE a.item IN EXCLUSIVE MODE; SELECT pg_sleep(4); COMMIT" };
	pthread_t thread;
	bool locked = false;

	(void)state;
	expect_ok(open_at(&w, lk_test_postgres_url(locker.server, "a")), &w.err);
	assert_int_equal(pthread_create(&thread, NULL, hold_lock, &locker), 0);
	while (!locked)
		expect_ok(lk_store_read(w.store, in_ms(5000), is_locked, &locked, &w.err), &w.err);
	expect_fail(write_next(&w, 1000), &w.err, LK_ABORTED, "STORE_BUSY");
	pthread_join(thread, NULL);
	expect_ok(write_next(&w, 5000), &w.err);
	close_it(&w);
}

LK_TESTS(LK_CASE(what_is_wrong_at_the_start_is_said), LK_CASE(a_url_of_another_shape_is_refused),
    LK_CASE(one_process_at_a_time_has_a_schema), LK_CASE(a_newer_schema_is_refused),
    LK_CASE(a_restart_is_survived_and_nothing_is_lost),
    LK_CASE(connections_that_an_administrator_ends_are_replaced_unseen),
    LK_CASE(memory_is_believed_no_longer_than_the_database_was_known_to_be_ours),
    LK_CASE(who_finds_that_another_had_the_database_begins_anew),
    LK_CASE(a_server_that_stands_still_holds_nobody_beyond_the_deadline),
    LK_CASE(a_server_that_takes_no_writes_is_said_and_waited_for),
    LK_CASE(of_several_hosts_the_one_that_takes_writes_is_found),
    LK_CASE(on_a_full_disk_nothing_is_lost_and_room_brings_it_back),
    LK_CASE(writes_that_collide_run_again_and_none_is_lost),
    LK_CASE(a_lock_that_others_hold_is_waited_for_less_than_the_deadline))
