/*
 * The second place of signed heads: "file:/PATH" (appended to, made with mode 0600, synced) or
 * "syslog" (facility authpriv). Several services may share a file, and a file that was moved away
 * (log rotation) is made anew.
 */
#ifndef LK_AUDIT_CHECKPOINTS_H
#define LK_AUDIT_CHECKPOINTS_H

#include "audit/checkpoint.h"
#include "audit/walk.h"
#include "base/base.h"

struct lk_checkpoints;

/* INVALID_ARGUMENT CHECKPOINTS_INVALID; UNAVAILABLE CHECKPOINTS_UNWRITABLE. */
lk_status lk_checkpoints_open(
    const char *place, struct lk_checkpoints **out_checkpoints, struct lk_error *err);

/*
 * One line more, or none: of one that did not fit nothing is left behind, and where another writer
 * left half a line the new one begins after it. UNAVAILABLE CHECKPOINTS_UNWRITABLE. One thread at a
 * time.
 */
lk_status lk_checkpoints_add(struct lk_checkpoints *checkpoints,
    const struct lk_checkpoint *checkpoint, struct lk_error *err);

/*
 * Every head of this service that lies in a file, in its order; signatures are not checked, for one
 * that is forged can only make us stricter. NULL and the system's log hold none. *out_marks is
 * yours, lk_free. UNAVAILABLE CHECKPOINTS_UNREADABLE.
 */
lk_status lk_checkpoints_heads(const struct lk_checkpoints *checkpoints, const char *instance,
    const char *service, struct lk_chain_mark **out_marks, size_t *out_count, struct lk_error *err);

/* Whether the file that was written to is no longer the one of its name: what it held is not in the
 * place any more. */
bool lk_checkpoints_were_moved(const struct lk_checkpoints *checkpoints);

void lk_checkpoints_close(struct lk_checkpoints *checkpoints);
LK_DEFINE_FREEP(lk_checkpoints_closep, struct lk_checkpoints *, lk_checkpoints_close)

#endif
