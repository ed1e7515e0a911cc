/* A place between two rows of a table, and the page of rows behind it. */
#include <string.h>

#include "base/alloc.h"
#include "store/move_internal.h"

void
lk_move_key_wipe(struct lk_move_key *key)
{
	for (size_t i = 0; i < LK_MOVE_KEYS_MAX; i++)
		lk_free(key->owned[i]);
	*key = (struct lk_move_key){ 0 };
}

static bool
own_bytes(struct lk_move_key *key, size_t i)
{
	const struct lk_bytes bytes = key->values[i].bytes;

	if (bytes.len == 0)
		return true;
	key->owned[i] = lk_alloc(bytes.len);
	if (!key->owned[i])
		return false;
	memcpy(key->owned[i], bytes.data, bytes.len);
	key->values[i].bytes = lk_bytes(key->owned[i], bytes.len);
	return true;
}

lk_status
lk_move_key_set(struct lk_move_key *key, const struct lk_move_table *table,
    const struct lk_value *values, struct lk_error *err)
{
	lk_move_key_wipe(key);
	for (int i = 0; i < table->keys; i++) {
		key->values[i] = values[table->key[i]];
		if (!own_bytes(key, (size_t)i))
			return lk_fail_oom(err);
	}
	key->count = (size_t)table->keys;
	return LK_OK;
}

static lk_status
read_row(struct lk_rows *rows, const struct lk_move_table *table, struct lk_value *out_values,
    struct lk_error *err)
{
	for (int i = 0; i < table->columns; i++)
		LK_TRY(lk_move_column(rows, i, &out_values[i], err));
	return LK_OK;
}

lk_status
lk_move_page(struct lk_tx *tx, const struct lk_move_table *table, const struct lk_move_key *after,
    lk_move_row_fn *each, void *arg, size_t *out_rows, struct lk_move_key *out_end,
    struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	const struct lk_args place = { after->values, after->count };
	struct lk_value values[LK_MOVE_COLUMNS_MAX];
	size_t count = 0;
	bool has = false;

	LK_TRY(lk_tx_query_first(
	    tx, after->count ? table->next : table->first, place, &rows, &has, err));
	while (has) {
		LK_TRY(read_row(&rows, table, values, err));
		LK_TRY(each(arg, values, err));
		if (++count == LK_MOVE_PAGE && out_end)
			LK_TRY(lk_move_key_set(out_end, table, values, err));
		LK_TRY(lk_rows_next(&rows, &has, err));
	}
	*out_rows = count;
	return LK_OK;
}
