/* A token that this installation made, shown to us in the body of a request. */
#ifndef LK_TOKENS_OWN_TOKEN_H
#define LK_TOKENS_OWN_TOKEN_H

#include "service.h"

enum own_token_audience {
	OWN_TOKEN_PLATFORM,
	OWN_TOKEN_ANY, /* for the platform or for Latchkey itself */
};

/* Signature, claims, time, and not revoked; what its subject may do now is not asked.
 * UNAUTHENTICATED, without saying why. */
lk_status own_token_read(const struct tokens *tokens, const char *text,
    enum own_token_audience audience, struct lk_claims *out_claims);

#endif
