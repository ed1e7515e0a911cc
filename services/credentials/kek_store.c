/* The only SQL about root keys. */
#include "kek_store.h"

static const char Q_ALL[] = "SELECT id, state, created_at_ms, changed_at_ms,"
			    " (SELECT COUNT(*) FROM tenant_key WHERE tenant_key.kek = kek.id)"
			    " FROM kek ORDER BY created_at_ms, id";
static const char Q_ACTIVE[] = "SELECT id FROM kek WHERE state = 'active'";
static const char Q_PROOF[] = "SELECT proof FROM kek WHERE id = $1";
static const char Q_INSERT[] = "INSERT INTO kek (id, state, proof, created_at_ms, changed_at_ms)"
			       " VALUES ($1, $2, $3, $4, $5)";
static const char Q_UPDATE[] = "UPDATE kek SET state = $2, changed_at_ms = $3 WHERE id = $1";
static const char Q_DELETE[] = "DELETE FROM kek WHERE id = $1";

static lk_status
read_row(struct lk_rows *rows, struct kek *out, struct lk_error *err)
{
	struct kek kek = { .created_at_ms = lk_col_int(rows, 2),
		.changed_at_ms = lk_col_int(rows, 3),
		.wraps = lk_col_int(rows, 4) };

	if (!lk_text_copy(kek.id, sizeof kek.id, lk_col_text(rows, 0)) ||
	    !kek_state_parse(lk_col_text(rows, 1), &kek.state))
		return lk_fail(
		    err, LK_DATA_LOSS, "STORE_CORRUPT", "a root key's row is not readable");
	*out = kek;
	return LK_OK;
}

lk_status
kek_load_all(struct lk_tx *tx, struct kek_list *out_list, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	bool has;

	out_list->count = 0;
	LK_TRY(lk_tx_query_first(tx, Q_ALL, LK_NO_ARGS, &rows, &has, err));
	while (has) {
		if (out_list->count == KEKS_MAX)
			return lk_fail(err, LK_RESOURCE_EXHAUSTED, "KEK_TOO_MANY",
			    "at most %d root keys can be remembered", KEKS_MAX);
		LK_TRY(read_row(&rows, &out_list->keks[out_list->count++], err));
		LK_TRY(lk_rows_next(&rows, &has, err));
	}
	return LK_OK;
}

struct kek *
kek_find(struct kek_list *list, const char *id)
{
	for (size_t i = 0; i < list->count; i++)
		if (lk_text_is(list->keks[i].id, id))
			return &list->keks[i];
	return NULL;
}

struct kek *
kek_find_active(struct kek_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->keks[i].state == KEK_ACTIVE)
			return &list->keks[i];
	return NULL;
}

lk_status
kek_load_active(struct lk_tx *tx, char out_id[LK_KEK_ID_SIZE], struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	bool has;

	LK_TRY(lk_tx_query_first(tx, Q_ACTIVE, LK_NO_ARGS, &rows, &has, err));
	if (!has || !lk_text_copy(out_id, LK_KEK_ID_SIZE, lk_col_text(&rows, 0)))
		return lk_fail(err, LK_FAILED_PRECONDITION, "KEK_MISSING", "no root key is active");
	return LK_OK;
}

lk_status
kek_load_proof(struct lk_tx *tx, const char *id, struct lk_arena *arena, struct lk_bytes *out_proof,
    struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	bool has;

	LK_TRY(lk_tx_query_first(tx, Q_PROOF, LK_ARGS(lk_text(id)), &rows, &has, err));
	if (!has)
		return lk_fail(err, LK_NOT_FOUND, "KEK_MISSING", "there is no such root key");
	const struct lk_bytes proof = lk_col_blob(&rows, 0);
	const void *copy = lk_arena_copy(arena, proof.data, proof.len);
	if (!copy)
		return lk_fail_oom(err);
	*out_proof = lk_bytes(copy, proof.len);
	return LK_OK;
}

lk_status
kek_insert(struct lk_tx *tx, const struct kek *kek, struct lk_bytes proof, struct lk_error *err)
{
	return lk_tx_exec(tx, Q_INSERT,
	    LK_ARGS(lk_text(kek->id), lk_text(kek_state_name(kek->state)), lk_blob(proof),
		lk_int(kek->created_at_ms), lk_int(kek->changed_at_ms)),
	    NULL, err);
}

lk_status
kek_update(struct lk_tx *tx, const struct kek *kek, struct lk_error *err)
{
	return lk_tx_exec(tx, Q_UPDATE,
	    LK_ARGS(
		lk_text(kek->id), lk_text(kek_state_name(kek->state)), lk_int(kek->changed_at_ms)),
	    NULL, err);
}

lk_status
kek_delete(struct lk_tx *tx, const char *id, struct lk_error *err)
{
	return lk_tx_exec(tx, Q_DELETE, LK_ARGS(lk_text(id)), NULL, err);
}
