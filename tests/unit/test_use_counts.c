/* Uses merge in memory, reach the store only by a flush, and stay bounded there and here. */
#include "keys/use_counts.h"

#include <stdio.h>

#include "keys_migrations.h"
#include "postgres.h"
#include "test.h"

enum { DAY = 20000 };

struct world {
	struct lk_store *store;
	struct use_counts *counts;
	struct lk_arena *arena;
	struct key_use *uses;
	size_t found;
	const char *key;
	int64_t since;
	struct lk_error err;
};

static int
setup(void **state)
{
	static struct world w;

	w = (struct world){ 0 };
	expect_ok(lk_store_open(
		      lk_test_store_url(), LK_MIGRATIONS(&keys_migrations), NULL, &w.store, &w.err),
	    &w.err);
	w.counts = use_counts_new(w.store);
	w.arena = lk_arena_new(1 << 20);
	*state = &w;
	return w.counts && w.arena ? 0 : -1;
}

static int
teardown(void **state)
{
	struct world *w = *state;

	use_counts_free(w->counts);
	lk_store_close(w->store);
	lk_arena_free(w->arena);
	return 0;
}

static void
note(struct world *w, const char *key, const char *caller, int64_t day, int64_t ms,
    const char *address)
{
	struct use_count use = {
		.caller = caller, .count = 1, .at_ms = day * DAY_MS + ms, .source_address = address
	};

	assert_true(id_pack(key, &use.key));
	use_counts_note(w->counts, &use);
}

static lk_status
list(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct world *w = arg;

	return key_use_list(tx, w->key, w->since, 100, w->arena, &w->uses, &w->found, err);
}

static void
read_back(struct world *w, const char *key, int64_t since)
{
	w->key = key;
	w->since = since;
	lk_arena_reset(w->arena);
	expect_ok(lk_store_read(w->store, LK_NO_DEADLINE, list, w, &w->err), &w->err);
}

#define KEY "key_01arz3ndektsv4rrffq69g5fa3"
#define OTHER "key_01arz3ndektsv4rrffq69g5fa4"

static void
nothing_is_written_before_the_flush_and_then_one_row_each(void **state)
{
	struct world *w = *state;
	struct lk_store_stats before, after;

	lk_store_stats(w->store, &before);
	for (int i = 0; i < 1000; i++)
		note(w, KEY, "backend", DAY, i, "");
	note(w, KEY, "tokens", DAY, 5, "192.0.2.1");
	note(w, KEY, "backend", DAY + 1, 7, "2001:db8::1");
	note(w, OTHER, "backend", DAY, 9, "");
	lk_store_stats(w->store, &after);
	assert_int_equal(after.writes, before.writes);
	use_counts_flush(w->counts, (int64_t)(DAY + 1) * DAY_MS);
	lk_store_stats(w->store, &after);
	assert_int_equal(after.writes, before.writes + 1);
	read_back(w, KEY, DAY);
	assert_int_equal(w->found, 3);
	assert_int_equal(w->uses[0].day, DAY + 1);
	assert_string_equal(w->uses[0].source_address, "2001:db8::1");
	assert_string_equal(w->uses[1].caller, "backend");
	assert_int_equal(w->uses[1].count, 1000);
	assert_int_equal(w->uses[1].last_used_at_ms, (int64_t)DAY * DAY_MS + 999);
	assert_string_equal(w->uses[2].caller_name, "tokens");
	read_back(w, KEY, DAY + 1);
	assert_int_equal(w->found, 1);
}

static void
later_flushes_add_and_never_go_back(void **state)
{
	struct world *w = *state;

	note(w, KEY, "backend", DAY, 500, "192.0.2.1");
	use_counts_flush(w->counts, (int64_t)DAY * DAY_MS);
	note(w, KEY, "backend", DAY, 100, "");
	use_counts_flush(w->counts, (int64_t)DAY * DAY_MS);
	use_counts_flush(w->counts, (int64_t)DAY * DAY_MS);
	read_back(w, KEY, DAY);
	assert_int_equal(w->found, 1);
	assert_int_equal(w->uses[0].count, 2);
	assert_int_equal(w->uses[0].last_used_at_ms, (int64_t)DAY * DAY_MS + 500);
	assert_string_equal(w->uses[0].source_address, "192.0.2.1");
}

static void
old_days_are_removed(void **state)
{
	struct world *w = *state;

	note(w, KEY, "backend", DAY, 1, "");
	use_counts_flush(w->counts, (int64_t)DAY * DAY_MS);
	note(w, KEY, "backend", DAY + KEY_USE_DAYS + 1, 1, "");
	use_counts_flush(w->counts, (int64_t)(DAY + KEY_USE_DAYS + 1) * DAY_MS);
	read_back(w, KEY, 0);
	assert_int_equal(w->found, 1);
	assert_int_equal(w->uses[0].day, DAY + KEY_USE_DAYS + 1);
}

/* Keys and callers without end: memory and rows of one flush have one. */
static void
a_flood_is_counted_as_far_as_there_is_room(void **state)
{
	struct world *w = *state;
	struct lk_store_stats before, after;
	char caller[USE_CALLER_SIZE];

	lk_store_stats(w->store, &before);
	for (int i = 0; i < 100000; i++) {
		snprintf(caller, sizeof caller, "c%d", i);
		note(w, KEY, caller, DAY, i, "");
	}
	use_counts_flush(w->counts, (int64_t)DAY * DAY_MS);
	lk_store_stats(w->store, &after);
	assert_int_equal(after.writes, before.writes + 1);
	read_back(w, KEY, DAY);
	assert_int_equal(w->found, 32);
}

#define WORLD(fn) LK_CASE_WITH(fn, setup, teardown)
LK_TESTS(WORLD(nothing_is_written_before_the_flush_and_then_one_row_each),
    WORLD(later_flushes_add_and_never_go_back), WORLD(old_days_are_removed),
    WORLD(a_flood_is_counted_as_far_as_there_is_room))
