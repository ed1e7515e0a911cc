/* Empty the target, and copy into it page after page; each page is one durable transaction. */
#include "store/move_internal.h"

lk_status
lk_move_tell(const struct lk_move_work *work, const struct lk_move_news *news, struct lk_error *err)
{
	if (work->move->tell(work->move->user, news))
		return LK_OK;
	return lk_fail(err, LK_CANCELLED, "STORE_MOVE_STOPPED", "the move was stopped");
}

/* ---- Clear ---- */

struct clearing {
	const struct lk_move_table *table;
	bool more;
};

/* The end of a page, or none when what is left fits one. */
static lk_status
find_end(struct lk_tx *tx, const struct lk_move_table *table, struct lk_value *out_values,
    struct lk_rows *rows, bool *out_has, struct lk_error *err)
{
	LK_TRY(lk_tx_query_first(tx, table->clear_end, LK_NO_ARGS, rows, out_has, err));
	for (int i = 0; *out_has && i < table->keys; i++)
		LK_TRY(lk_move_column(rows, i, &out_values[i], err));
	return LK_OK;
}

static lk_status
clear_page(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	struct clearing *clearing = (struct clearing *)arg;
	const struct lk_move_table *table = clearing->table;
	struct lk_value end[LK_MOVE_KEYS_MAX];

	LK_TRY(find_end(tx, table, end, &rows, &clearing->more, err));
	if (!clearing->more)
		return lk_tx_exec(tx, table->clear_all, LK_NO_ARGS, NULL, err);
	return lk_tx_exec(
	    tx, table->clear_some, (struct lk_args){ end, (size_t)table->keys }, NULL, err);
}

/* Those that refer to others go first. */
lk_status
lk_move_clear(struct lk_move_work *work, struct lk_error *err)
{
	for (size_t i = work->plan.count; i-- > 0;) {
		struct clearing clearing = { .table = &work->plan.tables[i], .more = true };
		const struct lk_move_news news = { .step = LK_MOVE_CLEARING,
			.table = clearing.table->name };

		LK_TRY(lk_move_tell(work, &news, err));
		while (clearing.more)
			LK_TRY(lk_move_run(
			    &work->target, work->target.writer, clear_page, &clearing, err));
	}
	return LK_OK;
}

/* ---- Copy ---- */

struct copying {
	struct lk_move_work *work;
	const struct lk_move_table *table;
	const struct lk_move_key *after;
	struct lk_move_key end;
	struct lk_tx *target;
	size_t rows;
};

static lk_status
insert_row(void *arg, const struct lk_value *values, struct lk_error *err)
{
	struct copying *copying = (struct copying *)arg;

	return lk_tx_exec(copying->target, copying->table->insert,
	    (struct lk_args){ values, (size_t)copying->table->columns }, NULL, err);
}

static lk_status
read_page(struct lk_tx *source, void *arg, struct lk_error *err)
{
	struct copying *copying = (struct copying *)arg;

	return lk_move_page(source, copying->table, copying->after, insert_row, copying,
	    &copying->rows, &copying->end, err);
}

static lk_status
copy_page(struct lk_tx *target, void *arg, struct lk_error *err)
{
	struct copying *copying = (struct copying *)arg;
	struct lk_move_side *source = &copying->work->source;

	copying->target = target;
	return lk_move_run(source, source->reader, read_page, copying, err);
}

/* One that the target does not take is worth naming. */
static lk_status
name_row(const struct copying *copying, uint64_t before, lk_status status, struct lk_error *err)
{
	const struct lk_error cause = *err;

	return lk_fail(err, status, cause.reason, "table %s, rows %llu to %llu: %s",
	    copying->table->name, (unsigned long long)before + 1,
	    (unsigned long long)before + LK_MOVE_PAGE, cause.message);
}

static lk_status
copy_table(struct lk_move_work *work, const struct lk_move_table *table, struct lk_error *err)
{
	LK_AUTO(lk_move_key_wipe) struct lk_move_key after = { 0 };
	struct lk_move_news news = {
		.step = LK_MOVE_COPYING, .table = table->name, .of_rows = table->rows
	};
	size_t last = LK_MOVE_PAGE;

	LK_TRY(lk_move_tell(work, &news, err));
	while (last == LK_MOVE_PAGE) {
		struct copying page = { .work = work, .table = table, .after = &after };
		const lk_status status =
		    lk_move_run(&work->target, work->target.writer, copy_page, &page, err);

		lk_move_key_wipe(&after);
		after = page.end;
		if (status != LK_OK)
			return name_row(&page, news.rows, status, err);
		last = page.rows;
		news.rows += page.rows;
		LK_TRY(lk_move_tell(work, &news, err));
	}
	return LK_OK;
}

lk_status
lk_move_copy(struct lk_move_work *work, struct lk_error *err)
{
	for (size_t i = 0; i < work->plan.count; i++)
		LK_TRY(copy_table(work, &work->plan.tables[i], err));
	return LK_OK;
}
