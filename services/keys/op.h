/* One call on its way through a transaction: what the functions of service*.c get as their
 * argument. */
#ifndef LK_KEYS_OP_H
#define LK_KEYS_OP_H

#include <protobuf-c/protobuf-c.h>

#include "audit/audit.h"
#include "auth/caller.h"
#include "keys.h"
#include "rpc/call.h"

/* Everything is borrowed and lives as long as the call. */
struct op {
	struct keys *keys;
	struct lk_call *call;
	struct lk_arena *arena;
	const struct lk_caller *caller;
	const void *req;
	void *rep;
	int64_t now_ms;
	bool counted; /* by op_creation_rate */
};

struct op op_of(struct lk_call *call, const void *req, void *rep);

/* Run `fn` with the op as its argument, in a transaction that writes (or remembers and repeats) or
 * in one that reads. */
lk_status op_write(struct op *op, lk_tx_fn *fn);
lk_status op_read(struct op *op, lk_tx_fn *fn);

/* May the caller make one more key now? RESOURCE_EXHAUSTED RATE_LIMITED; operators always may. In
 * the transaction, so that an answer that is remembered costs nothing; once, however often that
 * runs. */
lk_status op_creation_rate(struct op *op, struct lk_error *err);

/* The audit row, in the same transaction; and what everybody's memory must forget at its commit,
 * ours first. After the rows of `id` were changed. */
lk_status op_audit(
    struct op *op, struct lk_tx *tx, const struct lk_audit_event *event, struct lk_error *err);
lk_status op_forget(struct op *op, struct lk_tx *tx, const char *id, struct lk_error *err);
/* What other services may need to know beyond that: LK_FEED_TENANT_DELETED, LK_FEED_USER_DELETED.
 */
lk_status op_tell(
    struct op *op, struct lk_tx *tx, enum lk_feed_kind kind, const char *id, struct lk_error *err);

#endif
