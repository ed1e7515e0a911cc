/* The audit trail: reading, and proving it whole by computing it again. */
#include <latchkey/audit.h>

#include <string.h>

#include "ask.h"
#include "audit/walk.h"
#include "identity.h"

enum { CHAIN_PAGE_ROWS = 250 };

latchkey_status
latchkey_event_list_get(latchkey_client *client, latchkey_service service,
    const latchkey_event_filter *filter, const latchkey_page *page, const latchkey_call *call,
    latchkey_event_list **out_list, latchkey_error *out_error)
{
	Latchkey__Audit__V1__ListEventsRequest body =
	    LATCHKEY__AUDIT__V1__LIST_EVENTS_REQUEST__INIT;
	PageRequestMsg wire = PAGE_WIRE(page);
	LK_AUTO(answer_wipe) struct answer answer = { 0 };
	struct lk_error *err = error_inside(out_error);

	body.page = &wire;
	if (filter) {
		body.tenant = (char *)filter->tenant;
		body.action = (char *)filter->action;
		body.object = (char *)filter->object;
		body.actor = (char *)filter->actor;
		body.since_at_ms = filter->since_at_ms;
	}
	PUBLIC_TRY(ask(client,
	    &(struct question){ M_EVENT_LIST, &body.base, .call = call, .service = &service },
	    &answer, err));
	return (latchkey_status)object_take(&answer.arena, answer.message, out_list, err);
}

static lk_status
walk_page(latchkey_client *client, latchkey_service service, const latchkey_call *call,
    struct lk_chain_walk *walk, struct answer *out, struct lk_error *err)
{
	Latchkey__Audit__V1__ReadChainRequest body = LATCHKEY__AUDIT__V1__READ_CHAIN_REQUEST__INIT;

	body.after_sequence = walk->sequence;
	body.max_rows = CHAIN_PAGE_ROWS;
	LK_TRY(ask(client,
	    &(struct question){ M_CHAIN_READ, &body.base, .call = call, .service = &service }, out,
	    err));
	const ReadChainResponse *said = (void *)out->message;
	for (size_t i = 0; i < said->n_events && walk->sequence < said->head_sequence; i++) {
		const EventMsg *event = said->events[i];
		const struct lk_chain_row row = { event->sequence, event->id, event->at_ms,
			event->action, event->outcome, event->actor_kind, event->actor,
			event->actor_key, event->tenant, event->object, event->owner,
			event->purpose, event->request_id, event->detail };
		LK_TRY(lk_chain_walk_row(
		    walk, &row, lk_bytes(event->chain_hash.data, event->chain_hash.len), err));
	}
	return LK_OK;
}

/* The public struct is ours under another name. */
_Static_assert(sizeof(latchkey_audit_head) == sizeof(struct lk_chain_mark) &&
		   offsetof(latchkey_audit_head, hash) == offsetof(struct lk_chain_mark, hash),
    "one layout");

static struct lk_chain_end
end_of(const ReadChainResponse *said)
{
	return (struct lk_chain_end){ .sequence = said->head_sequence,
		.hash = lk_bytes(said->head_hash.data, said->head_hash.len),
		.signature = lk_bytes(said->signature.data, said->signature.len),
		.signed_at_ms = said->signed_at_ms };
}

latchkey_status
latchkey_audit_verify(latchkey_client *client, latchkey_service service,
    const uint8_t public_key[32], const latchkey_audit_head *remembered, size_t remembered_count,
    const latchkey_call *call, latchkey_audit_result *out_result, latchkey_error *out_error)
{
	struct lk_error *err = error_inside(out_error);
	char instance[INSTANCE_SIZE];
	struct lk_chain_walk walk;

	PUBLIC_TRY(client_instance(client, service, call_deadline(client, call), instance, err));
	lk_chain_walk_begin(&walk, instance, latchkey_service_name(service),
	    (const struct lk_chain_mark *)(const void *)remembered, remembered_count);
	for (;;) {
		LK_AUTO(answer_wipe) struct answer answer = { 0 };
		PUBLIC_TRY(walk_page(client, service, call, &walk, &answer, err));
		const ReadChainResponse *said = (void *)answer.message;
		if (said->n_events > 0 && walk.sequence < said->head_sequence)
			continue;
		const struct lk_chain_end end = end_of(said);
		PUBLIC_TRY(lk_chain_walk_end(&walk, &end, public_key, err));
		*out_result = (latchkey_audit_result){ .head = { .sequence = walk.sequence },
			.rows = walk.sequence,
			.unsealed = said->unsealed,
			.signed_at_ms = said->signed_at_ms };
		memcpy(out_result->head.hash, walk.hash, sizeof walk.hash);
		return LATCHKEY_OK;
	}
}
