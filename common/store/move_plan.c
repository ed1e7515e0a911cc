/* What there is to move: the tables that both sides have, each after all that it refers to, and the
 * statements that read and write them. The only SQL of ours that is not a constant: it is made of
 * the names that the databases gave. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "store/migrate.h"
#include "store/move_internal.h"
#include "store/tx.h"

enum { SQL_SIZE = 8192 };

/* ---- What stands in a database ---- */

static struct lk_move_table *
find_table(const struct lk_move_plan *plan, const char *name)
{
	for (size_t i = 0; i < plan->count; i++)
		if (strcmp(plan->tables[i].name, name) == 0)
			return &plan->tables[i];
	return NULL;
}

const struct lk_move_table *
lk_move_plan_find(const struct lk_move_plan *plan, const char *name)
{
	return find_table(plan, name);
}

static lk_status
shape_fail(struct lk_error *err, const char *what, const char *table)
{
	return lk_fail(err, LK_INTERNAL, "STORE_MOVE_SHAPE", "%s: %.60s", what, table);
}

static lk_status
add_column(struct lk_move_plan *plan, struct lk_rows *row, struct lk_error *err)
{
	const char *name = lk_col_text(row, 0);
	const int64_t place = lk_col_int(row, 2);
	struct lk_move_table *table = find_table(plan, name);

	if (!table && plan->count == LK_MOVE_TABLES_MAX)
		return shape_fail(err, "more tables than a move knows", name);
	if (!table) {
		table = &plan->tables[plan->count++];
		(void)lk_text_copy(table->name, sizeof table->name, name);
	}
	if (table->columns == LK_MOVE_COLUMNS_MAX || place > LK_MOVE_KEYS_MAX)
		return shape_fail(err, "a table has more columns than a move knows", name);
	if (place > 0)
		table->key[place - 1] = table->columns;
	table->keys += place > 0;
	(void)lk_text_copy(table->column[table->columns], LK_MOVE_NAME_SIZE, lk_col_text(row, 1));
	table->columns++;
	return LK_OK;
}

static lk_status
read_columns(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	struct lk_move_plan *plan = (struct lk_move_plan *)arg;
	bool has = false;

	memset(plan->tables, 0, LK_MOVE_TABLES_MAX * sizeof *plan->tables);
	plan->count = 0;
	LK_TRY(lk_tx_query_first(tx, lk_tx_driver(tx)->columns, LK_NO_ARGS, &rows, &has, err));
	while (has) {
		LK_TRY(add_column(plan, &rows, err));
		LK_TRY(lk_rows_next(&rows, &has, err));
	}
	return LK_OK;
}

lk_status
lk_move_tables_of(struct lk_move_side *side, struct lk_session *session,
    struct lk_move_plan *out_plan, struct lk_error *err)
{
	struct lk_move_plan plan = { .tables =
					 lk_alloc_array(LK_MOVE_TABLES_MAX, sizeof *plan.tables) };
	lk_status status;

	if (!plan.tables)
		return lk_fail_oom(err);
	status = lk_move_run(side, session, read_columns, &plan, err);
	if (status == LK_OK)
		*out_plan = plan;
	else
		lk_move_plan_wipe(&plan);
	return status;
}

/* ---- The order ---- */

struct references {
	char from[4 * LK_MOVE_TABLES_MAX][LK_MOVE_NAME_SIZE];
	char to[4 * LK_MOVE_TABLES_MAX][LK_MOVE_NAME_SIZE];
	size_t count;
};

static lk_status
read_references(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	struct references *all = (struct references *)arg;
	bool has = false;

	all->count = 0;
	LK_TRY(lk_tx_query_first(tx, lk_tx_driver(tx)->references, LK_NO_ARGS, &rows, &has, err));
	while (has) {
		if (all->count == LK_ARRAY_LEN(all->from))
			return shape_fail(
			    err, "more references than a move knows", lk_col_text(&rows, 0));
		(void)lk_text_copy(all->from[all->count], LK_MOVE_NAME_SIZE, lk_col_text(&rows, 0));
		(void)lk_text_copy(all->to[all->count++], LK_MOVE_NAME_SIZE, lk_col_text(&rows, 1));
		LK_TRY(lk_rows_next(&rows, &has, err));
	}
	return LK_OK;
}

