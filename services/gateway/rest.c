/* See rest.h. */
#include "rest.h"

#include <string.h>
#include <strings.h>

#include "etag.h"
#include "json_read.h"
#include "json_write.h"
#include "problem.h"
#include "shape.h"
#include "source.h"
#include "tenant_host.h"

enum { METHOD_NAME_SIZE = 128, IDEMPOTENCY_MAX = 64 };

/* ---- Who asks ---- */

/* Here a key stands in place of a token. */
static struct trade_offer
offer_of(const struct gateway *gateway, const struct http_request *request,
    const struct presented *shown)
{
	return (struct trade_offer){ shown->secret,
		source_address(request, gateway->config->trusted_proxies), true };
}

/* The token to show, from the token or key of the request. */
static lk_status
prove(struct gateway *gateway, struct http_request *request, const struct presented *shown,
    const char **out_token, struct lk_error *err)
{
	const struct trade_offer offer = offer_of(gateway, request, shown);

	if (shown->kind == PRESENTED_NOTHING)
		return lk_fail(
		    err, LK_UNAUTHENTICATED, "UNAUTHENTICATED", "show an API key or a token");
	if (shown->kind == PRESENTED_KEY)
		return trade_token(gateway->trade, &offer, request, out_token, err);
	*out_token = shown->secret;
	return LK_OK;
}

static lk_status
ask_once(struct gateway *gateway, struct http_request *request, const struct rest_call *call,
    const char *token, ProtobufCMessage **out_reply, struct lk_error *err)
{
	const struct upstream_call upstream = {
		.service = call->service,
		.method = call->method,
		.body = call->body,
		.reply_type = call->reply_type,
		.effect = call->effect,
		.token = token,
		.request_id = request->id,
		.idempotency_key =
		    call->effect == LK_WRITE_ONCE ? http_header(request, "Idempotency-Key") : NULL,
		.traceparent = request->traceparent,
	};

	return upstream_ask(gateway->upstream, &upstream, request->arena, out_reply, err);
}

lk_status
rest_ask_shown(struct gateway *gateway, struct http_request *request, const struct rest_call *call,
    const struct presented *shown, ProtobufCMessage **out_reply, struct lk_error *err)
{
	const struct trade_offer offer = offer_of(gateway, request, shown);
	const char *token = NULL;

	LK_TRY(prove(gateway, request, shown, &token, err));
	const lk_status status = ask_once(gateway, request, call, token, out_reply, err);
	if (status != LK_UNAUTHENTICATED || shown->kind != PRESENTED_KEY)
		return status;
	trade_forget(gateway->trade, &offer); /* refused is not executed: once more */
	LK_TRY(prove(gateway, request, shown, &token, err));
	return ask_once(gateway, request, call, token, out_reply, err);
}

lk_status
rest_ask(struct gateway *gateway, struct http_request *request, const struct rest_call *call,
    bool as_caller, ProtobufCMessage **out_reply, struct lk_error *err)
{
	struct presented shown;

	if (!as_caller)
		return ask_once(gateway, request, call, NULL, out_reply, err);
	LK_TRY(presented_find(request, &shown, err));
	return rest_ask_shown(gateway, request, call, &shown, out_reply, err);
}

/* ---- What is asked ---- */

static lk_status
check_body(const struct http_request *request, struct lk_error *err)
{
	const char *type = http_header(request, "Content-Type");
	const size_t len = type ? strcspn(type, "; ") : 0;

	if (request->body.len == 0)
		return LK_OK;
	if (strcmp(request->method, "GET") == 0 || strcmp(request->method, "HEAD") == 0)
		return lk_fail(err, LK_INVALID_ARGUMENT, "BODY_UNEXPECTED", "a GET has no body");
	if (len != strlen("application/json") || strncasecmp(type, "application/json", len) != 0)
		return lk_fail_field(err, "Content-Type", "CONTENT_TYPE",
		    "the body is JSON: Content-Type: application/json");
	return LK_OK;
}

