/* What a validator remembers: only what still counts, only for the same question, never more than
 * it may. */
#include <stdio.h>
#include <string.h>

#include "test.h"
#include "validator/src/cache.h"

typedef Latchkey__Common__V1__Identity IdentityMsg;

struct world {
	struct cache *cache;
	struct subjects *subjects;
	struct lk_error err;
};

static int
open_world(void **state)
{
	static struct world w;

	w = (struct world){ .cache = cache_new(1000), .subjects = subjects_new() };
	*state = &w;
	return w.cache && w.subjects ? 0 : -1;
}

static int
close_world(void **state)
{
	struct world *w = *state;

	cache_free(w->cache);
	subjects_free(w->subjects);
	return 0;
}

static struct subject *
subject_of(struct world *w, const char *user, const char *tenant, const char *key)
{
	IdentityMsg identity = LATCHKEY__COMMON__V1__IDENTITY__INIT;
	struct subject *subject = NULL;

	identity.subject = (char *)(uintptr_t)user;
	identity.tenant = (char *)(uintptr_t)tenant;
	identity.key = (char *)(uintptr_t)key;
	expect_ok(subjects_intern(w->subjects, &identity, &subject, &w->err), &w->err);
	return subject;
}

static struct cache_tag
tag_of(struct world *w, const char *credential)
{
	return cache_tag(w->cache, credential, strlen(credential), "", "");
}

/* Remember `credential` as a key of this user, asked now. */
static void
remember(struct world *w, const char *credential, const char *key)
{
	struct entry entry = { .number = lk_changes_now(cache_changes(w->cache)),
		.subject = subject_of(w, "usr_a", "tnt_a", key),
		.slots = { lk_change_slot(key), LK_CHANGE_NO_SLOT } };

	cache_put(w->cache, tag_of(w, credential), &entry);
	subject_unref(entry.subject);
}

/* The same with something kept beside it. */
static void
remember_kept(struct world *w, const char *credential, const char *key, const char *text)
{
	struct entry entry = { .number = lk_changes_now(cache_changes(w->cache)),
		.subject = subject_of(w, "usr_a", "tnt_a", key),
		.slots = { lk_change_slot(key), LK_CHANGE_NO_SLOT } };
	struct kept *kept = kept_new(strlen(text) + 1);

	memcpy(kept_bytes(kept), text, strlen(text) + 1);
	kept_set_source(kept, "192.0.2.9");
	kept_set_source(kept, "no address"); /* left out */
	memcpy(entry.key, key + strlen("key_"), ULID_LEN);
	cache_put_kept(w->cache, tag_of(w, credential), &entry, kept);
	subject_unref(entry.subject);
	kept_unref(kept);
}

static bool
is_remembered(struct world *w, const char *credential)
{
	struct entry entry;

	if (!cache_get(w->cache, tag_of(w, credential), &entry))
		return false;
	subject_unref(entry.subject);
	return true;
}

static void
what_was_put_is_found_and_nothing_else(void **state)
{
	struct world *w = *state;

	remember(w, "one", "key_1");
	assert_true(is_remembered(w, "one"));
	assert_false(is_remembered(w, "two"));
}

static void
another_audience_or_source_is_another_question(void **state)
{
	struct world *w = *state;
	const struct cache_tag plain = tag_of(w, "one");
	const struct cache_tag tags[] = { cache_tag(w->cache, "one", 3, "a", ""),
		cache_tag(w->cache, "one", 3, "", "a"), cache_tag(w->cache, "onea", 4, "", "") };

	for (size_t i = 0; i < LK_ARRAY_LEN(tags); i++) {
		assert_memory_not_equal(&plain, &tags[i], sizeof plain);
		assert_memory_not_equal(
		    &tags[i], &tags[(i + 1) % LK_ARRAY_LEN(tags)], sizeof plain);
	}
}

static void
a_change_of_any_of_its_ids_forgets_an_entry(void **state)
{
	static const char *const ids[] = { "usr_a", "tnt_a", "key_1" };
	struct world *w = *state;

	for (size_t i = 0; i < LK_ARRAY_LEN(ids); i++) {
		remember(w, "one", "key_1");
		assert_true(is_remembered(w, "one"));
		lk_changes_note(cache_changes(w->cache), ids[i]);
		assert_false(is_remembered(w, "one"));
	}
}

static void
a_change_of_something_else_forgets_nothing(void **state)
{
	struct world *w = *state;

	remember(w, "one", "key_1");
	lk_changes_note(cache_changes(w->cache), "key_2");
	assert_true(is_remembered(w, "one"));
	lk_changes_note(cache_changes(w->cache), ""); /* which could be anything */
	assert_false(is_remembered(w, "one"));
}

static void
an_answer_asked_for_before_a_change_is_not_believed_after_it(void **state)
{
	struct world *w = *state;
	struct entry late = { .number = lk_changes_now(cache_changes(w->cache)),
		.subject = subject_of(w, "usr_a", "tnt_a", "key_1"),
		.slots = { lk_change_slot("key_1"), LK_CHANGE_NO_SLOT } };

	lk_changes_note(cache_changes(w->cache), "key_1");
	cache_put(w->cache, tag_of(w, "one"), &late);
	subject_unref(late.subject);
	assert_false(is_remembered(w, "one"));
}

