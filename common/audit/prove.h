/* Whether a service's own trail is as it wrote it, for itself; others ask with `audit verify`. */
#ifndef LK_AUDIT_PROVE_H
#define LK_AUDIT_PROVE_H

#include "audit/audit.h"

struct lk_trail_proof {
	uint64_t sequence;  /* of the newest row */
	size_t checkpoints; /* of the second place that the chain holds; 0: nothing but itself
			       speaks for it */
};

/*
 * Computes the whole chain again, and holds it against every checkpoint of ours in the second place
 * that is a file. DATA_LOSS AUDIT_… as walk.h says, UNAVAILABLE CHECKPOINTS_UNREADABLE, and the
 * errors of lk_audit_seal_now. Blocks, as long as the trail is; not on the sealer's thread.
 */
lk_status lk_audit_prove(
    struct lk_audit_sealer *sealer, struct lk_trail_proof *out_proof, struct lk_error *err);

#endif
