/* Waiting on a condition by the monotonic clock, which nobody sets. */
#ifndef LK_BASE_INSTANT_H
#define LK_BASE_INSTANT_H

#include <pthread.h>
#include <stdint.h>
#include <time.h>

/* A condition whose timed waits name instants of lk_after_ms. */
void lk_cond_init(pthread_cond_t *cond);
/* `ms` from now, 0 or more. */
struct timespec lk_after_ms(int64_t ms);

#endif
