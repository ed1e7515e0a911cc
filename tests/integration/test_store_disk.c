/*
 * The store and its disk: a sync that fails ends the process, one process has a database, readers
 * leave the files alone, and what is deleted leaves them. This program's own fsync and fdatasync
 * stand before those of libc.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/store.h"
#include "test.h"

static const struct lk_migration steps[] = {
	{ "0001_row.sql", "CREATE TABLE row (id INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;",
	    "aa" },
};
static const struct lk_migrations rows_schema = { "rows", steps, 1, NULL, 0, NULL };

/* ---- Syncs that fail ---- */

static const char *failing; /* the ending of the file whose sync fails, or NULL */

static bool
sync_fails(int fd)
{
	char link[64], path[4096];
	ssize_t len;

	if (!failing)
		return false;
	(void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	len = readlink(link, path, sizeof path - 1);
	if (len < 0)
		return false;
	path[len] = '\0';
	return (size_t)len >= strlen(failing) && strcmp(path + len - strlen(failing), failing) == 0;
}

#define STANDS_BEFORE_LIBC __attribute__((visibility("default"), used))

STANDS_BEFORE_LIBC int
fsync(int fd)
{
	if (sync_fails(fd)) {
		errno = EIO;
		return -1;
	}
	return (int)syscall(SYS_fsync, fd);
}

STANDS_BEFORE_LIBC int
fdatasync(int fd)
{
	if (sync_fails(fd)) {
		errno = EIO;
		return -1;
	}
	return (int)syscall(SYS_fdatasync, fd);
}

static const char *
new_url(void)
{
	static char url[220];
	static int number;
	char name[32];

	(void)snprintf(name, sizeof name, "%d.db", ++number);
	(void)snprintf(url, sizeof url, "sqlite://%s", lk_test_path(lk_test_tmpdir(), name));
	return url;
}

static lk_status
put(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	static const uint8_t body[60000];

	return lk_tx_exec(tx, "INSERT INTO row (id, body) VALUES ($1, $2)",
	    LK_ARGS(lk_int(*(const int64_t *)arg), lk_blob(lk_bytes(body, sizeof body))), NULL,
	    err);
}

static int told = -1;

static void
tell(const char *why)
{
	if (write(told, why, strlen(why)) < 0)
		abort();
}

/* In a child: write rows until the process ends; 4 when the failure went unnoticed. */
static void
write_on_failing_disk(const char *url, const char *ending)
{
	struct lk_store_options options = { .on_fatal = tell };
	struct lk_store *store = NULL;

	if (lk_store_open(url, LK_MIGRATIONS(&rows_schema), &options, &store, NULL) != LK_OK)
		_exit(3);
	failing = ending;
	for (int64_t id = 1; id <= 500; id++)
		if (lk_store_write(store, LK_NO_DEADLINE, put, &id, NULL) != LK_OK)
			_exit(5);
	lk_store_close(store);
	_exit(4);
}

static void
expect_end_of_process(const char *ending)
{
	const char *url = new_url();
	char why[200] = "";
	int ends[2], how = 0;
	pid_t child;

	assert_int_equal(pipe(ends), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		told = ends[1];
		write_on_failing_disk(url, ending);
	}
	close(ends[1]);
	assert_int_equal(waitpid(child, &how, 0), child);
	assert_true(WIFEXITED(how));
	assert_int_equal(WEXITSTATUS(how), 74);
	assert_true(read(ends[0], why, sizeof why - 1) > 0);
	expect_contains(why, "durable");
	expect_lacks(why, ".db");
	close(ends[0]);
}

static void
a_commit_that_cannot_be_synced_ends_the_process(void **state)
{
	(void)state;
	expect_end_of_process("-wal");
}

static void
a_checkpoint_that_cannot_be_synced_ends_the_process(void **state)
{
	(void)state;
	expect_end_of_process(".db");
}

/* ---- One process ---- */

static void
another_process_is_refused_until_the_first_has_gone(void **state)
{
	const char *url = new_url();
	LK_AUTO(lk_store_closep) struct lk_store *store = NULL;
	struct lk_error err = { 0 };
	int ready[2], how = 0;
	char byte;
	pid_t child;

	(void)state;
	assert_int_equal(pipe(ready), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		if (lk_store_open(url, LK_MIGRATIONS(&rows_schema), NULL, &store, NULL) != LK_OK ||
		    write(ready[1], "r", 1) != 1)
			_exit(1);
		for (;;)
			(void)pause();
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	expect_fail(lk_store_open(url, LK_MIGRATIONS(&rows_schema), NULL, &store, &err), &err,
	    LK_FAILED_PRECONDITION, "STORE_IN_USE");
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, &how, 0), child);
	expect_ok(lk_store_open(url, LK_MIGRATIONS(&rows_schema), NULL, &store, &err), &err);
	close(ready[0]);
	close(ready[1]);
}

