/* A transaction and the statements kept for it, as session.c and tx.c share them. */
#ifndef LK_STORE_TX_H
#define LK_STORE_TX_H

#include "store/session.h"

struct lk_tx {
	struct lk_session *session;
	bool may_hook;
	struct lk_hook *hooks, **last_hook;
	lk_status failed; /* the first failure: the transaction is over */
	struct lk_error failure;
};

struct lk_prepared {
	const char *sql; /* the caller's constant */
	char *text;      /* what it said */
	struct lk_stmt *stmt;
	bool kept, running;
	struct lk_prepared *next, *next_running;
};

static inline const struct lk_store_driver *
lk_tx_driver(const struct lk_tx *tx)
{
	return tx->session->driver;
}

/* A statement to start; running until released. Releasing resets it. */
lk_status lk_session_acquire(struct lk_session *session, const char *sql,
    struct lk_prepared **out_prepared, struct lk_error *err);
void lk_session_release(struct lk_session *session, struct lk_prepared *prepared);

#endif
