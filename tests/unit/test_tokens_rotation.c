/* Signing keys over time: the calendar, commands of operators, several instances on one store, and
 * signing while the keys change. */
#include "tokens_world.h"

#include <pthread.h>
#include <stdatomic.h>

#include "auth/permission.h"
#include "tokens/claims_write.h"

/* ---- The calendar ---- */

static const struct rotation_rules rules = {
	.life_ms = 100, .publish_ahead_ms = 10, .keep_ms = 50
};
enum { SLACK_MS = 60 * 1000 };

static void
expect_plan(const struct signing_key *keys, size_t count, int64_t now_ms, enum rotation_step step,
    size_t index)
{
	const struct rotation_plan plan = rotation_next(&rules, keys, count, now_ms);

	assert_int_equal(plan.step, step);
	assert_int_equal(plan.index, index);
}

static void
a_key_is_published_ahead_and_then_takes_over(void **state)
{
	struct signing_key keys[2] = { { .state = SIGNING_KEY_ACTIVE, .changed_at_ms = 1000 } };

	(void)state;
	expect_plan(keys, 1, 1089, ROTATION_NOTHING, 0);
	expect_plan(keys, 1, 1090, ROTATION_PUBLISH, 0);
	assert_int_equal(rotation_activate_at(&rules, keys, 1, 1090), 1100);
	assert_int_equal(rotation_activate_at(&rules, keys, 1, 5000), 5010); /* late: still ahead */
	keys[1] = (struct signing_key){ .state = SIGNING_KEY_PUBLISHED, .activate_at_ms = 1100 };
	expect_plan(keys, 2, 1099, ROTATION_NOTHING, 0);
	expect_plan(keys, 2, 1100, ROTATION_ACTIVATE, 1);
}

static void
a_retired_key_stays_until_its_last_token_has_expired(void **state)
{
	const struct signing_key keys[2] = {
		{ .state = SIGNING_KEY_RETIRED, .changed_at_ms = 100000 },
		{ .state = SIGNING_KEY_ACTIVE, .changed_at_ms = 200000 },
	};

	(void)state;
	expect_plan(keys, 2, 100000 + 50 + SLACK_MS - 1, ROTATION_NOTHING, 0);
	expect_plan(keys, 2, 200050 + SLACK_MS - 50, ROTATION_DROP, 0);
}

static void
without_an_active_key_the_first_in_line_signs(void **state)
{
	const struct signing_key keys[2] = {
		{ .state = SIGNING_KEY_PUBLISHED, .activate_at_ms = 9000 },
		{ .state = SIGNING_KEY_PUBLISHED, .activate_at_ms = 8000 },
	};

	(void)state;
	expect_plan(keys, 0, 1, ROTATION_PUBLISH, 0);
	assert_int_equal(rotation_activate_at(&rules, keys, 0, 77), 77);
	expect_plan(keys, 2, 1, ROTATION_ACTIVATE, 1);
}

static void
a_clock_set_back_rotates_nothing(void **state)
{
	const struct signing_key keys[1] = { { .state = SIGNING_KEY_ACTIVE,
	    .changed_at_ms = 1000 } };

	(void)state;
	expect_plan(keys, 1, 1, ROTATION_NOTHING, 0);
}

static void
rules_that_cannot_work_are_refused(void **state)
{
	struct lk_error err = { 0 };
	const int64_t day = INT64_C(24) * WORLD_HOUR_MS;
	const struct rotation_rules late = { day, day, day };
	const struct rotation_rules many = { 1000, 500, day };
	const struct rotation_rules good = { 90 * day, WORLD_HOUR_MS, day };

	(void)state;
	expect_fail(rotation_rules_check(&late, &err), &err, LK_INVALID_ARGUMENT, "CONFIG_INVALID");
	expect_fail(rotation_rules_check(&many, &err), &err, LK_INVALID_ARGUMENT, "CONFIG_INVALID");
	expect_ok(rotation_rules_check(&good, &err), &err);
}

/* ---- On a store ---- */

static const struct lk_caller operator_ = { .kind = LK_CALLER_OPERATOR, .id = "ops" };

struct command {
	struct signing_change change;
	const char *kid;
	struct lk_es256 *pair;
	struct signing_key first, second;
};

static struct command
command(struct tokens_world *w, struct signer *signer)
{
	lk_arena_reset(w->arena);
	return (struct command){ .change = signer_change(signer, &operator_, "req", "", w->arena) };
}