/* ---- What the files hold ---- */

static bool
file_holds(const char *path, const void *what, size_t len)
{
	size_t size = 0;
	char *data;
	bool holds;

	if (access(path, R_OK) != 0)
		return false;
	data = lk_test_read_file(path, &size);
	holds = memmem(data, size, what, len) != NULL;
	free(data);
	return holds;
}

static bool
files_hold(const char *url, const void *what, size_t len)
{
	const char *path = url + strlen("sqlite://");
	char log[230];

	(void)snprintf(log, sizeof log, "%s-wal", path);
	return file_holds(path, what, len) || file_holds(log, what, len);
}

static const char DIGEST[] = "a digest that is to be destroyed";

static lk_status
put_digest(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	(void)arg;
	return lk_tx_exec(tx, "INSERT INTO row (id, body) VALUES ($1, $2)",
	    LK_ARGS(lk_int(1), lk_blob(lk_bytes(DIGEST, sizeof DIGEST))), NULL, err);
}

static lk_status
destroy_digest(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	(void)arg;
	return lk_tx_exec(
	    tx, "UPDATE row SET body = $1", LK_ARGS(lk_blob(lk_bytes(NULL, 0))), NULL, err);
}

static void
what_is_destroyed_leaves_the_files(void **state)
{
	const char *url = new_url();
	LK_AUTO(lk_store_closep) struct lk_store *store = NULL;
	struct lk_error err = { 0 };

	(void)state;
	expect_ok(lk_store_open(url, LK_MIGRATIONS(&rows_schema), NULL, &store, &err), &err);
	expect_ok(lk_store_write(store, LK_NO_DEADLINE, put_digest, NULL, &err), &err);
	assert_true(files_hold(url, DIGEST, sizeof DIGEST));
	expect_ok(lk_store_write(store, LK_NO_DEADLINE, destroy_digest, NULL, &err), &err);
	lk_store_close(LK_TAKE(store));
	assert_false(files_hold(url, DIGEST, sizeof DIGEST));
}

static void
an_idle_store_empties_its_log(void **state)
{
	const char *url = new_url();
	LK_AUTO(lk_store_closep) struct lk_store *store = NULL;
	struct lk_error err = { 0 };

	(void)state;
	expect_ok(lk_store_open(url, LK_MIGRATIONS(&rows_schema), NULL, &store, &err), &err);
	expect_ok(lk_store_write(store, LK_NO_DEADLINE, put_digest, NULL, &err), &err);
	expect_ok(lk_store_write(store, LK_NO_DEADLINE, destroy_digest, NULL, &err), &err);
	assert_true(files_hold(url, DIGEST, sizeof DIGEST)); /* in the log, until it is emptied */
	for (int i = 0; i < 300 && files_hold(url, DIGEST, sizeof DIGEST); i++)
		usleep(100000);
	assert_false(files_hold(url, DIGEST, sizeof DIGEST));
}

/* ---- Readers ---- */

struct gate {
	sem_t inside, open;
	struct lk_store *store;
};

