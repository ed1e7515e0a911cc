/* The audit trail of one service: rows written in the transaction of what they record, numbered and
 * chained after commit by one sealer. */
#ifndef LK_AUDIT_H
#define LK_AUDIT_H

#include "audit/checkpoints.h"
#include "auth/caller.h"
#include "crypto/sign.h"
#include "rpc/call.h"
#include "rpc/server.h"
#include "store/store.h"

struct lk_audit_event {
	const char *action;  /* "key.revoked"; from the service's own list */
	const char *outcome; /* NULL means "ok"; else the reason of a refusal */
	const char *tenant;  /* NULL means the caller's */
	const char *object;  /* id, or NULL */
	const char *owner;   /* whose object, or NULL */
	const char *purpose; /* or NULL */
	const char *detail;  /* short text without secrets, or NULL */
};

/*
 * The tables audit_event and audit_head are a set of migrations of their own. Each service names it
 * first: #include "audit_migrations.h" and LK_MIGRATIONS(&audit_migrations, &keys_migrations).
 */

/*
 * Write one unnumbered row inside `tx`. If it cannot be written the whole transaction must fail:
 * return its status. Every text is cut at its column's limit, never refused. `call` gives actor,
 * request id and clock.
 */
lk_status lk_audit_write(struct lk_tx *tx, struct lk_call *call, const struct lk_audit_event *event,
    struct lk_error *err);

/* For what happens outside any call (start-up, rotation): actor "service" and its name. */
lk_status lk_audit_write_as(struct lk_tx *tx, const struct lk_caller *actor, const char *request_id,
    int64_t now_ms, const struct lk_audit_event *event, struct lk_error *err);

/* A refused operation is audited in a transaction of its own. Failure to write makes the call fail
 * with that failure instead. */
lk_status lk_audit_refusal(struct lk_store *store, struct lk_call *call,
    const struct lk_audit_event *event, struct lk_error *err);

struct lk_audit_sealer;

/*
 * The same without waiting, where the time it takes would tell strangers whether there is what they
 * asked for. A row that could not be written is counted by `sealer` (NULL: by nobody).
 */
void lk_audit_refusal_later(struct lk_store *store, struct lk_audit_sealer *sealer,
    struct lk_call *call, const struct lk_audit_event *event);

/* Numbers and chains rows at most 100 ms after their commit, and writes a checkpoint about each
 * second in which there were any, at start and at stop; its own thread. One per store. */
struct lk_audit_config {
	const char *service;
	const char *instance;
	const struct lk_sign_key *signing_key; /* borrowed; signs the head for readers */
	const struct lk_clock *clock;
	struct lk_checkpoints
	    *checkpoints; /* taken, also on failure; NULL: there is no second place */
	/* When one could not be written (`failure`), and when that is over (NULL); may be NULL. */
	void (*on_checkpoint)(const struct lk_error *failure);
};
lk_status lk_audit_sealer_start(struct lk_audit_sealer **out, struct lk_store *store,
    const struct lk_audit_config *config, struct lk_error *err);
lk_status lk_audit_seal_now(
    struct lk_audit_sealer *sealer, struct lk_error *err); /* until nothing is unsealed; blocks */
/* Its last seal and checkpoint; rows that come later wait for the next start. May come before
 * lk_audit_sealer_stop(), or not; NULL is fine. */
void lk_audit_sealer_finish(struct lk_audit_sealer *sealer);
void lk_audit_sealer_stop(struct lk_audit_sealer *sealer);
LK_DEFINE_FREEP(lk_audit_sealer_stopp, struct lk_audit_sealer *, lk_audit_sealer_stop)

/*
 * For the server's on_finished hook: a call that an authenticated caller was refused with
 * PERMISSION_DENIED leaves a row "call.refused" with the method as object. Written without waiting,
 * because the hook may run where nothing may block; rows that could not be written are counted.
 */
void lk_audit_finished(struct lk_audit_sealer *sealer, const struct lk_finished *finished);
uint64_t lk_audit_lost(const struct lk_audit_sealer *sealer);

/* How the trail stands. The errors of lk_store_read. */
struct lk_trail_state {
	uint64_t sequence; /* of the newest row that is sealed */
	uint32_t unsealed; /* rows that wait to be */
	uint64_t lost;
	int64_t read_to_end_at_ms; /* when an operator last read the chain to its head, as `audit
				      verify` does; 0: not since the start */
};
lk_status lk_audit_state(struct lk_audit_sealer *sealer, int64_t deadline_steady_ms,
    struct lk_arena *arena, struct lk_trail_state *out, struct lk_error *err);

/* AuditService for the server's list of services; its user pointer is the sealer. */
const struct lk_method_table *lk_audit_method_table(void);

#endif
