/* A trail of a thousand rows, changed at each of its positions in its database: an edit of any
 * column, a row taken out, one put in, two exchanged, are found; so are a cut and a chain written
 * anew, by what was kept elsewhere. */
#include <stdarg.h>

#include "audit/checkpoint.h"
#include "audit/walk.h"
#include "audit_world.h"

enum { ROWS = 1000, SQL_SIZE = 512 };

static lk_status
run_in(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	return lk_tx_exec(tx, arg, LK_NO_ARGS, NULL, err);
}

static void
run(struct world *w, char *sql)
{
	expect_ok(lk_store_write(w->store, LK_NO_DEADLINE, run_in, sql, &w->err), &w->err);
}

/* A statement is kept under its address, so that each text needs one of its own. */
static char sql_text[16 * ROWS][SQL_SIZE];
static size_t sql_count;

static void __attribute__((format(printf, 2, 3))) sql(struct world *w, const char *format, ...)
{
	char *text = sql_text[sql_count++];
	va_list args;

	assert_true(sql_count < LK_ARRAY_LEN(sql_text));
	va_start(args, format);
	vsnprintf(text, SQL_SIZE, format, args);
	va_end(args);
	run(w, text);
}

static int
setup(void **state)
{
	audit_setup(state);
	struct world *w = *state;
	static char keep[] = "CREATE TABLE kept AS SELECT * FROM audit_event";

	sql_count = 0;
	w->events = ROWS;
	w->event = (struct lk_audit_event){ .action = "key.created",
		.object = "key_2",
		.owner = "usr_1",
		.purpose = "job",
		.detail = "laptop" };
	expect_ok(record(w), &w->err);
	expect_ok(lk_audit_seal_now(w->sealer, &w->err), &w->err);
	w->caller.kind = LK_CALLER_OPERATOR;
	run(w, keep);
	return 0;
}

/* What `latchkey audit verify` does. */
static lk_status
verify(struct world *w, const struct lk_chain_mark *marks, size_t count)
{
	struct lk_chain_walk walk;

	lk_chain_walk_begin(&walk, "test", "keys", marks, count);
	do {
		expect_ok(read_chain(w, walk.sequence, 1000), &w->err);
		for (size_t i = 0; i < w->chain.n_events; i++) {
			const EventMsg *e = w->chain.events[i];
			struct lk_chain_row row;
			chain_row_of(e, &row);
			LK_TRY(lk_chain_walk_row(
			    &walk, &row, lk_bytes(e->chain_hash.data, e->chain_hash.len), &w->err));
		}
	} while (walk.sequence < w->chain.head_sequence && w->chain.n_events > 0);
	const struct lk_chain_end end = { w->chain.head_sequence,
		lk_bytes(w->chain.head_hash.data, w->chain.head_hash.len),
		lk_bytes(w->chain.signature.data, w->chain.signature.len), w->chain.signed_at_ms };
	return lk_chain_walk_end(&walk, &end, lk_sign_key_public(w->key), &w->err);
}

static void
expect_broken(struct world *w, const char *what, int at)
{
	if (verify(w, NULL, 0) == LK_OK)
		fail_msg("%s at row %d was not found", what, at);
	if (!lk_text_is(w->err.reason, "AUDIT_GAP"))
		assert_string_equal(w->err.reason, "AUDIT_ROW_BROKEN");
}

static void
as_it_was(struct world *w)
{
	static char drop[] = "DELETE FROM audit_event";
	static char back[] = "INSERT INTO audit_event SELECT * FROM kept";

	run(w, drop);
	run(w, back);
}

/* From one changed position to the next. */
static int
stride(void)
{
	return ROWS / (int)lk_test_repeat("positions", ROWS, 20);
}

static void
an_edit_of_any_row_is_found(void **state)
{
	static const char *const columns[] = { "id", "action", "outcome", "actor_kind", "actor",
		"actor_key", "tenant", "object", "owner", "purpose", "request_id", "detail" };
	struct world *w = *state;
	const int step = stride();

	expect_ok(verify(w, NULL, 0), &w->err);
	for (int at = 1; at <= ROWS; at += step) {
		const char *column = columns[at / step % (int)LK_ARRAY_LEN(columns)];
		sql(w, "UPDATE audit_event SET %s = %s || 'x' WHERE sequence = %d", column, column,
		    at);
		expect_broken(w, column, at);
		sql(w,
		    "UPDATE audit_event SET %s = (SELECT %s FROM kept WHERE kept.sequence = %d) "
		    "WHERE sequence = %d",
		    column, column, at, at);
	}
	expect_ok(verify(w, NULL, 0), &w->err);
	sql(w, "UPDATE audit_event SET at_ms = at_ms + 1 WHERE sequence = 500");
	expect_broken(w, "a time", 500);
}

static void
a_row_taken_out_anywhere_is_found(void **state)
{
	struct world *w = *state;
	const int step = stride();

	for (int at = 1; at <= ROWS; at += step) {
		sql(w, "DELETE FROM audit_event WHERE sequence = %d", at);
		expect_broken(w, "a deletion", at);
		sql(w, "INSERT INTO audit_event SELECT * FROM kept WHERE sequence = %d", at);
	}
	expect_ok(verify(w, NULL, 0), &w->err);
}

