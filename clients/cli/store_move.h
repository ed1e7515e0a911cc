/* A move of one service's rows that is under way: the service tells, its progress becomes lines. */
#ifndef LATCHKEY_CLI_STORE_MOVE_H
#define LATCHKEY_CLI_STORE_MOVE_H

#include <signal.h>

#include "store_child.h"

/* One that arrived whole. Borrowed. */
struct store_table {
	const char *service, *name, *digest; /* hexadecimal */
	uint64_t rows;
};

struct store_move {
	struct cli *cli;
	const char *service;
	latchkey_status (*table)(void *user, const struct store_table *table); /* cli->error */
	void *user;

	const volatile sig_atomic_t *stopped; /* not 0: go no further; NULL: never */

	struct store_child child;
	int64_t said_at_ms;
	bool begun, done;
};

/* The URL that `given` means for a service: each {service} in it becomes the name. False: too long.
 */
enum { STORE_URL_SIZE = 4096 };
bool store_url_for(const char *given, const char *service, char out[STORE_URL_SIZE]);
bool store_url_is_for_all(const char *given);

/* From `from` to `to`, both with {service} or without. `online`: the service that has `from` goes
 * on meanwhile. The first fields are set. Errors: those of store_child_start, STORE_URL_INVALID. */
latchkey_status store_move_start(
    struct store_move *move, const char *from, const char *to, bool online);

/* Of an online one: wait until its snapshot stands. After a failure it is to be ended, too. */
latchkey_status store_move_await_begun(struct store_move *move);

/* The rest, to its end: what the service refused, or UNAVAILABLE STORE_MOVE_INTERRUPTED when it
 * ended before all was moved. */
latchkey_status store_move_finish(struct store_move *move);

/* One that is not to come to its end; once, and not after store_move_finish(). */
void store_move_abandon(struct store_move *move);

#endif
