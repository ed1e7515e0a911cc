/* Opening a store: its URL, its file as it may be found, and the migrations that bring it up to
 * date. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/store.h"
#include "test.h"

static const struct lk_migration fruit_steps[] = {
	{ "0001_apple.sql",
	    "CREATE TABLE apple (id INTEGER PRIMARY KEY) STRICT; INSERT INTO apple VALUES (1);",
	    "aa" },
	{ "0002_pear.sql",
	    "CREATE TABLE pear (id INTEGER PRIMARY KEY) STRICT; INSERT INTO apple VALUES (2);",
	    "bb" },
};
static const struct lk_migration edited_steps[] = {
	{ "0001_apple.sql", "CREATE TABLE apple (id INTEGER PRIMARY KEY, colour TEXT) STRICT;",
	    "ab" },
	{ "0002_pear.sql", "CREATE TABLE pear (id INTEGER PRIMARY KEY) STRICT;", "bb" },
};
static const struct lk_migration broken_steps[] = {
	{ "0001_apple.sql",
	    "CREATE TABLE apple (id INTEGER PRIMARY KEY) STRICT; INSERT INTO apple VALUES (1);",
	    "aa" },
	{ "0002_broken.sql", "INSERT INTO apple VALUES (3); INSERT INTO nowhere VALUES (1);",
	    "cc" },
};
static const struct lk_migration audit_steps[] = {
	{ "0001_trail.sql", "CREATE TABLE trail (id INTEGER PRIMARY KEY) STRICT;", "dd" },
};

static const struct lk_migrations fruit_1 = { "fruit", fruit_steps, 1, NULL, 0, NULL };
static const struct lk_migrations fruit_2 = { "fruit", fruit_steps, 2, NULL, 0, NULL };
static const struct lk_migrations edited = { "fruit", edited_steps, 2, NULL, 0, NULL };
static const struct lk_migrations broken = { "fruit", broken_steps, 2, NULL, 0, NULL };
static const struct lk_migrations audit = { "audit", audit_steps, 1, NULL, 0, NULL };

struct world {
	char path[200], url[220];
	struct lk_clock_frozen clock;
	struct lk_store_options options;
	struct lk_error err;
	int64_t apples;
};

static int
setup(void **state)
{
	static struct world w;
	static int number;
	char name[32];

	memset(&w, 0, sizeof w);
	(void)snprintf(name, sizeof name, "%d.db", ++number);
	(void)snprintf(w.path, sizeof w.path, "%s", lk_test_path(lk_test_tmpdir(), name));
	(void)snprintf(w.url, sizeof w.url, "sqlite://%s", w.path);
	lk_clock_frozen_init(&w.clock, 1000);
	w.options.clock = &w.clock.clock;
	*state = &w;
	return 0;
}

static lk_status
count_apples(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	bool has = false;

	LK_TRY(lk_tx_query_first(tx, "SELECT count(*) FROM apple", LK_NO_ARGS, &rows, &has, err));
	((struct world *)arg)->apples = lk_col_int(&rows, 0);
	return LK_OK;
}

/* Open, count, close. */
static lk_status
open_once(struct world *w, const struct lk_migrations *const *migrations)
{
	LK_AUTO(lk_store_closep) struct lk_store *store = NULL;

	lk_error_clear(&w->err);
	LK_TRY(lk_store_open(w->url, migrations, &w->options, &store, &w->err));
	return lk_store_read(store, LK_NO_DEADLINE, count_apples, w, &w->err);
}

static void
a_new_database_gets_every_step_once(void **state)
{
	struct world *w = *state;

	for (int i = 0; i < 3; i++) {
		expect_ok(open_once(w, LK_MIGRATIONS(&fruit_2)), &w->err);
		assert_int_equal(w->apples, 2);
	}
}

static void
an_old_database_gets_the_steps_it_lacks(void **state)
{
	struct world *w = *state;

	expect_ok(open_once(w, LK_MIGRATIONS(&fruit_1)), &w->err);
	assert_int_equal(w->apples, 1);
	expect_ok(open_once(w, LK_MIGRATIONS(&fruit_2)), &w->err);
	assert_int_equal(w->apples, 2);
}

static void
a_newer_database_is_refused(void **state)
{
	struct world *w = *state;

	expect_ok(open_once(w, LK_MIGRATIONS(&fruit_2)), &w->err);
	expect_fail(open_once(w, LK_MIGRATIONS(&fruit_1)), &w->err, LK_FAILED_PRECONDITION,
	    "STORE_SCHEMA_NEWER");
	expect_ok(open_once(w, LK_MIGRATIONS(&fruit_2)), &w->err);
}