static lk_status
rotate_in(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct command *c = arg;

	return signing_keys_rotate(tx, &c->change, &c->first, err);
}

static lk_status
withdraw_in(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct command *c = arg;

	return signing_keys_withdraw(tx, &c->change, c->kid, &c->first, &c->second, err);
}

static lk_status
import_in(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct command *c = arg;

	return signing_keys_import(tx, &c->change, c->pair, &c->first, err);
}

static lk_status
run(struct tokens_world *w, struct signer *signer, lk_tx_fn *fn, struct command *c)
{
	LK_TRY(lk_store_write(w->store, LK_NO_DEADLINE, fn, c, &w->err));
	return signer_refresh(signer, &w->err);
}

static void
keep_at(struct tokens_world *w, struct signer *signer, int64_t later_ms)
{
	w->clock.now_ms += later_ms;
	expect_ok(signer_keep(signer, &w->err), &w->err);
}

static void
active_kid(struct signer *signer, char out[LK_KID_SIZE])
{
	LK_AUTO(signing_set_unrefp) struct signing_set *set = signer_set(signer);

	lk_text_copy(out, LK_KID_SIZE, signing_set_kid(set));
}

static size_t
published_count(struct signer *signer)
{
	LK_AUTO(signing_set_unrefp) struct signing_set *set = signer_set(signer);

	return lk_jwks_count(signing_set_jwks(set));
}

static bool
publishes(struct signer *signer, const char *kid)
{
	LK_AUTO(signing_set_unrefp) struct signing_set *set = signer_set(signer);

	return lk_jwks_find(signing_set_jwks(set), kid) != NULL;
}

static void
the_calendar_rotates_by_itself(void **state)
{
	struct tokens_world *w = *state;
	LK_AUTO(signer_closep) struct signer *signer = tokens_world_signer(w);
	char first[LK_KID_SIZE], second[LK_KID_SIZE];

	active_kid(signer, first);
	keep_at(w, signer, 23 * WORLD_HOUR_MS);
	assert_int_equal(published_count(signer), 2);
	active_kid(signer, second);
	assert_string_equal(first, second); /* published, not yet used */
	keep_at(w, signer, WORLD_HOUR_MS);
	active_kid(signer, second);
	assert_string_not_equal(first, second);
	assert_true(publishes(signer, first));
	keep_at(w, signer, 8 * WORLD_HOUR_MS);
	assert_true(publishes(signer, first)); /* clocks differ */
	keep_at(w, signer, SLACK_MS);
	assert_false(publishes(signer, first));
	assert_int_equal(published_count(signer), 1);
}

static void
a_rotation_by_command_waits_until_the_key_was_published_long_enough(void **state)
{
	struct tokens_world *w = *state;
	LK_AUTO(signer_closep) struct signer *signer = tokens_world_signer(w);
	struct command c = command(w, signer), again = c;
	char kid[LK_KID_SIZE];

	expect_ok(run(w, signer, rotate_in, &c), &w->err);
	assert_int_equal(c.first.activate_at_ms, w->clock.now_ms + WORLD_HOUR_MS);
	assert_true(publishes(signer, c.first.kid));
	expect_ok(run(w, signer, rotate_in, &again), &w->err); /* the same one is waiting */
	assert_string_equal(again.first.kid, c.first.kid);
	keep_at(w, signer, WORLD_HOUR_MS - 1);
	active_kid(signer, kid);
	assert_string_not_equal(kid, c.first.kid);
	keep_at(w, signer, 1);
	active_kid(signer, kid);
	assert_string_equal(kid, c.first.kid);
}

static void
a_command_brings_the_calendars_next_key_forward(void **state)
{
	struct tokens_world *w = *state;
	LK_AUTO(signer_closep) struct signer *signer = tokens_world_signer(w);
	char kid[LK_KID_SIZE];

	w->rules.publish_ahead_ms = 10 * WORLD_HOUR_MS;
	signer_close(LK_TAKE(signer));
	signer = tokens_world_signer(w);
	keep_at(w, signer, 14 * WORLD_HOUR_MS);
	struct command c = command(w, signer);
	expect_ok(run(w, signer, rotate_in, &c), &w->err);
	assert_int_equal(c.first.activate_at_ms, w->clock.now_ms + 10 * WORLD_HOUR_MS);
	keep_at(w, signer, 10 * WORLD_HOUR_MS);
	active_kid(signer, kid);
	assert_string_equal(kid, c.first.kid);
}

