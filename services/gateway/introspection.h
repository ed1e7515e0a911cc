/* OAuth 2.0 Token Introspection (RFC 7662): of keys and tokens alike. */
#ifndef LK_GATEWAY_INTROSPECTION_H
#define LK_GATEWAY_INTROSPECTION_H

#include "gateway.h"
#include "wire.h"

/* The answer's body, in the arena; NULL when memory is short. */
const char *introspection_json(const ValidateTokenResponse *valid, struct lk_arena *arena);

/* POST /oauth2/introspect from memory: false where it is not asked, or somebody else has to be.
 * Never blocks. */
bool introspect_at_once(
    struct gateway *gateway, struct http_request *request, struct http_answer *answer);

#endif
