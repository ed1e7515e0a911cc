/* What both ways to a token for a key share: on a worker, and without a thread that waits. */
#ifndef LK_GATEWAY_OAUTH_TOKEN_H
#define LK_GATEWAY_OAUTH_TOKEN_H

#include "oauth.h"
#include "wire.h"

/* What client_credentials asks tokens for. Borrows from the request and `oauth`; lists lie in the
 * arena. INVALID_ARGUMENT SCOPE_TOO_MANY. */
lk_status oauth_issue_read(struct gateway *gateway, struct http_request *request,
    const struct oauth *oauth, IssueTokenRequest *out, struct lk_error *err);

/* RFC 6749 5.1, or 5.2. */
void oauth_token_answer(struct http_request *request, const IssueTokenResponse *issued,
    bool exchanged, struct http_answer *answer);
void oauth_token_refuse(struct http_request *request, const struct oauth *oauth,
    const struct lk_error *why, struct http_answer *answer);

#endif
