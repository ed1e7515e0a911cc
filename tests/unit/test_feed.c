/* The publisher's promises: numbered at commit, before the answer; nothing left out; a lease only
 * for what is whole. */
#include "feed_world.h"

#include "feed/answer.h"

static int
open_world(void **state)
{
	static struct feed_world world;

	feed_world_open(&world, true);
	*state = &world;
	return 0;
}

static int
close_world(void **state)
{
	feed_world_close(*state);
	return 0;
}

static void
copy_epoch(const struct feed_world *w, char out[LK_FEED_EPOCH_SIZE])
{
	snprintf(out, LK_FEED_EPOCH_SIZE, "%s", w->answer.epoch);
}

static void
a_new_reader_is_told_to_start_over_from_the_head(void **state)
{
	struct feed_world *w = *state;

	feed_world_change(w, "key_a", 2);
	feed_world_read(w, "", 0, 0);
	assert_true(w->answer.truncated);
	assert_int_equal(w->answer.head, 1);
	assert_int_equal(w->answer.n_events, 0);
	assert_int_equal(w->answer.lease_ttl_ms, LK_FEED_LEASE_MS);
	assert_string_equal(w->answer.service, "keys");
}

static void
a_change_is_there_as_soon_as_it_is_answered(void **state)
{
	struct feed_world *w = *state;
	char epoch[LK_FEED_EPOCH_SIZE];

	feed_world_read(w, "", 0, 0);
	copy_epoch(w, epoch);
	for (uint64_t i = 1; i <= 300; i++) {
		feed_world_change(w, "usr_b", i);
		feed_world_read(w, epoch, i - 1, 0);
		assert_false(w->answer.truncated);
		assert_int_equal(w->answer.n_events, 1);
		assert_int_equal(w->answer.events[0]->sequence, i);
		assert_int_equal(w->answer.events[0]->generation, i);
		assert_string_equal(w->answer.events[0]->id, "usr_b");
		assert_string_equal(w->answer.events[0]->kind, "generation");
	}
}

static void
a_change_that_is_undone_leaves_no_event_and_no_gap(void **state)
{
	struct feed_world *w = *state;
	struct feed_change undone = { w, "key_a", 1, LK_ABORTED, 0 };
	char epoch[LK_FEED_EPOCH_SIZE];

	feed_world_read(w, "", 0, 0);
	copy_epoch(w, epoch);
	assert_int_equal(
	    lk_store_write(w->store, LK_NO_DEADLINE, feed_change_in, &undone, NULL), LK_ABORTED);
	assert_int_equal(lk_feed_stats(w->feed).head, 0);
	feed_world_change(w, "key_b", 1);
	feed_world_read(w, epoch, 0, 0);
	assert_int_equal(w->answer.n_events, 1);
	assert_string_equal(w->answer.events[0]->id, "key_b");
}

static void
an_answer_that_leaves_events_out_gives_no_lease(void **state)
{
	struct feed_world *w = *state;
	char epoch[LK_FEED_EPOCH_SIZE];

	feed_world_read(w, "", 0, 0);
	copy_epoch(w, epoch);
	for (uint64_t i = 1; i <= 10; i++)
		feed_world_change(w, "key_a", i);
	feed_world_read(w, epoch, 0, 9);
	assert_int_equal(w->answer.n_events, 9);
	assert_int_equal(w->answer.head, 10);
	assert_int_equal(w->answer.lease_ttl_ms, 0);
	feed_world_read(w, epoch, 9, 9);
	assert_int_equal(w->answer.n_events, 1);
	assert_int_equal(w->answer.lease_ttl_ms, LK_FEED_LEASE_MS);
	feed_world_read(w, epoch, 10, 9);
	assert_int_equal(w->answer.n_events, 0);
	assert_int_equal(w->answer.lease_ttl_ms, LK_FEED_LEASE_MS);
}

