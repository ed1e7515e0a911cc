/* Letting people in: which roles the caller may give a new user; and a new ticket, written and
 * audited in the caller's transaction. */
#ifndef LK_KEYS_ENROL_H
#define LK_KEYS_ENROL_H

#include "op.h"
#include "tenant.h"
#include "user.h"

/* By their names; none: member, which is what a tenant's policy makes it. Every other role is for
 * roles.manage to give. INVALID_ARGUMENT ROLE_UNKNOWN; PERMISSION_DENIED PERMISSION_MISSING,
 * PERMISSION_EXCEEDS. */
lk_status roles_to_give(struct op *op, struct lk_tx *tx, const struct tenant *tenant,
    char *const *names, size_t count, struct roles *out_roles, struct lk_error *err);

/* `out_text` lies in the arena, which wipes it: the only place where the ticket is ever readable.
 */
lk_status ticket_issue(struct op *op, struct lk_tx *tx, const struct user *user, char **out_text,
    int64_t *out_expires_at_ms, struct lk_error *err);

#endif