static lk_status
hold(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct gate *gate = arg;

	(void)tx;
	(void)err;
	sem_post(&gate->inside);
	sem_wait(&gate->open);
	return LK_OK;
}

static void *
hold_main(void *arg)
{
	LK_IGNORE(lk_store_write(
	    ((struct gate *)arg)->store, LK_NO_DEADLINE, hold, arg, NULL)); /* it answers LK_OK */
	return NULL;
}

static lk_status
count_rows(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	bool has = false;

	LK_TRY(lk_tx_query_first(tx, "SELECT count(*) FROM row", LK_NO_ARGS, &rows, &has, err));
	*(int64_t *)arg = lk_col_int(&rows, 0);
	return LK_OK;
}

static void
expect_same_file(const char *path, const char *was, size_t was_len)
{
	size_t len = 0;
	char *is = lk_test_read_file(path, &len);

	assert_int_equal(len, was_len);
	assert_memory_equal(is, was, len);
	free(is);
}

static void
readers_never_checkpoint(void **state)
{
	const char *url = new_url();
	const char *path = url + strlen("sqlite://");
	struct lk_error err = { 0 };
	struct gate gate = { 0 };
	struct lk_store_stats stats;
	size_t len = 0;
	char *before;
	pthread_t holder;

	(void)state;
	expect_ok(lk_store_open(url, LK_MIGRATIONS(&rows_schema), NULL, &gate.store, &err), &err);
	expect_ok(lk_store_write(gate.store, LK_NO_DEADLINE, put_digest, NULL, &err), &err);
	sem_init(&gate.inside, 0, 0);
	sem_init(&gate.open, 0, 0);
	pthread_create(&holder, NULL, hold_main, &gate); /* from here on the writer cannot either */
	sem_wait(&gate.inside);
	before = lk_test_read_file(path, &len);
	for (int i = 0; i < 1000; i++) {
		int64_t rows = 0;

		expect_ok(lk_store_read(gate.store, LK_NO_DEADLINE, count_rows, &rows, &err), &err);
		assert_int_equal(rows, 1);
	}
	expect_same_file(path, before, len);
	sem_post(&gate.open);
	pthread_join(holder, NULL);
	lk_store_stats(gate.store, &stats);
	assert_int_equal(stats.reads, 1000);
	lk_store_close(gate.store);
	free(before);
}

static void
a_long_log_is_folded_back_while_readers_read(void **state)
{
	const char *url = new_url();
	LK_AUTO(lk_store_closep) struct lk_store *store = NULL;
	struct lk_error err = { 0 };
	struct lk_store_stats stats;
	struct stat log;
	char path[230];
	int64_t rows = 0;

	(void)state;
	(void)snprintf(path, sizeof path, "%s-wal", url + strlen("sqlite://"));
	expect_ok(lk_store_open(url, LK_MIGRATIONS(&rows_schema), NULL, &store, &err), &err);
	for (int64_t id = 1; id <= 1000; id++) { /* 60 MB */
		expect_ok(lk_store_write(store, LK_NO_DEADLINE, put, &id, &err), &err);
		expect_ok(lk_store_read(store, LK_NO_DEADLINE, count_rows, &rows, &err), &err);
		assert_int_equal(rows, id);
	}
	lk_store_stats(store, &stats);
	assert_true(stats.checkpoints >= 5);
	assert_int_equal(stat(path, &log), 0);
	assert_true(log.st_size < 20000000);
}

LK_TESTS(LK_CASE(a_commit_that_cannot_be_synced_ends_the_process),
    LK_CASE(a_checkpoint_that_cannot_be_synced_ends_the_process),
    LK_CASE(another_process_is_refused_until_the_first_has_gone),
    LK_CASE(what_is_destroyed_leaves_the_files), LK_CASE(an_idle_store_empties_its_log),
    LK_CASE(readers_never_checkpoint), LK_CASE(a_long_log_is_folded_back_while_readers_read))