static void
a_reader_behind_the_ring_is_served_from_the_outbox(void **state)
{
	struct feed_world *w = *state;
	char epoch[LK_FEED_EPOCH_SIZE];
	uint64_t since = 0;

	feed_world_read(w, "", 0, 0);
	copy_epoch(w, epoch);
	for (uint64_t i = 1; i <= 1500; i++)
		feed_world_change(w, "key_a", i);
	while (since < 1500) {
		feed_world_read(w, epoch, since, 0);
		assert_false(w->answer.truncated);
		assert_true(w->answer.n_events > 0);
		for (size_t i = 0; i < w->answer.n_events; i++) {
			assert_int_equal(w->answer.events[i]->sequence, ++since);
			assert_int_equal(w->answer.events[i]->generation, since);
		}
		assert_int_equal(w->answer.lease_ttl_ms, since == 1500 ? LK_FEED_LEASE_MS : 0);
	}
}

static void
a_restart_is_a_new_epoch_even_with_the_same_rows(void **state)
{
	struct feed_world *w = *state;
	char before[LK_FEED_EPOCH_SIZE];

	feed_world_read(w, "", 0, 0);
	copy_epoch(w, before);
	feed_world_change(w, "key_a", 1);
	feed_world_restart(w);
	feed_world_read(w, before, 1, 0);
	assert_true(w->answer.truncated);
	assert_string_not_equal(w->answer.epoch, before);
	assert_int_equal(w->answer.head, 1);
}

static void
a_position_beyond_the_head_or_before_the_epoch_starts_over(void **state)
{
	struct feed_world *w = *state;
	char epoch[LK_FEED_EPOCH_SIZE];

	feed_world_change(w, "key_a", 1);
	feed_world_restart(w);
	feed_world_read(w, "", 0, 0);
	copy_epoch(w, epoch);
	feed_world_read(w, epoch, 2, 0);
	assert_true(w->answer.truncated);
	feed_world_read(w, epoch, 0, 0);
	assert_true(w->answer.truncated);
	feed_world_read(w, epoch, 1, 0);
	assert_false(w->answer.truncated);
}

static void
a_database_with_other_writers_gives_no_lease(void **state)
{
	struct feed_world w;

	(void)state;
	feed_world_open(&w, false);
	feed_world_read(&w, "", 0, 0);
	assert_true(w.answer.truncated);
	assert_int_equal(w.answer.lease_ttl_ms, 0);
	feed_world_close(&w);
}

static void
an_answer_is_signed_for_its_question_only(void **state)
{
	struct feed_world *w = *state;
	uint8_t other[LK_FEED_NONCE_LEN] = { 1 };
	const struct lk_bytes nonce = lk_bytes(feed_world_nonce, LK_FEED_NONCE_LEN);
	const uint8_t *public_key = lk_sign_key_public(w->key);
	char epoch[LK_FEED_EPOCH_SIZE];

	feed_world_read(w, "", 0, 0);
	copy_epoch(w, epoch);
	feed_world_change(w, "key_a", 1);
	feed_world_read(w, epoch, 0, 0);
	assert_true(feed_answer_ok(public_key, "i1", nonce, &w->answer));
	assert_false(feed_answer_ok(public_key, "i2", nonce, &w->answer));
	assert_false(feed_answer_ok(public_key, "i1", lk_bytes(other, sizeof other), &w->answer));
	w->answer.lease_ttl_ms++;
	assert_false(feed_answer_ok(public_key, "i1", nonce, &w->answer));
	w->answer.lease_ttl_ms--;
	w->answer.events[0]->generation++;
	assert_false(feed_answer_ok(public_key, "i1", nonce, &w->answer));
	w->answer.events[0]->generation--;
	w->answer.n_events = 0;
	assert_false(feed_answer_ok(public_key, "i1", nonce, &w->answer));
}

