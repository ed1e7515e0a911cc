/* The clock and its seam: code asks a struct lk_clock, tests pass a frozen one. */
#ifndef LK_TIME_CLOCK_H
#define LK_TIME_CLOCK_H

#include <stdint.h>

/* Milliseconds. `wall` counts from 1970-01-01T00:00:00Z, `steady` from anywhere and never
 * backwards. Thread-safe. */
struct lk_clock {
	int64_t (*wall_ms)(const struct lk_clock *clock);
	int64_t (*steady_ms)(const struct lk_clock *clock);
};

const struct lk_clock *lk_clock_system(void);

static inline int64_t
lk_clock_wall_ms(const struct lk_clock *clock)
{
	return clock->wall_ms(clock);
}

static inline int64_t
lk_clock_steady_ms(const struct lk_clock *clock)
{
	return clock->steady_ms(clock);
}

/* A clock that stands still until it is set: for tests. */
struct lk_clock_frozen {
	struct lk_clock clock; /* first, so that &frozen.clock is the clock */
	int64_t now_ms;        /* both wall and steady */
};
void lk_clock_frozen_init(struct lk_clock_frozen *frozen, int64_t now_ms);

#endif
