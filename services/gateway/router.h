/* Which route a request takes, and what its path and query say. Pure. */
#ifndef LK_GATEWAY_ROUTER_H
#define LK_GATEWAY_ROUTER_H

#include <protobuf-c/protobuf-c.h>

#include "http.h"
#include "rpc/method.h"
#include "upstream.h"

enum route_who {
	ANYBODY, /* the proof is in the body, or none is needed */
	CALLER,  /* shows a key or token */
	TRADER,  /* shows a key, which becomes the request's secret_key */
};

struct route {
	const char *method, *path;
	enum upstream_service service;
	const ProtobufCServiceDescriptor *contract;
	const char *rpc;
	enum route_who who;
	enum lk_effect effect;
	unsigned success;
};

extern const struct route routes[];
extern const size_t route_count;

enum { ROUTE_PARAMETERS_MAX = 32 };

struct parameter {
	const char *name, *value; /* decoded, in the request's arena */
};

struct parameters {
	struct parameter list[ROUTE_PARAMETERS_MAX];
	size_t count;
};

/* The path without its query, not decoded; in the arena, NULL when memory is short. */
const char *router_path(const struct http_request *request);

/* Whether `path` is `pattern` ("/v1/keys/{id}"); what it names is appended to `out`. */
bool router_path_is(const struct http_request *request, const char *pattern, const char *path,
    struct parameters *out);

/*
 * The route of method and path; NULL with *out_other_method when only the method is wrong. What the
 * path names is appended to `out`. HEAD takes the route of GET.
 */
const struct route *router_match(const struct http_request *request, const char *path,
    struct parameters *out, bool *out_other_method);

/* What the query says, appended; "a=b&c=d", "+" is a space. INVALID_ARGUMENT QUERY_INVALID. */
lk_status router_query(
    const struct http_request *request, struct parameters *out, struct lk_error *err);

/* The same of a form in a body (application/x-www-form-urlencoded). */
lk_status router_form(const struct http_request *request, struct lk_bytes form,
    struct parameters *out, struct lk_error *err);

/* A form's field decoded, in the arena; NULL when it is malformed, holds control characters, or
 * memory is short. */
const char *router_decode(struct lk_arena *arena, const char *text);

/* The value of a parameter; NULL when it is absent. */
const char *parameter_get(const struct parameters *parameters, const char *name);

#endif
