/* Every rpc has a path, or a reason to have none. */
#ifndef LK_GATEWAY_OPENAPI_UNROUTED_H
#define LK_GATEWAY_OPENAPI_UNROUTED_H

#include "base/base.h"

/*
 * Holds the services of a descriptor set against routes.def and unrouted.def. FAILED_PRECONDITION
 * RPC_WITHOUT_ROUTE for an rpc that is in neither, RPC_ROUTE_STALE for a row of unrouted.def that
 * has a route or names none.
 */
lk_status unrouted_check(struct lk_bytes set, struct lk_arena *arena, struct lk_error *err);

#endif
