/* The trail on a store: written with its operation, sealed in order, tampering seen. */
#include "audit_world.h"

/* ---- Writing ---- */

static void
a_row_tells_who_did_what_to_which(void **state)
{
	struct world *w = *state;

	w->event = (struct lk_audit_event){ .action = "credential.fetched",
		.object = "crd_1",
		.owner = "usr_9",
		.purpose = "job 7",
		.detail = "aws" };
	expect_ok(record(w), &w->err);
	expect_ok(list_tenant(w, ""), &w->err);
	assert_int_equal(w->list.n_events, 1);
	const EventMsg *e = w->list.events[0];
	assert_true(lk_id_ok(LK_ID_EVENT, e->id));
	assert_int_equal(e->at_ms, NOW_MS);
	assert_string_equal(e->action, "credential.fetched");
	assert_string_equal(e->outcome, "ok");
	assert_string_equal(e->actor_kind, "user");
	assert_string_equal(e->actor, "usr_1");
	assert_string_equal(e->actor_key, "key_1");
	assert_string_equal(e->tenant, TENANT_A);
	assert_string_equal(e->object, "crd_1");
	assert_string_equal(e->owner, "usr_9");
	assert_string_equal(e->purpose, "job 7");
	assert_string_equal(e->request_id, "req_1");
	assert_string_equal(e->detail, "aws");
}

static void
an_undone_operation_leaves_no_row(void **state)
{
	struct world *w = *state;

	w->fail_after = true;
	expect_fail(record(w), &w->err, LK_ABORTED, "TEST");
	expect_ok(list_tenant(w, ""), &w->err);
	assert_int_equal(w->list.n_events, 0);
}

static void
long_and_broken_text_is_cut_and_never_refused(void **state)
{
	struct world *w = *state;
	char detail[2000], object[] = "a\xff\xc3z";

	memset(detail, 'd', sizeof detail);
	memcpy(detail + 511, "\xc3\xa9", 2); /* é would cross the limit of 512 bytes */
	detail[sizeof detail - 1] = '\0';
	w->event.detail = detail;
	w->event.object = object;
	expect_ok(record(w), &w->err);
	expect_ok(list_tenant(w, ""), &w->err);
	assert_int_equal(strlen(w->list.events[0]->detail), 511);
	assert_string_equal(w->list.events[0]->object, "a??z");
}

static void
a_refusal_is_written_by_itself(void **state)
{
	struct world *w = *state;
	const struct lk_audit_event event = { .action = "key.create", .outcome = "KEY_LIMIT" };

	expect_ok(lk_audit_refusal(w->store, new_call(w), &event, &w->err), &w->err);
	expect_ok(list_tenant(w, ""), &w->err);
	assert_string_equal(w->list.events[0]->outcome, "KEY_LIMIT");
}

static void
finish(struct world *w, const struct lk_caller *caller, lk_status status)
{
	struct lk_error error = { 0 };

	LK_IGNORE(lk_fail(&error, LK_PERMISSION_DENIED, "PERMISSION_MISSING", "no"));
	const struct lk_finished finished = { .call = new_call(w),
		.method = "a.B/C",
		.request_id = "req_1",
		.caller = caller,
		.status = status,
		.error = &error };
	lk_audit_finished(w->sealer, &finished);
}

static void
calls_denied_to_somebody_known_are_recorded_and_no_others(void **state)
{
	struct world *w = *state;
	const struct lk_caller nobody = { .kind = LK_CALLER_ANONYMOUS };

	finish(w, &w->caller, LK_PERMISSION_DENIED);
	finish(w, &w->caller, LK_OK);
	finish(w, &w->caller, LK_NOT_FOUND);
	finish(w, &nobody, LK_PERMISSION_DENIED);
	finish(w, NULL, LK_UNAUTHENTICATED);
	expect_ok(record(w), &w->err); /* writes are in order: the refusal is durable before */
	expect_ok(list_tenant(w, ""), &w->err);
	assert_int_equal(w->list.n_events, 2);
	const EventMsg *e = w->list.events[1];
	assert_string_equal(e->action, "call.refused");
	assert_string_equal(e->outcome, "PERMISSION_MISSING");
	assert_string_equal(e->object, "a.B/C");
	assert_string_equal(e->actor, "usr_1");
	assert_int_equal(lk_audit_lost(w->sealer), 0);
}

/* ---- Sealing ---- */

static void
sealed_rows_make_one_chain_over_batches_and_pages(void **state)
{
	struct world *w = *state;

	w->events = 700;
	expect_ok(record(w), &w->err);
	w->events = 1;
	expect_ok(record(w), &w->err);
	expect_ok(lk_audit_seal_now(w->sealer, &w->err), &w->err);
	w->caller.kind = LK_CALLER_OPERATOR;
	assert_int_equal(verify_chain(w, 1000), 701);
	assert_int_equal(verify_chain(w, 7), 701);
	assert_int_equal(w->chain.unsealed, 0);
}