static void
a_database_with_an_unknown_owner_is_refused(void **state)
{
	struct world *w = *state;

	expect_ok(open_once(w, LK_MIGRATIONS(&audit, &fruit_2)), &w->err);
	expect_fail(open_once(w, LK_MIGRATIONS(&fruit_2)), &w->err, LK_FAILED_PRECONDITION,
	    "STORE_SCHEMA_NEWER");
	expect_ok(open_once(w, LK_MIGRATIONS(&fruit_2, &audit)), &w->err);
}

static void
an_edited_step_is_refused_by_name_and_nothing_is_applied(void **state)
{
	struct world *w = *state;

	expect_ok(open_once(w, LK_MIGRATIONS(&fruit_1)), &w->err);
	expect_fail(open_once(w, LK_MIGRATIONS(&edited, &audit)), &w->err, LK_FAILED_PRECONDITION,
	    "STORE_SCHEMA_EDITED");
	expect_contains(w->err.message, "0001_apple.sql");
	expect_ok(open_once(w, LK_MIGRATIONS(&fruit_1)),
	    &w->err); /* an applied audit would be unknown here */
}

static void
a_step_that_fails_leaves_nothing_of_itself(void **state)
{
	struct world *w = *state;

	expect_fail(open_once(w, LK_MIGRATIONS(&broken)), &w->err, LK_INTERNAL, "STORE_SQL");
	expect_contains(w->err.message, "0002_broken.sql");
	expect_ok(open_once(w, LK_MIGRATIONS(&fruit_2)), &w->err);
	assert_int_equal(w->apples, 2);
}

/* ---- The file as it may be found ---- */

static void
an_empty_file_is_a_new_database(void **state)
{
	struct world *w = *state;

	lk_test_write_file(w->path, "", 0);
	expect_ok(open_once(w, LK_MIGRATIONS(&fruit_2)), &w->err);
	assert_int_equal(w->apples, 2);
}

static void
a_file_that_is_no_database_is_data_loss(void **state)
{
	struct world *w = *state;
	char junk[5000];

	memset(junk, 'j', sizeof junk);
	lk_test_write_file(w->path, junk, sizeof junk);
	expect_fail(open_once(w, LK_MIGRATIONS(&fruit_2)), &w->err, LK_DATA_LOSS, "STORE_CORRUPT");
	expect_lacks(w->err.message, w->path);
}

static void
a_half_written_file_is_data_loss(void **state)
{
	struct world *w = *state;
	struct stat before;

	expect_ok(open_once(w, LK_MIGRATIONS(&fruit_2)), &w->err);
	assert_int_equal(stat(w->path, &before), 0);
	assert_int_equal(truncate(w->path, before.st_size / 2), 0);
	expect_fail(open_once(w, LK_MIGRATIONS(&fruit_2)), &w->err, LK_DATA_LOSS, "STORE_CORRUPT");
}

static void
damaged_files_never_crash_and_are_told(void **state)
{
	struct world *w = *state;
	struct lk_test_rng rng = lk_test_rng();
	const size_t rounds = lk_test_repeat("damaged files", 2000, 100);
	size_t len = 0;
	char *good;

	expect_ok(open_once(w, LK_MIGRATIONS(&fruit_2)), &w->err);
	good = lk_test_read_file(w->path, &len);
	for (size_t i = 0; i < rounds; i++) {
		uint8_t bad[70000];
		size_t bad_len;
		lk_status status;

		assert_true(len <= sizeof bad);
		memcpy(bad, good, len);
		bad_len = lk_test_rng_mutate(&rng, bad, len, sizeof bad);
		lk_test_write_file(w->path, bad, bad_len);
		status = open_once(w, LK_MIGRATIONS(&fruit_2));
		if (status != LK_OK) /* some changes hit unused bytes, some the schema's own text */
			assert_true(status == LK_DATA_LOSS || status == LK_FAILED_PRECONDITION ||
				    status == LK_INTERNAL || status == LK_UNAVAILABLE ||
				    status == LK_ALREADY_EXISTS || status == LK_RESOURCE_EXHAUSTED);
	}
	free(good);
}

static void
a_folder_that_is_not_there_is_unavailable(void **state)
{
	struct world *w = *state;

	(void)snprintf(w->url, sizeof w->url, "sqlite:///nowhere/at/all.db");
	expect_fail(open_once(w, LK_MIGRATIONS(&fruit_1)), &w->err, LK_UNAVAILABLE, "STORE_IO");
	expect_lacks(w->err.message, "nowhere");
}

