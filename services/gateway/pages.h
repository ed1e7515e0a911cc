/* What is answered at paths that are no rpc. Each fills `answer`, or says why not. */
#ifndef LK_GATEWAY_PAGES_H
#define LK_GATEWAY_PAGES_H

#include "gateway.h"

typedef lk_status page_fn(struct gateway *gateway, struct http_request *request,
    struct http_answer *answer, struct lk_error *err);

page_fn page_alive;      /* GET /healthz: this process answers */
page_fn page_ready;      /* GET /readyz: so does each service; 503 when one does not */
page_fn page_jwks;       /* GET /.well-known/jwks.json (RFC 7517) */
page_fn page_token;      /* POST /oauth2/token (RFC 6749 4.4, RFC 8693) */
page_fn page_introspect; /* POST /oauth2/introspect (RFC 7662) */
page_fn page_revoke;     /* POST /oauth2/revoke (RFC 7009) */
page_fn page_metadata;   /* GET /.well-known/oauth-authorization-server (RFC 8414) */
page_fn page_ica_token;  /* POST /ica/rest/api/tokens: the key becomes {"token": …} */
page_fn page_aws;        /* GET /aws/credentials/OWNER: AWS container credentials */
page_fn page_openapi;    /* GET /openapi.json (OpenAPI 3.1) */
page_fn page_docs;       /* GET /docs: a page to explore it with; 404 when built without npm */
page_fn page_docs_file;  /* GET /docs/…: what that page is made of */
page_fn page_auth;       /* any method, /auth and below: forward authentication */

/* A token for a key, without a thread that waits: false where something else is asked, or the error
 * is known already. As http_later. */
bool token_later(struct gateway *gateway, struct http_request *request, struct http_answer *answer);

/* Whether forward authentication is asked; a proxy makes a 500 of any answer to it but 401 and 403.
 */
bool auth_is_target(const char *target);
void auth_refuse(const struct http_request *request, unsigned status, const char *reason,
    struct http_answer *answer);

/* Forward authentication from memory: false where it is not asked, or somebody else has to be.
 * Never blocks. */
bool auth_at_once(
    struct gateway *gateway, struct http_request *request, struct http_answer *answer);

#endif
