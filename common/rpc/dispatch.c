/* What happens to a request before and after its handler. See dispatch.h. */
#include "rpc/dispatch.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "rpc/call_impl.h"
#include "rpc/decode.h"
#include "rpc/frame.h"

enum { IDEMPOTENCY_KEY_MAX = 64, TRACEPARENT_MAX = 128, PUBLIC_KEY_LEN = 32 };

struct lk_dispatcher {
	struct lk_authenticator authenticator;
	uint32_t max_timeout_ms;
	size_t count;
	struct lk_endpoint *endpoints; /* sorted by compare_names */
};

/* Length first: names share long beginnings. */
static int
compare_names(const char *a, size_t a_len, const char *b, size_t b_len)
{
	if (a_len != b_len)
		return a_len < b_len ? -1 : 1;
	return memcmp(a, b, a_len);
}

static int
compare_endpoints(const void *a, const void *b)
{
	const struct lk_endpoint *x = a, *y = b;

	return compare_names(x->name, x->name_len, y->name, y->name_len);
}

static const struct lk_endpoint *
find(const struct lk_dispatcher *dispatcher, const char *name)
{
	const size_t len = strlen(name);
	size_t low = 0, high = dispatcher->count;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		const struct lk_endpoint *e = &dispatcher->endpoints[middle];
		const int order = compare_names(e->name, e->name_len, name, len);
		if (order == 0)
			return e;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static lk_status
endpoint_init(struct lk_endpoint *e, const struct lk_service *service, const struct lk_method *row,
    struct lk_error *err)
{
	const ProtobufCServiceDescriptor *block = service->table->service;
	const ProtobufCMethodDescriptor *rpc =
	    protobuf_c_service_descriptor_get_method_by_name(block, row->rpc);
	const size_t size = strlen(block->name) + 1 + strlen(row->rpc) + 1;

	e->name = lk_alloc(size);
	if (e->name == NULL)
		return lk_fail_oom(err);
	snprintf(e->name, size, "%s/%s", block->name, row->rpc);
	e->name_len = size - 1;
	e->row = row;
	e->request_type = rpc->input;
	e->reply_type = rpc->output;
	e->user = service->user;
	return LK_OK;
}

static lk_status
add_service(
    struct lk_dispatcher *dispatcher, const struct lk_service *service, struct lk_error *err)
{
	LK_TRY(lk_method_table_check(service->table, err));
	for (size_t i = 0; i < service->table->count; i++) {
		struct lk_endpoint *e = &dispatcher->endpoints[dispatcher->count];
		LK_TRY(endpoint_init(e, service, &service->table->methods[i], err));
		dispatcher->count++;
	}
	return LK_OK;
}

static lk_status
sort_endpoints(struct lk_dispatcher *dispatcher, struct lk_error *err)
{
	struct lk_endpoint *e = dispatcher->endpoints;

	qsort(e, dispatcher->count, sizeof *e, compare_endpoints);
	for (size_t i = 1; i < dispatcher->count; i++)
		if (compare_endpoints(&e[i - 1], &e[i]) == 0)
			return lk_fail(err, LK_FAILED_PRECONDITION, "METHOD_TABLE_INVALID",
			    "%s is served by two tables", e[i].name);
	return LK_OK;
}

lk_status
lk_dispatcher_new(struct lk_dispatcher **out, const struct lk_service *services,
    size_t service_count, const struct lk_authenticator *authenticator, uint32_t max_timeout_ms,
    struct lk_error *err)
{
	LK_AUTO(lk_dispatcher_freep)
	struct lk_dispatcher *dispatcher = LK_ALLOC(struct lk_dispatcher);
	size_t rows = 0;

	for (size_t i = 0; i < service_count; i++)
		rows += services[i].table->count;
	if (dispatcher == NULL)
		return lk_fail_oom(err);
	dispatcher->endpoints = lk_alloc_array(rows, sizeof *dispatcher->endpoints);
	if (dispatcher->endpoints == NULL)
		return lk_fail_oom(err);
	dispatcher->authenticator = *authenticator;
	dispatcher->max_timeout_ms = max_timeout_ms;
	for (size_t i = 0; i < service_count; i++)
		LK_TRY(add_service(dispatcher, &services[i], err));
	LK_TRY(sort_endpoints(dispatcher, err));
	*out = LK_TAKE(dispatcher);
	return LK_OK;
}

void
lk_dispatcher_free(struct lk_dispatcher *dispatcher)
{
	if (dispatcher == NULL)
		return;
	for (size_t i = 0; i < dispatcher->count; i++)
		lk_free(dispatcher->endpoints[i].name);
	lk_free(dispatcher->endpoints);
	lk_free(dispatcher);
}

/* [A-Za-z0-9_-]: what goes into logs and into the database as it is. */
static bool
token_ok(const char *text, size_t min, size_t max)
{
	size_t len = 0;

	for (; text[len] != '\0'; len++)
		if (len == max ||
		    (!isalnum((unsigned char)text[len]) && text[len] != '_' && text[len] != '-'))
			return false;
	return len >= min;
}

static lk_status
header_wrong(struct lk_call *call, const char *field, const char *rule)
{
	return lk_fail_field(&call->error, field, "HEADER_INVALID", "%s must be %s", field, rule);
}

static lk_status
check_header(struct lk_call *call, const RequestHeader *h)
{
	if (!token_ok(h->request_id, 1, LK_REQUEST_ID_MAX))
		return header_wrong(call, "request_id", "1 to 64 characters of [A-Za-z0-9_-]");
	call->header = h; /* from here on the reply can name its request */
	if (h->timeout_ms == 0)
		return header_wrong(call, "timeout_ms", "at least 1");
	if (!token_ok(h->idempotency_key, 0, IDEMPOTENCY_KEY_MAX))
		return header_wrong(call, "idempotency_key", "1 to 64 characters of [A-Za-z0-9_-]");
	if (!token_ok(h->traceparent, 0, TRACEPARENT_MAX))
		return header_wrong(call, "traceparent", "a W3C traceparent");
	if (h->reply_public_key.len != 0 && h->reply_public_key.len != PUBLIC_KEY_LEN)
		return header_wrong(call, "reply_public_key", "32 bytes");
	return LK_OK;
}

static void
set_deadline(const struct lk_dispatcher *dispatcher, struct lk_call *call)
{
	const uint32_t wanted = call->header->timeout_ms;
	const uint32_t given =
	    wanted < dispatcher->max_timeout_ms ? wanted : dispatcher->max_timeout_ms;

	call->deadline_steady_ms = lk_clock_steady_ms(call->clock) + given;
}

lk_status
lk_dispatch_open(
    const struct lk_dispatcher *dispatcher, struct lk_call *call, struct lk_bytes message)
{
	struct lk_frame frame;
	ProtobufCMessage *header = NULL;

	LK_TRY(lk_frame_split(message, &frame, &call->error));
	LK_TRY(lk_decode(&latchkey__common__v1__request_header__descriptor, frame.header,
	    call->arena, &header, &call->error));
	LK_TRY(check_header(call, (const RequestHeader *)(const void *)header));

	set_deadline(dispatcher, call);
	call->endpoint = find(dispatcher, call->header->method);
	if (call->endpoint == NULL)
		return lk_fail(&call->error, LK_UNIMPLEMENTED, "METHOD_UNKNOWN",
		    "this service has no such method");
	if (frame.body.len > call->endpoint->row->max_request)
		return lk_fail(&call->error, LK_INVALID_ARGUMENT, "REQUEST_TOO_LARGE",
		    "a request of %s may have at most %u bytes", call->endpoint->row->rpc,
		    (unsigned)call->endpoint->row->max_request);
	call->body = frame.body;
	return LK_OK;
}

static lk_status
authenticate(const struct lk_authenticator *auth, struct lk_call *call)
{
	if (call->authenticated)
		return LK_OK;
	LK_TRY(auth->authenticate(
	    auth->user, call, call->header, call->may_block, &call->caller, &call->error));
	LK_TRY(auth->authorize(
	    auth->user, call, call->caller, call->endpoint->row->permission, &call->error));
	call->authenticated = true;
	return LK_OK;
}

static lk_status
decode_request(struct lk_call *call)
{
	ProtobufCMessage *request = NULL;

	if (call->request != NULL)
		return LK_OK;
	LK_TRY(lk_decode(
	    call->endpoint->request_type, call->body, call->arena, &request, &call->error));
	call->request = request;
	return LK_OK;
}

static lk_status
make_reply(struct lk_call *call)
{
	const ProtobufCMessageDescriptor *type = call->endpoint->reply_type;

	call->packed_reply = lk_bytes(NULL, 0);
	call->reply_sealed = false;
	call->reply = lk_arena_alloc(call->arena, type->sizeof_message);
	if (call->reply == NULL)
		return lk_fail_oom(&call->error);
	protobuf_c_message_init(type, call->reply);
	return LK_OK;
}

static lk_status
run(const struct lk_dispatcher *dispatcher, struct lk_call *call)
{
	const struct lk_method *row = call->endpoint->row;

	if (lk_call_expired(call))
		return lk_fail(&call->error, LK_DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED",
		    "the time given for this call is over");
	LK_TRY(authenticate(&dispatcher->authenticator, call));
	if (row->where == LK_WORKER && !call->may_block)
		return lk_call_defer(call);
	LK_TRY(decode_request(call));
	LK_TRY(make_reply(call));
	return row->invoke(call, call->request, call->reply);
}

/* A handler that failed without saying why still gives a whole error. */
static void
complete_error(struct lk_error *err, lk_status status)
{
	err->status = status;
	if (err->reason[0] == '\0')
		lk_text_copy(err->reason, sizeof err->reason, lk_status_name(status));
	if (err->message[0] == '\0')
		lk_text_copy(err->message, sizeof err->message, "the call failed");
}

lk_status
lk_dispatch_run(const struct lk_dispatcher *dispatcher, struct lk_call *call)
{
	lk_error_clear(&call->error);
	const lk_status status = run(dispatcher, call);

	if (call->may_block && status == LK_ABORTED &&
	    lk_text_is(call->error.reason, "WOULD_BLOCK"))
		return lk_fail(&call->error, LK_INTERNAL, "INTERNAL",
		    "a worker was asked to hand its call to a worker");
	if (status != LK_OK)
		complete_error(&call->error, status);
	return status;
}

bool
lk_dispatch_would_block(const struct lk_call *call, lk_status status)
{
	return status == LK_ABORTED && !call->may_block &&
	       lk_text_is(call->error.reason, "WOULD_BLOCK");
}

bool
lk_dispatch_waits(const struct lk_call *call, lk_status status)
{
	return status == LK_ABORTED && call->kept != NULL &&
	       lk_text_is(call->error.reason, "LATER");
}

static ReplyHeader
reply_header(const struct lk_call *call, lk_status status)
{
	ReplyHeader h = LATCHKEY__COMMON__V1__REPLY_HEADER__INIT;

	h.request_id = call->header->request_id;
	h.status = status;
	h.body_sealed = status == LK_OK && call->reply_sealed;
	if (status == LK_OK)
		return h;
	h.reason = (char *)(uintptr_t)call->error.reason; /* generated types are not const */
	h.message = (char *)(uintptr_t)call->error.message;
	h.field = (char *)(uintptr_t)call->error.field;
	h.retry_after_ms = call->error.retry_after_ms;
	return h;
}

static size_t
body_size(const struct lk_call *call, lk_status status)
{
	if (status != LK_OK)
		return 0;
	return call->packed_reply.data != NULL ? call->packed_reply.len
					       : protobuf_c_message_get_packed_size(call->reply);
}

static size_t
reply_size(const struct lk_call *call, lk_status status)
{
	const ReplyHeader h = reply_header(call, status);

	return LK_FRAME_PREFIX_SIZE + protobuf_c_message_get_packed_size(&h.base) +
	       body_size(call, status);
}

size_t
lk_reply_measure(struct lk_call *call, lk_status *status)
{
	const size_t size = reply_size(call, *status);

	if (size <= LK_FRAME_MESSAGE_MAX)
		return size;
	*status = lk_fail(&call->error, LK_INTERNAL, "REPLY_TOO_LARGE",
	    "the answer is larger than a message may be");
	return reply_size(call, *status);
}

void
lk_reply_write(const struct lk_call *call, lk_status status, uint8_t *out)
{
	const ReplyHeader h = reply_header(call, status);
	const size_t header_len = protobuf_c_message_pack(&h.base, out + LK_FRAME_PREFIX_SIZE);
	uint8_t *body = out + LK_FRAME_PREFIX_SIZE + header_len;

	lk_frame_prefix(out, header_len);
	if (status != LK_OK)
		return;
	if (call->packed_reply.data != NULL)
		memcpy(body, call->packed_reply.data, call->packed_reply.len);
	else
		protobuf_c_message_pack(call->reply, body);
}
