/* See row_sealing.h. */
#include "row_sealing.h"

#include <stdio.h>
#include <string.h>

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
