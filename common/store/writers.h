/* The writers of a remote store: each operation is a transaction of its own, run again when others
 * were in its way. */
#ifndef LK_STORE_WRITERS_H
#define LK_STORE_WRITERS_H

#include "store/pool.h"

struct lk_writers;

/* `pool` is borrowed; `options` has no defaults left and is copied. */
lk_status lk_writers_new(struct lk_pool *pool, const struct lk_store_options *options,
    struct lk_writers **out_writers, struct lk_error *err);
void lk_writers_free(struct lk_writers *writers); /* after what waits is done */
LK_DEFINE_FREEP(lk_writers_freep, struct lk_writers *, lk_writers_free)

/* As lk_store_write and lk_store_submit. */
lk_status lk_writers_write(
    struct lk_writers *writers, int64_t deadline, lk_tx_fn *fn, void *arg, struct lk_error *err);
lk_status lk_writers_submit(struct lk_writers *writers, int64_t deadline, lk_tx_fn *fn,
    lk_store_done_fn *done, void *arg, struct lk_error *err);
void lk_writers_stats(
    struct lk_writers *writers, struct lk_store_stats *out_stats); /* all but reads */

#endif
