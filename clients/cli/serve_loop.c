/* The loop of `validate --serve`: it reads lines and hands them to threads, which ask the validator
 * and answer; misses that meet there travel to the service in one message. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "serve.h"
#include "serve_answer.h"
#include "serve_connection.h"

enum {
	CONNECTIONS_MAX = 256,
	THREADS = 16,
	JOBS_MAX = 1024,  /* lines that wait for a thread; then nobody is read */
	LINGER_MS = 5000, /* after the signal */
	FIXED = 3,        /* polled besides connections: stop, wake, listen */
};

struct job {
	struct serve_connection *connection;
	char *line;
	size_t len;
};

struct serve {
	latchkey_validator *validator;
	int wake_fd, listen_fd, stop_fd;
	struct serve_connection *connections[CONNECTIONS_MAX];
	size_t count;
	bool ending;
	int64_t end_ms; /* of patience, when ending */

	pthread_t threads[THREADS];
	size_t threads_count;
	pthread_mutex_t lock; /* guards what follows */
	pthread_cond_t given;
	struct job jobs[JOBS_MAX];
	size_t first, waiting;
	bool closing;
};

/* ---- Threads ---- */

static bool
job_take(struct serve *serve, struct job *out)
{
	pthread_mutex_lock(&serve->lock);
	while (serve->waiting == 0 && !serve->closing)
		pthread_cond_wait(&serve->given, &serve->lock);
	const bool has = serve->waiting > 0;
	if (has) {
		*out = serve->jobs[serve->first];
		serve->first = (serve->first + 1) % JOBS_MAX;
		serve->waiting--;
	}
	pthread_mutex_unlock(&serve->lock);
	return has;
}

static bool
job_give(struct serve *serve, const struct job *job)
{
	pthread_mutex_lock(&serve->lock);
	const bool room = serve->waiting < JOBS_MAX;
	if (room) {
		serve->jobs[(serve->first + serve->waiting++) % JOBS_MAX] = *job;
		pthread_cond_signal(&serve->given);
	}
	pthread_mutex_unlock(&serve->lock);
	return room;
}

static bool
has_room(struct serve *serve)
{
	pthread_mutex_lock(&serve->lock);
	const bool room = serve->waiting < JOBS_MAX;
	pthread_mutex_unlock(&serve->lock);
	return room;
}

static void
job_do(struct serve *serve, const struct job *job)
{
	LK_AUTO(lk_json_wipe) struct lk_json json = { 0 };
	const char *text = serve_answer(serve->validator, lk_bytes(job->line, job->len), &json);

	lk_wipe(job->line, job->len);
	lk_free(job->line);
	if (serve_connection_answer(job->connection, text))
		eventfd_write(serve->wake_fd, 1);
}

static void *
work(void *arg)
{
	struct serve *serve = arg;
	struct job job;

	while (job_take(serve, &job))
		job_do(serve, &job);
	return NULL;
}

/* ---- The loop ---- */

