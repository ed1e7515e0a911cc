/* Verifying a chain by computing it again, row after row: pure, no store, no clock. */
#ifndef LK_AUDIT_WALK_H
#define LK_AUDIT_WALK_H

#include "audit/chain.h"

/* A head that was seen before or lies in a second place: the chain has to contain it. */
struct lk_chain_mark {
	uint64_t sequence;
	uint8_t hash[LK_CHAIN_HASH_SIZE];
};

/* Everything up to `sequence` was computed again. Texts and marks are borrowed. */
struct lk_chain_walk {
	const char *instance, *service;
	uint64_t sequence;
	uint8_t hash[LK_CHAIN_HASH_SIZE];
	const struct lk_chain_mark *marks; /* those that were not reached yet */
	size_t marks_count;
};

/* `marks` are in order of sequence, each above 0; there may be several of one sequence. */
void lk_chain_walk_begin(struct lk_chain_walk *walk, const char *instance, const char *service,
    const struct lk_chain_mark *marks, size_t marks_count);

/*
 * The next row and the hash that is stored with it. DATA_LOSS AUDIT_GAP (a row is left out, or two
 * are in one place), AUDIT_ROW_BROKEN (not as it was written), AUDIT_REWRITTEN (a mark says
 * otherwise).
 */
lk_status lk_chain_walk_row(struct lk_chain_walk *walk, const struct lk_chain_row *row,
    struct lk_bytes stored_hash, struct lk_error *err);

/* What the service says of the end of its chain. */
struct lk_chain_end {
	uint64_t sequence;
	struct lk_bytes hash, signature;
	int64_t signed_at_ms;
};

/* After the last row. DATA_LOSS AUDIT_CUT (a mark lies behind the end), AUDIT_GAP,
 * AUDIT_HEAD_BROKEN, AUDIT_SIGNATURE. */
lk_status lk_chain_walk_end(const struct lk_chain_walk *walk, const struct lk_chain_end *end,
    const uint8_t public_key[32], struct lk_error *err);

#endif
