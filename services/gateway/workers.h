/* Threads for requests that wait for a service, and the bounded queue in front of them. */
#ifndef LK_GATEWAY_WORKERS_H
#define LK_GATEWAY_WORKERS_H

#include "base/base.h"

/* Something to do; lies in memory of its owner until `run` is called. */
struct job {
	void (*run)(struct job *job);
	struct job *next;
};

struct workers;

lk_status workers_new(
    size_t threads, size_t queue_max, struct workers **out_workers, struct lk_error *err);

/* False when the queue is full: the job is still the caller's. Any thread; never blocks. */
bool workers_put(struct workers *workers, struct job *job);

/* Queued and running. */
unsigned workers_busy(struct workers *workers);

/* Everything that was put runs first. */
void workers_free(struct workers *workers);

#endif
