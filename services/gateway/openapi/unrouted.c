/* See unrouted.h. Field numbers are descriptor.proto's. */
#include "unrouted.h"

#include <string.h>

#include "../router.h"
#include "walk.h"

enum { SET_FILE = 1, FILE_PACKAGE = 2, FILE_SERVICE = 6, SERVICE_METHOD = 2, THE_NAME = 1 };

static const struct {
	const char *rpc, *why;
} unrouted[] = {
#define UNROUTED(rpc, why) { rpc, why },
#include "../unrouted.def"
#undef UNROUTED
};

struct seen {
	struct lk_arena *arena;
	bool rows[LK_ARRAY_LEN(unrouted)];
};

static bool
has_route(const char *rpc)
{
	for (size_t i = 0; i < route_count; i++) {
		const size_t len = strlen(routes[i].contract->name);
		if (strncmp(rpc, routes[i].contract->name, len) == 0 && rpc[len] == '/' &&
		    strcmp(rpc + len + 1, routes[i].rpc) == 0)
			return true;
	}
	return false;
}

static bool
has_reason(struct seen *seen, const char *rpc)
{
	for (size_t i = 0; i < LK_ARRAY_LEN(unrouted); i++) {
		if (strcmp(unrouted[i].rpc, rpc) == 0) {
			seen->rows[i] = true;
			return true;
		}
	}
	return false;
}

static lk_status
check_rpc(struct seen *seen, const char *rpc, struct lk_error *err)
{
	const bool excused = has_reason(seen, rpc), routed = has_route(rpc);

	if (excused && routed)
		return lk_fail(err, LK_FAILED_PRECONDITION, "RPC_ROUTE_STALE",
		    "%s has a route: take its row out of services/gateway/unrouted.def", rpc);
	if (!excused && !routed)
		return lk_fail(err, LK_FAILED_PRECONDITION, "RPC_WITHOUT_ROUTE",
		    "%s wants a row in services/gateway/routes.def, or one in unrouted.def that "
		    "says why not",
		    rpc);
	return LK_OK;
}

static lk_status
check_service(
    struct seen *seen, struct lk_bytes package, struct lk_bytes service, struct lk_error *err)
{
	const struct lk_bytes name = walk_find(service, THE_NAME, 0);
	struct lk_bytes method;

	for (uint64_t i = 0; (method = walk_find(service, SERVICE_METHOD, i)).len > 0; i++) {
		const struct lk_bytes rpc = walk_find(method, THE_NAME, 0);
		const char *full = lk_arena_format(seen->arena, "%.*s.%.*s/%.*s", (int)package.len,
		    (const char *)package.data, (int)name.len, (const char *)name.data,
		    (int)rpc.len, (const char *)rpc.data);
		if (!full)
			return lk_fail_oom(err);
		LK_TRY(check_rpc(seen, full, err));
	}
	return LK_OK;
}

lk_status
unrouted_check(struct lk_bytes set, struct lk_arena *arena, struct lk_error *err)
{
	struct seen seen = { .arena = arena };
	struct lk_bytes file, service;

	for (uint64_t i = 0; (file = walk_find(set, SET_FILE, i)).len > 0; i++)
		for (uint64_t j = 0; (service = walk_find(file, FILE_SERVICE, j)).len > 0; j++)
			LK_TRY(
			    check_service(&seen, walk_find(file, FILE_PACKAGE, 0), service, err));
	for (size_t i = 0; i < LK_ARRAY_LEN(unrouted); i++)
		if (!seen.rows[i])
			return lk_fail(err, LK_FAILED_PRECONDITION, "RPC_ROUTE_STALE",
			    "services/gateway/unrouted.def names %s, which there is not",
			    unrouted[i].rpc);
	return LK_OK;
}