static void
a_question_without_nonce_or_with_too_much_hunger_is_refused(void **state)
{
	struct feed_world *w = *state;
	char epoch[] = "";
	ReadFeedRequest request = feed_world_request(epoch, 0, 129);

	assert_int_equal(feed_world_ask(w, &request), LK_INVALID_ARGUMENT);
	assert_string_equal(lk_call_error(w->call)->field, "max_events");
	request = feed_world_request(epoch, 0, 0);
	request.nonce.len = 15;
	assert_int_equal(feed_world_ask(w, &request), LK_INVALID_ARGUMENT);
	assert_string_equal(lk_call_error(w->call)->field, "nonce");
}

static void
an_id_that_is_too_long_fails_the_change(void **state)
{
	struct feed_world *w = *state;
	char id[LK_FEED_ID_SIZE + 1];
	struct feed_change change = { w, id, 1, LK_OK, 0 };

	memset(id, 'x', sizeof id);
	id[LK_FEED_ID_SIZE] = '\0';
	expect_fail(lk_store_write(w->store, LK_NO_DEADLINE, feed_change_in, &change, &w->err),
	    &w->err, LK_INVALID_ARGUMENT, "FEED_ID_INVALID");
}

static void
the_outbox_keeps_the_newest_rows_only(void **state)
{
	struct feed_world *w = *state;
	char epoch[LK_FEED_EPOCH_SIZE];

	feed_world_read(w, "", 0, 0);
	copy_epoch(w, epoch);
	for (uint64_t i = 0; i < 16384 + 256; i += 64)
		feed_world_changes(w, "key_a", i + 1, 64);
	feed_world_read(w, epoch, 255, 0);
	assert_true(w->answer.truncated);
	feed_world_read(w, epoch, 256, 0);
	assert_false(w->answer.truncated);
	assert_int_equal(w->answer.events[0]->sequence, 257);
}

static void
every_kind_has_a_name_that_leads_back_to_it(void **state)
{
	(void)state;
	for (int kind = 0; kind < LK_FEED_KIND_COUNT; kind++)
		assert_int_equal(lk_feed_kind_of(lk_feed_kind_name((enum lk_feed_kind)kind)), kind);
	assert_int_equal(lk_feed_kind_of("of tomorrow"), LK_FEED_UNKNOWN);
}

static void
hints_come_from_beside_the_services_own_socket(void **state)
{
	char url[LK_URL_SIZE];
	struct lk_error err;
	char longest[160] = "ipc:///";

	(void)state;
	expect_ok(lk_feed_hint_url("ipc:///s/run/keys.sock", url, &err), &err);
	assert_string_equal(url, "ipc:///s/run/keys.feed.sock");
	expect_ok(lk_feed_hint_url("ipc:///s/run/keys", url, &err), &err);
	assert_string_equal(url, "ipc:///s/run/keys.feed.sock");
	memset(longest + strlen(longest), 'x', 100);
	expect_fail(
	    lk_feed_hint_url(longest, url, &err), &err, LK_INVALID_ARGUMENT, "URL_TOO_LONG");
}

#define IN_WORLD(fn) LK_CASE_WITH(fn, open_world, close_world)

LK_TESTS(IN_WORLD(a_new_reader_is_told_to_start_over_from_the_head),
    IN_WORLD(a_change_is_there_as_soon_as_it_is_answered),
    IN_WORLD(a_change_that_is_undone_leaves_no_event_and_no_gap),
    IN_WORLD(an_answer_that_leaves_events_out_gives_no_lease),
    IN_WORLD(a_reader_behind_the_ring_is_served_from_the_outbox),
    IN_WORLD(a_restart_is_a_new_epoch_even_with_the_same_rows),
    IN_WORLD(a_position_beyond_the_head_or_before_the_epoch_starts_over),
    LK_CASE(a_database_with_other_writers_gives_no_lease),
    IN_WORLD(an_answer_is_signed_for_its_question_only),
    IN_WORLD(a_question_without_nonce_or_with_too_much_hunger_is_refused),
    IN_WORLD(an_id_that_is_too_long_fails_the_change),
    IN_WORLD(the_outbox_keeps_the_newest_rows_only),
    LK_CASE(every_kind_has_a_name_that_leads_back_to_it),
    LK_CASE(hints_come_from_beside_the_services_own_socket))
