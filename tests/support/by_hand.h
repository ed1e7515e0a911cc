/* Somebody changes the database of a keys_world by hand; what is then found in the audit trail. */
#ifndef LK_TESTS_BY_HAND_H
#define LK_TESTS_BY_HAND_H

#include "keys_world.h"

#include <unistd.h>

static const char Q_EVENTS[] = "SELECT count(*) FROM audit_event WHERE action = $1 AND object = $2";

struct sql {
	const char *text, *id;
	int64_t count;
};

static inline lk_status
run_sql(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	const struct sql *sql = arg;
	const struct lk_args args = LK_ARGS(lk_text(sql->id));

	return lk_tx_exec(
	    tx, sql->text, strstr(sql->text, "$1") ? args : LK_NO_ARGS, &(int64_t){ 0 }, err);
}

/* What is in memory of `forgotten` is not told, so that is forgotten, as it is in time. */
static inline void
by_hand_of(struct world *w, const char *text_of_sql, const char *id, const char *forgotten)
{
	struct sql sql = { text_of_sql, id, 0 };
	struct packed_id packed;

	expect_ok(lk_store_write(w->store, LK_NO_DEADLINE, run_sql, &sql, &w->err), &w->err);
	assert_true(id_pack(forgotten, &packed));
	epochs_move(&w->keys->epochs, packed);
}

static inline void
by_hand(struct world *w, const char *text_of_sql, const char *id)
{
	by_hand_of(w, text_of_sql, id, id);
}

static inline lk_status
count_events(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	struct sql *sql = arg;
	bool has;

	LK_TRY(lk_tx_query_first(
	    tx, Q_EVENTS, LK_ARGS(lk_text(sql->text), lk_text(sql->id)), &rows, &has, err));
	sql->count = lk_col_int(&rows, 0);
	return LK_OK;
}

static inline int64_t
events(struct world *w, const char *action, const char *id)
{
	struct sql sql = { action, id, 0 };

	expect_ok(lk_store_read(w->store, LK_NO_DEADLINE, count_events, &sql, &w->err), &w->err);
	return sql.count;
}

/* The record is written without waiting. */
static inline void
expect_events(struct world *w, const char *action, const char *id, int64_t count)
{
	for (int i = 0; i < 2000 && events(w, action, id) < count; i++)
		usleep(2500);
	assert_int_equal(events(w, action, id), count);
}

#endif