static void
a_flush_forgets_everything_asked_before_it(void **state)
{
	struct world *w = *state;
	char reason[REFUSAL_REASON_SIZE];

	remember(w, "one", "key_1");
	cache_refuse(w->cache, tag_of(w, "bad"), 0, 100, "KEY_REFUSED");
	lk_changes_note_all(cache_changes(w->cache));
	assert_false(is_remembered(w, "one"));
	assert_false(cache_refused(w->cache, tag_of(w, "bad"), 50, reason));
	remember(w, "one", "key_1");
	assert_true(is_remembered(w, "one"));
}

static void
a_refusal_ends_with_its_time(void **state)
{
	struct world *w = *state;
	char reason[REFUSAL_REASON_SIZE];

	cache_refuse(w->cache, tag_of(w, "bad"), 0, 100, "KEY_REFUSED");
	assert_true(cache_refused(w->cache, tag_of(w, "bad"), 99, reason));
	assert_string_equal(reason, "KEY_REFUSED");
	assert_false(cache_refused(w->cache, tag_of(w, "bad"), 100, reason));
	assert_false(cache_refused(w->cache, tag_of(w, "worse"), 50, reason));
}

static void
a_flood_keeps_to_its_memory_and_pushes_out_the_oldest(void **state)
{
	struct world *w = *state;
	const size_t before = cache_bytes(w->cache);
	char credential[32];
	size_t remembered = 0;

	for (int i = 0; i < 20000; i++) {
		snprintf(credential, sizeof credential, "key %d", i);
		lk_changes_note(cache_changes(w->cache), "something else");
		remember(w, credential, "key_1");
		cache_refuse(w->cache, tag_of(w, credential), 0, 100, "KEY_REFUSED");
	}
	for (int i = 0; i < 20000; i++) {
		snprintf(credential, sizeof credential, "key %d", i);
		remembered += is_remembered(w, credential);
	}
	assert_int_equal(cache_bytes(w->cache), before);
	assert_true(remembered >= 1000 && remembered <= 4096);
	snprintf(credential, sizeof credential, "key %d", 19999);
	assert_true(is_remembered(w, credential));
}

static void
keys_of_one_owner_share_one_identity(void **state)
{
	struct world *w = *state;
	struct subject *a = subject_of(w, "usr_a", "tnt_a", "key_1");
	struct subject *b = subject_of(w, "usr_a", "tnt_a", "key_2");
	struct subject *c = subject_of(w, "usr_b", "tnt_a", "key_3");

	assert_ptr_equal(a, b);
	assert_ptr_not_equal(a, c);
	subject_unref(a);
	assert_string_equal(b->identity->subject, "usr_a");
	assert_string_equal(b->identity->key, "");
	subject_unref(b);
	subject_unref(c);
}

static void
what_is_kept_beside_an_answer_goes_with_it_and_uses_say_on_whose_behalf(void **state)
{
	static const char key[] = "key_01arz3ndektsv4rrffq69g5fav";
	struct world *w = *state;
	struct kept *kept = NULL;
	struct lk_use uses[8];
	struct entry entry;
	size_t cursor = 0;

	assert_true(cache_keep(w->cache));
	remember(w, "bare", key);
	assert_false(cache_get_kept(w->cache, tag_of(w, "bare"), "", &entry, &kept));
	remember_kept(w, "whole", key, "what it says");
	assert_int_equal(cache_filled(w->cache), 2);
	for (int i = 0; i < 3; i++) {
		const char *asked_by = i == 0 ? "" : "prn_01arz3ndektsv4rrffq69g5faw";
		assert_true(cache_get_kept(w->cache, tag_of(w, "whole"), asked_by, &entry, &kept));
		assert_string_equal((const char *)kept_bytes(kept), "what it says");
		subject_unref(entry.subject);
		kept_unref(kept);
	}
	assert_int_equal(cache_take_uses(w->cache, &cursor, uses, 8), 2);
	assert_string_equal(uses[0].asked_by, "prn_01arz3ndektsv4rrffq69g5faw");
	assert_int_equal(uses[0].count, 2);
	assert_string_equal(uses[1].asked_by, "");
	assert_int_equal(uses[1].count, 1);
	for (int i = 0; i < 2; i++) {
		assert_string_equal(uses[i].key, key);
		assert_string_equal(uses[i].source_address, "192.0.2.9");
	}
	remember_kept(w, "whole", key, "another time"); /* the first is let go */
	lk_changes_note(cache_changes(w->cache), key);
	assert_false(cache_get_kept(w->cache, tag_of(w, "whole"), "", &entry, &kept));
}

LK_TESTS(LK_CASE_WITH(what_was_put_is_found_and_nothing_else, open_world, close_world),
    LK_CASE_WITH(another_audience_or_source_is_another_question, open_world, close_world),
    LK_CASE_WITH(a_change_of_any_of_its_ids_forgets_an_entry, open_world, close_world),
    LK_CASE_WITH(a_change_of_something_else_forgets_nothing, open_world, close_world),
    LK_CASE_WITH(
	an_answer_asked_for_before_a_change_is_not_believed_after_it, open_world, close_world),
    LK_CASE_WITH(a_flush_forgets_everything_asked_before_it, open_world, close_world),
    LK_CASE_WITH(a_refusal_ends_with_its_time, open_world, close_world),
    LK_CASE_WITH(a_flood_keeps_to_its_memory_and_pushes_out_the_oldest, open_world, close_world),
    LK_CASE_WITH(what_is_kept_beside_an_answer_goes_with_it_and_uses_say_on_whose_behalf,
	open_world, close_world),
    LK_CASE_WITH(keys_of_one_owner_share_one_identity, open_world, close_world))
