/* See row_sealing.h. */
#include "row_sealing.h"

#include <stdio.h>
#include <string.h>

#include "audit/prove.h"
#include "key_store.h"
#include "log/log.h"
#include "row_seal_store.h"

enum { ARENA_MAX = 1 << 20, DETAIL_SIZE = 64 };

static const struct lk_caller myself = { .kind = LK_CALLER_SERVICE, .id = "keys" };

/* Where the walk stands; a batch begins from it afresh, however often its transaction runs. */
struct walk {
	struct keys *keys;
	struct lk_arena *arena;
	enum row_kind kind;
	char after[LK_ID_SIZE];
	bool first; /* in the life of this database */
	uint64_t sealed;
	uint64_t batch_sealed;
	struct id_list batch;
};

static lk_status
seal_batch(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct walk *walk = arg;

	lk_arena_reset(walk->arena);
	walk->batch = (struct id_list){ 0 };
	walk->batch_sealed = 0;
	LK_TRY(row_list_not_under(tx, walk->kind, lk_pepper_version(walk->keys->setup.pepper),
	    walk->after, walk->arena, &walk->batch, err));
	for (size_t i = 0; i < walk->batch.count; i++) {
		bool sealed;
		LK_TRY(row_reseal(tx, walk->kind, walk->batch.ids[i], walk->first, &sealed, err));
		walk->batch_sealed += sealed;
	}
	return LK_OK;
}

static lk_status
seal_kind(struct walk *walk, struct lk_error *err)
{
	walk->after[0] = '\0';
	do {
		LK_TRY(
		    lk_store_write(walk->keys->setup.store, LK_NO_DEADLINE, seal_batch, walk, err));
		walk->sealed += walk->batch_sealed;
		if (walk->batch.count > 0)
			lk_text_copy(walk->after, sizeof walk->after,
			    walk->batch.ids[walk->batch.count - 1]);
	} while (walk->batch.count == ROWS_AT_ONCE);
	return LK_OK;
}

static lk_status
look(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct walk *walk = arg;
	bool sealed;

	LK_TRY(rows_are_sealed(tx, &sealed, err));
	walk->first = !sealed;
	return LK_OK;
}

/* The mark and its record in the chained trail, in one transaction: neither is there without the
 * other. */
static lk_status
tell(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	const struct walk *walk = arg;
	const int64_t now_ms = lk_clock_wall_ms(walk->keys->setup.clock);
	char detail[DETAIL_SIZE];

	snprintf(detail, sizeof detail, "%llu rows, pepper version %u",
	    (unsigned long long)walk->sealed, lk_pepper_version(walk->keys->setup.pepper));
	if (walk->first)
		LK_TRY(rows_set_sealed(tx, now_ms, err));
	return lk_audit_write_as(tx, &myself, "", now_ms,
	    &(struct lk_audit_event){
		.action = walk->first ? "rows.sealed" : "rows.resealed", .detail = detail },
	    err);
}

lk_status
rows_seal_old(struct keys *keys, struct lk_error *err)
{
	LK_AUTO(lk_arena_freep) struct lk_arena *arena = lk_arena_new(ARENA_MAX);
	struct walk walk = { .keys = keys, .arena = arena };
	struct lk_store *store = keys->setup.store;

	if (!arena)
		return lk_fail_oom(err);
	LK_TRY(lk_store_read(store, LK_NO_DEADLINE, look, &walk, err));
	for (walk.kind = 0; walk.kind < ROW_KINDS; walk.kind++)
		LK_TRY(seal_kind(&walk, err));
	if (!walk.first && walk.sealed == 0)
		return LK_OK;
	return lk_store_write(store, LK_NO_DEADLINE, tell, &walk, err);
}

/* ---- Is it the first time? ---- */

struct first {
	bool keys_sealed, rows_sealed, any;
};

static lk_status
look_first(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct first *first = arg;

	LK_TRY(key_rows_are_sealed(tx, &first->keys_sealed, err));
	LK_TRY(rows_are_sealed(tx, &first->rows_sealed, err));
	return rows_are_there(tx, &first->any, err);
}

static lk_status
unproven(const char *reason, const char *message, struct lk_error *err)
{
	return lk_fail(err, LK_DATA_LOSS, "SEALS_UNPROVEN",
	    "rows wait for their first seal, and the audit trail, which would say whether they had "
	    "one, is not whole (%s): %s",
	    reason, message);
}

/* A tenant is never made without a record: rows and no trail are no older program's. */
lk_status
rows_first_check(struct keys *keys, struct lk_error *err)
{
	struct first first = { 0 };
	struct lk_trail_proof proof = { 0 };
	struct lk_error why = { 0 };

	LK_TRY(lk_store_read(keys->setup.store, LK_NO_DEADLINE, look_first, &first, err));
	if (!first.any || (first.keys_sealed && first.rows_sealed))
		return LK_OK;
	const lk_status status = lk_audit_prove(keys->setup.sealer, &proof, &why);
	if (status == LK_DATA_LOSS)
		return unproven(why.reason, why.message, err);
	if (status == LK_OK && proof.sequence == 0)
		return unproven("AUDIT_EMPTY", "there are tenants and no record of them", err);
	if (status != LK_OK && err)
		*err = why;
	if (status == LK_OK)
		lk_log(LK_LOG_WARN, "rows.believed", LK_LOG_INT("records", proof.sequence),
		    LK_LOG_INT("checkpoints", proof.checkpoints));
	return status;
}
