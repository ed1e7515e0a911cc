/* What the other files of common/audit need of the sealer. */
#ifndef LK_AUDIT_SEALER_H
#define LK_AUDIT_SEALER_H

#include "audit/audit.h"
#include "audit/chain.h"

struct lk_store *audit_sealer_store(const struct lk_audit_sealer *sealer);
const struct lk_audit_config *audit_sealer_config(const struct lk_audit_sealer *sealer);
int64_t audit_sealer_now_ms(const struct lk_audit_sealer *sealer);
void audit_sealer_read_to_end(struct lk_audit_sealer *sealer); /* by an operator, now */
int64_t audit_sealer_read_to_end_at_ms(const struct lk_audit_sealer *sealer);
void audit_sealer_lost(struct lk_audit_sealer *sealer); /* count one row that was not written */

/* Where the chain ends: the row of audit_head, or the beginning when nothing is sealed yet. */
struct audit_head {
	uint64_t sequence;
	uint8_t hash[LK_CHAIN_HASH_SIZE];
};
lk_status audit_head_read(struct lk_tx *tx, const struct lk_audit_config *config,
    struct audit_head *out, struct lk_error *err);

#endif
