/* The SQL of trusted issuers; see issuer_store.h. */
#include "issuer_store.h"

#include "row_seal.h"

static const char Q_SAVE_ISSUER[] =
    "INSERT INTO trusted_issuers (tenant, issuer, audience, jwks, created_at_ms) "
    "VALUES ($1, $2, $3, $4, $5) ON CONFLICT (tenant, issuer) DO UPDATE SET "
    "audience = excluded.audience, jwks = excluded.jwks";
static const char Q_FIND_ISSUER[] =
    "SELECT tenant, issuer, audience, jwks, created_at_ms FROM trusted_issuers "
    "WHERE tenant = $1 AND issuer = $2";
static const char Q_LIST_ISSUERS[] =
    "SELECT tenant, issuer, audience, jwks, created_at_ms FROM trusted_issuers "
    "WHERE tenant = $1 ORDER BY issuer LIMIT $2";
static const char Q_NEXT_LINKED[] =
    "SELECT user_id FROM linked_subjects WHERE tenant = $1 AND issuer = $2 LIMIT 1";
static const char Q_REMOVE_LINKS[] =
    "DELETE FROM linked_subjects WHERE tenant = $1 AND issuer = $2 AND user_id = $3";
static const char Q_REMOVE_ISSUER[] =
    "DELETE FROM trusted_issuers WHERE tenant = $1 AND issuer = $2";
static const char Q_LINK_SUBJECT[] =
    "INSERT INTO linked_subjects (tenant, issuer, subject, user_id) VALUES ($1, $2, $3, $4) "
    "ON CONFLICT (tenant, issuer, subject) DO NOTHING";
static const char Q_UNLINK_SUBJECT[] = "DELETE FROM linked_subjects WHERE tenant = $1 AND "
				       "issuer = $2 AND subject = $3 AND user_id = $4";
static const char Q_SUBJECT_USER[] = "SELECT user_id FROM linked_subjects WHERE tenant = $1 AND "
				     "issuer = $2 AND subject = $3";
static const char Q_SUBJECT_USERS[] =
    "SELECT DISTINCT user_id FROM linked_subjects WHERE tenant = $1 AND issuer = $2 AND "
    "user_id > $3 ORDER BY user_id LIMIT $4";

lk_status
issuer_save(struct lk_tx *tx, const struct issuer *issuer, struct lk_error *err)
{
	return row_write(tx, ROW_TENANT, issuer->tenant, Q_SAVE_ISSUER,
	    LK_ARGS(lk_text(issuer->tenant), lk_text(issuer->issuer), lk_text(issuer->audience),
		lk_text(issuer->jwks), lk_int(issuer->created_at_ms)),
	    err);
}

static lk_status
issuer_read(struct lk_rows *rows, struct lk_arena *arena, struct issuer *out, struct lk_error *err)
{
	struct issuer issuer = { .created_at_ms = lk_col_int(rows, 4) };

	if (!lk_text_copy(issuer.tenant, sizeof issuer.tenant, lk_col_text(rows, 0)) ||
	    !lk_text_copy(issuer.issuer, sizeof issuer.issuer, lk_col_text(rows, 1)) ||
	    !lk_text_copy(issuer.audience, sizeof issuer.audience, lk_col_text(rows, 2)))
		return lk_fail(
		    err, LK_DATA_LOSS, "STORE_CORRUPT", "a stored issuer is not readable");
	issuer.jwks = lk_arena_text(arena, lk_col_text(rows, 3));
	if (!issuer.jwks)
		return lk_fail_oom(err);
	*out = issuer;
	return LK_OK;
}

lk_status
issuer_find(struct lk_tx *tx, const char *tenant, const char *name, struct lk_arena *arena,
    struct issuer *out_issuer, bool *out_found, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };

	LK_TRY(lk_tx_query_first(
	    tx, Q_FIND_ISSUER, LK_ARGS(lk_text(tenant), lk_text(name)), &rows, out_found, err));
	return *out_found ? issuer_read(&rows, arena, out_issuer, err) : LK_OK;
}

lk_status
issuer_list(struct lk_tx *tx, const char *tenant, struct lk_arena *arena, struct issuer **out_list,
    size_t *out_count, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	struct issuer *list = lk_arena_array(arena, ISSUERS_PER_TENANT, sizeof *list);
	size_t count = 0;
	bool has;

	if (!list)
		return lk_fail_oom(err);
	LK_TRY(lk_tx_query_first(tx, Q_LIST_ISSUERS,
	    LK_ARGS(lk_text(tenant), lk_int(ISSUERS_PER_TENANT)), &rows, &has, err));
	for (; has && count < ISSUERS_PER_TENANT; count++) {
		LK_TRY(issuer_read(&rows, arena, &list[count], err));
		LK_TRY(lk_rows_next(&rows, &has, err));
	}
	*out_list = list;
	*out_count = count;
	return LK_OK;
}