static void
the_empty_chain_is_signed_too(void **state)
{
	struct world *w = *state;

	w->caller.kind = LK_CALLER_OPERATOR;
	assert_int_equal(verify_chain(w, 10), 0);
}

static lk_status
tamper(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	return lk_tx_exec(tx, arg, LK_NO_ARGS, NULL, err);
}

/* Whether the hashes that come back still belong to the rows they come with. */
static bool
chain_holds(struct world *w)
{
	uint8_t hash[LK_CHAIN_HASH_SIZE], next[LK_CHAIN_HASH_SIZE];
	struct lk_chain_row row;
	uint64_t sequence = 0;

	expect_ok(read_chain(w, 0, 1000), &w->err);
	lk_chain_begin("test", "keys", hash);
	for (size_t i = 0; i < w->chain.n_events; i++) {
		chain_row_of(w->chain.events[i], &row);
		lk_chain_next(hash, &row, next);
		memcpy(hash, next, sizeof hash);
		if (row.sequence != ++sequence ||
		    memcmp(w->chain.events[i]->chain_hash.data, hash, sizeof hash) != 0)
			return false;
	}
	return sequence == w->chain.head_sequence &&
	       memcmp(w->chain.head_hash.data, hash, sizeof hash) == 0;
}

static void
edits_deletions_and_a_cut_tail_are_seen(void **state)
{
	static const char Q_EDIT[] = "UPDATE audit_event SET actor = 'usr_2' WHERE sequence = 3";
	static const char Q_MEND[] = "UPDATE audit_event SET actor = 'usr_1' WHERE sequence = 3";
	static const char Q_CUT[] = "DELETE FROM audit_event WHERE sequence = 5";
	struct world *w = *state;

	w->events = 5;
	expect_ok(record(w), &w->err);
	expect_ok(lk_audit_seal_now(w->sealer, &w->err), &w->err);
	w->caller.kind = LK_CALLER_OPERATOR;
	assert_true(chain_holds(w));
	expect_ok(
	    lk_store_write(w->store, LK_NO_DEADLINE, tamper, (void *)(uintptr_t)Q_EDIT, &w->err),
	    &w->err);
	assert_false(chain_holds(w));
	expect_ok(
	    lk_store_write(w->store, LK_NO_DEADLINE, tamper, (void *)(uintptr_t)Q_MEND, &w->err),
	    &w->err);
	assert_true(chain_holds(w));
	expect_ok(
	    lk_store_write(w->store, LK_NO_DEADLINE, tamper, (void *)(uintptr_t)Q_CUT, &w->err),
	    &w->err);
	assert_false(chain_holds(w));
}

static void
a_new_sealer_goes_on_where_the_last_one_stopped(void **state)
{
	struct world *w = *state;
	const struct lk_audit_config config = { .service = "keys",
		.instance = "test",
		.signing_key = w->key,
		.clock = &w->clock.clock };

	w->events = 3;
	expect_ok(record(w), &w->err);
	lk_audit_sealer_stop(w->sealer); /* seals what is left */
	w->sealer = NULL;
	expect_ok(record(w), &w->err);
	expect_ok(lk_audit_sealer_start(&w->sealer, w->store, &config, &w->err), &w->err);
	w->caller.kind = LK_CALLER_OPERATOR;
	assert_int_equal(verify_chain(w, 1000), 6);
}

LK_TESTS(LK_CASE_WITH(a_row_tells_who_did_what_to_which, audit_setup, audit_teardown),
    LK_CASE_WITH(an_undone_operation_leaves_no_row, audit_setup, audit_teardown),
    LK_CASE_WITH(long_and_broken_text_is_cut_and_never_refused, audit_setup, audit_teardown),
    LK_CASE_WITH(a_refusal_is_written_by_itself, audit_setup, audit_teardown),
    LK_CASE_WITH(
	calls_denied_to_somebody_known_are_recorded_and_no_others, audit_setup, audit_teardown),
    LK_CASE_WITH(sealed_rows_make_one_chain_over_batches_and_pages, audit_setup, audit_teardown),
    LK_CASE_WITH(the_empty_chain_is_signed_too, audit_setup, audit_teardown),
    LK_CASE_WITH(edits_deletions_and_a_cut_tail_are_seen, audit_setup, audit_teardown),
    LK_CASE_WITH(a_new_sealer_goes_on_where_the_last_one_stopped, audit_setup, audit_teardown))
