/* The SQL of tickets and sessions; see session_store.h. */
#include "session_store.h"

#include "row_seal.h"

static const char Q_INSERT_TICKET[] =
    "INSERT INTO tickets (id, tenant, user_id, digest, pepper_version, created_at_ms, "
    "expires_at_ms, redeemed_at_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, 0)";
static const char Q_CLOSE_TICKETS[] =
    "UPDATE tickets SET digest = NULL WHERE user_id = $1 AND digest IS NOT NULL";
static const char Q_TICKET_BY_ID[] =
    "SELECT id, tenant, user_id, digest, pepper_version, created_at_ms, expires_at_ms, "
    "redeemed_at_ms FROM tickets WHERE id = $1";
static const char Q_REDEEM_TICKET[] = "UPDATE tickets SET redeemed_at_ms = $2, digest = NULL "
				      "WHERE id = $1 AND redeemed_at_ms = 0 AND digest IS NOT NULL";
static const char Q_INSERT_SESSION[] =
    "INSERT INTO sessions (id, tenant, user_id, digest, pepper_version, generation, "
    "created_at_ms, expires_at_ms, last_used_at_ms, ended_at_ms) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0)";
static const char Q_SESSION_BY_ID[] =
    "SELECT id, tenant, user_id, digest, pepper_version, generation, created_at_ms, "
    "expires_at_ms, last_used_at_ms, ended_at_ms FROM sessions WHERE id = $1";
static const char Q_LIST_SESSIONS[] =
    "SELECT id, tenant, user_id, digest, pepper_version, generation, created_at_ms, "
    "expires_at_ms, last_used_at_ms, ended_at_ms FROM sessions WHERE user_id = $1 AND id > $2 "
    "AND ended_at_ms = 0 AND expires_at_ms > $3 AND last_used_at_ms > $4 ORDER BY id LIMIT $5";
static const char Q_NEXT_SESSION[] =
    "SELECT id FROM sessions WHERE user_id = $1 AND id > $2 AND ended_at_ms = 0 "
    "AND expires_at_ms > $3 ORDER BY id LIMIT 1";
static const char Q_END_SESSION[] =
    "UPDATE sessions SET digest = NULL, ended_at_ms = $2, generation = generation + 1 "
    "WHERE id = $1 AND ended_at_ms = 0";
static const char Q_SESSION_USED[] =
    "UPDATE sessions SET last_used_at_ms = $2 WHERE id = $1 AND last_used_at_ms < $2";

lk_status
ticket_insert(struct lk_tx *tx, const struct ticket *t, struct lk_error *err)
{
	LK_TRY(lk_tx_exec(tx, Q_CLOSE_TICKETS, LK_ARGS(lk_text(t->user)), NULL, err));
	LK_TRY(lk_tx_exec(tx, Q_INSERT_TICKET,
	    LK_ARGS(lk_text(t->id), lk_text(t->tenant), lk_text(t->user),
		lk_blob(lk_bytes(t->digest, sizeof t->digest)), lk_int(t->pepper_version),
		lk_int(t->created_at_ms), lk_int(t->expires_at_ms)),
	    NULL, err));
	return row_seal(tx, ROW_TICKET, t->id, err);
}

static lk_status
ticket_read(struct lk_rows *rows, struct ticket *out, struct lk_error *err)
{
	struct ticket t = { .has_digest = !lk_col_is_null(rows, 3),
		.pepper_version = (uint32_t)lk_col_int(rows, 4),
		.created_at_ms = lk_col_int(rows, 5),
		.expires_at_ms = lk_col_int(rows, 6),
		.redeemed_at_ms = lk_col_int(rows, 7) };

	if (!lk_text_copy(t.id, sizeof t.id, lk_col_text(rows, 0)) ||
	    !lk_text_copy(t.tenant, sizeof t.tenant, lk_col_text(rows, 1)) ||
	    !lk_text_copy(t.user, sizeof t.user, lk_col_text(rows, 2)))
		return lk_fail(
		    err, LK_DATA_LOSS, "STORE_CORRUPT", "a stored ticket is not readable");
	if (t.has_digest)
		LK_TRY(lk_col_fixed(rows, 3, t.digest, sizeof t.digest, err));
	*out = t;
	return LK_OK;
}

lk_status
ticket_find(struct lk_tx *tx, const char *id, struct ticket *out_ticket, bool *out_found,
    struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };

	LK_TRY(lk_tx_query_first(tx, Q_TICKET_BY_ID, LK_ARGS(lk_text(id)), &rows, out_found, err));
	return *out_found ? ticket_read(&rows, out_ticket, err) : LK_OK;
}

