/* Writes that happen once: replayed, told apart, sealed, forgotten after a day. */
#include "daemon/write.h"

#include <stdio.h>
#include <string.h>

#include "auth/caller.h"
#include "crypto/box.h"
#include "daemon/reply_shape.h"
#include "idempotency_migrations.h"
#include "latchkey/common/v1/frame.pb-c.h"
#include "latchkey/keys/v1/keys.pb-c.h"
#include "latchkey/tokens/v1/tokens.pb-c.h"
#include "postgres.h"
#include "test.h"

#define NOW_MS INT64_C(1790000000000)

/* A reply without a secret, and one with. */
typedef Latchkey__Tokens__V1__RevokeTokenResponse PlainReply;
typedef Latchkey__Tokens__V1__IssueTokenResponse SecretReply;

struct world {
	struct lk_store *store;
	struct lk_clock_frozen clock;
	struct lk_call *call;
	struct lk_caller caller;
	const char *method, *key, *body;
	struct lk_box_pair *pair; /* reply key, or NULL */
	PlainReply plain;
	SecretReply secret;
	bool with_secret, fail;
	int ran;
	struct lk_error err;
};

static int
setup(void **state)
{
	static struct world w;

	memset(&w, 0, sizeof w);
	lk_clock_frozen_init(&w.clock, NOW_MS);
	const struct lk_store_options options = { .clock = &w.clock.clock };
	expect_ok(lk_store_open(lk_test_store_url(), LK_MIGRATIONS(&idempotency_migrations),
		      &options, &w.store, &w.err),
	    &w.err);
	w.caller = (struct lk_caller){ .kind = LK_CALLER_USER, .id = "usr_1", .tenant = "tnt_1" };
	w.method = "a.B/C";
	w.key = "k1";
	w.body = "body";
	*state = &w;
	return 0;
}

static int
teardown(void **state)
{
	struct world *w = *state;

	lk_call_free(w->call);
	lk_store_close(w->store);
	return 0;
}

static lk_status
domain(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct world *w = arg;
	static char id[40], secret[] = "SECRET-VALUE";

	(void)tx;
	w->ran++;
	if (w->fail)
		return lk_fail(err, LK_FAILED_PRECONDITION, "TEST", "refused by the domain");
	snprintf(id, sizeof id, "jti_%d", w->ran);
	w->plain.token_id = id;
	w->secret.token_id = id;
	w->secret.secret_token = secret;
	return LK_OK;
}

static lk_status
write_once(struct world *w)
{
	static Latchkey__Common__V1__RequestHeader header;
	latchkey__common__v1__request_header__init(&header);
	header.idempotency_key = (char *)(uintptr_t)w->key;
	if (w->pair != NULL)
		header.reply_public_key =
		    (ProtobufCBinaryData){ LK_BOX_PUBLIC_LEN, w->pair->public_key };
	const struct lk_call_setup call = { .method = w->method,
		.caller = &w->caller,
		.header = &header,
		.body = lk_bytes_of(w->body),
		.clock = &w->clock.clock,
		.may_block = true };

	lk_call_free(w->call);
	w->call = lk_call_new(&call);
	lk_error_clear(&w->err);
	latchkey__tokens__v1__revoke_token_response__init(&w->plain);
	latchkey__tokens__v1__issue_token_response__init(&w->secret);
	return lk_call_write(w->call, w->store, domain, w,
	    w->with_secret ? &w->secret.base : &w->plain.base, &w->err);
}

/* Asks once, or twice where w->fail says so, and appends what it found in between. */
static lk_status
look(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	struct world *w = arg;
	bool has;

	w->ran++;
	LK_TRY(lk_tx_query_first(
	    tx, "SELECT count(*) FROM idempotency", LK_NO_ARGS, &rows, &has, err));
	assert_string_equal(w->plain.token_id, "");
	w->plain.token_id = (char *)(uintptr_t) "jti_1";
	return w->fail ? lk_tx_query_first(tx, "SELECT 1", LK_NO_ARGS, &rows, &has, err) : LK_OK;
}

