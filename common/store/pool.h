/* A bounded pool of connections of one role, and the reads that borrow from it. */
#ifndef LK_STORE_POOL_H
#define LK_STORE_POOL_H

#include "store/session.h"

struct lk_pool;

/* At most `size` connections: all of them at once, or one now and the others as they are needed
 * where the engine is remote. */
lk_status lk_pool_new(const struct lk_store_driver *driver, struct lk_db *db,
    enum lk_conn_role role, size_t size, const struct lk_clock *clock, struct lk_pool **out_pool,
    struct lk_error *err);
void lk_pool_free(struct lk_pool *pool); /* after every borrower is done */
LK_DEFINE_FREEP(lk_pool_freep, struct lk_pool *, lk_pool_free)

/* lk_tx_lent of what runs on the connections that are borrowed from now on. */
void lk_pool_lend(struct lk_pool *pool, void *lent);

/* Waits at most until the deadline. DEADLINE_EXCEEDED STORE_DEADLINE · UNAVAILABLE STORE_CLOSED, or
 * why the database is away. */
lk_status lk_pool_borrow(
    struct lk_pool *pool, int64_t deadline, struct lk_session **out_session, struct lk_error *err);
void lk_pool_return(struct lk_pool *pool, struct lk_session *session); /* closed when broken */

/* The deadline is on the clock of the pool; LK_POOL_LONGEST_MS is the most that anything takes. */
enum { LK_POOL_LONGEST_MS = 60000 };
int64_t lk_pool_left_ms(const struct lk_pool *pool, int64_t deadline);

/* As lk_store_read. */
lk_status lk_pool_read(
    struct lk_pool *pool, int64_t deadline, lk_tx_fn *fn, void *arg, struct lk_error *err);
uint64_t lk_pool_reads(struct lk_pool *pool); /* so far */

#endif
