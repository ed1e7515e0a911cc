/* See walk.h. */
#include "audit/walk.h"

#include <string.h>

void
lk_chain_walk_begin(struct lk_chain_walk *walk, const char *instance, const char *service,
    const struct lk_chain_mark *marks, size_t marks_count)
{
	*walk = (struct lk_chain_walk){
		.instance = instance, .service = service, .marks = marks, .marks_count = marks_count
	};
	lk_chain_begin(instance, service, walk->hash);
}

static lk_status
broken(struct lk_error *err, const struct lk_chain_walk *walk, const char *reason, const char *what)
{
	return lk_fail(err, LK_DATA_LOSS, reason, "the trail of %s %s (near row %llu)",
	    walk->service, what, (unsigned long long)walk->sequence);
}

static bool
is_hash(struct lk_bytes bytes, const uint8_t hash[LK_CHAIN_HASH_SIZE])
{
	return bytes.len == LK_CHAIN_HASH_SIZE && memcmp(bytes.data, hash, LK_CHAIN_HASH_SIZE) == 0;
}

static lk_status
check_marks(struct lk_chain_walk *walk, struct lk_error *err)
{
	while (walk->marks_count > 0 && walk->marks->sequence == walk->sequence) {
		if (memcmp(walk->marks->hash, walk->hash, sizeof walk->hash) != 0)
			return broken(err, walk, "AUDIT_REWRITTEN",
			    "is not the one that it was when a head of it was kept");
		walk->marks++;
		walk->marks_count--;
	}
	return LK_OK;
}

lk_status
lk_chain_walk_row(struct lk_chain_walk *walk, const struct lk_chain_row *row,
    struct lk_bytes stored_hash, struct lk_error *err)
{
	uint8_t next[LK_CHAIN_HASH_SIZE];

	if (row->sequence != walk->sequence + 1)
		return broken(err, walk, "AUDIT_GAP", "leaves out a row or has two in one place");
	lk_chain_next(walk->hash, row, next);
	memcpy(walk->hash, next, sizeof walk->hash);
	walk->sequence = row->sequence;
	if (!is_hash(stored_hash, walk->hash))
		return broken(
		    err, walk, "AUDIT_ROW_BROKEN", "has a row that is not as it was written");
	return check_marks(walk, err);
}

lk_status
lk_chain_walk_end(const struct lk_chain_walk *walk, const struct lk_chain_end *end,
    const uint8_t public_key[32], struct lk_error *err)
{
	if (walk->marks_count > 0)
		return broken(err, walk, "AUDIT_CUT", "is shorter than when a head of it was kept");
	if (walk->sequence < end->sequence)
		return broken(err, walk, "AUDIT_GAP", "ends before its head");
	if (!is_hash(end->hash, walk->hash))
		return broken(err, walk, "AUDIT_HEAD_BROKEN",
		    "has a head that does not follow from its rows");
	if (end->signature.len != 64 ||
	    !lk_chain_head_ok(public_key, walk->instance, walk->service, end->sequence, walk->hash,
		end->signed_at_ms, end->signature.data))
		return broken(
		    err, walk, "AUDIT_SIGNATURE", "has a head that the service did not sign");
	return LK_OK;
}