lk_status
ticket_redeem(struct lk_tx *tx, const char *id, int64_t now_ms, bool *out_won, struct lk_error *err)
{
	int64_t changed;

	LK_TRY(
	    lk_tx_exec(tx, Q_REDEEM_TICKET, LK_ARGS(lk_text(id), lk_int(now_ms)), &changed, err));
	*out_won = changed == 1;
	return LK_OK;
}

lk_status
session_insert(struct lk_tx *tx, const struct session *s, struct lk_error *err)
{
	LK_TRY(lk_tx_exec(tx, Q_INSERT_SESSION,
	    LK_ARGS(lk_text(s->id), lk_text(s->tenant), lk_text(s->user),
		lk_blob(lk_bytes(s->digest, sizeof s->digest)), lk_int(s->pepper_version),
		lk_int((int64_t)s->generation), lk_int(s->created_at_ms), lk_int(s->expires_at_ms),
		lk_int(s->last_used_at_ms)),
	    NULL, err));
	return row_seal(tx, ROW_SESSION, s->id, err);
}

static lk_status
session_read(struct lk_rows *rows, struct session *out, struct lk_error *err)
{
	struct session s = { .pepper_version = (uint32_t)lk_col_int(rows, 4),
		.generation = (uint64_t)lk_col_int(rows, 5),
		.created_at_ms = lk_col_int(rows, 6),
		.expires_at_ms = lk_col_int(rows, 7),
		.last_used_at_ms = lk_col_int(rows, 8),
		.ended_at_ms = lk_col_int(rows, 9) };

	if (!lk_text_copy(s.id, sizeof s.id, lk_col_text(rows, 0)) ||
	    !lk_text_copy(s.tenant, sizeof s.tenant, lk_col_text(rows, 1)) ||
	    !lk_text_copy(s.user, sizeof s.user, lk_col_text(rows, 2)))
		return lk_fail(
		    err, LK_DATA_LOSS, "STORE_CORRUPT", "a stored session is not readable");
	if (!lk_col_is_null(rows, 3))
		LK_TRY(lk_col_fixed(rows, 3, s.digest, sizeof s.digest, err));
	*out = s;
	return LK_OK;
}

lk_status
session_find(struct lk_tx *tx, const char *id, struct session *out_session, bool *out_found,
    struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };

	LK_TRY(lk_tx_query_first(tx, Q_SESSION_BY_ID, LK_ARGS(lk_text(id)), &rows, out_found, err));
	return *out_found ? session_read(&rows, out_session, err) : LK_OK;
}

lk_status
session_list(struct lk_tx *tx, const struct session_wish *wish, const struct lk_page *page,
    struct lk_arena *arena, struct session_page *out_page, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	struct session_page result = { lk_arena_array(arena, page->size, sizeof(struct session)), 0,
		false };
	const int64_t used_after_ms = wish->idle_ms ? wish->now_ms - wish->idle_ms : -1;
	bool has;

	if (!result.items)
		return lk_fail_oom(err);
	LK_TRY(lk_tx_query_first(tx, Q_LIST_SESSIONS,
	    LK_ARGS(lk_text(wish->user), lk_text(page->after), lk_int(wish->now_ms),
		lk_int(used_after_ms), lk_int(page->size + 1)),
	    &rows, &has, err));
	for (; has && result.count < page->size; result.count++) {
		LK_TRY(session_read(&rows, &result.items[result.count], err));
		LK_TRY(lk_rows_next(&rows, &has, err));
	}
	result.more = has;
	*out_page = result;
	return LK_OK;
}

lk_status
session_next(struct lk_tx *tx, const struct session_wish *wish, char id[LK_ID_SIZE],
    bool *out_found, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };

	LK_TRY(lk_tx_query_first(tx, Q_NEXT_SESSION,
	    LK_ARGS(lk_text(wish->user), lk_text(id), lk_int(wish->now_ms)), &rows, out_found,
	    err));
	if (*out_found && !lk_text_copy(id, LK_ID_SIZE, lk_col_text(&rows, 0)))
		return lk_fail(
		    err, LK_DATA_LOSS, "STORE_CORRUPT", "a stored session is not readable");
	return LK_OK;
}

lk_status
session_end(struct lk_tx *tx, const char *id, int64_t now_ms, struct lk_error *err)
{
	return lk_tx_exec(tx, Q_END_SESSION, LK_ARGS(lk_text(id), lk_int(now_ms)), NULL, err);
}

lk_status
session_used(struct lk_tx *tx, const char *id, int64_t at_ms, struct lk_error *err)
{
	return lk_tx_exec(tx, Q_SESSION_USED, LK_ARGS(lk_text(id), lk_int(at_ms)), NULL, err);
}
