/* The bounded queue of calls that wait for a worker, and the workers. Between server files. */
#ifndef LK_RPC_QUEUE_H
#define LK_RPC_QUEUE_H

#include "base/base.h"
#include "rpc/slot.h"

struct lk_queue;

/* `run` is called for each slot on one of the worker threads. out_queue is yours. */
lk_status lk_queue_new(struct lk_queue **out_queue, unsigned max, void (*run)(struct lk_slot *slot),
    struct lk_error *err);
lk_status lk_queue_start(struct lk_queue *queue, unsigned workers, struct lk_error *err);

/* False when the queue is full: the slot is still the caller's. Any thread; never blocks. */
bool lk_queue_put(struct lk_queue *queue, struct lk_slot *slot);
unsigned lk_queue_depth(struct lk_queue *queue);

/* Let the running ones end, drop the waiting ones, join the threads. */
void lk_queue_stop(struct lk_queue *queue);
void lk_queue_free(struct lk_queue *queue); /* stops it too */

#endif
