/* Lines in, lines out; see serve_connection.h. */
#include "serve_connection.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "serve_answer.h"

struct serve_connection *
serve_connection_new(int fd)
{
	struct serve_connection *connection = LK_ALLOC(struct serve_connection);

	if (!connection)
		return NULL;
	connection->fd = fd;
	pthread_mutex_init(&connection->lock, NULL);
	return connection;
}

void
serve_connection_free(struct serve_connection *connection)
{
	close(connection->fd);
	pthread_mutex_destroy(&connection->lock);
	lk_wipe(connection->in, sizeof connection->in);
	lk_free(connection->out);
	lk_free(connection);
}

bool
serve_connection_read(struct serve_connection *connection)
{
	const ssize_t n = recv(connection->fd, connection->in + connection->in_len,
	    sizeof connection->in - connection->in_len, MSG_DONTWAIT);

	if (n > 0)
		connection->in_len += (size_t)n;
	return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

static unsigned
in_flight(struct serve_connection *connection)
{
	pthread_mutex_lock(&connection->lock);
	const unsigned count = connection->in_flight;
	pthread_mutex_unlock(&connection->lock);
	return count;
}

static void
begin(struct serve_connection *connection)
{
	pthread_mutex_lock(&connection->lock);
	connection->in_flight++;
	pthread_mutex_unlock(&connection->lock);
}

static void
cut(struct serve_connection *connection, size_t len)
{
	connection->in_len -= len;
	memmove(connection->in, connection->in + len, connection->in_len);
}

static void
refuse_long_line(struct serve_connection *connection)
{
	LK_AUTO(lk_json_wipe) struct lk_json json = { 0 };

	connection->skipping = true;
	begin(connection);
	LK_IGNORE(serve_connection_answer(connection, serve_refusal(&json)));
}

static void
skip(struct serve_connection *connection)
{
	const char *end = memchr(connection->in, '\n', connection->in_len);

	connection->skipping = !end;
	cut(connection, end ? (size_t)(end - connection->in) + 1 : connection->in_len);
}

bool
serve_connection_line(struct serve_connection *connection, char **out_line, size_t *out_len)
{
	if (connection->skipping)
		skip(connection);
	const char *end = memchr(connection->in, '\n', connection->in_len);
	if (!end && connection->in_len > SERVE_LINE_MAX) {
		refuse_long_line(connection);
		skip(connection);
	}
	if (!end || in_flight(connection) >= SERVE_IN_FLIGHT_MAX)
		return false;
	const size_t len = (size_t)(end - connection->in);
	char *line = lk_alloc(len + 1);
	if (!line)
		return false;
	memcpy(line, connection->in, len);
	cut(connection, len + 1);
	begin(connection);
	*out_line = line;
	*out_len = len;
	return true;
}

/* Under the lock. */
static void
append(struct serve_connection *connection, const char *text, size_t len)
{
	const size_t needed = connection->out_len + len;

	if (needed > SERVE_UNTAKEN_MAX) {
		connection->broken = true;
		return;
	}
	if (needed > connection->out_cap) {
		const size_t cap = needed * 2;
		char *grown = lk_alloc(cap);
		if (!grown) {
			connection->broken = true;
			return;
		}
		if (connection->out_len > 0)
			memcpy(grown, connection->out, connection->out_len);
		lk_free(connection->out);
		connection->out = grown;
		connection->out_cap = cap;
	}
	memcpy(connection->out + connection->out_len, text, len);
	connection->out_len += len;
}

/* Under the lock. */
static void
send_out(struct serve_connection *connection)
{
	while (connection->out_len > 0 && !connection->broken) {
		const ssize_t n = send(connection->fd, connection->out, connection->out_len,
		    MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n < 0) {
			connection->broken = true;
			return;
		}
		connection->out_len -= (size_t)n;
		memmove(connection->out, connection->out + n, connection->out_len);
	}
}

bool
serve_connection_answer(struct serve_connection *connection, const char *text)
{
	pthread_mutex_lock(&connection->lock);
	if (text) {
		append(connection, text, strlen(text));
		append(connection, "\n", 1);
		send_out(connection);
	} else {
		connection->broken =
		    true; /* no memory for an answer: better none than a wrong one */
	}
	const bool was_full = connection->in_flight-- == SERVE_IN_FLIGHT_MAX;
	const bool look =
	    was_full || connection->in_flight == 0 || connection->out_len > 0 || connection->broken;
	pthread_mutex_unlock(&connection->lock);
	return look;
}

bool
serve_connection_flush(struct serve_connection *connection)
{
	pthread_mutex_lock(&connection->lock);
	send_out(connection);
	const bool done = connection->out_len == 0;
	pthread_mutex_unlock(&connection->lock);
	return done;
}

bool
serve_connection_is_over(struct serve_connection *connection)
{
	pthread_mutex_lock(&connection->lock);
	const bool idle = connection->in_flight == 0;
	const bool over =
	    idle && (connection->broken || (connection->no_more && connection->out_len == 0 &&
					       !memchr(connection->in, '\n', connection->in_len)));
	pthread_mutex_unlock(&connection->lock);
	return over;
}

bool
serve_connection_has_room(struct serve_connection *connection)
{
	return !connection->no_more && connection->in_len < sizeof connection->in &&
	       in_flight(connection) < SERVE_IN_FLIGHT_MAX;
}
