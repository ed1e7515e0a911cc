/* The pool of read connections. */
#ifndef LK_STORE_READERS_H
#define LK_STORE_READERS_H

#include "store/session.h"

struct lk_readers;

lk_status lk_readers_new(const struct lk_store_driver *driver, struct lk_db *db,
    const struct lk_store_options *options, struct lk_readers **out_readers, struct lk_error *err);
void lk_readers_free(struct lk_readers *readers); /* after every read is done */
LK_DEFINE_FREEP(lk_readers_freep, struct lk_readers *, lk_readers_free)

/* As lk_store_read. */
lk_status lk_readers_read(
    struct lk_readers *readers, int64_t deadline, lk_tx_fn *fn, void *arg, struct lk_error *err);
uint64_t lk_readers_count(struct lk_readers *readers); /* reads so far */

#endif