static struct lk_bytes
a_token(struct tokens_world *w, struct signer *signer)
{
	const int64_t now_s = w->clock.now_ms / 1000;
	const struct lk_claims claims = { .issuer = "https://issuer.example",
		.subject = "usr_01hf7yat00jz6j3k0c5m9s8w4x",
		.audience = "platform",
		.client_id = "key_01hf7yat00jz6j3k0c5m9s8w4x",
		.token = "jti_01hf7yat00jz6j3k0c5m9s8w4x",
		.tenant = "tnt_01hf7yat00jz6j3k0c5m9s8w4x",
		.key = "key_01hf7yat00jz6j3k0c5m9s8w4x",
		.issued_at_s = now_s,
		.not_before_s = now_s,
		.expires_at_s = now_s + 8 * 3600,
		.all_workgroups = true };
	struct lk_bytes json, token = { 0 };

	expect_ok(claims_write(&claims, w->arena, &json, &w->err), &w->err);
	expect_ok(signer_sign(signer, json, w->arena, &token, &w->err), &w->err);
	return token;
}

static lk_status
verify(struct tokens_world *w, struct signer *signer, struct lk_bytes token)
{
	LK_AUTO(signing_set_unrefp) struct signing_set *set = signer_set(signer);
	const struct lk_token_rules wanted = { "https://issuer.example", "platform",
		LK_TOKEN_TYP_AT_JWT, &w->clock.clock };
	struct lk_claims claims;

	return lk_token_verify(
	    (const char *)token.data, token.len, signing_set_jwks(set), &wanted, &claims, &w->err);
}

static void
a_token_outlives_the_rotation_of_its_key(void **state)
{
	struct tokens_world *w = *state;
	LK_AUTO(signer_closep) struct signer *signer = tokens_world_signer(w);

	keep_at(w, signer, 24 * WORLD_HOUR_MS - 1);
	const struct lk_bytes token = a_token(w, signer);
	keep_at(w, signer, WORLD_HOUR_MS); /* found late: published now, used an hour later */
	keep_at(w, signer, WORLD_HOUR_MS);
	keep_at(w, signer, 5 * WORLD_HOUR_MS);
	expect_ok(verify(w, signer, token), &w->err);
}

static void
withdrawing_the_active_key_replaces_it_at_once(void **state)
{
	struct tokens_world *w = *state;
	LK_AUTO(signer_closep) struct signer *signer = tokens_world_signer(w);
	char first[LK_KID_SIZE], second[LK_KID_SIZE];
	struct command c = command(w, signer), again;
	const struct lk_bytes token = a_token(w, signer);

	active_kid(signer, first);
	c.kid = first;
	expect_ok(run(w, signer, withdraw_in, &c), &w->err);
	active_kid(signer, second);
	assert_string_equal(c.first.kid, first);
	assert_string_equal(c.second.kid, second);
	assert_string_not_equal(first, second);
	expect_fail(verify(w, signer, token), &w->err, LK_UNAUTHENTICATED, "TOKEN_KID_UNKNOWN");
	again = c;
	expect_fail(run(w, signer, withdraw_in, &again), &w->err, LK_FAILED_PRECONDITION,
	    "SIGNING_KEY_WITHDRAWN");
	again.kid = "nobody";
	expect_fail(
	    run(w, signer, withdraw_in, &again), &w->err, LK_NOT_FOUND, "SIGNING_KEY_MISSING");
}

static void
the_next_in_line_signs_when_the_active_key_is_withdrawn(void **state)
{
	struct tokens_world *w = *state;
	LK_AUTO(signer_closep) struct signer *signer = tokens_world_signer(w);
	struct command next = command(w, signer), c = next;
	char kid[LK_KID_SIZE];

	active_kid(signer, kid);
	c.kid = kid;
	expect_ok(run(w, signer, rotate_in, &next), &w->err);
	expect_ok(run(w, signer, withdraw_in, &c), &w->err);
	assert_string_equal(c.second.kid, next.first.kid);
	assert_int_equal(published_count(signer), 1);
}

static lk_status
count_private(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	bool has;

	LK_TRY(lk_tx_query_first(tx,
	    "SELECT count(*) FROM signing_key WHERE wrapped IS NOT NULL AND"
	    " state IN ('retired', 'withdrawn')",
	    LK_NO_ARGS, &rows, &has, err));
	*(int64_t *)arg = lk_col_int(&rows, 0);
	return LK_OK;
}

