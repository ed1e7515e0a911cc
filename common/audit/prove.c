/* See prove.h. */
#include "audit/prove.h"

#include <stdlib.h>
#include <string.h>

#include "audit/trail.h"
#include "audit/walk.h"
#include "base/alloc.h"

enum { ARENA_MAX = 1 << 20, ROWS_AT_ONCE = 256 };

static int
by_sequence(const void *a, const void *b)
{
	const struct lk_chain_mark *one = a, *two = b;

	return (one->sequence > two->sequence) - (one->sequence < two->sequence);
}

/* A head of nothing is no mark. */
static size_t
in_order(struct lk_chain_mark *marks, size_t count)
{
	size_t empty = 0;

	if (count > 1)
		qsort(marks, count, sizeof *marks, by_sequence);
	while (empty < count && marks[empty].sequence == 0)
		empty++;
	if (empty > 0)
		memmove(marks, marks + empty, (count - empty) * sizeof *marks);
	return count - empty;
}

static lk_status
walk_on(const struct lk_audit_sealer *sealer, struct lk_chain_walk *walk, struct lk_arena *arena,
    struct trail_chain *chain, struct lk_error *err)
{
	lk_arena_reset(arena);
	LK_TRY(trail_chain(audit_sealer_store(sealer), LK_NO_DEADLINE, audit_sealer_config(sealer),
	    walk->sequence, ROWS_AT_ONCE, arena, chain, err));
	for (size_t i = 0; i < chain->sealed.count; i++)
		LK_TRY(lk_chain_walk_row(walk, &chain->sealed.rows[i],
		    lk_bytes(chain->sealed.hashes[i], LK_CHAIN_HASH_SIZE), err));
	return LK_OK;
}

/* The head is ours to sign: what is in question is whether it follows from the rows. */
static lk_status
walk_to_end(const struct lk_audit_sealer *sealer, struct lk_chain_walk *walk,
    struct lk_arena *arena, struct lk_error *err)
{
	const struct lk_audit_config *config = audit_sealer_config(sealer);
	const int64_t now_ms = audit_sealer_now_ms(sealer);
	struct trail_chain chain;
	uint8_t signature[LK_SIGNATURE_LEN];

	do {
		LK_TRY(walk_on(sealer, walk, arena, &chain, err));
	} while (chain.sealed.count > 0);
	lk_chain_head_sign(config->signing_key, config->instance, config->service,
	    chain.head.sequence, chain.head.hash, now_ms, signature);
	const struct lk_chain_end end = { .sequence = chain.head.sequence,
		.hash = lk_bytes(chain.head.hash, sizeof chain.head.hash),
		.signature = lk_bytes(signature, sizeof signature),
		.signed_at_ms = now_ms };
	return lk_chain_walk_end(walk, &end, lk_sign_key_public(config->signing_key), err);
}

lk_status
lk_audit_prove(
    struct lk_audit_sealer *sealer, struct lk_trail_proof *out_proof, struct lk_error *err)
{
	const struct lk_audit_config *config = audit_sealer_config(sealer);
	LK_AUTO(lk_arena_freep) struct lk_arena *arena = lk_arena_new(ARENA_MAX);
	LK_AUTO(lk_freep) struct lk_chain_mark *marks = NULL;
	struct lk_chain_walk walk;
	size_t count;

	if (!arena)
		return lk_fail_oom(err);
	LK_TRY(lk_audit_seal_now(sealer, err));
	LK_TRY(lk_checkpoints_heads(
	    config->checkpoints, config->instance, config->service, &marks, &count, err));
	count = in_order(marks, count);
	lk_chain_walk_begin(&walk, config->instance, config->service, marks, count);
	LK_TRY(walk_to_end(sealer, &walk, arena, err));
	*out_proof = (struct lk_trail_proof){ walk.sequence, count };
	return LK_OK;
}
