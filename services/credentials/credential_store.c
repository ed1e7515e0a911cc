/* The only SQL about provider credentials. */
#include "credential_store.h"

enum { TOUCH_EVERY_MS = 60000 };

#define COLUMNS                                                                                    \
	"id, tenant, owner, provider, label, hint, version, created_at_ms, expires_at_ms, "        \
	"last_used_at_ms, holder"

static const char Q_INSERT[] =
    "INSERT INTO credential (" COLUMNS ", sealed)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT "
    "DO NOTHING";
static const char Q_ONE_OF_TENANT[] =
    "SELECT id FROM credential WHERE tenant = $1 AND provider = $2 LIMIT 1";
static const char Q_BY_ID[] = "SELECT " COLUMNS " FROM credential WHERE id = $1";
static const char Q_BY_OWNER[] = "SELECT " COLUMNS ", sealed FROM credential"
				 " WHERE tenant = $1 AND owner = $2 AND provider = $3";
static const char Q_RELABEL[] = "UPDATE credential SET label = $2 WHERE id = $1";
static const char Q_RESEAL[] = "UPDATE credential SET version = $2, hint = $3, expires_at_ms = $4,"
			       " sealed = $5 WHERE id = $1 AND version = $6";
static const char Q_DELETE[] = "DELETE FROM credential WHERE id = $1";
static const char Q_TOUCH[] =
    "UPDATE credential SET last_used_at_ms = $2 WHERE id = $1 AND last_used_at_ms <= $3";
static const char Q_LIST[] =
    "SELECT " COLUMNS " FROM credential WHERE ($1 = '' OR tenant = $1) AND ($2 = '' OR owner = $2)"
    " AND id > $3 ORDER BY id LIMIT $4";

static lk_status
read_row(struct lk_rows *rows, struct credential *out, struct lk_error *err)
{
	struct credential c = {
		.version = lk_col_int(rows, 6),
		.created_at_ms = lk_col_int(rows, 7),
		.expires_at_ms = lk_col_int(rows, 8),
		.last_used_at_ms = lk_col_int(rows, 9),
		.one_per_tenant = lk_col_text(rows, 10)[0] == '\0',
	};

	if (!lk_text_copy(c.id, sizeof c.id, lk_col_text(rows, 0)) ||
	    !lk_text_copy(c.tenant, sizeof c.tenant, lk_col_text(rows, 1)) ||
	    !lk_text_copy(c.owner, sizeof c.owner, lk_col_text(rows, 2)) ||
	    !lk_text_copy(c.provider, sizeof c.provider, lk_col_text(rows, 3)) ||
	    !lk_text_copy(c.label, sizeof c.label, lk_col_text(rows, 4)) ||
	    !lk_text_copy(c.hint, sizeof c.hint, lk_col_text(rows, 5)))
		return lk_fail(
		    err, LK_DATA_LOSS, "STORE_CORRUPT", "a credential's row is not readable");
	*out = c;
	return LK_OK;
}

static lk_status
not_found(struct lk_error *err)
{
	return lk_fail(err, LK_NOT_FOUND, "CREDENTIAL_NOT_FOUND", "there is no such credential");
}

static lk_status
exists(const struct credential *c, struct lk_error *err)
{
	return lk_fail(err, LK_ALREADY_EXISTS, "CREDENTIAL_EXISTS",
	    "there is a credential for %s already: replace or delete it", c->provider);
}

/* Of those made when policy still allowed one for each user; the index knows the others. */
static lk_status
check_only_of_tenant(struct lk_tx *tx, const struct credential *c, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	bool has;

	LK_TRY(lk_tx_query_first(tx, Q_ONE_OF_TENANT,
	    LK_ARGS(lk_text(c->tenant), lk_text(c->provider)), &rows, &has, err));
	return has ? exists(c, err) : LK_OK;
}

lk_status
credential_insert(
    struct lk_tx *tx, const struct credential *c, struct lk_bytes sealed, struct lk_error *err)
{
	int64_t inserted;

