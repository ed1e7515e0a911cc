/* Waiting on a condition by the monotonic clock. Inside common/feed only. */
#ifndef LK_FEED_INSTANT_H
#define LK_FEED_INSTANT_H

#include <pthread.h>
#include <stdint.h>
#include <time.h>

/* A condition whose timed waits name instants of feed_after_ms. */
void feed_cond_init(pthread_cond_t *cond);
/* `ms` from now, 0 or more. */
struct timespec feed_after_ms(int64_t ms);

#endif
