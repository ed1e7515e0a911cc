/* Whom an issuer lets in, and what follows from that: whoever holds its keys may be each of them.
 */
#ifndef LK_KEYS_ISSUER_REACH_H
#define LK_KEYS_ISSUER_REACH_H

#include "op.h"
#include "tenant.h"

/* The caller may give whoever holds the issuer's keys what those it lets in may do:
 * PERMISSION_DENIED PERMISSION_EXCEEDS. */
lk_status issuer_covers(struct op *op, struct lk_tx *tx, const struct tenant *tenant,
    const char *issuer, struct lk_error *err);

/* Those it lets in are out, whichever way they came in. Before its links go. */
lk_status issuer_end_sessions(struct op *op, struct lk_tx *tx, const struct tenant *tenant,
    const char *issuer, struct lk_error *err);

#endif
