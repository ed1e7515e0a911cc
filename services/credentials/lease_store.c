/* The only SQL about leases. */
#include "lease_store.h"

enum { FORGET_AFTER_MS = 7 * 24 * 60 * 60 * 1000, FORGET_AT_ONCE = 8 };

#define COLUMNS                                                                                    \
	"id, tenant, owner, provider, credential, worker, job, granted_by, beat_ttl_ms, "          \
	"created_at_ms, heartbeat_at_ms, expires_at_ms, ended_at_ms, ended_by"

static const char Q_INSERT[] =
    "INSERT INTO lease (" COLUMNS ")"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";
static const char Q_COUNT[] =
    "SELECT COUNT(*) FROM lease WHERE credential = $1 AND ended_at_ms = 0 AND expires_at_ms > $2";
static const char Q_FORGET[] = "DELETE FROM lease WHERE id IN (SELECT id FROM lease"
			       " WHERE expires_at_ms < $1 ORDER BY expires_at_ms LIMIT $2)";
static const char Q_BY_ID[] = "SELECT " COLUMNS " FROM lease WHERE id = $1";
static const char Q_UPDATE[] =
    "UPDATE lease SET heartbeat_at_ms = $2, expires_at_ms = $3, ended_at_ms = $4, ended_by = $5"
    " WHERE id = $1";
static const char Q_END_ALL[] = "UPDATE lease SET ended_at_ms = $2, ended_by = $3"
				" WHERE credential = $1 AND ended_at_ms = 0 AND expires_at_ms > $2";
static const char Q_LIST[] =
    "SELECT " COLUMNS " FROM lease WHERE ($1 = '' OR tenant = $1) AND ($2 = '' OR owner = $2)"
    " AND ($3 = '' OR worker = $3 OR granted_by = $3)"
    " AND ($4 = 1 OR (ended_at_ms = 0 AND expires_at_ms > $5))"
    " AND id > $6 ORDER BY id LIMIT $7";

static lk_status
read_row(struct lk_rows *rows, struct lease *out, struct lk_error *err)
{
	struct lease l = {
		.beat_ttl_ms = lk_col_int(rows, 8),
		.created_at_ms = lk_col_int(rows, 9),
		.heartbeat_at_ms = lk_col_int(rows, 10),
		.expires_at_ms = lk_col_int(rows, 11),
		.ended_at_ms = lk_col_int(rows, 12),
	};

	if (!lk_text_copy(l.id, sizeof l.id, lk_col_text(rows, 0)) ||
	    !lk_text_copy(l.tenant, sizeof l.tenant, lk_col_text(rows, 1)) ||
	    !lk_text_copy(l.owner, sizeof l.owner, lk_col_text(rows, 2)) ||
	    !lk_text_copy(l.provider, sizeof l.provider, lk_col_text(rows, 3)) ||
	    !lk_text_copy(l.credential, sizeof l.credential, lk_col_text(rows, 4)) ||
	    !lk_text_copy(l.worker, sizeof l.worker, lk_col_text(rows, 5)) ||
	    !lk_text_copy(l.job, sizeof l.job, lk_col_text(rows, 6)) ||
	    !lk_text_copy(l.granted_by, sizeof l.granted_by, lk_col_text(rows, 7)) ||
	    !lk_text_copy(l.ended_by, sizeof l.ended_by, lk_col_text(rows, 13)))
		return lk_fail(err, LK_DATA_LOSS, "STORE_CORRUPT", "a lease's row is not readable");
	*out = l;
	return LK_OK;
}

static lk_status
not_found(struct lk_error *err)
{
	return lk_fail(err, LK_NOT_FOUND, "LEASE_NOT_FOUND", "there is no such lease");
}

