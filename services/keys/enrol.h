/* Letting people in: a new ticket for a user, written and audited in the caller's transaction. */
#ifndef LK_KEYS_ENROL_H
#define LK_KEYS_ENROL_H

#include "op.h"
#include "user.h"

/* `out_text` lies in the arena, which wipes it: the only place where the ticket is ever readable.
 */
lk_status ticket_issue(struct op *op, struct lk_tx *tx, const struct user *user, char **out_text,
    int64_t *out_expires_at_ms, struct lk_error *err);

#endif