static void
who_will_not_sign_again_has_no_private_half(void **state)
{
	struct tokens_world *w = *state;
	LK_AUTO(signer_closep) struct signer *signer = tokens_world_signer(w);
	struct command c = command(w, signer);
	char kid[LK_KID_SIZE];
	int64_t count = -1;

	active_kid(signer, kid);
	c.kid = kid;
	keep_at(w, signer, 23 * WORLD_HOUR_MS);
	keep_at(w, signer, WORLD_HOUR_MS); /* the first is retired */
	expect_ok(run(w, signer, withdraw_in, &c), &w->err);
	expect_ok(lk_store_read(w->store, LK_NO_DEADLINE, count_private, &count, &w->err), &w->err);
	assert_int_equal(count, 0);
}

static void
an_imported_key_is_published_and_then_signs_for_its_whole_life(void **state)
{
	struct tokens_world *w = *state;
	LK_AUTO(signer_closep) struct signer *signer = tokens_world_signer(w);
	struct command waiting = command(w, signer), c = waiting, again;
	char kid[LK_KID_SIZE];

	expect_ok(run(w, signer, rotate_in, &waiting), &w->err);
	expect_ok(lk_es256_generate(&c.pair, &w->err), &w->err);
	again = c;
	expect_ok(run(w, signer, import_in, &c), &w->err);
	expect_fail(
	    run(w, signer, import_in, &again), &w->err, LK_ALREADY_EXISTS, "SIGNING_KEY_EXISTS");
	assert_true(publishes(signer, c.first.kid));
	keep_at(w, signer, WORLD_HOUR_MS);
	active_kid(signer, kid);
	assert_string_equal(kid, c.first.kid);
	keep_at(w, signer, 24 * WORLD_HOUR_MS - 1);
	active_kid(signer, kid);
	assert_string_equal(kid, c.first.kid);
	keep_at(w, signer, 1);
	active_kid(signer, kid);
	assert_string_equal(kid, waiting.first.kid);
	lk_es256_unref(c.pair);
}

static void
a_withdrawn_key_never_comes_back(void **state)
{
	struct tokens_world *w = *state;
	LK_AUTO(signer_closep) struct signer *signer = tokens_world_signer(w);
	struct command c = command(w, signer), gone;

	expect_ok(lk_es256_generate(&c.pair, &w->err), &w->err);
	expect_ok(run(w, signer, import_in, &c), &w->err);
	gone = c;
	gone.kid = c.first.kid;
	expect_ok(run(w, signer, withdraw_in, &gone), &w->err);
	expect_fail(
	    run(w, signer, import_in, &c), &w->err, LK_ALREADY_EXISTS, "SIGNING_KEY_EXISTS");
	lk_es256_unref(c.pair);
}

static void
no_more_keys_are_published_than_others_take(void **state)
{
	struct tokens_world *w = *state;
	LK_AUTO(signer_closep) struct signer *signer = tokens_world_signer(w);
	lk_status status = LK_OK;
	int imported = 0;

	for (; status == LK_OK && imported < 100; imported++) {
		struct command c = command(w, signer);
		expect_ok(lk_es256_generate(&c.pair, &w->err), &w->err);
		status = run(w, signer, import_in, &c);
		lk_es256_unref(c.pair);
	}
	assert_int_equal(imported, SIGNING_KEYS_MAX);
	expect_fail(status, &w->err, LK_RESOURCE_EXHAUSTED, "SIGNING_KEYS_MANY");
	assert_int_equal(published_count(signer), SIGNING_KEYS_MAX);
}

/* ---- Several instances ---- */

static void
two_instances_that_start_together_have_one_first_key(void **state)
{
	struct tokens_world *w = *state;
	LK_AUTO(signer_closep) struct signer *one = tokens_world_signer(w);
	LK_AUTO(signer_closep) struct signer *other = tokens_world_signer(w);
	char a[LK_KID_SIZE], b[LK_KID_SIZE];

	active_kid(one, a);
	active_kid(other, b);
	assert_string_equal(a, b);
}

static void
what_one_instance_changes_the_other_hears_at_its_next_look(void **state)
{
	struct tokens_world *w = *state;
	LK_AUTO(signer_closep) struct signer *one = tokens_world_signer(w);
	LK_AUTO(signer_closep) struct signer *other = tokens_world_signer(w);
	struct command c = command(w, one);
	char kid[LK_KID_SIZE], a[LK_KID_SIZE], b[LK_KID_SIZE];
	const struct lk_bytes token = a_token(w, other);

	active_kid(one, kid);
	c.kid = kid;
	expect_ok(run(w, one, withdraw_in, &c), &w->err);
	expect_ok(signer_keep(other, &w->err), &w->err);
	active_kid(one, a);
	active_kid(other, b);
	assert_string_equal(a, b);
	expect_fail(verify(w, other, token), &w->err, LK_UNAUTHENTICATED, "TOKEN_KID_UNKNOWN");
}

