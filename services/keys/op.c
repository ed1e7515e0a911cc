/* From a call to a transaction; see op.h. */
#include "op.h"

#include "daemon/write.h"
#include "damage.h"
#include "generation_store.h"
#include "rate.h"

struct op
op_of(struct lk_call *call, const void *req, void *rep)
{
	return (struct op){ .keys = lk_call_user(call),
		.call = call,
		.arena = lk_call_arena(call),
		.caller = lk_call_caller(call),
		.req = req,
		.rep = rep,
		.now_ms = lk_clock_wall_ms(lk_call_clock(call)) };
}

lk_status
op_write(struct op *op, lk_tx_fn *fn)
{
	const lk_status status = lk_call_write(
	    op->call, op->keys->setup.store, fn, op, op->rep, lk_call_error(op->call));

	damages_write(op->keys);
	return status;
}

lk_status
op_read(struct op *op, lk_tx_fn *fn)
{
	const lk_status status =
	    lk_call_read(op->call, op->keys->setup.store, fn, op, op->rep, lk_call_error(op->call));

	damages_write(op->keys);
	return status;
}

lk_status
op_audit(struct op *op, struct lk_tx *tx, const struct lk_audit_event *event, struct lk_error *err)
{
	return lk_audit_write(tx, op->call, event, err);
}

lk_status
op_forget(struct op *op, struct lk_tx *tx, const char *id, struct lk_error *err)
{
	struct lk_feed *feed = op->keys->setup.feed;
	uint64_t generation;

	LK_TRY(keys_forget(op->keys, tx, op->arena, id, err));
	if (!feed)
		return LK_OK;
	LK_TRY(generation_of(tx, id, &generation, err));
	return lk_feed_emit(feed, tx, op->arena, LK_FEED_GENERATION, id, generation, err);
}

lk_status
op_creation_rate(struct op *op, struct lk_error *err)
{
	struct rate *rate = op->keys->rate;

	if (op->counted || op->caller->kind == LK_CALLER_OPERATOR)
		return LK_OK;
	LK_TRY(rate_take(rate, RATE_CREATIONS, op->caller->id, op->now_ms, err));
	LK_TRY(rate_take(rate, RATE_TENANT_CREATIONS, op->caller->tenant, op->now_ms, err));
	op->counted = true;
	return LK_OK;
}

lk_status
op_tell(
    struct op *op, struct lk_tx *tx, enum lk_feed_kind kind, const char *id, struct lk_error *err)
{
	struct lk_feed *feed = op->keys->setup.feed;

	return feed ? lk_feed_emit(feed, tx, op->arena, kind, id, 0, err) : LK_OK;
}