lk_status
rest_read_body(const struct http_request *request, ProtobufCMessage *message, struct lk_error *err)
{
	LK_TRY(check_body(request, err));
	return json_read(request->body, request->arena, message, err);
}

/* The field that "owner" or "page.size" names; NULL: none, or one of which there may be several. */
static const ProtobufCFieldDescriptor *
single_field(const ProtobufCMessageDescriptor *type, const char *name, struct lk_arena *arena)
{
	const size_t len = strcspn(name, ".");
	const char *first = lk_arena_text_n(arena, name, len);
	const ProtobufCFieldDescriptor *field = first ? shape_field(type, first) : NULL;

	if (!field || field->label == PROTOBUF_C_LABEL_REPEATED)
		return NULL;
	if (name[len] == '\0')
		return field;
	return field->type == PROTOBUF_C_TYPE_MESSAGE
		   ? single_field(field->descriptor, name + len + 1, arena)
		   : NULL;
}

/* Also where the first of them says nothing ("a=&a=x"): a proxy may have judged either. */
static lk_status
check_once(const struct parameters *parameters, size_t at, const ProtobufCMessageDescriptor *type,
    struct lk_arena *arena, struct lk_error *err)
{
	const char *name = parameters->list[at].name;
	const ProtobufCFieldDescriptor *field = single_field(type, name, arena);

	for (size_t i = 0; field && i < at; i++) {
		if (single_field(type, parameters->list[i].name, arena) == field)
			return lk_fail_field(
			    err, name, "FIELD_TWICE", "%s is given twice in path or query", name);
	}
	return LK_OK;
}

static lk_status
fill(const struct http_request *request, const struct parameters *parameters,
    ProtobufCMessage *message, struct lk_error *err)
{
	LK_TRY(rest_read_body(request, message, err));
	for (size_t i = 0; i < parameters->count; i++) {
		LK_TRY(check_once(parameters, i, message->descriptor, request->arena, err));
		LK_TRY(json_read_text(parameters->list[i].name, parameters->list[i].value,
		    request->arena, message, err));
	}
	return LK_OK;
}

static ProtobufCMessage *
message_new(struct lk_arena *arena, const ProtobufCMessageDescriptor *type)
{
	ProtobufCMessage *message = lk_arena_alloc(arena, type->sizeof_message);

	if (message)
		protobuf_c_message_init(type, message);
	return message;
}

/* As we saw it: a body that names one is refused (FIELD_TWICE). */
static lk_status
fill_source(struct gateway *gateway, const struct http_request *request, ProtobufCMessage *message,
    struct lk_error *err)
{
	return shape_field(message->descriptor, "source_address")
		   ? json_read_text("source_address",
			 source_address(request, gateway->config->trusted_proxies), request->arena,
			 message, err)
		   : LK_OK;
}

/* The key that is traded stands where every other key stands, in a header; without one the body
 * names a user. */
static lk_status
fill_trade(const struct http_request *request, ProtobufCMessage *message, struct lk_error *err)
{
	struct presented shown;

	LK_TRY(presented_find(request, &shown, err));
	return shown.kind == PRESENTED_KEY
		   ? json_read_text("secret_key", shown.secret, request->arena, message, err)
		   : LK_OK;
}

/* Who comes without a key names a tenant, or a host that selects one. */
static lk_status
fill_tenant(struct gateway *gateway, const struct http_request *request, ProtobufCMessage *message,
    struct lk_error *err)
{
	const ProtobufCFieldDescriptor *field = shape_field(message->descriptor, "tenant");
	const char *given = field ? *(char **)shape_member(message, field) : "";
	const char *tenant = !field || *given ? "" : tenant_host(gateway->config, request);

	if (!tenant)
		return lk_fail_oom(err);
	return *tenant ? json_read_text("tenant", tenant, request->arena, message, err) : LK_OK;
}