static void
a_read_that_runs_again_finds_its_reply_empty(void **state)
{
	struct world *w = *state;

	expect_ok(write_once(w), &w->err);
	w->ran = 0;
	for (int i = 0; i < 40; i++) {
		w->fail = i == 30;
		expect_ok(
		    lk_call_read(w->call, w->store, look, w, &w->plain.base, &w->err), &w->err);
		assert_string_equal(w->plain.token_id, "jti_1");
	}
	assert_int_equal(w->ran, lk_test_on_postgres() ? 41 : 40);
}

static void
expect_runs(struct world *w, int runs)
{
	expect_ok(write_once(w), &w->err);
	assert_int_equal(w->ran, runs);
}

static void
without_a_key_every_call_writes(void **state)
{
	struct world *w = *state;

	w->key = "";
	expect_runs(w, 1);
	expect_runs(w, 2);
}

static void
the_same_call_again_is_answered_from_memory(void **state)
{
	struct world *w = *state;

	expect_runs(w, 1);
	assert_null(lk_call_reply(w->call).data);
	expect_runs(w, 1);
	const struct lk_bytes packed = lk_call_reply(w->call);
	PlainReply *again =
	    latchkey__tokens__v1__revoke_token_response__unpack(NULL, packed.len, packed.data);
	assert_non_null(again);
	assert_string_equal(again->token_id, "jti_1");
	assert_false(lk_call_reply_is_sealed(w->call));
	latchkey__tokens__v1__revoke_token_response__free_unpacked(again, NULL);
}

static void
another_body_under_the_same_key_is_refused(void **state)
{
	struct world *w = *state;

	expect_runs(w, 1);
	w->body = "other";
	expect_fail(write_once(w), &w->err, LK_INVALID_ARGUMENT, "IDEMPOTENCY_KEY_REUSED");
	assert_int_equal(w->ran, 1);
}

static void
keys_of_other_callers_methods_and_tenants_are_other_keys(void **state)
{
	struct world *w = *state;

	expect_runs(w, 1);
	w->method = "a.B/D";
	expect_runs(w, 2);
	w->method = "a.B/C";
	memcpy(w->caller.id, "usr_2", 6);
	expect_runs(w, 3);
	memcpy(w->caller.tenant, "tnt_2", 6);
	expect_runs(w, 4);
	w->caller.kind = LK_CALLER_PRINCIPAL;
	expect_runs(w, 5);
	w->key = "k2";
	expect_runs(w, 6);
}

static void
a_failure_is_not_remembered(void **state)
{
	struct world *w = *state;

	w->fail = true;
	expect_fail(write_once(w), &w->err, LK_FAILED_PRECONDITION, "TEST");
	w->fail = false;
	expect_runs(w, 2);
	expect_runs(w, 2);
}

static void
an_outcome_is_forgotten_after_a_day(void **state)
{
	struct world *w = *state;

	expect_runs(w, 1);
	w->clock.now_ms += LK_IDEMPOTENCY_TTL_MS - 1;
	expect_runs(w, 1);
	w->clock.now_ms += 1;
	w->body = "other";
	expect_runs(w, 2);
}

/* ---- Secrets ---- */

static void
a_secret_is_replayed_sealed_to_the_one_time_key(void **state)
{
	struct world *w = *state;
	LK_AUTO(lk_box_pair_wipe) struct lk_box_pair pair = { 0 };
	struct lk_bytes plain;

	lk_box_pair_make(&pair);
	w->pair = &pair;
	w->with_secret = true;
	expect_runs(w, 1);
	expect_runs(w, 1);
	assert_true(lk_call_reply_is_sealed(w->call));
	expect_ok(
	    lk_box_open(&pair, lk_call_reply(w->call), lk_call_arena(w->call), &plain, &w->err),
	    &w->err);
	SecretReply *again =
	    latchkey__tokens__v1__issue_token_response__unpack(NULL, plain.len, plain.data);
	assert_non_null(again);
	assert_string_equal(again->secret_token, "SECRET-VALUE");
	latchkey__tokens__v1__issue_token_response__free_unpacked(again, NULL);
}