/* Each user has their links under their own seal. */
static lk_status
remove_links(
    struct lk_tx *tx, const char *tenant, const char *name, bool *out_more, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	char user[LK_ID_SIZE];

	LK_TRY(lk_tx_query_first(
	    tx, Q_NEXT_LINKED, LK_ARGS(lk_text(tenant), lk_text(name)), &rows, out_more, err));
	if (!*out_more)
		return LK_OK;
	lk_text_copy(user, sizeof user, lk_col_text(&rows, 0));
	lk_rows_end(&rows);
	return row_write(tx, ROW_USER, user, Q_REMOVE_LINKS,
	    LK_ARGS(lk_text(tenant), lk_text(name), lk_text(user)), err);
}

lk_status
issuer_remove(
    struct lk_tx *tx, const char *tenant, const char *name, bool *out_removed, struct lk_error *err)
{
	struct row_change change;
	int64_t removed;
	bool more = true;

	while (more)
		LK_TRY(remove_links(tx, tenant, name, &more, err));
	LK_TRY(row_change_begin(tx, ROW_TENANT, tenant, &change, err));
	LK_TRY(lk_tx_exec(
	    tx, Q_REMOVE_ISSUER, LK_ARGS(lk_text(tenant), lk_text(name)), &removed, err));
	*out_removed = removed == 1;
	return row_change_end(tx, &change, err);
}

lk_status
subject_link(
    struct lk_tx *tx, const struct linked_subject *s, const char *user, struct lk_error *err)
{
	struct row_change change;
	int64_t linked;

	LK_TRY(row_change_begin(tx, ROW_USER, user, &change, err));
	LK_TRY(lk_tx_exec(tx, Q_LINK_SUBJECT,
	    LK_ARGS(lk_text(s->tenant), lk_text(s->issuer), lk_text(s->subject), lk_text(user)),
	    &linked, err));
	return linked == 1 ? row_change_end(tx, &change, err)
			   : lk_fail(err, LK_ALREADY_EXISTS, "SUBJECT_LINKED",
				 "that subject is a user already: unlink it first");
}

lk_status
subject_unlink(struct lk_tx *tx, const struct linked_subject *s, const char *user,
    bool *out_removed, struct lk_error *err)
{
	struct row_change change;
	int64_t removed;

	LK_TRY(row_change_begin(tx, ROW_USER, user, &change, err));
	LK_TRY(lk_tx_exec(tx, Q_UNLINK_SUBJECT,
	    LK_ARGS(lk_text(s->tenant), lk_text(s->issuer), lk_text(s->subject), lk_text(user)),
	    &removed, err));
	*out_removed = removed == 1;
	return row_change_end(tx, &change, err);
}

lk_status
subject_user(struct lk_tx *tx, const struct linked_subject *s, char out_user[LK_ID_SIZE],
    bool *out_found, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };

	LK_TRY(lk_tx_query_first(tx, Q_SUBJECT_USER,
	    LK_ARGS(lk_text(s->tenant), lk_text(s->issuer), lk_text(s->subject)), &rows, out_found,
	    err));
	if (*out_found && !lk_text_copy(out_user, LK_ID_SIZE, lk_col_text(&rows, 0)))
		return lk_fail(
		    err, LK_DATA_LOSS, "STORE_CORRUPT", "a linked subject is not readable");
	return LK_OK;
}

lk_status
subject_users(struct lk_tx *tx, const char *tenant, const char *issuer, const char *after,
    struct linked_users *out, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	bool has;

	out->count = 0;
	LK_TRY(lk_tx_query_first(tx, Q_SUBJECT_USERS,
	    LK_ARGS(lk_text(tenant), lk_text(issuer), lk_text(after), lk_int(LK_PAGE_ROWS_MAX)),
	    &rows, &has, err));
	for (; has && out->count < LK_PAGE_ROWS_MAX; out->count++) {
		if (!lk_text_copy(out->users[out->count], LK_ID_SIZE, lk_col_text(&rows, 0)))
			return lk_fail(
			    err, LK_DATA_LOSS, "STORE_CORRUPT", "a linked subject is not readable");
		LK_TRY(lk_rows_next(&rows, &has, err));
	}
	return LK_OK;
}