static int64_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void
accept_one(struct serve *serve)
{
	const int fd = accept4(serve->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return;
	struct serve_connection *connection = serve_connection_new(fd);
	if (connection)
		serve->connections[serve->count++] = connection;
	else
		close(fd);
}

/* Lines that were read go to the threads, as many as may be in flight. */
static void
give_lines(struct serve *serve, struct serve_connection *connection)
{
	struct job job = { .connection = connection };

	while (has_room(serve) && serve_connection_line(connection, &job.line, &job.len))
		LK_IGNORE(job_give(serve, &job)); /* there is room, and only we give */
}

static void
look_at(struct serve *serve, struct serve_connection *connection, short events)
{
	if (events & POLLOUT)
		LK_IGNORE(serve_connection_flush(connection));
	if ((events & (POLLIN | POLLHUP | POLLERR)) && serve_connection_has_room(connection) &&
	    !serve_connection_read(connection))
		connection->no_more = true;
	give_lines(serve, connection);
}

static void
drop_those_that_are_over(struct serve *serve)
{
	size_t kept = 0;

	for (size_t i = 0; i < serve->count; i++) {
		if (serve_connection_is_over(serve->connections[i]))
			serve_connection_free(serve->connections[i]);
		else
			serve->connections[kept++] = serve->connections[i];
	}
	serve->count = kept;
}

static short
events_of(struct serve *serve, struct serve_connection *connection)
{
	const bool read = has_room(serve) && serve_connection_has_room(connection);

	return (short)((read ? POLLIN : 0) | (serve_connection_flush(connection) ? 0 : POLLOUT));
}

static void
begin_to_end(struct serve *serve)
{
	serve->ending = true;
	serve->end_ms = now_ms() + LINGER_MS;
	for (size_t i = 0; i < serve->count; i++)
		serve->connections[i]->no_more = true;
}

/* False when all is done. */
static bool
turn(struct serve *serve)
{
	struct pollfd polls[FIXED + CONNECTIONS_MAX] = {
		{ .fd = serve->ending ? -1 : serve->stop_fd, .events = POLLIN },
		{ .fd = serve->wake_fd, .events = POLLIN },
		{ .fd = serve->ending || serve->count == CONNECTIONS_MAX ? -1 : serve->listen_fd,
		    .events = POLLIN },
	};
	const size_t count = serve->count;
	eventfd_t woken;

	for (size_t i = 0; i < count; i++) {
		const short events = events_of(serve, serve->connections[i]);
		polls[FIXED + i] = (struct pollfd){ .fd = events ? serve->connections[i]->fd : -1,
			.events = events };
	}
	if (poll(polls, FIXED + count, serve->ending ? 100 : -1) < 0)
		return true;
	if (polls[1].revents)
		(void)eventfd_read(serve->wake_fd, &woken);
	for (size_t i = 0; i < count; i++)
		look_at(serve, serve->connections[i], polls[FIXED + i].revents);
	if (polls[2].revents)
		accept_one(serve);
	if (polls[0].revents)
		begin_to_end(serve);
	drop_those_that_are_over(serve);
	return !serve->ending || (serve->count > 0 && now_ms() < serve->end_ms);
}

static void
stop_threads(struct serve *serve)
{
	pthread_mutex_lock(&serve->lock);
	serve->closing = true;
	pthread_cond_broadcast(&serve->given);
	pthread_mutex_unlock(&serve->lock);
	for (size_t i = 0; i < serve->threads_count; i++)
		pthread_join(serve->threads[i], NULL);
	for (size_t i = 0; i < serve->count; i++)
		serve_connection_free(serve->connections[i]);
	pthread_cond_destroy(&serve->given);
	pthread_mutex_destroy(&serve->lock);
	if (serve->wake_fd >= 0)
		close(serve->wake_fd);
	lk_free(serve);
}

static bool
start_threads(struct serve *serve)
{
	pthread_mutex_init(&serve->lock, NULL);
	pthread_cond_init(&serve->given, NULL);
	serve->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	for (; serve->threads_count < THREADS; serve->threads_count++)
		if (pthread_create(&serve->threads[serve->threads_count], NULL, work, serve) != 0)
			return false;
	return serve->wake_fd >= 0;
}

latchkey_status
serve_loop(struct cli *cli, latchkey_validator *validator, int listen_fd, int stop_fd)
{
	struct serve *serve = LK_ALLOC(struct serve);

	if (!serve)
		return cli_refuse(cli, LATCHKEY_RESOURCE_EXHAUSTED, "", "OUT_OF_MEMORY",
		    "there is not enough memory");
	serve->validator = validator;
	serve->listen_fd = listen_fd;
	serve->stop_fd = stop_fd;
	const bool started = start_threads(serve);
	while (started && turn(serve))
		;
	stop_threads(serve);
	return started ? LATCHKEY_OK
		       : cli_refuse(cli, LATCHKEY_RESOURCE_EXHAUSTED, "", "NO_THREAD",
			     "the threads that answer could not be started");
}
