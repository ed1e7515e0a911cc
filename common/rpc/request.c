/* A request into bytes and a reply out of them, on the client's side. See channel_impl.h. */
#include <nng/nng.h>
#include <string.h>

#include "base/alloc.h"
#include "id/id.h"
#include "rpc/channel_impl.h"
#include "rpc/decode.h"
#include "rpc/frame.h"

typedef Latchkey__Common__V1__RequestHeader RequestHeader;
typedef Latchkey__Common__V1__ReplyHeader ReplyHeader;

enum { TIME_LIMIT_ROOM = 8 }; /* the field that each attempt adds to the header */

/* Generated types are not const. */
static char *
text(const char *value)
{
	static char empty[] = "";

	return value == NULL ? empty : (char *)(uintptr_t)value;
}

static RequestHeader
request_header(const struct lk_exchange *ex, const struct lk_rpc_request *request)
{
	RequestHeader h = LATCHKEY__COMMON__V1__REQUEST_HEADER__INIT;

	h.request_id = text(ex->request_id);
	h.method = text(request->method);
	h.traceparent = text(request->traceparent);
	h.authorization = text(request->authorization);
	h.assertion = (Latchkey__Common__V1__Assertion *)(uintptr_t)request->assertion;
	h.idempotency_key = text(request->idempotency_key);
	h.reply_public_key.data = (uint8_t *)(uintptr_t)request->reply_public_key.data;
	h.reply_public_key.len = request->reply_public_key.len;
	return h;
}

/* One ULID per channel whose last eight characters (Crockford's base32) count: no random bytes are
 * needed per call. */
static void
number_request(struct lk_exchange *ex)
{
	static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";
	struct lk_channel *channel = ex->channel;
	uint64_t n = atomic_fetch_add_explicit(&channel->id_counter, 1, memory_order_relaxed);

	memcpy(ex->request_id, channel->id_stem, LK_ID_SIZE);
	for (int i = LK_ID_LEN - 1; i >= LK_ID_LEN - 8; i--, n >>= 5)
		ex->request_id[i] = digits[n & 31];
}

static void
name_request(struct lk_exchange *ex, const char *request_id)
{
	if (request_id == NULL || *request_id == '\0')
		number_request(ex);
	else /* too long becomes "", which the server refuses */
		(void)lk_text_copy(ex->request_id, sizeof ex->request_id, request_id);
}

static lk_status
make_room(struct lk_exchange *ex, size_t size, struct lk_error *err)
{
	if (size <= ex->packed_cap)
		return LK_OK;
	uint8_t *bigger = lk_alloc(size);
	if (bigger == NULL)
		return lk_fail_oom(err);
	lk_free(ex->packed); /* wiped when its last request ended */
	ex->packed = bigger;
	ex->packed_cap = size;
	return LK_OK;
}

lk_status
lk_exchange_pack(struct lk_exchange *ex, const struct lk_rpc_request *request, struct lk_error *err)
{
	name_request(ex, request->request_id);
	const RequestHeader h = request_header(ex, request);
	const size_t header_len = protobuf_c_message_get_packed_size(&h.base);
	const size_t body_len = protobuf_c_message_get_packed_size(request->body);

	if (header_len + TIME_LIMIT_ROOM > LK_FRAME_HEADER_MAX ||
	    LK_FRAME_PREFIX_SIZE + header_len + TIME_LIMIT_ROOM + body_len > LK_FRAME_MESSAGE_MAX)
		return lk_fail(err, LK_INVALID_ARGUMENT, "REQUEST_TOO_LARGE",
		    "the request is larger than a message may be");
	LK_TRY(make_room(ex, header_len + body_len, err));
	ex->header_len = protobuf_c_message_pack(&h.base, ex->packed);
	ex->body_len = protobuf_c_message_pack(request->body, ex->packed + ex->header_len);
	return LK_OK;
}

/* Two encodings of a message one after the other are the encoding of both merged, so the time limit
 * can come last. */
nng_msg *
lk_exchange_message(const struct lk_exchange *ex, uint32_t timeout_ms)
{
	RequestHeader limit = LATCHKEY__COMMON__V1__REQUEST_HEADER__INIT;
	nng_msg *message = NULL;

	limit.timeout_ms = timeout_ms;
	const size_t limit_len = protobuf_c_message_get_packed_size(&limit.base);
	if (nng_msg_alloc(
		&message, LK_FRAME_PREFIX_SIZE + ex->header_len + limit_len + ex->body_len) != 0)
		return NULL;
	uint8_t *out = nng_msg_body(message);
	lk_frame_prefix(out, ex->header_len + limit_len);
	out += LK_FRAME_PREFIX_SIZE;
	memcpy(out, ex->packed, ex->header_len);
	out += ex->header_len;
	out += protobuf_c_message_pack(&limit.base, out);
	if (ex->body_len > 0)
		memcpy(out, ex->packed + ex->header_len, ex->body_len);
	return message;
}

static lk_status
invalid(struct lk_exchange *ex)
{
	return lk_fail(
	    &ex->error, LK_INTERNAL, "REPLY_INVALID", "the answer was not one to this request");
}

static lk_status
error_of(struct lk_exchange *ex, const ReplyHeader *h)
{
	if (h->status > LK_UNAUTHENTICATED)
		return invalid(ex);
	(void)lk_fail(&ex->error, h->status, h->reason, "%s", h->message);
	(void)lk_text_copy(
	    ex->error.field, sizeof ex->error.field, h->field); /* "" when it does not fit */
	ex->error.retry_after_ms = h->retry_after_ms;
	return h->status;
}

lk_status
lk_exchange_read(struct lk_exchange *ex)
{
	struct lk_frame frame;
	ProtobufCMessage *message = NULL;

	lk_arena_reset(ex->arena);
	if (lk_frame_split(
		lk_bytes(nng_msg_body(ex->reply), nng_msg_len(ex->reply)), &frame, NULL) != LK_OK ||
	    lk_decode(&latchkey__common__v1__reply_header__descriptor, frame.header, ex->arena,
		&message, NULL) != LK_OK)
		return invalid(ex);
	const ReplyHeader *h = (const ReplyHeader *)(const void *)message;
	const bool nameless_error = h->status != LK_OK && h->request_id[0] == '\0';
	if (!nameless_error && !lk_text_is(h->request_id, ex->request_id))
		return invalid(ex);
	if (h->status != LK_OK)
		return error_of(ex, h);
	ex->reply_body = frame.body;
	ex->reply_sealed = h->body_sealed;
	return LK_OK;
}
