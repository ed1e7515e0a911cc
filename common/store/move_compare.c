/* Read both sides in the order of the primary key and compare them row by row. */
#include <string.h>

#include "store/move_internal.h"

/* A page of one side: a digest of each row. */
struct page {
	const struct lk_move_table *table;
	const struct lk_move_key *after;
	struct lk_move_key end;
	uint8_t digests[LK_MOVE_PAGE][LK_DIGEST_LEN];
	size_t rows, seen;
};

/* Kinds and values, each behind its length: no two rows have one digest. Integers are 8 bytes, most
 * significant first. */
static lk_status
digest_row(void *arg, const struct lk_value *values, struct lk_error *err)
{
	struct page *page = (struct page *)arg;
	struct lk_bytes parts[2 * LK_MOVE_COLUMNS_MAX];
	uint8_t kinds[LK_MOVE_COLUMNS_MAX], integers[LK_MOVE_COLUMNS_MAX][8];
	const int columns = page->table->columns;

	if (page->seen == LK_MOVE_PAGE)
		return lk_fail(
		    err, LK_INTERNAL, "STORE_SQL", "a page has more rows than were asked for");
	for (int i = 0; i < columns; i++) {
		kinds[i] = (uint8_t)values[i].kind;
		for (int k = 0; k < 8; k++)
			integers[i][k] = (uint8_t)((uint64_t)values[i].integer >> (56 - 8 * k));
		parts[2 * i] = lk_bytes(&kinds[i], 1);
		parts[2 * i + 1] = values[i].kind == LK_VALUE_INT
				       ? lk_bytes(integers[i], sizeof integers[i])
				       : values[i].bytes;
	}
	lk_hash256_parts(
	    "latchkey store row", parts, 2 * (size_t)columns, page->digests[page->seen++]);
	return LK_OK;
}

static lk_status
read_page(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct page *page = (struct page *)arg;

	page->seen = 0;
	return lk_move_page(
	    tx, page->table, page->after, digest_row, page, &page->rows, &page->end, err);
}

static void
page_wipe(struct page *page)
{
	lk_move_key_wipe(&page->end);
}

/* LK_OK: the same rows. */
static lk_status
compare_pages(
    const struct page *source, const struct page *target, uint64_t before, struct lk_error *err)
{
	const size_t both = source->rows < target->rows ? source->rows : target->rows;
	size_t at = 0;

	while (at < both && memcmp(source->digests[at], target->digests[at], LK_DIGEST_LEN) == 0)
		at++;
	if (at == source->rows && at == target->rows)
		return LK_OK;
	return lk_fail(err, LK_DATA_LOSS, "STORE_MOVE_DIFFERS",
	    "row %llu of table %s is not the same on both sides",
	    (unsigned long long)before + at + 1, source->table->name);
}

/* The digest of a table is that of its rows, one after the other. */
static void
add_rows(uint8_t digest[LK_DIGEST_LEN], const struct page *page)
{
	for (size_t i = 0; i < page->rows; i++) {
		const struct lk_bytes parts[] = { lk_bytes(digest, LK_DIGEST_LEN),
			lk_bytes(page->digests[i], LK_DIGEST_LEN) };
		uint8_t next[LK_DIGEST_LEN];

		lk_hash256_parts("latchkey store table", parts, LK_ARRAY_LEN(parts), next);
		memcpy(digest, next, LK_DIGEST_LEN);
	}
}

/* One page of both sides; `after` moves behind it. */
static lk_status
compare_page(struct lk_move_work *work, const struct lk_move_table *table,
    struct lk_move_key *after, struct lk_move_news *news, bool *out_more, struct lk_error *err)
{
	LK_AUTO(page_wipe) struct page source = { .table = table, .after = after };
	LK_AUTO(page_wipe) struct page target = { .table = table, .after = after };

	LK_TRY(lk_move_run(&work->source, work->source.reader, read_page, &source, err));
	LK_TRY(lk_move_run(&work->target, work->target.reader, read_page, &target, err));
	LK_TRY(compare_pages(&source, &target, news->rows, err));
	add_rows(news->digest, &source);
	news->rows += source.rows;
	*out_more = source.rows == LK_MOVE_PAGE;
	lk_move_key_wipe(after);
	*after = source.end;
	source.end = (struct lk_move_key){ 0 };
	return LK_OK;
}

static lk_status
compare_table(struct lk_move_work *work, const struct lk_move_table *table, struct lk_error *err)
{
	LK_AUTO(lk_move_key_wipe) struct lk_move_key after = { 0 };
	struct lk_move_news news = {
		.step = LK_MOVE_COMPARING, .table = table->name, .of_rows = table->rows
	};
	bool more = true;

	while (more) {
		LK_TRY(compare_page(work, table, &after, &news, &more, err));
		LK_TRY(lk_move_tell(work, &news, err));
	}
	if (news.rows != table->rows)
		return lk_fail(err, LK_DATA_LOSS, "STORE_MOVE_DIFFERS",
		    "table %s has %llu rows by its count and %llu by its primary key", table->name,
		    (unsigned long long)table->rows, (unsigned long long)news.rows);
	news.step = LK_MOVE_COMPARED;
	return lk_move_tell(work, &news, err);
}

lk_status
lk_move_compare(struct lk_move_work *work, struct lk_error *err)
{
	for (size_t i = 0; i < work->plan.count; i++)
		LK_TRY(compare_table(work, &work->plan.tables[i], err));
	return LK_OK;
}