static void
a_secret_without_a_key_to_seal_to_answers_the_id(void **state)
{
	struct world *w = *state;

	w->with_secret = true;
	expect_runs(w, 1);
	expect_fail(write_once(w), &w->err, LK_ALREADY_EXISTS, "ALREADY_CREATED");
	assert_string_equal(w->err.message, "jti_1");
	assert_int_equal(w->ran, 1);
}

static lk_status
find_plain_secret(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	bool has;

	LK_TRY(lk_tx_query(tx, "SELECT outcome FROM idempotency", LK_NO_ARGS, &rows, err));
	for (;;) {
		LK_TRY(lk_rows_next(&rows, &has, err));
		if (!has)
			return LK_OK;
		const struct lk_bytes outcome = lk_col_blob(&rows, 0);
		*(bool *)arg |= memmem(outcome.data, outcome.len, "SECRET-VALUE", 12) != NULL;
	}
}

static void
no_secret_is_stored_in_the_clear(void **state)
{
	struct world *w = *state;
	LK_AUTO(lk_box_pair_wipe) struct lk_box_pair pair = { 0 };
	bool found = false;

	w->with_secret = true;
	expect_runs(w, 1);
	lk_box_pair_make(&pair);
	w->pair = &pair;
	w->key = "k2";
	expect_runs(w, 2);
	expect_ok(
	    lk_store_read(w->store, LK_NO_DEADLINE, find_plain_secret, &found, &w->err), &w->err);
	assert_false(found);
}

/* ---- Shapes of replies ---- */

static void
types_with_secrets_are_known_by_their_fields(void **state)
{
	(void)state;
	assert_true(lk_reply_type_has_secret(&latchkey__keys__v1__create_key_response__descriptor));
	assert_true(
	    lk_reply_type_has_secret(&latchkey__tokens__v1__issue_token_response__descriptor));
	assert_false(
	    lk_reply_type_has_secret(&latchkey__tokens__v1__revoke_token_response__descriptor));
	assert_false(lk_reply_type_has_secret(&latchkey__keys__v1__list_keys_response__descriptor));
}

static void
the_object_of_a_reply_is_found_inside_it(void **state)
{
	Latchkey__Keys__V1__CreateKeyResponse reply = LATCHKEY__KEYS__V1__CREATE_KEY_RESPONSE__INIT;
	Latchkey__Keys__V1__Key key = LATCHKEY__KEYS__V1__KEY__INIT;
	char id[] = "key_1";

	(void)state;
	assert_string_equal(lk_reply_object_id(&reply.base), "");
	key.id = id;
	reply.key = &key;
	assert_string_equal(lk_reply_object_id(&reply.base), "key_1");
}

LK_TESTS(LK_CASE_WITH(a_read_that_runs_again_finds_its_reply_empty, setup, teardown),
    LK_CASE_WITH(without_a_key_every_call_writes, setup, teardown),
    LK_CASE_WITH(the_same_call_again_is_answered_from_memory, setup, teardown),
    LK_CASE_WITH(another_body_under_the_same_key_is_refused, setup, teardown),
    LK_CASE_WITH(keys_of_other_callers_methods_and_tenants_are_other_keys, setup, teardown),
    LK_CASE_WITH(a_failure_is_not_remembered, setup, teardown),
    LK_CASE_WITH(an_outcome_is_forgotten_after_a_day, setup, teardown),
    LK_CASE_WITH(a_secret_is_replayed_sealed_to_the_one_time_key, setup, teardown),
    LK_CASE_WITH(a_secret_without_a_key_to_seal_to_answers_the_id, setup, teardown),
    LK_CASE_WITH(no_secret_is_stored_in_the_clear, setup, teardown),
    LK_CASE(types_with_secrets_are_known_by_their_fields),
    LK_CASE(the_object_of_a_reply_is_found_inside_it))
