/* The accessors of a call, and a call without a server for tests. See call.h. */
#include "rpc/call.h"

#include "base/alloc.h"
#include "rpc/call_impl.h"

static const RequestHeader no_header = LATCHKEY__COMMON__V1__REQUEST_HEADER__INIT;

struct lk_arena *
lk_call_arena(struct lk_call *call)
{
	return call->arena;
}

struct lk_error *
lk_call_error(struct lk_call *call)
{
	return &call->error;
}

const struct lk_caller *
lk_call_caller(const struct lk_call *call)
{
	return call->caller;
}

void *
lk_call_user(const struct lk_call *call)
{
	return call->endpoint == NULL ? NULL : call->endpoint->user;
}

const struct lk_clock *
lk_call_clock(const struct lk_call *call)
{
	return call->clock;
}

int64_t
lk_call_deadline_steady_ms(const struct lk_call *call)
{
	return call->deadline_steady_ms;
}

bool
lk_call_expired(const struct lk_call *call)
{
	return lk_clock_steady_ms(call->clock) >= call->deadline_steady_ms;
}

const char *
lk_call_request_id(const struct lk_call *call)
{
	return call->header->request_id;
}

const char *
lk_call_method(const struct lk_call *call)
{
	return call->header->method;
}

const struct lk_method *
lk_call_row(const struct lk_call *call)
{
	return call->endpoint == NULL ? NULL : call->endpoint->row;
}

const char *
lk_call_traceparent(const struct lk_call *call)
{
	return call->header->traceparent;
}

const char *
lk_call_idempotency_key(const struct lk_call *call)
{
	return call->header->idempotency_key;
}

struct lk_bytes
lk_call_body(const struct lk_call *call)
{
	return call->body;
}

struct lk_bytes
lk_call_reply_public_key(const struct lk_call *call)
{
	return lk_bytes(call->header->reply_public_key.data, call->header->reply_public_key.len);
}

const RequestHeader *
lk_call_header(const struct lk_call *call)
{
	return call->header;
}

bool
lk_call_may_block(const struct lk_call *call)
{
	return call->may_block;
}

lk_status
lk_call_defer(struct lk_call *call)
{
	return lk_fail(&call->error, LK_ABORTED, "WOULD_BLOCK", "this call needs a worker");
}

lk_status
lk_call_may_wait(struct lk_call *call, struct lk_error *err)
{
	if (call->host == NULL || !call->host->is_full(call))
		return LK_OK;
	return lk_fail(err, LK_RESOURCE_EXHAUSTED, "SERVER_BUSY", "too many calls are waiting");
}

void
lk_call_keep(struct lk_call *call, void *kept)
{
	call->kept = kept;
}

void *
lk_call_kept(const struct lk_call *call)
{
	return call->kept;
}

lk_status
lk_call_later(struct lk_call *call)
{
	return lk_fail(&call->error, LK_ABORTED, "LATER", "this call goes on later");
}

void
lk_call_resume(struct lk_call *call)
{
	if (call->host != NULL)
		call->host->resume(call);
}

unsigned
lk_call_lingerers_max(const struct lk_call *call)
{
	return call->host == NULL ? 0 : call->host->lingerers_max(call);
}

void
lk_call_time_anew(struct lk_call *call)
{
	if (call->host != NULL)
		call->host->time_anew(call);
}

lk_status
lk_call_reply_with(struct lk_call *call, struct lk_bytes packed, struct lk_error *err)
{
	const void *copy = lk_arena_copy(call->arena, packed.data, packed.len);

	if (copy == NULL)
		return lk_fail_oom(err);
	call->packed_reply = lk_bytes(copy, packed.len);
	return LK_OK;
}

lk_status
lk_call_reply_sealed(struct lk_call *call, struct lk_bytes sealed, struct lk_error *err)
{
	LK_TRY(lk_call_reply_with(call, sealed, err));
	call->reply_sealed = true;
	return LK_OK;
}

bool
lk_call_reply_is_sealed(const struct lk_call *call)
{
	return call->reply_sealed;
}

struct lk_bytes
lk_call_reply(const struct lk_call *call)
{
	return call->packed_reply;
}

void
lk_call_reset(struct lk_call *call)
{
	struct lk_arena *arena = call->arena;
	const struct lk_clock *clock = call->clock;
	const struct lk_call_host *host = call->host;

	lk_arena_reset(arena);
	*call =
	    (struct lk_call){ .arena = arena, .clock = clock, .host = host, .header = &no_header };
}

/* A detached call carries its own endpoint. */
struct detached {
	struct lk_call call; /* first */
	struct lk_endpoint endpoint;
	RequestHeader header;
};

struct lk_call *
lk_call_new(const struct lk_call_setup *setup)
{
	enum { ARENA_CAP = 1024 * 1024 };
	struct detached *d = LK_ALLOC(struct detached);
	struct lk_arena *arena = d == NULL ? NULL : lk_arena_new(ARENA_CAP);

	if (arena == NULL) {
		lk_free(d);
		return NULL;
	}
	d->header = setup->header == NULL ? no_header : *setup->header;
	if (setup->method != NULL)
		d->header.method =
		    (char *)(uintptr_t)setup->method; /* generated types are not const */
	d->endpoint = (struct lk_endpoint){ .row = setup->row, .user = setup->user };
	d->call = (struct lk_call){
		.arena = arena,
		.clock = setup->clock == NULL ? lk_clock_system() : setup->clock,
		.endpoint = &d->endpoint,
		.header = &d->header,
		.caller = setup->caller,
		.body = setup->body,
		.deadline_steady_ms =
		    setup->deadline_steady_ms == 0 ? INT64_MAX : setup->deadline_steady_ms,
		.may_block = setup->may_block,
	};
	return &d->call;
}

void
lk_call_free(struct lk_call *call)
{
	if (call == NULL)
		return;
	lk_arena_free(call->arena);
	lk_free(call);
}
