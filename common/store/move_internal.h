/* What the files of a move share: both sides, the tables in the order of their references, and
 * places between rows. */
#ifndef LK_STORE_MOVE_INTERNAL_H
#define LK_STORE_MOVE_INTERNAL_H

#include "store/move.h"
#include "store/session.h"

enum {
	LK_MOVE_TABLES_MAX = 64,
	LK_MOVE_COLUMNS_MAX = 48,
	LK_MOVE_KEYS_MAX = 4, /* columns of a primary key */
	LK_MOVE_NAME_SIZE = 64,
	LK_MOVE_PAGE = 256, /* rows in one transaction */
};

/* ---- move_side.c: one database, opened for a move ---- */

struct lk_move_side {
	const struct lk_store_driver *driver;
	struct lk_db *db;
	struct lk_session *reader, *writer; /* the source has no writer */
};

/* LK_TAKE_OR_MAKE: the target; it alone has a writer. LK_TAKE_NOTHING: a source that is in use,
 * read as it was at this moment. */
lk_status lk_move_side_open(const char *url, const char *service, enum lk_taking taking,
    struct lk_move_side *out_side, struct lk_error *err);
void lk_move_side_close(struct lk_move_side *side);

/* One transaction: a commit on the writer, a snapshot on the reader. `fn` may run more than once.
 * `err` is not NULL. */
lk_status lk_move_run(struct lk_move_side *side, struct lk_session *session, lk_tx_fn *fn,
    void *arg, struct lk_error *err);

/* The value of a column, whatever its kind. */
lk_status lk_move_column(
    struct lk_rows *rows, int column, struct lk_value *out_value, struct lk_error *err);

/* ---- move_plan.c: what there is to move ---- */

struct lk_move_table {
	char name[LK_MOVE_NAME_SIZE];
	char column[LK_MOVE_COLUMNS_MAX][LK_MOVE_NAME_SIZE];
	int columns;
	int key[LK_MOVE_KEYS_MAX]; /* which columns, in the order of the primary key */
	int keys;
	bool placed; /* in the order */
	uint64_t rows;
	/* Statements; each is one text for both engines. */
	char *first, *next; /* a page in the order of the key: from the start, after $1 … */
	char *insert, *count;
	char *clear_end, *clear_some, *clear_all; /* the key of a page's end; up to it; the rest */
};

struct lk_move_plan {
	struct lk_move_table *tables; /* those of both sides, each after all that it refers to */
	size_t count;
};

/* What stands in a database. Yours, lk_move_plan_wipe(). */
lk_status lk_move_tables_of(struct lk_move_side *side, struct lk_session *session,
    struct lk_move_plan *out_plan, struct lk_error *err);

/* The tables of `from` that are also at `to`, in order, with their statements. A table that only
 * one engine has is that engine's own affair. `from` is taken. */
lk_status lk_move_plan_make(struct lk_move_side *source, struct lk_move_plan *from,
    const struct lk_move_plan *to, struct lk_error *err);
void lk_move_plan_wipe(struct lk_move_plan *plan);

const struct lk_move_table *lk_move_plan_find(const struct lk_move_plan *plan, const char *name);

/* ---- move_key.c: a place between two rows of a table ---- */

struct lk_move_key {
	struct lk_value values[LK_MOVE_KEYS_MAX];
	void *owned[LK_MOVE_KEYS_MAX];
	size_t count; /* 0: before the first row */
};

/* The row that `values` are the columns of. RESOURCE_EXHAUSTED OUT_OF_MEMORY. */
lk_status lk_move_key_set(struct lk_move_key *key, const struct lk_move_table *table,
    const struct lk_value *values, struct lk_error *err);
void lk_move_key_wipe(struct lk_move_key *key);

/* Call `each` for the rows of the page after `after`, with all columns. *out_rows < LK_MOVE_PAGE:
 * it was the last. `out_end`, unless NULL, becomes the last row's key. */
typedef lk_status lk_move_row_fn(void *arg, const struct lk_value *values, struct lk_error *err);
lk_status lk_move_page(struct lk_tx *tx, const struct lk_move_table *table,
    const struct lk_move_key *after, lk_move_row_fn *each, void *arg, size_t *out_rows,
    struct lk_move_key *out_end, struct lk_error *err);

/* ---- move_copy.c, move_compare.c ---- */

struct lk_move_work {
	const struct lk_move *move;
	struct lk_move_side source, target;
	struct lk_move_plan plan;
};

/* CANCELLED STORE_MOVE_STOPPED when the caller wants no more. */
lk_status lk_move_tell(
    const struct lk_move_work *work, const struct lk_move_news *news, struct lk_error *err);

lk_status lk_move_clear(struct lk_move_work *work, struct lk_error *err);
lk_status lk_move_copy(struct lk_move_work *work, struct lk_error *err);
lk_status lk_move_compare(struct lk_move_work *work, struct lk_error *err);

#endif
