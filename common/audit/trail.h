/* Reading the trail back: pages for people, the chain for whoever verifies. Inside common/audit
 * only. */
#ifndef LK_AUDIT_TRAIL_H
#define LK_AUDIT_TRAIL_H

#include "audit/row.h"
#include "audit/sealer.h"

/* Rows that were read, in the arena of the call. */
struct trail_rows {
	struct lk_chain_row *rows;
	uint8_t (*hashes)[LK_CHAIN_HASH_SIZE]; /* zero where sequence is 0 */
	size_t count, room;
	int64_t next_row_id; /* where the next page begins; 0: this was the last */
};

/* "" and 0 filter nothing. */
struct trail_filter {
	const struct lk_caller *caller; /* only rows of tenants it reaches */
	const char *tenant, *action, *object, *actor;
	int64_t since_at_ms;
	int64_t before_row_id; /* 0: from the newest */
	uint32_t size;         /* 1 to 1000; a page may hold fewer */
};

lk_status trail_page(struct lk_store *store, int64_t deadline_steady_ms,
    const struct trail_filter *filter, struct lk_arena *arena, struct trail_rows *out,
    struct lk_error *err);

struct trail_chain {
	struct trail_rows sealed; /* consecutive, after the sequence asked for */
	struct audit_head head;
	uint32_t unsealed; /* at most 1000 are counted */
};
lk_status trail_chain(struct lk_store *store, int64_t deadline_steady_ms,
    const struct lk_audit_config *config, uint64_t after_sequence, uint32_t max_rows,
    struct lk_arena *arena, struct trail_chain *out, struct lk_error *err);

#endif
