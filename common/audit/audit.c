/* Writing rows: with what they record, in a transaction of their own, or after a refused call. */
#include "audit/audit.h"

#include "audit/row.h"
#include "audit/sealer.h"

lk_status
lk_audit_write_as(struct lk_tx *tx, const struct lk_caller *actor, const char *request_id,
    int64_t now_ms, const struct lk_audit_event *event, struct lk_error *err)
{
	struct audit_row row;

	audit_row_fill(&row, actor, request_id, now_ms, event);
	return audit_row_insert(tx, &row, err);
}

lk_status
lk_audit_write(struct lk_tx *tx, struct lk_call *call, const struct lk_audit_event *event,
    struct lk_error *err)
{
	return lk_audit_write_as(tx, lk_call_caller(call), lk_call_request_id(call),
	    lk_clock_wall_ms(lk_call_clock(call)), event, err);
}

static lk_status
insert_row(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	return audit_row_insert(tx, arg, err);
}

lk_status
lk_audit_refusal(struct lk_store *store, struct lk_call *call, const struct lk_audit_event *event,
    struct lk_error *err)
{
	struct audit_row row;

	audit_row_fill(&row, lk_call_caller(call), lk_call_request_id(call),
	    lk_clock_wall_ms(lk_call_clock(call)), event);
	return lk_store_write(store, lk_call_deadline_steady_ms(call), insert_row, &row, err);
}

/* ---- Refusals written without waiting ---- */

struct refusal {
	struct audit_row row; /* first: the transaction's argument is this object */
	struct lk_audit_sealer *sealer;
};

static lk_status
insert_refusal(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	const struct refusal *refusal = arg;

	return audit_row_insert(tx, &refusal->row, err);
}

static void
lost(struct lk_audit_sealer *sealer)
{
	if (sealer != NULL)
		audit_sealer_lost(sealer);
}

static void
refusal_done(void *arg, lk_status status, const struct lk_error *error)
{
	struct refusal *refusal = arg;

	(void)error;
	if (status != LK_OK)
		lost(refusal->sealer);
	lk_free(refusal);
}

static void
submit(struct lk_store *store, struct lk_audit_sealer *sealer, const struct lk_caller *caller,
    const char *request_id, int64_t now_ms, const struct lk_audit_event *event)
{
	struct refusal *refusal = LK_ALLOC(struct refusal);

	if (refusal == NULL) {
		lost(sealer);
		return;
	}
	refusal->sealer = sealer;
	audit_row_fill(&refusal->row, caller, request_id, now_ms, event);
	if (lk_store_submit(store, LK_NO_DEADLINE, insert_refusal, refusal_done, refusal, NULL) !=
	    LK_OK) {
		lost(sealer);
		lk_free(refusal);
	}
}

void
lk_audit_refusal_later(struct lk_store *store, struct lk_audit_sealer *sealer, struct lk_call *call,
    const struct lk_audit_event *event)
{
	submit(store, sealer, lk_call_caller(call), lk_call_request_id(call),
	    lk_clock_wall_ms(lk_call_clock(call)), event);
}

void
lk_audit_finished(struct lk_audit_sealer *sealer, const struct lk_finished *finished)
{
	if (finished->status != LK_PERMISSION_DENIED || finished->caller == NULL ||
	    finished->caller->kind == LK_CALLER_ANONYMOUS)
		return;
	const struct lk_audit_event event = { .action = "call.refused",
		.outcome = finished->error == NULL ? NULL : finished->error->reason,
		.object = finished->method };
	submit(audit_sealer_store(sealer), sealer, finished->caller, finished->request_id,
	    audit_sealer_now_ms(sealer), &event);
}
