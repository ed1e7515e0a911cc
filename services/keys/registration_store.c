/* The SQL of accounts that were asked for; see registration_store.h. */
#include "registration_store.h"

#define REGISTRATION_COLUMNS "id, tenant, email, display_name, created_at_ms"

static const char Q_COUNT_ASK[] = "UPDATE registration_asks SET asked = asked + 1 WHERE id = $1";
static const char Q_COUNT_REGISTRATIONS[] = "SELECT count(*) FROM registrations WHERE tenant = $1";
static const char Q_INSERT_REGISTRATION[] =
    "INSERT INTO registrations (" REGISTRATION_COLUMNS ") VALUES ($1, $2, $3, $4, $5) "
    "ON CONFLICT (tenant, email) DO NOTHING";
static const char Q_REGISTRATION_BY_ID[] =
    "SELECT " REGISTRATION_COLUMNS " FROM registrations WHERE tenant = $1 AND id = $2";
static const char Q_REGISTRATION_BY_EMAIL[] =
    "SELECT " REGISTRATION_COLUMNS " FROM registrations WHERE tenant = $1 AND email = $2";
static const char Q_LIST_REGISTRATIONS[] =
    "SELECT " REGISTRATION_COLUMNS
    " FROM registrations WHERE tenant = $1 AND id > $2 ORDER BY id LIMIT $3";
static const char Q_DELETE_REGISTRATION[] = "DELETE FROM registrations WHERE id = $1";
static const char Q_DELETE_OLD_REGISTRATIONS[] =
    "DELETE FROM registrations WHERE tenant = $1 AND created_at_ms < $2";

lk_status
registration_count_ask(struct lk_tx *tx, struct lk_error *err)
{
	return lk_tx_exec(tx, Q_COUNT_ASK, LK_ARGS(lk_text("all")), NULL, err);
}

static lk_status
has_room(struct lk_tx *tx, const char *tenant, bool *out_room, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	bool has;

	LK_TRY(lk_tx_query_first(
	    tx, Q_COUNT_REGISTRATIONS, LK_ARGS(lk_text(tenant)), &rows, &has, err));
	*out_room = has && lk_col_int(&rows, 0) < REGISTRATIONS_OF_TENANT_MAX;
	return LK_OK;
}

lk_status
registration_insert(
    struct lk_tx *tx, const struct registration *r, bool *out_kept, struct lk_error *err)
{
	const int64_t oldest_ms = r->created_at_ms - registration_life_ms;
	int64_t inserted;
	bool room;

	*out_kept = false;
	LK_TRY(lk_tx_exec(tx, Q_DELETE_OLD_REGISTRATIONS,
	    LK_ARGS(lk_text(r->tenant), lk_int(oldest_ms)), NULL, err));
	LK_TRY(has_room(tx, r->tenant, &room, err));
	if (!room)
		return LK_OK;
	LK_TRY(lk_tx_exec(tx, Q_INSERT_REGISTRATION,
	    LK_ARGS(lk_text(r->id), lk_text(r->tenant), lk_text(r->email), lk_text(r->display_name),
		lk_int(r->created_at_ms)),
	    &inserted, err));
	*out_kept = inserted > 0;
	return LK_OK;
}

static lk_status
registration_read(struct lk_rows *rows, struct registration *out, struct lk_error *err)
{
	struct registration r = { .created_at_ms = lk_col_int(rows, 4) };

	if (!lk_text_copy(r.id, sizeof r.id, lk_col_text(rows, 0)) ||
	    !lk_text_copy(r.tenant, sizeof r.tenant, lk_col_text(rows, 1)) ||
	    !lk_text_copy(r.email, sizeof r.email, lk_col_text(rows, 2)) ||
	    !lk_text_copy(r.display_name, sizeof r.display_name, lk_col_text(rows, 3)))
		return lk_fail(
		    err, LK_DATA_LOSS, "STORE_CORRUPT", "a stored registration is not readable");
	*out = r;
	return LK_OK;
}

lk_status
registration_find(struct lk_tx *tx, const char *tenant, const char *name,
    struct registration *out_registration, bool *out_found, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	const char *sql =
	    lk_id_ok(LK_ID_USER, name) ? Q_REGISTRATION_BY_ID : Q_REGISTRATION_BY_EMAIL;

	LK_TRY(lk_tx_query_first(
	    tx, sql, LK_ARGS(lk_text(tenant), lk_text(name)), &rows, out_found, err));
	return *out_found ? registration_read(&rows, out_registration, err) : LK_OK;
}

lk_status
registration_delete(struct lk_tx *tx, const char *id, struct lk_error *err)
{
	return lk_tx_exec(tx, Q_DELETE_REGISTRATION, LK_ARGS(lk_text(id)), NULL, err);
}

lk_status
registration_list(struct lk_tx *tx, const char *tenant, const struct lk_page *page,
    struct lk_arena *arena, struct registration_page *out_page, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	struct registration_page result = {
		lk_arena_array(arena, page->size, sizeof(struct registration)), 0, false
	};
	bool has;

	if (!result.items)
		return lk_fail_oom(err);
	LK_TRY(lk_tx_query_first(tx, Q_LIST_REGISTRATIONS,
	    LK_ARGS(lk_text(tenant), lk_text(page->after), lk_int(page->size + 1)), &rows, &has,
	    err));
	for (; has && result.count < page->size; result.count++) {
		LK_TRY(registration_read(&rows, &result.items[result.count], err));
		LK_TRY(lk_rows_next(&rows, &has, err));
	}
	result.more = has;
	*out_page = result;
	return LK_OK;
}
