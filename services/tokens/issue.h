/* From claims to a token that may leave: signed, and on record. */
#ifndef LK_TOKENS_ISSUE_H
#define LK_TOKENS_ISSUE_H

#include "rpc/call.h"
#include "service.h"

/* No token leaves before its row is durable. The text lies in the call's arena. Blocks. */
lk_status issue_token(struct tokens *tokens, struct lk_call *call, const struct lk_claims *claims,
    char **out_token, struct lk_error *err);

#endif
