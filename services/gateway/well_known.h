/* What tokens publishes of itself: its keys and its issuer. */
#ifndef LK_GATEWAY_WELL_KNOWN_H
#define LK_GATEWAY_WELL_KNOWN_H

#include "gateway.h"
#include "wire.h"

/* The answer lies in the request's arena. The errors of upstream_ask. */
lk_status well_known_ask(struct gateway *gateway, struct http_request *request,
    const GetJwksResponse **out_published, struct lk_error *err);

#endif
