/* SignIn with another issuer's assertion (RFC 7523): from its (issuer, subject) to the user. */
#ifndef LK_KEYS_ASSERTION_SIGN_IN_H
#define LK_KEYS_ASSERTION_SIGN_IN_H

#include "op.h"
#include "wire.h"

/* UNAUTHENTICATED SIGN_IN_REFUSED whatever is wrong; INVALID_ARGUMENT for a request that says both
 * ways. */
lk_status assertion_sign_in(struct op *op, struct lk_error *err);

#endif
