/* The story of a move: take both databases, mark the target, empty it, copy, compare, complete. */
#include "store/move.h"

#include "store/migrate.h"
#include "store/move_internal.h"
#include "store/tx.h"

static void
work_close(struct lk_move_work *work)
{
	lk_move_side_close(&work->source);
	lk_move_side_close(&work->target);
	lk_move_plan_wipe(&work->plan);
}

/* ---- The source ---- */

static lk_status
ask_whether_sound(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	bool has = false;

	(void)arg;
	LK_TRY(lk_tx_query_first(tx, lk_tx_driver(tx)->sound, LK_NO_ARGS, &rows, &has, err));
	if (lk_text_is(lk_col_text(&rows, 0), "ok"))
		return LK_OK;
	return lk_fail(err, LK_DATA_LOSS, "STORE_CORRUPT", "the database is damaged");
}

static lk_status
open_source(struct lk_move_work *work, const char *service, struct lk_error *err)
{
	struct lk_move_side *side = &work->source;

	const enum lk_taking taking = work->move->online ? LK_TAKE_NOTHING : LK_TAKE_THERE;

	LK_TRY(lk_move_side_open(work->move->from, service, taking, side, err));
	LK_TRY(lk_move_tables_of(side, side->reader, &work->plan, err));
	if (work->move->online)
		LK_TRY(lk_move_tell(
		    work, &(struct lk_move_news){ .step = LK_MOVE_BEGUN, .table = "" }, err));
	if (!lk_move_plan_find(&work->plan, LK_SCHEMA_TABLE))
		return lk_fail(err, LK_FAILED_PRECONDITION, "STORE_NOT_FOUND",
		    "no service has used this database");
	LK_TRY(lk_migrate_check(side->reader, work->move->migrations, err));
	return side->driver->sound ? lk_move_run(side, side->reader, ask_whether_sound, NULL, err)
				   : LK_OK;
}

/* ---- The target ---- */

static lk_status
not_empty(struct lk_error *err)
{
	return lk_fail(err, LK_FAILED_PRECONDITION, "STORE_NOT_EMPTY",
	    "the target holds something else already; a move needs a database without tables");
}

static lk_status
mark_target(struct lk_move_work *work, bool *out_has_rows, struct lk_error *err)
{
	struct lk_move_side *side = &work->target;
	LK_AUTO(lk_move_plan_wipe) struct lk_move_plan found = { 0 };

	LK_TRY(lk_move_tables_of(side, side->writer, &found, err));
	if (found.count > 0 && !lk_move_plan_find(&found, LK_SCHEMA_TABLE))
		return not_empty(err);
	return lk_migrate_mark(
	    side->writer, work->move->migrations, work->move->clock, out_has_rows, err);
}

static lk_status
make_plan(struct lk_move_work *work, struct lk_error *err)
{
	LK_AUTO(lk_move_plan_wipe) struct lk_move_plan target = { 0 };

	LK_TRY(lk_move_tables_of(&work->target, work->target.reader, &target, err));
	return lk_move_plan_make(&work->source, &work->plan, &target, err);
}

static lk_status
complete(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	const struct lk_move *move = (const struct lk_move *)arg;
	const struct lk_store_driver *driver = lk_tx_driver(tx);
	struct lk_conn *conn = tx->session->conn;

	if (driver->moved)
		LK_TRY(driver->script(conn, driver->moved, err));
	for (const struct lk_migrations *const *owner = move->migrations; *owner; owner++)
		if (driver == &lk_store_postgres && (*owner)->postgres_moved)
			LK_TRY(driver->script(conn, (*owner)->postgres_moved, err));
	return lk_migrate_unmark(tx, err);
}

/* Somebody's database already: it may be that of an earlier run of the same move. */
static lk_status
compare_with_what_is_there(struct lk_move_work *work, struct lk_error *err)
{
	lk_status status = lk_migrate_check(work->target.reader, work->move->migrations, err);

	if (status == LK_OK)
		status = make_plan(work, err);
	if (status == LK_OK)
		status = lk_move_compare(work, err);
	if (status == LK_DATA_LOSS && lk_text_is(err->reason, "STORE_MOVE_DIFFERS"))
		return not_empty(err);
	return status;
}

static lk_status
move_all(struct lk_move_work *work, struct lk_error *err)
{
	const char *service = lk_migrations_service(work->move->migrations);
	struct lk_move_side *target = &work->target;
	bool has_rows = false;

	LK_TRY(open_source(work, service, err));
	LK_TRY(lk_move_side_open(work->move->to, service, LK_TAKE_OR_MAKE, target, err));
	LK_TRY(mark_target(work, &has_rows, err));
	if (has_rows)
		return compare_with_what_is_there(work, err);
	LK_TRY(make_plan(work, err));
	LK_TRY(lk_move_clear(work, err));
	LK_TRY(lk_move_copy(work, err));
	LK_TRY(lk_move_compare(work, err));
	LK_TRY(lk_move_run(target, target->writer, complete, (void *)(uintptr_t)work->move, err));
	return target->driver->tidy(target->writer->conn, LK_TIDY_CLOSING, err);
}

lk_status
lk_store_move(const struct lk_move *move, struct lk_error *err)
{
	struct lk_error own = { 0 };
	LK_AUTO(work_close) struct lk_move_work work = { .move = move };
	const lk_status status = move_all(&work, &own);

	if (status != LK_OK && err)
		*err = own;
	return status;
}
