/* One connection with the statements prepared on it, and the transactions that run there. Used by
 * one thread at a time. */
#ifndef LK_STORE_SESSION_H
#define LK_STORE_SESSION_H

#include "store/driver.h"

enum { LK_SESSION_BUCKETS = 64, LK_SESSION_STATEMENTS_MAX = 512 };

struct lk_prepared;

struct lk_session {
	const struct lk_store_driver *driver;
	struct lk_conn *conn;
	bool reads_only;
	bool holds;   /* one snapshot: its only transaction, begun with it and never committed */
	void *lent;   /* lk_store_lend */
	size_t count; /* statements that are kept */
	struct lk_prepared *kept[LK_SESSION_BUCKETS]; /* by the address of their text */
	struct lk_prepared *running;                  /* with a cursor on them */
};

lk_status lk_session_open(const struct lk_store_driver *driver, struct lk_db *db,
    enum lk_conn_role role, struct lk_session **out_session, struct lk_error *err);
/* A session that reads one snapshot, whatever others write meanwhile. */
lk_status lk_session_open_held(const struct lk_store_driver *driver, struct lk_db *db,
    struct lk_session **out_session, struct lk_error *err);
void lk_session_close(struct lk_session *session);
LK_DEFINE_FREEP(lk_session_closep, struct lk_session *, lk_session_close)

/* A call to make once a transaction is durable. */
struct lk_hook {
	lk_tx_commit_fn *fn;
	void *arg;
	struct lk_hook *next;
};

void lk_hooks_fire(const struct lk_hook *first);
void lk_hooks_free(struct lk_hook *first);

/*
 * Run `fn` inside the transaction that is open on `session`. Its cursors are ended; an error it
 * swallowed is its answer. With `out_hooks` NULL lk_tx_on_commit is refused; otherwise it gets the
 * hooks, NULL unless LK_OK; yours, lk_hooks_free().
 */
lk_status lk_session_run(struct lk_session *session, lk_tx_fn *fn, void *arg,
    struct lk_hook **out_hooks, struct lk_error *err);

/* A transaction from its begin to its commit, or nothing of it; for those who have neither deadline
 * nor hooks. On a session that holds, `fn` reads its snapshot. */
lk_status lk_session_transact(
    struct lk_session *session, lk_tx_fn *fn, void *arg, struct lk_error *err);

/* What this thread is in the middle of: the calls that would wait for themselves are refused. */
enum lk_inside { LK_INSIDE_NOTHING, LK_INSIDE_TRANSACTION, LK_INSIDE_DONE };
enum lk_inside lk_session_inside(void);
enum lk_inside lk_session_enter(enum lk_inside what); /* answers what it was before */

#endif
