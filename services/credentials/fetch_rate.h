/* How often a worker may fetch: a stolen key empties no tenant in a minute. */
#ifndef LK_CREDENTIALS_FETCH_RATE_H
#define LK_CREDENTIALS_FETCH_RATE_H

#include "base/base.h"
#include "time/clock.h"

struct fetch_rate;

enum {
	FETCH_RATE_BURST_MS = 10000
}; /* what a worker did not use of the last ten seconds is kept */

/* `per_minute` for each worker; 0: no limit. `clock` is borrowed. NULL when memory is short. Yours.
 */
struct fetch_rate *fetch_rate_new(int64_t per_minute, const struct lk_clock *clock);
void fetch_rate_free(struct fetch_rate *rate);

/* Counts one. RESOURCE_EXHAUSTED FETCH_RATE, with retry_after_ms, counts none. Any thread. */
lk_status fetch_rate_take(struct fetch_rate *rate, const char *worker, struct lk_error *err);

#endif
