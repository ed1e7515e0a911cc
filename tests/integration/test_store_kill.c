/* kill -9 at random moments: every row that was acknowledged is there when the database is opened
 * again. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/store.h"
#include "test.h"

static const struct lk_migration steps[] = {
	{ "0001_row.sql", "CREATE TABLE row (id INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;",
	    "aa" },
};
static const struct lk_migrations rows_schema = { "rows", steps, 1, NULL, 0, NULL };

enum { WRITERS = 8, IDS_OF_A_WRITER = 1000000 };

struct writer {
	struct lk_store *store;
	int64_t id;
	int acks;
};

static lk_status
put(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	static const uint8_t body[700];

	return lk_tx_exec(tx, "INSERT INTO row (id, body) VALUES ($1, $2)",
	    LK_ARGS(lk_int(*(const int64_t *)arg), lk_blob(lk_bytes(body, sizeof body))), NULL,
	    err);
}

/* Writes row after row and tells of each once it is durable; a write of 8 bytes to a pipe is whole.
 */
static void *
write_for_ever(void *arg)
{
	struct writer *writer = arg;

	for (;; writer->id++)
		if (lk_store_write(writer->store, LK_NO_DEADLINE, put, &writer->id, NULL) !=
			LK_OK ||
		    write(writer->acks, &writer->id, sizeof writer->id) != sizeof writer->id)
			_exit(1);
	return NULL;
}

static void
child_main(const char *url, int acks, int64_t round)
{
	struct lk_store *store = NULL;
	struct writer writers[WRITERS];
	pthread_t threads[WRITERS];

	if (lk_store_open(url, LK_MIGRATIONS(&rows_schema), NULL, &store, NULL) != LK_OK)
		_exit(2);
	for (size_t i = 0; i < WRITERS; i++) {
		writers[i] = (struct writer){ store,
			(round * WRITERS + (int64_t)i) * IDS_OF_A_WRITER, acks };
		if (pthread_create(&threads[i], NULL, write_for_ever, &writers[i]) != 0)
			_exit(3);
	}
	for (;;)
		(void)pause();
}

/* Every id that was acknowledged in any round. */
struct acked {
	int64_t *ids;
	size_t count, cap;
};

static void
remember(struct acked *acked, int64_t id)
{
	if (acked->count == acked->cap) {
		acked->cap = acked->cap ? acked->cap * 2 : 4096;
		acked->ids = realloc(acked->ids, acked->cap * sizeof acked->ids[0]);
		assert_non_null(acked->ids);
	}
	acked->ids[acked->count++] = id;
}

/* Read acknowledgements until `enough`, kill, read what was still told. */
static void
kill_after(pid_t child, int acks, size_t enough, struct acked *acked)
{
	const size_t begin = acked->count;
	bool killed = false;
	int64_t id;

	while (read(acks, &id, sizeof id) == sizeof id) {
		remember(acked, id);
		if (killed || acked->count - begin < enough)
			continue;
		assert_int_equal(kill(child, SIGKILL), 0);
		killed = true;
	}
	assert_true(killed);
}

static void
one_round(const char *url, int64_t round, size_t enough, struct acked *acked)
{
	int ends[2], how = 0;
	pid_t child;

	assert_int_equal(pipe(ends), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		close(ends[0]);
		child_main(url, ends[1], round);
	}
	close(ends[1]);
	kill_after(child, ends[0], enough, acked);
	close(ends[0]);
	assert_int_equal(waitpid(child, &how, 0), child);
	assert_true(WIFSIGNALED(how) && WTERMSIG(how) == SIGKILL);
}

static lk_status
all_are_there(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	const struct acked *acked = arg;

	for (size_t i = 0; i < acked->count; i++) {
		LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
		bool has = false;

		LK_TRY(lk_tx_query_first(tx, "SELECT 1 FROM row WHERE id = $1",
		    LK_ARGS(lk_int(acked->ids[i])), &rows, &has, err));
		if (!has)
			return lk_fail(err, LK_DATA_LOSS, "ROW_LOST", "row %lld was acknowledged",
			    (long long)acked->ids[i]);
	}
	return LK_OK;
}

static lk_status
is_whole(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	bool has = false;

	(void)arg;
	LK_TRY(lk_tx_query_first(tx, "PRAGMA integrity_check", LK_NO_ARGS, &rows, &has, err));
	assert_string_equal(lk_col_text(&rows, 0), "ok");
	return LK_OK;
}

static void
check(const char *url, struct acked *acked)
{
	LK_AUTO(lk_store_closep) struct lk_store *store = NULL;
	struct lk_error err = { 0 };

	expect_ok(lk_store_open(url, LK_MIGRATIONS(&rows_schema), NULL, &store, &err), &err);
	expect_ok(lk_store_read(store, LK_NO_DEADLINE, all_are_there, acked, &err), &err);
	expect_ok(lk_store_read(store, LK_NO_DEADLINE, is_whole, NULL, &err), &err);
}

static void
what_was_acknowledged_survives_kill_9(void **state)
{
	const size_t rounds = lk_test_repeat("kills", 100, 30);
	struct lk_test_rng rng = lk_test_rng();
	struct acked acked = { 0 };
	char url[220];

	(void)state;
	(void)snprintf(url, sizeof url, "sqlite://%s", lk_test_path(lk_test_tmpdir(), "kill.db"));
	for (size_t round = 0; round < rounds; round++) {
		one_round(url, (int64_t)round, 1 + lk_test_rng_below(&rng, 600), &acked);
		if (round % 3 == 0) /* otherwise the next child recovers a log it did not leave */
			check(url, &acked);
	}
	check(url, &acked);
	free(acked.ids);
}

LK_TESTS(LK_CASE(what_was_acknowledged_survives_kill_9))
