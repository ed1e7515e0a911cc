/* The one writer of a store: a queue, a group of operations in each commit, and the checkpoints. */
#ifndef LK_STORE_WRITER_H
#define LK_STORE_WRITER_H

#include "store/session.h"

struct lk_writer;

/* `session` is taken, also on failure; `options` has no defaults left and is copied. */
lk_status lk_writer_new(struct lk_session *session, const struct lk_store_options *options,
    struct lk_writer **out_writer, struct lk_error *err);
void lk_writer_free(struct lk_writer *writer); /* after what waits is done */
LK_DEFINE_FREEP(lk_writer_freep, struct lk_writer *, lk_writer_free)

void lk_writer_lend(struct lk_writer *writer, void *lent);

/* As lk_store_write and lk_store_submit. */
lk_status lk_writer_write(
    struct lk_writer *writer, int64_t deadline, lk_tx_fn *fn, void *arg, struct lk_error *err);
lk_status lk_writer_submit(struct lk_writer *writer, int64_t deadline, lk_tx_fn *fn,
    lk_store_done_fn *done, void *arg, struct lk_error *err);
void lk_writer_stats(
    struct lk_writer *writer, struct lk_store_stats *out_stats); /* all but reads */

#endif