static bool
may_be_next(const struct lk_move_plan *plan, const struct references *all,
    const struct lk_move_table *table)
{
	for (size_t i = 0; i < all->count; i++) {
		const struct lk_move_table *other;

		if (strcmp(all->from[i], table->name) != 0)
			continue;
		other = find_table(plan, all->to[i]);
		if (other && other != table && !other->placed)
			return false;
	}
	return !table->placed;
}

/* Swaps the next table that may come to the front of those that are left. */
static lk_status
put_in_order(struct lk_move_plan *plan, const struct references *all, struct lk_error *err)
{
	for (size_t at = 0; at < plan->count; at++) {
		size_t next = at;

		while (next < plan->count && !may_be_next(plan, all, &plan->tables[next]))
			next++;
		if (next == plan->count)
			return shape_fail(
			    err, "tables refer to each other in a circle", plan->tables[at].name);
		struct lk_move_table taken = plan->tables[next];
		plan->tables[next] = plan->tables[at];
		plan->tables[at] = taken;
		plan->tables[at].placed = true;
	}
	return LK_OK;
}

/* ---- Statements ---- */

struct text {
	char at[SQL_SIZE];
	size_t len;
	bool full;
};

static void __attribute__((format(printf, 2, 3))) add(struct text *text, const char *format, ...)
{
	const size_t room = sizeof text->at - text->len;
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(text->at + text->len, room, format, args);
	va_end(args);
	if (len < 0 || (size_t)len >= room)
		text->full = true;
	else
		text->len += (size_t)len;
}

static void
add_columns(struct text *text, const struct lk_move_table *table)
{
	for (int i = 0; i < table->columns; i++)
		add(text, "%s\"%s\"", i ? ", " : "", table->column[i]);
}

static void
add_keys(struct text *text, const struct lk_move_table *table)
{
	for (int i = 0; i < table->keys; i++)
		add(text, "%s\"%s\"", i ? ", " : "", table->column[table->key[i]]);
}

static void
add_parameters(struct text *text, int count)
{
	for (int i = 1; i <= count; i++)
		add(text, "%s$%d", i > 1 ? ", " : "", i);
}

static void
add_beside_key(struct text *text, const struct lk_move_table *table, const char *compared)
{
	add(text, " WHERE (");
	add_keys(text, table);
	add(text, ") %s (", compared);
	add_parameters(text, table->keys);
	add(text, ")");
}

static char *
finished(struct text *text)
{
	char *whole = text->full ? NULL : lk_text_dup(text->at);

	*text = (struct text){ 0 };
	return whole;
}

static char *
page_text(struct text *text, const struct lk_move_table *table, bool after)
{
	add(text, "SELECT ");
	add_columns(text, table);
	add(text, " FROM \"%s\"", table->name);
	if (after)
		add_beside_key(text, table, ">");
	add(text, " ORDER BY ");
	add_keys(text, table);
	add(text, " LIMIT %d", LK_MOVE_PAGE);
	return finished(text);
}

static char *
insert_text(struct text *text, const struct lk_move_table *table)
{
	add(text, "INSERT INTO \"%s\" (", table->name);
	add_columns(text, table);
	add(text, ") VALUES (");
	add_parameters(text, table->columns);
	add(text, ")");
	return finished(text);
}

static char *
clear_end_text(struct text *text, const struct lk_move_table *table)
{
	add(text, "SELECT ");
	add_keys(text, table);
	add(text, " FROM \"%s\" ORDER BY ", table->name);
	add_keys(text, table);
	add(text, " LIMIT 1 OFFSET %d", LK_MOVE_PAGE - 1);
	return finished(text);
}