/* One route asked, to the JSON of its answer. */
static lk_status
ask_route(struct gateway *gateway, const struct route *route, struct http_request *request,
    const struct parameters *parameters, struct lk_bytes *out_text, struct lk_error *err)
{
	const ProtobufCMethodDescriptor *rpc =
	    protobuf_c_service_descriptor_get_method_by_name(route->contract, route->rpc);
	ProtobufCMessage *message = message_new(request->arena, rpc->input), *reply;
	const char *method =
	    lk_arena_format(request->arena, "%s/%s", route->contract->name, route->rpc);

	if (!message || !method)
		return lk_fail_oom(err);
	LK_TRY(fill(request, parameters, message, err));
	if (route->who != CALLER) {
		LK_TRY(fill_tenant(gateway, request, message, err));
		LK_TRY(fill_source(gateway, request, message, err));
	}
	if (route->who == TRADER)
		LK_TRY(fill_trade(request, message, err));
	const struct rest_call call = { route->service, method, message, rpc->output,
		route->effect };
	LK_TRY(rest_ask(gateway, request, &call, route->who == CALLER, &reply, err));
	return json_write(reply, request->arena, out_text, err);
}

/* ---- On condition ---- */

/* What a GET of the same target answers now. INVALID_ARGUMENT IF_MATCH_IMPOSSIBLE where there is
 * none. */
static lk_status
look(struct gateway *gateway, const struct http_request *request, char out_etag[ETAG_SIZE],
    struct lk_error *err)
{
	struct http_request get = *request;
	struct parameters parameters = { .count = 0 };
	const char *path = router_path(request);
	struct lk_bytes text;
	bool other_method;

	get.method = "GET";
	get.body = lk_bytes(NULL, 0);
	const struct route *route =
	    path ? router_match(&get, path, &parameters, &other_method) : NULL;
	if (!route)
		return lk_fail_field(err, "If-Match", "IF_MATCH_IMPOSSIBLE",
		    "there is no GET of this path whose ETag could be meant");
	LK_TRY(router_query(&get, &parameters, err));
	LK_TRY(ask_route(gateway, route, &get, &parameters, &text, err));
	etag_make(text, out_etag);
	return LK_OK;
}

/* RFC 9110 13.1.1. Looked at just before the change, which is not one step with it. *out_go: do it;
 * else `answer` says why not. */
static lk_status
check_match(struct gateway *gateway, const struct http_request *request, struct http_answer *answer,
    bool *out_go, struct lk_error *err)
{
	const char *wanted = http_header(request, "If-Match");
	char etag[ETAG_SIZE];

	*out_go = true;
	if (!wanted || strcmp(request->method, "GET") == 0 || strcmp(request->method, "HEAD") == 0)
		return LK_OK;
	LK_TRY(look(gateway, request, etag, err));
	*out_go = etag_matches(wanted, etag);
	if (!*out_go)
		problem_plain(request, 412, "CHANGED_MEANWHILE",
		    "it is not any more as the ETag in If-Match says: get it again", answer);
	return LK_OK;
}

static lk_status
answer_get(const struct http_request *request, struct lk_bytes text, struct http_answer *answer,
    struct lk_error *err)
{
	const char *known = http_header(request, "If-None-Match");
	char *etag = lk_arena_alloc(request->arena, ETAG_SIZE);

	if (!etag)
		return lk_fail_oom(err);
	etag_make(text, etag);
	if (known && etag_matches_weakly(known, etag)) {
		answer->status = 304;
		http_answer_header(answer, "Cache-Control", "no-store");
	} else {
		answer_json(200, text, answer);
	}
	http_answer_header(answer, "ETag", etag);
	return LK_OK;
}

lk_status
rest_serve(struct gateway *gateway, const struct route *route, struct http_request *request,
    const struct parameters *parameters, struct http_answer *answer, struct lk_error *err)
{
	struct lk_bytes text;
	bool go;

	LK_TRY(check_match(gateway, request, answer, &go, err));
	if (!go)
		return LK_OK;
	LK_TRY(ask_route(gateway, route, request, parameters, &text, err));
	if (route->effect == LK_READ && strcmp(route->method, "GET") == 0)
		return answer_get(request, text, answer, err);
	answer_json(route->success, text, answer);
	return LK_OK;
}
