/* How a handler writes: one store transaction with the domain's rows, the audit rows and the
 * remembered outcome, so that the same call sent twice happens once. */
#ifndef LK_DAEMON_WRITE_H
#define LK_DAEMON_WRITE_H

#include <protobuf-c/protobuf-c.h>

#include "rpc/call.h"
#include "store/store.h"

/* How long an outcome is remembered. */
enum { LK_IDEMPOTENCY_TTL_MS = 24 * 60 * 60 * 1000 };

/*
 * Run `fn(tx, arg)` in one transaction of `store`; `fn` fills `rep` from lk_call_arena(). It may
 * run more than once: `rep` is empty again at each start. Without an idempotency key in the call
 * that is all. With one, scoped to tenant, caller and method:
 *   - first time: the reply is remembered for 24 hours, in the same transaction;
 *   - again with the same body: `fn` does not run, the remembered reply is the answer;
 *   - again with another body: INVALID_ARGUMENT IDEMPOTENCY_KEY_REUSED.
 * A reply that holds a secret (its type has a field secret_…, at any depth) is remembered only
 * sealed to the call's reply_public_key (crypto/box.h) and comes again as a sealed body; when the
 * call brought no such key, again is ALREADY_EXISTS ALREADY_CREATED with the object's id as the
 * message. Failures are not remembered. A commit whose answer was lost (UNKNOWN STORE_IN_DOUBT of a
 * remote store) is looked up within the deadline; the answer is UNKNOWN only when that is not long
 * enough.
 *
 * The table belongs to a set of migrations of its own: #include "idempotency_migrations.h",
 * &idempotency_migrations. Answers whatever `fn` and lk_store_write answer. Blocks: workers only.
 */
lk_status lk_call_write(struct lk_call *call, struct lk_store *store, lk_tx_fn *fn, void *arg,
    ProtobufCMessage *rep, struct lk_error *err);

/*
 * The same where the body as it came is no measure of sameness because a part of it is sealed
 * afresh each time: `meaning` stands in its place.
 */
lk_status lk_call_write_meaning(struct lk_call *call, struct lk_store *store,
    struct lk_bytes meaning, lk_tx_fn *fn, void *arg, ProtobufCMessage *rep, struct lk_error *err);

/*
 * How a handler reads: `fn(tx, arg)` fills `rep` from one snapshot. It may run more than once:
 * `rep` is empty again at each start. Answers whatever `fn` and lk_store_read answer. Blocks:
 * workers only.
 */
lk_status lk_call_read(struct lk_call *call, struct lk_store *store, lk_tx_fn *fn, void *arg,
    ProtobufCMessage *rep, struct lk_error *err);

#endif
