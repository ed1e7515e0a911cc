/* Somebody comes in, by ticket or by password: from nobody to a session, in the caller's
 * transaction. */
#ifndef LK_KEYS_ARRIVAL_H
#define LK_KEYS_ARRIVAL_H

#include "op.h"
#include "tenant.h"
#include "user.h"
#include "wire.h"

/* The user and their tenant; *out_may: both may be used now. */
lk_status arrival_find(struct lk_tx *tx, const char *tenant_id, const char *user_id,
    struct tenant *out_tenant, struct user *out_user, bool *out_may, struct lk_error *err);

/*
 * The user is active from now on, and has a session of at most `ttl_ms` (0: as long as the
 * installation says), which `rep` shows this once. `by` ("ticket", "password") stands in the trail.
 */
lk_status arrival_complete(struct op *op, struct lk_tx *tx, const struct tenant *tenant,
    struct user *user, int64_t ttl_ms, const char *by, RedeemTicketResponse *rep,
    struct lk_error *err);

/* Whoever else is in by a session of this user is out; `keep` ("": none) stays. Of the call's
 * memory each session takes what tells of it. */
lk_status arrival_end_sessions(struct op *op, struct lk_tx *tx, const struct user *user,
    const char *keep, struct lk_error *err);

/* Whoever arrives is nobody yet: the trail names whom it lets in. */
lk_status arrival_audit(struct op *op, struct lk_tx *tx, const struct user *user,
    const char *session, const struct lk_audit_event *event, struct lk_error *err);

#endif
