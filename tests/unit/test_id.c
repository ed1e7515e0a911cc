/* Identifiers: one shape, one spelling, ordered by time. */
#include <ctype.h>
#include <string.h>

#include "base/base.h"
#include "id/id.h"
#include "test.h"

static void
an_id_is_its_prefix_and_26_characters_and_is_accepted_for_its_kind_alone(void **state)
{
	struct lk_clock_frozen frozen;
	struct lk_random_seeded seeded;
	char id[LK_ID_SIZE];

	(void)state;
	lk_clock_frozen_init(&frozen, 1767323045678);
	lk_random_seeded_init(&seeded, 1);
	for (enum lk_id_kind kind = 0; kind < LK_ID_KIND_COUNT_; kind++) {
		lk_id_make(kind, &frozen.clock, &seeded.random, id);
		assert_int_equal(strlen(id), LK_ID_LEN);
		assert_int_equal(strncmp(id, lk_id_prefix(kind), 4), 0);
		for (enum lk_id_kind other = 0; other < LK_ID_KIND_COUNT_; other++)
			assert_int_equal(lk_id_ok(other, id), other == kind);
	}
}

/* ulid/spec, README: the millisecond 1469918176385 is 01ARYZ6S41. */
static void
the_time_is_written_as_the_ulid_specification_does(void **state)
{
	struct lk_clock_frozen frozen;
	struct lk_random_seeded seeded;
	char id[LK_ID_SIZE];

	(void)state;
	lk_clock_frozen_init(&frozen, 1469918176385);
	lk_random_seeded_init(&seeded, 1);
	lk_id_make(LK_ID_KEY, &frozen.clock, &seeded.random, id);
	assert_int_equal(strncmp(id, "key_01aryz6s41", 14), 0);
}

static void
ids_sort_by_the_millisecond_they_were_made_in(void **state)
{
	const size_t rounds = lk_test_repeat("id order", 200000, 20000);
	struct lk_clock_frozen frozen;
	struct lk_random_seeded seeded;
	char before[LK_ID_SIZE] = "", id[LK_ID_SIZE];

	(void)state;
	lk_clock_frozen_init(&frozen, 1767323045678);
	lk_random_seeded_init(&seeded, 7);
	for (size_t i = 0; i < rounds; i++) {
		frozen.now_ms += 1 + (int64_t)(i % 1000);
		lk_id_make(LK_ID_EVENT, &frozen.clock, &seeded.random, id);
		assert_true(strcmp(before, id) < 0);
		memcpy(before, id, sizeof id);
	}
}

static void
two_ids_of_one_millisecond_differ(void **state)
{
	struct lk_clock_frozen frozen;
	char a[LK_ID_SIZE], b[LK_ID_SIZE];

	(void)state;
	lk_clock_frozen_init(&frozen, 1767323045678);
	lk_id_make(LK_ID_KEY, &frozen.clock, lk_random_system(), a);
	lk_id_make(LK_ID_KEY, &frozen.clock, lk_random_system(), b);
	assert_string_not_equal(a, b);
	assert_memory_equal(a, b, 14);
}

static void
every_other_spelling_is_refused(void **state)
{
	static const char *const texts[] = { "", "key_", "01arz3ndektsv4rrffq69g5fav",
		"key_01arz3ndektsv4rrffq69g5fa", "key_01arz3ndektsv4rrffq69g5favx",
		"key_01ARZ3NDEKTSV4RRFFQ69G5FAV", "KEY_01arz3ndektsv4rrffq69g5fav",
		"key_81arz3ndektsv4rrffq69g5fav", "key_z1arz3ndektsv4rrffq69g5fav",
		"key_i1arz3ndektsv4rrffq69g5fav", "key_01arz3ndektsv4rrffq69g5fal",
		"key_01arz3ndektsv4rrffq69g5fao", "key_01arz3ndektsv4rrffq69g5fau",
		"key-01arz3ndektsv4rrffq69g5fav", "key_01arz3ndektsv4rrffq69g5fa ",
		"key_01arz3ndektsv4rrffq69g5fa\n", " ey_01arz3ndektsv4rrffq69g5fav",
		"usr_01arz3ndektsv4rrffq69g5fav", "key_01arz3ndekt\xC3\xA9v4rrffq69g5f" };

	(void)state;
	assert_true(lk_id_ok(LK_ID_KEY, "key_01arz3ndektsv4rrffq69g5fav"));
	assert_true(lk_id_ok(LK_ID_KEY, "key_7zzzzzzzzzzzzzzzzzzzzzzzzz"));
	assert_false(lk_id_ok(LK_ID_KEY, NULL));
	for (size_t i = 0; i < LK_ARRAY_LEN(texts); i++)
		assert_false(lk_id_ok(LK_ID_KEY, texts[i]));
}

static void
mutations_are_accepted_only_in_the_one_shape(void **state)
{
	static const char corpus[] = "key_01arz3ndektsv4rrffq69g5fav";
	const size_t rounds = lk_test_repeat("id mutations", 1000000, 100000);
	struct lk_test_rng rng = lk_test_rng();
	char text[64];

	(void)state;
	for (size_t i = 0; i < rounds; i++) {
		memcpy(text, corpus, sizeof corpus - 1);
		text[lk_test_rng_mutate(
		    &rng, (uint8_t *)text, sizeof corpus - 1, sizeof text - 1)] = '\0';
		bool wanted = strlen(text) == 30 && memcmp(text, "key_", 4) == 0 &&
			      text[4] >= '0' && text[4] <= '7';
		for (size_t k = 4; wanted && k < 30; k++)
			wanted =
			    isdigit((unsigned char)text[k]) ||
			    (islower((unsigned char)text[k]) && strchr("ilou", text[k]) == NULL);
		assert_int_equal(lk_id_ok(LK_ID_KEY, text), wanted);
	}
}

static void
seeded_randomness_repeats_and_the_system_one_does_not(void **state)
{
	struct lk_random_seeded a, b;
	uint8_t x[37], y[37];

	(void)state;
	lk_random_seeded_init(&a, 5);
	lk_random_seeded_init(&b, 5);
	lk_random_fill(&a.random, x, sizeof x);
	lk_random_fill(&b.random, y, sizeof y);
	assert_memory_equal(x, y, sizeof x);
	lk_random_fill(&a.random, x, sizeof x);
	assert_memory_not_equal(x, y, sizeof x);
	lk_random_fill(lk_random_system(), x, sizeof x);
	lk_random_fill(lk_random_system(), y, sizeof y);
	assert_memory_not_equal(x, y, sizeof x);
}

LK_TESTS(LK_CASE(an_id_is_its_prefix_and_26_characters_and_is_accepted_for_its_kind_alone),
    LK_CASE(the_time_is_written_as_the_ulid_specification_does),
    LK_CASE(ids_sort_by_the_millisecond_they_were_made_in),
    LK_CASE(two_ids_of_one_millisecond_differ), LK_CASE(every_other_spelling_is_refused),
    LK_CASE(mutations_are_accepted_only_in_the_one_shape),
    LK_CASE(seeded_randomness_repeats_and_the_system_one_does_not))
