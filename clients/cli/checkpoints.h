/* Signed heads of the trails from their second place, for `audit verify`. */
#ifndef LATCHKEY_CLI_CHECKPOINTS_H
#define LATCHKEY_CLI_CHECKPOINTS_H

#include "audit/checkpoint.h"
#include "cli.h"

struct checkpoints {
	struct lk_checkpoint *at;
	size_t count, room;
};
void checkpoints_free(struct checkpoints *checkpoints);

/*
 * Those of this installation in the file; what else a log holds is passed over. NULL: none.
 * LATCHKEY_DATA_LOSS CHECKPOINT_BROKEN for a line that is not as it was written, in a file of
 * nothing but checkpoints any line that is none; LATCHKEY_NOT_FOUND CHECKPOINTS_MISSING;
 * LATCHKEY_FAILED_PRECONDITION CHECKPOINTS_UNREADABLE.
 */
latchkey_status checkpoints_load(
    struct cli *cli, const char *path, const char *instance, struct checkpoints *out);

/*
 * Heads of one service that the chain has to contain, in order of sequence: `remembered` (or NULL)
 * and the checkpoints. `out` is yours, lk_free. LATCHKEY_DATA_LOSS AUDIT_CHECKPOINT_FORGED when the
 * service did not sign one of them.
 */
latchkey_status checkpoints_of(struct cli *cli, const struct checkpoints *checkpoints,
    const char *service, const uint8_t public_key[32], const latchkey_audit_head *remembered,
    latchkey_audit_head **out, size_t *out_count);

/* Whether there is one of this service at all. */
bool checkpoints_have(const struct checkpoints *checkpoints, const char *service);

#endif