static lk_status
check_room(struct lk_tx *tx, const struct lease *lease, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	bool has;

	LK_TRY(lk_tx_query_first(tx, Q_COUNT,
	    LK_ARGS(lk_text(lease->credential), lk_int(lease->created_at_ms)), &rows, &has, err));
	if (has && lk_col_int(&rows, 0) >= LEASES_OF_CREDENTIAL_MAX)
		return lk_fail(err, LK_RESOURCE_EXHAUSTED, "LEASES_TOO_MANY",
		    "the credential has %d leases already", LEASES_OF_CREDENTIAL_MAX);
	return LK_OK;
}

lk_status
lease_insert(struct lk_tx *tx, const struct lease *l, struct lk_error *err)
{
	LK_TRY(check_room(tx, l, err));
	LK_TRY(lk_tx_exec(tx, Q_FORGET,
	    LK_ARGS(lk_int(l->created_at_ms - FORGET_AFTER_MS), lk_int(FORGET_AT_ONCE)), NULL,
	    err));
	return lk_tx_exec(tx, Q_INSERT,
	    LK_ARGS(lk_text(l->id), lk_text(l->tenant), lk_text(l->owner), lk_text(l->provider),
		lk_text(l->credential), lk_text(l->worker), lk_text(l->job), lk_text(l->granted_by),
		lk_int(l->beat_ttl_ms), lk_int(l->created_at_ms), lk_int(l->heartbeat_at_ms),
		lk_int(l->expires_at_ms), lk_int(l->ended_at_ms), lk_text(l->ended_by)),
	    NULL, err);
}

static lk_status
load(struct lk_tx *tx, const char *id, struct lease *out, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	bool has;

	LK_TRY(lk_tx_query_first(tx, Q_BY_ID, LK_ARGS(lk_text(id)), &rows, &has, err));
	return has ? read_row(&rows, out, err) : not_found(err);
}

lk_status
lease_load_reached(struct lk_tx *tx, const char *id, const struct lk_caller *caller,
    struct lease *out, struct lk_error *err)
{
	struct lease found;

	LK_TRY(load(tx, id, &found, err));
	if (!lease_is_reached_by(&found, caller))
		return not_found(err);
	*out = found;
	return LK_OK;
}

lk_status
lease_load_held(struct lk_tx *tx, const char *id, const struct lk_caller *caller, struct lease *out,
    struct lk_error *err)
{
	struct lease found;

	LK_TRY(load(tx, id, &found, err));
	if (!lk_text_is(found.worker, caller->id))
		return not_found(err);
	*out = found;
	return LK_OK;
}

lk_status
lease_update(struct lk_tx *tx, const struct lease *l, struct lk_error *err)
{
	return lk_tx_exec(tx, Q_UPDATE,
	    LK_ARGS(lk_text(l->id), lk_int(l->heartbeat_at_ms), lk_int(l->expires_at_ms),
		lk_int(l->ended_at_ms), lk_text(l->ended_by)),
	    NULL, err);
}

lk_status
leases_end_of_credential(struct lk_tx *tx, const char *credential, const char *ended_by,
    int64_t now_ms, struct lk_error *err)
{
	return lk_tx_exec(tx, Q_END_ALL,
	    LK_ARGS(lk_text(credential), lk_int(now_ms), lk_text(ended_by)), NULL, err);
}

static struct lk_value
text_or_any(const char *text)
{
	return lk_text(text ? text : "");
}

lk_status
lease_list(struct lk_tx *tx, const struct lease_filter *filter, struct lease *out,
    size_t *out_count, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	size_t count = 0;
	bool has;

	LK_TRY(lk_tx_query_first(tx, Q_LIST,
	    LK_ARGS(text_or_any(filter->tenant), text_or_any(filter->owner),
		text_or_any(filter->party), lk_bool(filter->include_ended), lk_int(filter->now_ms),
		lk_text(filter->after), lk_int((int64_t)filter->limit)),
	    &rows, &has, err));
	while (has && count < filter->limit) {
		LK_TRY(read_row(&rows, &out[count++], err));
		LK_TRY(lk_rows_next(&rows, &has, err));
	}
	*out_count = count;
	return LK_OK;
}
