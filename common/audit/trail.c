/* Queries over audit_event. A page ends early when its bytes would fill a reply. */
#include "audit/trail.h"

#include <string.h>

/* Rows looked at for one page of a caller with a list of tenants; rows of a page and bytes of their
 * texts: with its encoding a page stays well below the 256 KiB that a call may use. */
enum { SCAN_MAX = 5000, PAGE_ROWS = 256, PAGE_BYTES = 96 * 1024 };

#define FILTER                                                                                     \
	" row_id < $1 AND at_ms >= $2 AND ($3 = '' OR action = $3) AND ($4 = '' OR object = $4) "  \
	"AND ($5 = '' OR actor = $5) "

static const char Q_PAGE[] =
    "SELECT " AUDIT_COLUMNS " FROM audit_event WHERE" FILTER "ORDER BY row_id DESC LIMIT $6";
static const char Q_PAGE_OF_TENANT[] =
    "SELECT " AUDIT_COLUMNS " FROM audit_event WHERE tenant = $7 AND" FILTER
    "ORDER BY row_id DESC LIMIT $6";
static const char Q_CHAIN[] = "SELECT " AUDIT_COLUMNS " FROM audit_event "
			      "WHERE sequence > $1 ORDER BY sequence LIMIT $2";
static const char Q_UNSEALED_COUNT[] =
    "SELECT count(*) FROM "
    "(SELECT row_id FROM audit_event WHERE sequence IS NULL LIMIT 1000) AS tail";

static lk_status
rows_room(struct trail_rows *rows, size_t size, struct lk_arena *arena, struct lk_error *err)
{
	if (size > PAGE_ROWS)
		size = PAGE_ROWS;
	memset(rows, 0, sizeof *rows);
	rows->room = size;
	rows->rows = lk_arena_array(arena, size, sizeof *rows->rows);
	rows->hashes = lk_arena_array(arena, size, sizeof *rows->hashes);
	return rows->rows == NULL || rows->hashes == NULL ? lk_fail_oom(err) : LK_OK;
}

static lk_status
rows_add(
    struct trail_rows *rows, struct lk_rows *from, struct lk_arena *arena, struct lk_error *err)
{
	LK_TRY(audit_row_read(from, arena, &rows->rows[rows->count], err));
	if (!lk_col_is_null(from, AUDIT_COLUMN_HASH))
		LK_TRY(lk_col_fixed(
		    from, AUDIT_COLUMN_HASH, rows->hashes[rows->count], LK_CHAIN_HASH_SIZE, err));
	rows->count++;
	return LK_OK;
}

/* ---- Pages ---- */

struct page_read {
	const struct trail_filter *filter;
	struct lk_arena *arena;
	struct trail_rows *out;
};

static lk_status
page_query(
    struct lk_tx *tx, const struct trail_filter *f, struct lk_rows *rows, struct lk_error *err)
{
	const struct lk_value before = lk_int(f->before_row_id == 0 ? INT64_MAX : f->before_row_id);
	const struct lk_value limit = lk_int(SCAN_MAX);

	if (f->tenant[0] == '\0')
		return lk_tx_query(tx, Q_PAGE,
		    LK_ARGS(before, lk_int(f->since_at_ms), lk_text(f->action), lk_text(f->object),
			lk_text(f->actor), limit),
		    rows, err);
	return lk_tx_query(tx, Q_PAGE_OF_TENANT,
	    LK_ARGS(before, lk_int(f->since_at_ms), lk_text(f->action), lk_text(f->object),
		lk_text(f->actor), limit, lk_text(f->tenant)),
	    rows, err);
}

/* The row that was looked at last is where the next page begins, whether it was shown or not. */
static lk_status
page_fill(struct page_read *page, struct lk_rows *rows, size_t room_from, struct lk_error *err)
{
	struct trail_rows *out = page->out;
	int64_t last = 0;
	bool has;

	for (size_t looked = 0;; looked++) {
		const bool full =
		    out->count == out->room || lk_arena_used(page->arena) - room_from > PAGE_BYTES;
		LK_TRY(lk_rows_next(rows, &has, err));
		if (!has && looked < SCAN_MAX)
			return LK_OK;
		if (!has || full) {
			out->next_row_id = last;
			return LK_OK;
		}
		last = lk_col_int(rows, AUDIT_COLUMN_ROW_ID);
		if (lk_caller_reaches_tenant(page->filter->caller, lk_col_text(rows, 7)))
			LK_TRY(rows_add(out, rows, page->arena, err));
	}
}

static lk_status
page_run(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	struct page_read *page = arg;

	LK_TRY(rows_room(page->out, page->filter->size, page->arena, err));
	LK_TRY(page_query(tx, page->filter, &rows, err));
	return page_fill(page, &rows, lk_arena_used(page->arena), err);
}

lk_status
trail_page(struct lk_store *store, int64_t deadline_steady_ms, const struct trail_filter *filter,
    struct lk_arena *arena, struct trail_rows *out, struct lk_error *err)
{
	struct page_read page = { filter, arena, out };

	return lk_store_read(store, deadline_steady_ms, page_run, &page, err);
}

/* ---- The chain ---- */

struct chain_read {
	const struct lk_audit_config *config;
	uint64_t after_sequence;
	uint32_t max_rows;
	struct lk_arena *arena;
	struct trail_chain *out;
};

static lk_status
chain_fill(struct chain_read *chain, struct lk_rows *rows, struct lk_error *err)
{
	const size_t room_from = lk_arena_used(chain->arena);
	bool has;

	while (lk_arena_used(chain->arena) - room_from <= PAGE_BYTES) {
		LK_TRY(lk_rows_next(rows, &has, err));
		if (!has)
			return LK_OK;
		LK_TRY(rows_add(&chain->out->sealed, rows, chain->arena, err));
	}
	return LK_OK;
}

static lk_status
chain_run(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	struct chain_read *chain = arg;
	bool has;

	LK_TRY(rows_room(&chain->out->sealed, chain->max_rows, chain->arena, err));
	LK_TRY(lk_tx_query(tx, Q_CHAIN,
	    LK_ARGS(
		lk_int((int64_t)chain->after_sequence), lk_int((int64_t)chain->out->sealed.room)),
	    &rows, err));
	LK_TRY(chain_fill(chain, &rows, err));
	LK_TRY(lk_tx_query_first(tx, Q_UNSEALED_COUNT, LK_NO_ARGS, &rows, &has, err));
	chain->out->unsealed = (uint32_t)lk_col_int(&rows, 0);
	return audit_head_read(tx, chain->config, &chain->out->head, err);
}

lk_status
trail_chain(struct lk_store *store, int64_t deadline_steady_ms,
    const struct lk_audit_config *config, uint64_t after_sequence, uint32_t max_rows,
    struct lk_arena *arena, struct trail_chain *out, struct lk_error *err)
{
	struct chain_read chain = { config, after_sequence, max_rows, arena, out };

	return lk_store_read(store, deadline_steady_ms, chain_run, &chain, err);
}
