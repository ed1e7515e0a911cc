/* The strict look at a request's head, before any handler: what two readers of HTTP could take
 * differently is refused and its connection closed (RFC 9112 6.3, 11.2; RFC 9110 7.2). Pure. */
#ifndef LK_GATEWAY_FRONT_H
#define LK_GATEWAY_FRONT_H

#include "http.h"

/* 0 when it may pass, otherwise the status to refuse it with: 400, 405, 413, 414, 415, 431, 501 or
 * 505. `out_why` is a constant for people. */
unsigned front_check(const struct http_request *request, size_t body_max, const char **out_why);

#endif
