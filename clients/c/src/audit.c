/* The audit trail: reading, and proving it whole by computing it again. */
#include <latchkey/audit.h>

#include <string.h>

#include "ask.h"
#include "audit/chain.h"
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

/* Where a verification stands: everything up to `sequence` was computed again. */
struct walk {
	const char *service;
	uint64_t sequence;
	uint8_t hash[LK_CHAIN_HASH_SIZE];
	const latchkey_audit_head *remembered;
};

static lk_status
broken(struct lk_error *err, const struct walk *walk, const char *reason, const char *what)
{
	return lk_fail(err, LK_DATA_LOSS, reason, "the trail of %s %s (near row %llu)",
	    walk->service, what, (unsigned long long)walk->sequence);
}

static lk_status
walk_check_remembered(const struct walk *walk, struct lk_error *err)
{
	if (walk->remembered && walk->remembered->sequence == walk->sequence &&
	    memcmp(walk->remembered->hash, walk->hash, sizeof walk->hash) != 0)
		return broken(
		    err, walk, "AUDIT_REWRITTEN", "is not the one that was verified before");
	return LK_OK;
}

static lk_status
walk_row(struct walk *walk, const EventMsg *event, struct lk_error *err)
{
	const struct lk_chain_row row = { event->sequence, event->id, event->at_ms, event->action,
		event->outcome, event->actor_kind, event->actor, event->actor_key, event->tenant,
		event->object, event->owner, event->purpose, event->request_id, event->detail };

	if (event->sequence != walk->sequence + 1)
		return broken(err, walk, "AUDIT_GAP", "leaves out a row or has two in one place");
	lk_chain_next(walk->hash, &row, walk->hash);
	walk->sequence = event->sequence;
	if (event->chain_hash.len != sizeof walk->hash ||
	    memcmp(event->chain_hash.data, walk->hash, sizeof walk->hash) != 0)
		return broken(
		    err, walk, "AUDIT_ROW_BROKEN", "has a row that is not as it was written");
	return walk_check_remembered(walk, err);
}

/* At the head: its hash is the one computed, the service signed it, and nothing that was seen
 * before is missing. */
static lk_status
walk_end(const struct walk *walk, const ReadChainResponse *said, const char *instance,
    const uint8_t public_key[32], struct lk_error *err)
{
	if (walk->remembered && walk->remembered->sequence > said->head_sequence)
		return broken(
		    err, walk, "AUDIT_CUT", "is shorter than when it was verified before");
	if (walk->sequence < said->head_sequence)
		return broken(err, walk, "AUDIT_GAP", "ends before its head");
	if (said->head_hash.len != sizeof walk->hash ||
	    memcmp(said->head_hash.data, walk->hash, sizeof walk->hash) != 0)
		return broken(err, walk, "AUDIT_HEAD_BROKEN",
		    "has a head that does not follow from its rows");
	if (said->signature.len != 64 ||
	    !lk_chain_head_ok(public_key, instance, walk->service, said->head_sequence, walk->hash,
		said->signed_at_ms, said->signature.data))
		return broken(
		    err, walk, "AUDIT_SIGNATURE", "has a head that the service did not sign");
	return LK_OK;
}

static lk_status
walk_page(latchkey_client *client, latchkey_service service, const latchkey_call *call,
    struct walk *walk, struct answer *out, struct lk_error *err)
{
	Latchkey__Audit__V1__ReadChainRequest body = LATCHKEY__AUDIT__V1__READ_CHAIN_REQUEST__INIT;

	body.after_sequence = walk->sequence;
	body.max_rows = CHAIN_PAGE_ROWS;
	LK_TRY(ask(client,
	    &(struct question){ M_CHAIN_READ, &body.base, .call = call, .service = &service }, out,
	    err));
	const ReadChainResponse *said = (void *)out->message;
	for (size_t i = 0; i < said->n_events && walk->sequence < said->head_sequence; i++)
		LK_TRY(walk_row(walk, said->events[i], err));
	return LK_OK;
}

latchkey_status
latchkey_audit_verify(latchkey_client *client, latchkey_service service,
    const uint8_t public_key[32], const latchkey_audit_head *remembered, const latchkey_call *call,
    latchkey_audit_result *out_result, latchkey_error *out_error)
{
	struct lk_error *err = error_inside(out_error);
	struct walk walk = { .service = latchkey_service_name(service), .remembered = remembered };
	char instance[INSTANCE_SIZE];

	PUBLIC_TRY(client_instance(client, service, call_deadline(client, call), instance, err));
	lk_chain_begin(instance, walk.service, walk.hash);
	for (;;) {
		LK_AUTO(answer_wipe) struct answer answer = { 0 };
		PUBLIC_TRY(walk_page(client, service, call, &walk, &answer, err));
		const ReadChainResponse *said = (void *)answer.message;
		if (said->n_events > 0 && walk.sequence < said->head_sequence)
			continue;
		PUBLIC_TRY(walk_end(&walk, said, instance, public_key, err));
		*out_result = (latchkey_audit_result){ .head = { .sequence = walk.sequence },
			.rows = walk.sequence,
			.unsealed = said->unsealed,
			.signed_at_ms = said->signed_at_ms };
		memcpy(out_result->head.hash, walk.hash, sizeof walk.hash);
		return LATCHKEY_OK;
	}
}
