/* Where a request came from: the other end of its connection, or, when that is a proxy we trust,
 * what it says. */
#ifndef LK_GATEWAY_SOURCE_H
#define LK_GATEWAY_SOURCE_H

#include "http.h"

/*
 * An IPv4 or IPv6 text. `trusted` are addresses by comma, or NULL. X-Forwarded-For is read from its
 * end: the first address that is no trusted proxy is the one (what stands before it may have been
 * made up).
 */
const char *source_address(const struct http_request *request, const char *trusted);

/* Whether every part is an address. INVALID_ARGUMENT CONFIG_INVALID. */
lk_status source_check(const char *trusted, struct lk_error *err);

#endif