static void
two_instances_rotate_once(void **state)
{
	struct tokens_world *w = *state;
	LK_AUTO(signer_closep) struct signer *one = tokens_world_signer(w);
	LK_AUTO(signer_closep) struct signer *other = tokens_world_signer(w);
	char a[LK_KID_SIZE], b[LK_KID_SIZE];

	for (int hour = 0; hour < 100; hour++) {
		w->clock.now_ms += WORLD_HOUR_MS;
		expect_ok(signer_keep(hour % 2 ? one : other, &w->err), &w->err);
		expect_ok(signer_keep(hour % 2 ? other : one, &w->err), &w->err);
		active_kid(one, a);
		active_kid(other, b);
		assert_string_equal(a, b);
		assert_true(published_count(one) <= 3);
	}
}

/* ---- Under load ---- */

struct load {
	struct tokens_world *w;
	struct signer *signer;
	atomic_bool end;
	atomic_uint signed_count, failed;
};

static void *
sign_until_end(void *arg)
{
	struct load *load = arg;
	struct lk_arena *arena = lk_arena_new(1 << 16);
	struct lk_bytes token;

	while (!atomic_load(&load->end)) {
		LK_AUTO(signing_set_unrefp) struct signing_set *set = signer_set(load->signer);
		if (signing_set_sign(set, lk_bytes_of("{}"), arena, &token, NULL) != LK_OK)
			atomic_fetch_add(&load->failed, 1);
		char kid[LK_KID_SIZE];
		/* the header names the key of the very set that signed */
		if (!lk_token_kid((const char *)token.data, token.len, kid) ||
		    strcmp(kid, signing_set_kid(set)) != 0)
			atomic_fetch_add(&load->failed, 1);
		atomic_fetch_add(&load->signed_count, 1);
		lk_arena_reset(arena);
	}
	lk_arena_free(arena);
	return NULL;
}

static void
signing_never_stops_while_keys_come_and_go(void **state)
{
	struct tokens_world *w = *state;
	LK_AUTO(signer_closep) struct signer *signer = tokens_world_signer(w);
	struct load load = { .w = w, .signer = signer };
	pthread_t threads[3];

	for (size_t i = 0; i < LK_ARRAY_LEN(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, sign_until_end, &load), 0);
	for (size_t i = lk_test_repeat("rotations", 300, 40); i > 0; i--) {
		char kid[LK_KID_SIZE];
		struct command c = command(w, signer);
		active_kid(signer, kid);
		c.kid = kid;
		expect_ok(run(w, signer, withdraw_in, &c), &w->err);
	}
	atomic_store(&load.end, true);
	for (size_t i = 0; i < LK_ARRAY_LEN(threads); i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(atomic_load(&load.failed), 0);
	assert_true(atomic_load(&load.signed_count) > 0);
}

#define STORED(fn) LK_CASE_WITH(fn, tokens_world_setup, tokens_world_teardown)
LK_TESTS(LK_CASE(a_key_is_published_ahead_and_then_takes_over),
    LK_CASE(a_retired_key_stays_until_its_last_token_has_expired),
    LK_CASE(without_an_active_key_the_first_in_line_signs),
    LK_CASE(a_clock_set_back_rotates_nothing), LK_CASE(rules_that_cannot_work_are_refused),
    STORED(the_calendar_rotates_by_itself),
    STORED(a_rotation_by_command_waits_until_the_key_was_published_long_enough),
    STORED(a_command_brings_the_calendars_next_key_forward),
    STORED(a_token_outlives_the_rotation_of_its_key),
    STORED(withdrawing_the_active_key_replaces_it_at_once),
    STORED(the_next_in_line_signs_when_the_active_key_is_withdrawn),
    STORED(who_will_not_sign_again_has_no_private_half),
    STORED(an_imported_key_is_published_and_then_signs_for_its_whole_life),
    STORED(a_withdrawn_key_never_comes_back), STORED(no_more_keys_are_published_than_others_take),
    STORED(two_instances_that_start_together_have_one_first_key),
    STORED(what_one_instance_changes_the_other_hears_at_its_next_look),
    STORED(two_instances_rotate_once), STORED(signing_never_stops_while_keys_come_and_go))
