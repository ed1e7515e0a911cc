/* The system's clocks and the frozen one; see clock.h. */
#include "time/clock.h"

#include <time.h>

static int64_t
read_ms(clockid_t id)
{
	struct timespec now;

	clock_gettime(id, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t
system_wall_ms(const struct lk_clock *clock)
{
	(void)clock;
	return read_ms(CLOCK_REALTIME);
}

/* BOOTTIME goes on while the machine sleeps: a lease must not outlive a suspended laptop or VM. */
static int64_t
system_steady_ms(const struct lk_clock *clock)
{
	(void)clock;
	return read_ms(CLOCK_BOOTTIME);
}

const struct lk_clock *
lk_clock_system(void)
{
	static const struct lk_clock clock = { system_wall_ms, system_steady_ms };

	return &clock;
}

static int64_t
frozen_ms(const struct lk_clock *clock)
{
	return __atomic_load_n(&((const struct lk_clock_frozen *)clock)->now_ms, __ATOMIC_RELAXED);
}

void
lk_clock_frozen_init(struct lk_clock_frozen *frozen, int64_t now_ms)
{
	frozen->clock = (struct lk_clock){ frozen_ms, frozen_ms };
	frozen->now_ms = now_ms;
}
