/* AuditService over RPC: read the request, ask trail.c, write the reply. */
#include "audit/audit.h"
#include "audit/trail.h"
#include "audit/wire.h"
#include "rpc/field.h"

#include <string.h>

enum { PAGE_DEFAULT = 100, PAGE_MAX = 1000, CURSOR_DIGITS = 19 };

/* ---- Encoding ---- */

static lk_status
encode_event(struct lk_arena *arena, const struct lk_chain_row *row,
    uint8_t hash[LK_CHAIN_HASH_SIZE], EventMsg **out, struct lk_error *err)
{
	EventMsg *event = LK_ARENA_NEW(arena, EventMsg);

	if (event == NULL)
		return lk_fail_oom(err);
	latchkey__audit__v1__event__init(event);
	event->sequence = row->sequence;
	event->id = lk_field_borrow(row->id);
	event->at_ms = row->at_ms;
	event->action = lk_field_borrow(row->action);
	event->outcome = lk_field_borrow(row->outcome);
	event->actor_kind = lk_field_borrow(row->actor_kind);
	event->actor = lk_field_borrow(row->actor);
	event->actor_key = lk_field_borrow(row->actor_key);
	event->tenant = lk_field_borrow(row->tenant);
	event->object = lk_field_borrow(row->object);
	event->owner = lk_field_borrow(row->owner);
	event->purpose = lk_field_borrow(row->purpose);
	event->request_id = lk_field_borrow(row->request_id);
	event->detail = lk_field_borrow(row->detail);
	if (row->sequence != 0)
		event->chain_hash = (ProtobufCBinaryData){ LK_CHAIN_HASH_SIZE, hash };
	*out = event;
	return LK_OK;
}

static lk_status
encode_events(struct lk_arena *arena, const struct trail_rows *rows, size_t *out_count,
    EventMsg ***out, struct lk_error *err)
{
	EventMsg **events = lk_arena_array(arena, rows->count, sizeof *events);

	if (events == NULL)
		return lk_fail_oom(err);
	for (size_t i = 0; i < rows->count; i++)
		LK_TRY(encode_event(arena, &rows->rows[i], rows->hashes[i], &events[i], err));
	*out = events;
	*out_count = rows->count;
	return LK_OK;
}

static lk_status
encode_page(struct lk_arena *arena, const struct trail_rows *rows,
    Latchkey__Common__V1__PageReply **out, struct lk_error *err)
{
	Latchkey__Common__V1__PageReply *page =
	    LK_ARENA_NEW(arena, Latchkey__Common__V1__PageReply);

	if (page == NULL)
		return lk_fail_oom(err);
	latchkey__common__v1__page_reply__init(page);
	if (rows->next_row_id != 0) {
		page->next_cursor = lk_arena_format(arena, "%lld", (long long)rows->next_row_id);
		if (page->next_cursor == NULL)
			return lk_fail_oom(err);
	}
	*out = page;
	return LK_OK;
}

/* ---- Decoding ---- */

static lk_status
read_cursor(const char *cursor, int64_t *out, struct lk_error *err)
{
	const size_t len = strlen(cursor);
	int64_t value = 0;

	for (size_t i = 0; i < len; i++) {
		if (len >= CURSOR_DIGITS || cursor[i] < '0' || cursor[i] > '9')
			return lk_fail_field(err, "page.cursor", "CURSOR_INVALID",
			    "page.cursor is not one that a page before answered");
		value = value * 10 + (cursor[i] - '0');
	}
	*out = value;
	return LK_OK;
}

static lk_status
read_page(const Latchkey__Common__V1__PageRequest *page, struct trail_filter *filter,
    struct lk_error *err)
{
	filter->size = page == NULL || page->size == 0 ? PAGE_DEFAULT : page->size;
	if (filter->size > PAGE_MAX)
		return lk_fail_field(
		    err, "page.size", "PAGE_SIZE_INVALID", "page.size must be 1 to %d", PAGE_MAX);
	return page == NULL ? LK_OK : read_cursor(page->cursor, &filter->before_row_id, err);
}

/* A user sees the own tenant; another one does not exist for whom it is out of reach. */
static lk_status
read_tenant(const struct lk_caller *caller, const char *tenant, struct trail_filter *filter,
    struct lk_error *err)
{
	filter->tenant = tenant;
	if (tenant[0] == '\0' && caller->kind == LK_CALLER_USER)
		filter->tenant = caller->tenant;
	if (filter->tenant[0] != '\0' && !lk_caller_reaches_tenant(caller, filter->tenant))
		return lk_fail(err, LK_NOT_FOUND, "TENANT_NOT_FOUND", "there is no such tenant");
	return LK_OK;
}

/* ---- Handlers ---- */

