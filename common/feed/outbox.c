/* The only SQL of the feed. */
#include "feed/outbox.h"

enum { TRIM_EVERY = 256 };

static const char Q_ADD[] =
    "INSERT INTO feed_event (kind, id, generation, at_ms) VALUES ($1, $2, $3, $4) "
    "RETURNING sequence";
static const char Q_TRIM[] = "DELETE FROM feed_event WHERE sequence <= $1";
static const char Q_HEAD[] = "SELECT sequence FROM feed_event ORDER BY sequence DESC LIMIT 1";
static const char Q_AFTER[] = "SELECT sequence, kind, id, generation, at_ms FROM feed_event "
			      "WHERE sequence > $1 ORDER BY sequence LIMIT $2";

lk_status
outbox_add(struct lk_tx *tx, struct lk_feed_event *event, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	bool has;

	LK_TRY(lk_tx_query_first(tx, Q_ADD,
	    LK_ARGS(lk_text(lk_feed_kind_name(event->kind)), lk_text(event->id),
		lk_int((int64_t)event->generation), lk_int(event->at_ms)),
	    &rows, &has, err));
	event->sequence = has ? (uint64_t)lk_col_int(&rows, 0) : 0;
	lk_rows_end(&rows);
	if (event->sequence % TRIM_EVERY != 0 || event->sequence <= FEED_OUTBOX_KEPT)
		return LK_OK;
	return lk_tx_exec(
	    tx, Q_TRIM, LK_ARGS(lk_int((int64_t)(event->sequence - FEED_OUTBOX_KEPT))), NULL, err);
}

lk_status
outbox_head(struct lk_tx *tx, uint64_t *out_head, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	bool has;

	LK_TRY(lk_tx_query_first(tx, Q_HEAD, LK_NO_ARGS, &rows, &has, err));
	*out_head = has ? (uint64_t)lk_col_int(&rows, 0) : 0;
	return LK_OK;
}

static lk_status
row_read(struct lk_rows *rows, struct lk_feed_event *out, struct lk_error *err)
{
	*out = (struct lk_feed_event){
		.sequence = (uint64_t)lk_col_int(rows, 0),
		.kind = lk_feed_kind_of(lk_col_text(rows, 1)),
		.generation = (uint64_t)lk_col_int(rows, 3),
		.at_ms = lk_col_int(rows, 4),
	};
	if (!lk_text_copy(out->id, sizeof out->id, lk_col_text(rows, 2)))
		return lk_fail(err, LK_DATA_LOSS, "STORE_CORRUPT", "an event's id is too long");
	return LK_OK;
}

lk_status
outbox_read(struct lk_tx *tx, uint64_t since, size_t max, struct lk_feed_event *out,
    size_t *out_count, bool *out_whole, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	size_t count = 0;
	bool has;

	LK_TRY(lk_tx_query(
	    tx, Q_AFTER, LK_ARGS(lk_int((int64_t)since), lk_int((int64_t)max)), &rows, err));
	for (;;) {
		LK_TRY(lk_rows_next(&rows, &has, err));
		if (!has)
			break;
		LK_TRY(row_read(&rows, &out[count++], err));
	}
	*out_count = count;
	*out_whole = count == 0 || out[0].sequence == since + 1;
	return LK_OK;
}
