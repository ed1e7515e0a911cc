/* Uses are merged by key and by who was served, and what finds no room is dropped. */
#include "feed/use_tally.h"

#include <stdio.h>
#include <string.h>

#include "test.h"

static void
lk_tally_freep(struct lk_use_tally **tally)
{
	lk_use_tally_free(*tally);
}

static void
uses_of_a_key_are_merged_and_taken_once(void **state)
{
	LK_AUTO(lk_tally_freep) struct lk_use_tally *tally = lk_use_tally_new();
	struct lk_use uses[8];

	(void)state;
	lk_use_tally_note(tally, "key_a", "", "", 1, 50);
	lk_use_tally_note(tally, "key_b", "prn_x", "", 2, 60);
	lk_use_tally_note(tally, "key_a", "", "", 3, 40);
	lk_use_tally_note(tally, "key_b", "prn_y", "", 1, 70);
	lk_use_tally_note(tally, "", "", "", 1, 70);
	lk_use_tally_note(tally, "key_c", "", "", 0, 70);
	assert_int_equal(lk_use_tally_take(tally, uses, 2), 2);
	assert_int_equal(lk_use_tally_take(tally, uses + 2, 8), 1);
	assert_int_equal(lk_use_tally_take(tally, uses, 8), 0);
	assert_string_equal(uses[2].key, "key_a");
	assert_int_equal(uses[2].count, 4);
	assert_int_equal(uses[2].last_used_at_ms, 50);
}

static void
keys_beyond_the_room_are_dropped_until_some_are_taken(void **state)
{
	LK_AUTO(lk_tally_freep) struct lk_use_tally *tally = lk_use_tally_new();
	static struct lk_use uses[10000];
	char key[LK_ID_SIZE];

	(void)state;
	for (unsigned i = 0; i < 10000; i++) {
		snprintf(key, sizeof key, "key_%u", i);
		lk_use_tally_note(tally, key, "", "", 1, 1);
	}
	lk_use_tally_note(tally, "key_0", "", "", 1, 1); /* one that has room */
	const size_t taken = lk_use_tally_take(tally, uses, 10000);
	assert_int_equal(taken, 3072);
	assert_string_equal(uses[taken - 1].key, "key_0");
	assert_int_equal(uses[taken - 1].count, 2);
	lk_use_tally_note(tally, "key_9999", "", "", 1, 1);
	assert_int_equal(lk_use_tally_take(tally, uses, 10000), 1);
}

static void
the_last_source_address_is_kept(void **state)
{
	LK_AUTO(lk_tally_freep) struct lk_use_tally *tally = lk_use_tally_new();
	struct lk_use use;

	(void)state;
	lk_use_tally_note(tally, "key_a", "", "10.0.0.1", 1, 50);
	lk_use_tally_note(tally, "key_a", "", "10.0.0.2", 1, 60);
	lk_use_tally_note(tally, "key_a", "", "10.0.0.3", 1, 40); /* earlier */
	lk_use_tally_note(tally, "key_a", "", "", 1, 70);
	assert_int_equal(lk_use_tally_take(tally, &use, 1), 1);
	assert_int_equal(use.count, 4);
	assert_int_equal(use.last_used_at_ms, 70);
	assert_string_equal(use.source_address, "10.0.0.2");
}

static void
ids_that_are_too_long_are_passed_over(void **state)
{
	LK_AUTO(lk_tally_freep) struct lk_use_tally *tally = lk_use_tally_new();
	struct lk_use use;
	char text[100];

	(void)state;
	memset(text, 'x', sizeof text);
	text[99] = '\0';
	lk_use_tally_note(tally, text, "", "", 1, 1);
	lk_use_tally_note(tally, "key_a", text, "", 1, 1);
	assert_int_equal(lk_use_tally_take(tally, &use, 1), 0);
}

LK_TESTS(LK_CASE(uses_of_a_key_are_merged_and_taken_once),
    LK_CASE(keys_beyond_the_room_are_dropped_until_some_are_taken),
    LK_CASE(the_last_source_address_is_kept), LK_CASE(ids_that_are_too_long_are_passed_over))