static lk_status
write_statements(struct lk_move_table *table, struct lk_error *err)
{
	struct text text = { 0 };

	table->first = page_text(&text, table, false);
	table->next = page_text(&text, table, true);
	table->insert = insert_text(&text, table);
	add(&text, "SELECT count(*) FROM \"%s\"", table->name);
	table->count = finished(&text);
	table->clear_end = clear_end_text(&text, table);
	add(&text, "DELETE FROM \"%s\"", table->name);
	table->clear_all = finished(&text);
	add(&text, "DELETE FROM \"%s\"", table->name);
	add_beside_key(&text, table, "<=");
	table->clear_some = finished(&text);
	if (table->first && table->next && table->insert && table->count && table->clear_end &&
	    table->clear_all && table->clear_some)
		return LK_OK;
	return lk_fail_oom(err);
}

static lk_status
count_rows(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	struct lk_move_table *table = (struct lk_move_table *)arg;
	bool has = false;

	LK_TRY(lk_tx_query_first(tx, table->count, LK_NO_ARGS, &rows, &has, err));
	table->rows = (uint64_t)lk_col_int(&rows, 0);
	return LK_OK;
}

/* ---- Both sides ---- */

static bool
has_column(const struct lk_move_table *table, const char *name)
{
	for (int i = 0; i < table->columns; i++)
		if (strcmp(table->column[i], name) == 0)
			return true;
	return false;
}

static lk_status
check_same(const struct lk_move_table *a, const struct lk_move_table *b, struct lk_error *err)
{
	bool same = a->columns == b->columns && a->keys == b->keys && a->keys > 0;

	for (int i = 0; same && i < a->columns; i++)
		same = has_column(b, a->column[i]);
	for (int i = 0; same && i < a->keys; i++)
		same = strcmp(a->column[a->key[i]], b->column[b->key[i]]) == 0;
	return same ? LK_OK : shape_fail(err, "a table is not the same on both sides", a->name);
}

/* lk_schema is each side's own. */
static lk_status
keep_common(struct lk_move_plan *from, const struct lk_move_plan *to, struct lk_error *err)
{
	size_t kept = 0;

	for (size_t i = 0; i < from->count; i++) {
		const struct lk_move_table *other = find_table(to, from->tables[i].name);

		if (!other || strcmp(other->name, LK_SCHEMA_TABLE) == 0)
			continue;
		LK_TRY(check_same(&from->tables[i], other, err));
		if (kept < i)
			from->tables[kept] = from->tables[i];
		kept++;
	}
	from->count = kept;
	return LK_OK;
}

void
lk_move_plan_wipe(struct lk_move_plan *plan)
{
	for (size_t i = 0; plan->tables && i < plan->count; i++) {
		struct lk_move_table *table = &plan->tables[i];
		char *const texts[] = { table->first, table->next, table->insert, table->count,
			table->clear_end, table->clear_some, table->clear_all };

		for (size_t k = 0; k < LK_ARRAY_LEN(texts); k++)
			lk_free(texts[k]);
	}
	lk_free(plan->tables);
	*plan = (struct lk_move_plan){ 0 };
}

lk_status
lk_move_plan_make(struct lk_move_side *source, struct lk_move_plan *from,
    const struct lk_move_plan *to, struct lk_error *err)
{
	LK_AUTO(lk_freep) struct references *all = LK_ALLOC(struct references);

	if (!all)
		return lk_fail_oom(err);
	LK_TRY(keep_common(from, to, err));
	LK_TRY(lk_move_run(source, source->reader, read_references, all, err));
	LK_TRY(put_in_order(from, all, err));
	for (size_t i = 0; i < from->count; i++) {
		LK_TRY(write_statements(&from->tables[i], err));
		LK_TRY(lk_move_run(source, source->reader, count_rows, &from->tables[i], err));
	}
	return LK_OK;
}
