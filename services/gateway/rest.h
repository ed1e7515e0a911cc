/* One rpc as REST: the request's path, query and body become its message, its answer becomes JSON.
 */
#ifndef LK_GATEWAY_REST_H
#define LK_GATEWAY_REST_H

#include "gateway.h"
#include "presented.h"
#include "router.h"

/* `parameters` are those of path and query. Fills `answer`, or says why not. Blocks. */
lk_status rest_serve(struct gateway *gateway, const struct route *route,
    struct http_request *request, const struct parameters *parameters, struct http_answer *answer,
    struct lk_error *err);

/* The body's JSON into an initialised message; texts lie in the request's arena. */
lk_status rest_read_body(
    const struct http_request *request, ProtobufCMessage *message, struct lk_error *err);

/* One call as the caller that `request` shows (a key is traded; `who` as in routes.def). The reply
 * lies in the arena. */
struct rest_call {
	enum upstream_service service;
	const char *method;
	const ProtobufCMessage *body;
	const ProtobufCMessageDescriptor *reply_type;
	enum lk_effect effect;
};
lk_status rest_ask_shown(struct gateway *gateway, struct http_request *request,
    const struct rest_call *call, const struct presented *shown, ProtobufCMessage **out_reply,
    struct lk_error *err);
lk_status rest_ask(struct gateway *gateway, struct http_request *request,
    const struct rest_call *call, bool as_caller, ProtobufCMessage **out_reply,
    struct lk_error *err);

#endif