	if (c->one_per_tenant)
		LK_TRY(check_only_of_tenant(tx, c, err));
	LK_TRY(lk_tx_exec(tx, Q_INSERT,
	    LK_ARGS(lk_text(c->id), lk_text(c->tenant), lk_text(c->owner), lk_text(c->provider),
		lk_text(c->label), lk_text(c->hint), lk_int(c->version), lk_int(c->created_at_ms),
		lk_int(c->expires_at_ms), lk_int(c->last_used_at_ms),
		lk_text(c->one_per_tenant ? "" : c->owner), lk_blob(sealed)),
	    &inserted, err));
	return inserted == 0 ? exists(c, err) : LK_OK;
}

lk_status
credential_load(struct lk_tx *tx, const char *id, struct credential *out, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	bool has;

	LK_TRY(lk_tx_query_first(tx, Q_BY_ID, LK_ARGS(lk_text(id)), &rows, &has, err));
	return has ? read_row(&rows, out, err) : not_found(err);
}

lk_status
credential_load_managed(struct lk_tx *tx, const char *id, const struct lk_caller *caller,
    struct credential *out, struct lk_error *err)
{
	LK_TRY(credential_load(tx, id, out, err));
	return credential_is_managed_by(out, caller) ? LK_OK : not_found(err);
}

lk_status
credential_load_sealed(struct lk_tx *tx, const char *tenant, const char *owner,
    const char *provider, struct lk_arena *arena, struct credential *out,
    struct lk_bytes *out_sealed, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	bool has;

	LK_TRY(lk_tx_query_first(tx, Q_BY_OWNER,
	    LK_ARGS(lk_text(tenant), lk_text(owner), lk_text(provider)), &rows, &has, err));
	if (!has)
		return not_found(err);
	LK_TRY(read_row(&rows, out, err));
	const struct lk_bytes sealed = lk_col_blob(&rows, 11);
	const void *copy = lk_arena_copy(arena, sealed.data, sealed.len);
	if (!copy)
		return lk_fail_oom(err);
	*out_sealed = lk_bytes(copy, sealed.len);
	return LK_OK;
}

lk_status
credential_relabel(struct lk_tx *tx, const char *id, const char *label, struct lk_error *err)
{
	return lk_tx_exec(tx, Q_RELABEL, LK_ARGS(lk_text(id), lk_text(label)), NULL, err);
}

lk_status
credential_reseal(
    struct lk_tx *tx, const struct credential *c, struct lk_bytes sealed, struct lk_error *err)
{
	int64_t changed;

	LK_TRY(lk_tx_exec(tx, Q_RESEAL,
	    LK_ARGS(lk_text(c->id), lk_int(c->version), lk_text(c->hint), lk_int(c->expires_at_ms),
		lk_blob(sealed), lk_int(c->version - 1)),
	    &changed, err));
	if (changed == 0)
		return lk_fail(err, LK_ABORTED, "CREDENTIAL_CHANGED",
		    "the credential was changed by somebody else at the same time");
	return LK_OK;
}

lk_status
credential_delete(struct lk_tx *tx, const char *id, struct lk_error *err)
{
	return lk_tx_exec(tx, Q_DELETE, LK_ARGS(lk_text(id)), NULL, err);
}

lk_status
credential_touch(struct lk_tx *tx, const struct credential *c, int64_t now_ms, struct lk_error *err)
{
	const int64_t due_ms = now_ms - TOUCH_EVERY_MS;

	if (c->last_used_at_ms > due_ms)
		return LK_OK;
	return lk_tx_exec(
	    tx, Q_TOUCH, LK_ARGS(lk_text(c->id), lk_int(now_ms), lk_int(due_ms)), NULL, err);
}

lk_status
credential_list(struct lk_tx *tx, const struct credential_filter *filter, struct credential *out,
    size_t *out_count, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	size_t count = 0;
	bool has;

	LK_TRY(lk_tx_query_first(tx, Q_LIST,
	    LK_ARGS(lk_text(filter->tenant ? filter->tenant : ""),
		lk_text(filter->owner ? filter->owner : ""), lk_text(filter->after),
		lk_int((int64_t)filter->limit)),
	    &rows, &has, err));
	while (has && count < filter->limit) {
		LK_TRY(read_row(&rows, &out[count++], err));
		LK_TRY(lk_rows_next(&rows, &has, err));
	}
	*out_count = count;
	return LK_OK;
}
