/* One caller of `validate --serve`: what it sent and is not read yet, and what it has not taken
 * yet. */
#ifndef LATCHKEY_CLI_SERVE_CONNECTION_H
#define LATCHKEY_CLI_SERVE_CONNECTION_H

#include <pthread.h>

#include "base/base.h"
#include "serve_request.h"

enum {
	SERVE_IN_FLIGHT_MAX = 64,        /* requests of one caller; then it is not read */
	SERVE_UNTAKEN_MAX = 1024 * 1024, /* bytes of answers that it leaves lying; then it goes */
};

struct serve_connection {
	int fd;
	/* The loop's alone. */
	bool no_more;  /* nothing is read any more */
	bool skipping; /* the rest of a line that is too long */
	size_t in_len;
	char in[SERVE_LINE_MAX + 1];

	pthread_mutex_t lock; /* guards what follows */
	char *out;
	size_t out_len, out_cap;
	unsigned in_flight;
	bool broken;
};

struct serve_connection *serve_connection_new(int fd); /* NULL: no memory. Takes fd. */
void serve_connection_free(struct serve_connection *connection);

/* Read what is there; false when the other side has ended or failed. */
bool serve_connection_read(struct serve_connection *connection);
/* Take the next whole line out of what was read. Yours: lk_free. False: there is none, or too many
 * are in flight. A line that is too long is refused, and the rest of it passed over. */
bool serve_connection_line(struct serve_connection *connection, char **out_line, size_t *out_len);

/* Any thread. The answer of one line: true when the loop should look at this connection. */
bool serve_connection_answer(struct serve_connection *connection, const char *text);

bool serve_connection_flush(struct serve_connection *connection); /* false: something is left */
bool serve_connection_is_over(struct serve_connection *connection);
bool serve_connection_has_room(struct serve_connection *connection); /* to read more */

#endif
