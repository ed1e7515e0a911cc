/* Connections that must get somewhere by a certain time: who sends a byte a second loses theirs,
 * whatever the HTTP library thinks of it. */
#ifndef LK_GATEWAY_DEADLINES_H
#define LK_GATEWAY_DEADLINES_H

#include "base/base.h"
#include "time/clock.h"

struct deadlines;

/* One connection; lies in memory of its owner from _add to _remove. */
struct deadline {
	int socket;
	int64_t at_ms; /* steady; INT64_MAX: none */
	bool over;     /* the socket was shut down */
	struct deadline *next, *previous;
};

/* Starts a thread. `clock` is borrowed. RESOURCE_EXHAUSTED. */
lk_status deadlines_new(
    const struct lk_clock *clock, struct deadlines **out_deadlines, struct lk_error *err);
void deadlines_free(struct deadlines *deadlines);

/* Any thread. The socket must stay open until _remove has returned. */
void deadlines_add(
    struct deadlines *deadlines, struct deadline *deadline, int socket, int64_t in_ms);
void deadlines_move(struct deadlines *deadlines, struct deadline *deadline, int64_t in_ms);
void deadlines_remove(struct deadlines *deadlines, struct deadline *deadline);

#endif