static void
a_row_put_in_anywhere_is_found(void **state)
{
	struct world *w = *state;
	const int step = stride();

	for (int at = 1; at < ROWS; at += step) {
		sql(w,
		    "UPDATE audit_event SET sequence = -sequence - 1 WHERE sequence > %d AND "
		    "sequence <= %d",
		    at, ROWS);
		sql(w,
		    "UPDATE audit_event SET sequence = -sequence WHERE sequence < 0 AND id <> '%d'",
		    at);
		sql(w,
		    "INSERT INTO audit_event SELECT row_id + 5000, %d, chain_hash, 'put-in', "
		    "at_ms, "
		    "action, outcome, actor_kind, actor, actor_key, tenant, object, owner, "
		    "purpose, request_id, detail FROM kept WHERE sequence = %d",
		    at + 1, at);
		expect_broken(w, "an insertion", at);
		as_it_was(w);
	}
	expect_ok(verify(w, NULL, 0), &w->err);
}

static void
two_rows_exchanged_anywhere_are_found(void **state)
{
	struct world *w = *state;
	const int step = stride();

	for (int at = 1; at < ROWS; at += step) {
		sql(w, "UPDATE audit_event SET sequence = 0 WHERE sequence = %d", at);
		sql(w, "UPDATE audit_event SET sequence = %d WHERE sequence = %d", at, at + 1);
		sql(w, "UPDATE audit_event SET sequence = %d WHERE sequence = 0", at + 1);
		expect_broken(w, "an exchange", at);
		sql(w, "UPDATE audit_event SET sequence = 0 WHERE sequence = %d", at);
		sql(w, "UPDATE audit_event SET sequence = %d WHERE sequence = %d", at, at + 1);
		sql(w, "UPDATE audit_event SET sequence = %d WHERE sequence = 0", at + 1);
	}
	expect_ok(verify(w, NULL, 0), &w->err);
}

/* ---- what was kept elsewhere ---- */

static struct lk_chain_mark
mark_of_now(struct world *w)
{
	struct lk_chain_mark mark;

	expect_ok(read_chain(w, 0, 1), &w->err);
	mark.sequence = w->chain.head_sequence;
	memcpy(mark.hash, w->chain.head_hash.data, sizeof mark.hash);
	return mark;
}

static void
cut_to(struct world *w, int rows)
{
	sql(w, "DELETE FROM audit_event WHERE sequence > %d", rows);
	sql(w,
	    "UPDATE audit_head SET sequence = %d, chain_hash = (SELECT chain_hash FROM audit_event "
	    "WHERE sequence = %d)",
	    rows, rows);
}

static void
a_cut_and_a_chain_written_anew_are_found_by_a_kept_head(void **state)
{
	struct world *w = *state;
	const struct lk_chain_mark mark = mark_of_now(w);

	expect_ok(verify(w, &mark, 1), &w->err);
	cut_to(w, 900);
	expect_ok(verify(w, NULL, 0), &w->err); /* which is why heads are kept elsewhere */
	expect_fail(verify(w, &mark, 1), &w->err, LK_DATA_LOSS, "AUDIT_CUT");
	w->events = 150; /* the service goes on, and signs */
	w->caller.kind = LK_CALLER_USER;
	expect_ok(record(w), &w->err);
	expect_ok(lk_audit_seal_now(w->sealer, &w->err), &w->err);
	w->caller.kind = LK_CALLER_OPERATOR;
	expect_ok(verify(w, NULL, 0), &w->err);
	expect_fail(verify(w, &mark, 1), &w->err, LK_DATA_LOSS, "AUDIT_REWRITTEN");
}

static void
a_checkpoint_is_read_as_it_was_written_or_not_at_all(void **state)
{
	struct world *w = *state;
	struct lk_checkpoint c = { .sequence = 1000, .signed_at_ms = NOW_MS }, again;
	char line[LK_CHECKPOINT_SIZE + 32] = "Nov 27 12:00:00 host: ";
	const size_t begin = strlen(line);

	lk_text_copy(c.instance, sizeof c.instance, "test");
	lk_text_copy(c.service, sizeof c.service, "keys");
	memcpy(c.hash, mark_of_now(w).hash, sizeof c.hash);
	lk_chain_head_sign(w->key, "test", "keys", c.sequence, c.hash, c.signed_at_ms, c.signature);
	const size_t len = lk_checkpoint_write(&c, line + begin);
	assert_int_equal(lk_checkpoint_read(line, &again), LK_CHECKPOINT_READ);
	assert_memory_equal(&c, &again, sizeof c);
	for (size_t at = begin; at < begin + len; at++) {
		const char kept = line[at];
		line[at] = kept == '0' ? '1' : '0';
		if (lk_checkpoint_read(line, &again) == LK_CHECKPOINT_READ)
			assert_false(lk_chain_head_ok(lk_sign_key_public(w->key), again.instance,
			    again.service, again.sequence, again.hash, again.signed_at_ms,
			    again.signature));
		line[at] = kept;
	}
	line[begin + len] = 'x';
	line[begin + len + 1] = '\0';
	assert_int_equal(lk_checkpoint_read(line, &again), LK_CHECKPOINT_BROKEN);
	line[begin + len - 1] = '\0';
	assert_int_equal(lk_checkpoint_read(line, &again), LK_CHECKPOINT_BROKEN);
	line[begin + 3] = '\0';
	assert_int_equal(lk_checkpoint_read(line, &again), LK_CHECKPOINT_NONE);
}

#define TRAIL(fn) LK_CASE_WITH(fn, setup, audit_teardown)
LK_TESTS(TRAIL(an_edit_of_any_row_is_found), TRAIL(a_row_taken_out_anywhere_is_found),
    TRAIL(a_row_put_in_anywhere_is_found), TRAIL(two_rows_exchanged_anywhere_are_found),
    TRAIL(a_cut_and_a_chain_written_anew_are_found_by_a_kept_head),
    TRAIL(a_checkpoint_is_read_as_it_was_written_or_not_at_all))
