/* HealthService: is this process there and ready (public, from memory), and what has it done? */
#ifndef LK_DAEMON_HEALTH_H
#define LK_DAEMON_HEALTH_H

#include <stdatomic.h>
#include <stdbool.h>

#include "metrics/families.h"
#include "rpc/method.h"
#include "time/clock.h"

/* Texts are borrowed for the life of the server. */
struct lk_health {
	const char *service; /* "keys" */
	const char *version;
	const char *instance;
	int64_t started_at_ms;
	atomic_bool draining;
	/* Adds what the process measures of itself; may block until the deadline. NULL: nothing. */
	void (*measure)(void *user, struct lk_families *out, int64_t deadline_steady_ms);
	void *measure_user;
};

void lk_health_init(struct lk_health *health, const char *service, const char *version,
    const char *instance, const struct lk_clock *clock);

/* From now on Check says "draining". Any thread. */
void lk_health_drain(struct lk_health *health);

/* For the server's list of services; its user pointer is the struct lk_health. */
const struct lk_method_table *lk_health_method_table(void);

#endif