static void
a_url_of_another_shape_is_refused(void **state)
{
	static const char *const wrong[] = { "", "sqlite", "sqlite:/x.db", "sqlite://",
		"sqlite://x.db", "sqlite://./x.db", "sqlite:///", "sqlite:///tmp/", "mysql:///x.db",
		"SQLITE:///x.db", "://", "sqlit:///x.db", "/x.db" };
	struct world *w = *state;
	char longest[6000];

	for (size_t i = 0; i < LK_ARRAY_LEN(wrong); i++) {
		(void)snprintf(w->url, sizeof w->url, "%s", wrong[i]);
		expect_fail(open_once(w, LK_MIGRATIONS(&fruit_1)), &w->err, LK_INVALID_ARGUMENT,
		    "STORE_URL_INVALID");
	}
	memset(longest, 'x', sizeof longest);
	memcpy(longest, "sqlite:///", 10);
	longest[sizeof longest - 1] = '\0';
	expect_fail(lk_store_open(longest, LK_MIGRATIONS(&fruit_1), &w->options,
			&(struct lk_store *){ NULL }, &w->err),
	    &w->err, LK_INVALID_ARGUMENT, "STORE_URL_INVALID");
}

static void
a_database_that_is_open_cannot_be_opened_again(void **state)
{
	struct world *w = *state;
	LK_AUTO(lk_store_closep) struct lk_store *store = NULL;

	expect_ok(
	    lk_store_open(w->url, LK_MIGRATIONS(&fruit_1), &w->options, &store, &w->err), &w->err);
	expect_fail(
	    open_once(w, LK_MIGRATIONS(&fruit_1)), &w->err, LK_FAILED_PRECONDITION, "STORE_IN_USE");
}

static void
every_file_is_private_whatever_the_umask(void **state)
{
	static const char *const endings[] = { "", "-wal", "-shm", ".lock" };
	struct world *w = *state;
	LK_AUTO(lk_store_closep) struct lk_store *store = NULL;
	const mode_t before = umask(0);

	expect_ok(
	    lk_store_open(w->url, LK_MIGRATIONS(&fruit_1), &w->options, &store, &w->err), &w->err);
	(void)umask(before);
	for (size_t i = 0; i < LK_ARRAY_LEN(endings); i++) {
		char name[220];
		struct stat st;

		(void)snprintf(name, sizeof name, "%s%s", w->path, endings[i]);
		assert_int_equal(stat(name, &st), 0);
		assert_int_equal(st.st_mode & 0777, 0600);
	}
}

static void
a_file_others_could_read_is_made_private(void **state)
{
	struct world *w = *state;
	struct stat st;

	expect_ok(open_once(w, LK_MIGRATIONS(&fruit_1)), &w->err);
	assert_int_equal(chmod(w->path, 0644), 0);
	expect_ok(open_once(w, LK_MIGRATIONS(&fruit_1)), &w->err);
	assert_int_equal(stat(w->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

LK_TESTS(LK_CASE_WITH(a_new_database_gets_every_step_once, setup, NULL),
    LK_CASE_WITH(an_old_database_gets_the_steps_it_lacks, setup, NULL),
    LK_CASE_WITH(a_newer_database_is_refused, setup, NULL),
    LK_CASE_WITH(a_database_with_an_unknown_owner_is_refused, setup, NULL),
    LK_CASE_WITH(an_edited_step_is_refused_by_name_and_nothing_is_applied, setup, NULL),
    LK_CASE_WITH(a_step_that_fails_leaves_nothing_of_itself, setup, NULL),
    LK_CASE_WITH(an_empty_file_is_a_new_database, setup, NULL),
    LK_CASE_WITH(a_file_that_is_no_database_is_data_loss, setup, NULL),
    LK_CASE_WITH(a_half_written_file_is_data_loss, setup, NULL),
    LK_CASE_WITH(damaged_files_never_crash_and_are_told, setup, NULL),
    LK_CASE_WITH(a_folder_that_is_not_there_is_unavailable, setup, NULL),
    LK_CASE_WITH(a_url_of_another_shape_is_refused, setup, NULL),
    LK_CASE_WITH(a_database_that_is_open_cannot_be_opened_again, setup, NULL),
    LK_CASE_WITH(every_file_is_private_whatever_the_umask, setup, NULL),
    LK_CASE_WITH(a_file_others_could_read_is_made_private, setup, NULL))