static lk_status
audit_list_events(struct lk_call *call, const ListEventsRequest *req, ListEventsResponse *rep)
{
	const struct lk_audit_sealer *sealer = lk_call_user(call);
	const struct lk_caller *caller = lk_call_caller(call);
	struct lk_arena *arena = lk_call_arena(call);
	struct lk_error *err = lk_call_error(call);
	struct trail_filter filter = { .caller = caller,
		.action = req->action,
		.object = req->object,
		.actor = req->actor,
		.since_at_ms = req->since_at_ms };
	struct trail_rows rows;

	LK_TRY(lk_caller_require(caller, LK_PERM_AUDIT_READ, err));
	LK_TRY(read_page(req->page, &filter, err));
	LK_TRY(read_tenant(caller, req->tenant, &filter, err));
	LK_TRY(trail_page(audit_sealer_store(sealer), lk_call_deadline_steady_ms(call), &filter,
	    arena, &rows, err));
	LK_TRY(encode_events(arena, &rows, &rep->n_events, &rep->events, err));
	return encode_page(arena, &rows, &rep->page, err);
}

static lk_status
encode_head(struct lk_arena *arena, const struct lk_audit_sealer *sealer,
    const struct audit_head *head, ReadChainResponse *rep, struct lk_error *err)
{
	const struct lk_audit_config *config = audit_sealer_config(sealer);
	uint8_t *signature = lk_arena_alloc(arena, LK_SIGNATURE_LEN);
	uint8_t *hash = lk_arena_copy(arena, head->hash, sizeof head->hash);

	if (signature == NULL || hash == NULL)
		return lk_fail_oom(err);
	rep->signed_at_ms = audit_sealer_now_ms(sealer);
	lk_chain_head_sign(config->signing_key, config->instance, config->service, head->sequence,
	    head->hash, rep->signed_at_ms, signature);
	rep->head_sequence = head->sequence;
	rep->head_hash = (ProtobufCBinaryData){ LK_CHAIN_HASH_SIZE, hash };
	rep->service = lk_field_borrow(config->service);
	rep->signature = (ProtobufCBinaryData){ LK_SIGNATURE_LEN, signature };
	return LK_OK;
}

static lk_status
audit_read_chain(struct lk_call *call, const ReadChainRequest *req, ReadChainResponse *rep)
{
	struct lk_audit_sealer *sealer = lk_call_user(call);
	struct lk_arena *arena = lk_call_arena(call);
	struct lk_error *err = lk_call_error(call);
	struct trail_chain chain;

	if (lk_call_caller(call)->kind != LK_CALLER_OPERATOR)
		return lk_fail(err, LK_PERMISSION_DENIED, "OPERATORS_ONLY",
		    "only operators may read the chain");
	if (req->max_rows < 1 || req->max_rows > PAGE_MAX)
		return lk_fail_field(
		    err, "max_rows", "PAGE_SIZE_INVALID", "max_rows must be 1 to %d", PAGE_MAX);
	if (req->after_sequence > INT64_MAX)
		return lk_fail_field(
		    err, "after_sequence", "SEQUENCE_INVALID", "after_sequence is out of range");
	LK_TRY(trail_chain(audit_sealer_store(sealer), lk_call_deadline_steady_ms(call),
	    audit_sealer_config(sealer), req->after_sequence, req->max_rows, arena, &chain, err));
	rep->unsealed = chain.unsealed;
	if (req->after_sequence + chain.sealed.count >= chain.head.sequence)
		audit_sealer_read_to_end(sealer);
	LK_TRY(encode_events(arena, &chain.sealed, &rep->n_events, &rep->events, err));
	return encode_head(arena, sealer, &chain.head, rep, err);
}

/* ---- How it stands ---- */

lk_status
lk_audit_state(struct lk_audit_sealer *sealer, int64_t deadline_steady_ms, struct lk_arena *arena,
    struct lk_trail_state *out, struct lk_error *err)
{
	struct trail_chain chain = { 0 };

	LK_TRY(trail_chain(audit_sealer_store(sealer), deadline_steady_ms,
	    audit_sealer_config(sealer), INT64_MAX, 1, arena, &chain, err));
	*out = (struct lk_trail_state){ .sequence = chain.head.sequence,
		.unsealed = chain.unsealed,
		.lost = lk_audit_lost(sealer),
		.read_to_end_at_ms = audit_sealer_read_to_end_at_ms(sealer) };
	return LK_OK;
}

/* ---- The table ---- */

#define LK_METHOD LK_METHOD_THUNK
#include "audit/methods.def"
#undef LK_METHOD

static const struct lk_method audit_methods[] = {
#define LK_METHOD LK_METHOD_ROW
#include "audit/methods.def"
#undef LK_METHOD
};
LK_METHODS_COMPLETE(Latchkey__Audit__V1__AuditService_Service, audit_methods);

const struct lk_method_table *
lk_audit_method_table(void)
{
	static const struct lk_method_table table = {
		&latchkey__audit__v1__audit_service__descriptor,
		audit_methods,
		LK_ARRAY_LEN(audit_methods),
	};

	return &table;
}
