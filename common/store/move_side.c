/* One side of a move: its database taken for this process, and transactions on it. */
#include "store/move_internal.h"
#include "store/tx.h"

enum { READY_MS = 5000, RUNS_MAX = 4 };

void
lk_move_side_close(struct lk_move_side *side)
{
	lk_session_close(side->reader);
	lk_session_close(side->writer);
	if (side->db)
		side->driver->close(side->db);
	*side = (struct lk_move_side){ 0 };
}

static lk_status
open_parts(struct lk_move_side *side, const char *location, const char *service,
    enum lk_taking taking, struct lk_error *err)
{
	LK_TRY(side->driver->open(
	    location, service, taking, lk_store_fatal_to_stderr, &side->db, err));
	if (taking == LK_TAKE_NOTHING)
		return lk_session_open_held(side->driver, side->db, &side->reader, err);
	if (taking == LK_TAKE_OR_MAKE)
		LK_TRY(lk_session_open(side->driver, side->db, LK_CONN_WRITER, &side->writer, err));
	return lk_session_open(side->driver, side->db, LK_CONN_READER, &side->reader, err);
}

lk_status
lk_move_side_open(const char *url, const char *service, enum lk_taking taking,
    struct lk_move_side *out_side, struct lk_error *err)
{
	struct lk_move_side side = { 0 };
	const char *location = NULL;
	lk_status status;

	LK_TRY(lk_store_find_driver(url, &side.driver, &location, err));
	status = open_parts(&side, location, service, taking, err);
	if (status == LK_OK)
		*out_side = side;
	else
		lk_move_side_close(&side);
	return status;
}

/* The lock is still ours: a server that was away may have let a service in meanwhile. */
static lk_status
still_ours(const struct lk_move_side *side, struct lk_session *session, struct lk_error *err)
{
	const struct lk_remote *remote = side->driver->remote;

	if (!remote || session->holds)
		return LK_OK;
	LK_TRY(remote->ready(side->db, READY_MS, err));
	if (!remote->broken(session->conn))
		return LK_OK;
	return lk_fail(err, LK_UNAVAILABLE, "STORE_IO", "the connection to the database was lost");
}

lk_status
lk_move_run(struct lk_move_side *side, struct lk_session *session, lk_tx_fn *fn, void *arg,
    struct lk_error *err)
{
	const struct lk_store_driver *driver = side->driver;
	lk_status status = LK_OK;

	for (int run = 0; run < RUNS_MAX; run++) {
		lk_error_clear(err);
		LK_TRY(still_ours(side, session, err));
		status = lk_session_transact(session, fn, arg, err);
		if (status == LK_OK || session->holds || !driver->remote ||
		    !driver->remote->may_rerun(session->conn))
			break;
	}
	if (status == LK_OK && !session->reads_only && driver->tidy_due(session->conn))
		return driver->tidy(session->conn, LK_TIDY_DUE, err);
	return status;
}

lk_status
lk_move_column(struct lk_rows *rows, int column, struct lk_value *out_value, struct lk_error *err)
{
	const struct lk_store_driver *driver = rows->tx->session->driver;

	if (driver->column(((struct lk_prepared *)rows->statement)->stmt, column, out_value))
		return LK_OK;
	return lk_fail(err, LK_DATA_LOSS, "STORE_CORRUPT",
	    "a column holds a value of a kind that no column of ours has");
}
