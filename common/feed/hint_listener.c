/*
 * Hints as they come in, over a plain socket that speaks nng's SUB (a greeting, then on ipc the
 * byte 1, a length of 64 bits, the message). Not nng's own SUB: in 1.5.2 closing one while a
 * message arrives waits for ever (the reaper waits for an aio that was begun after its stop), and a
 * connection to a stopped listener goes unnoticed, while here two missed heartbeats end it.
 */
#include "feed/hint_listener.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/thread.h"
#include "feed/feed.h"
#include "feed/hints.h"
#include "rpc/decode.h"

enum {
	LINKS_MAX = 16,
	GREETING_LEN = 8,
	ENVELOPE_LEN = 9,
	HINT_MAX = 64 * 1024, /* bytes of a message; ours have at most 128 events */
	HINT_ARENA = 128 * 1024,
	SILENCE_MS = 600, /* heartbeats come every 250 */
	REDIAL_MS = 50,
};

/* One publisher. */
struct hint_link {
	struct hint_listener *listener;
	struct sockaddr_un address;
	struct lk_arena *arena;
	pthread_t thread;
	bool started;
	uint8_t message[HINT_MAX];
};

struct hint_listener {
	int stop_fd; /* readable: stop */
	void (*on_hint)(void *user, const FeedHint *hint);
	void *user;
	bool deaf; /* to some */
	size_t count;
	struct hint_link *links[LINKS_MAX];
};

static void
close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

/* True when `fd` is ready; false when it is time to stop, or nothing came within `timeout_ms`. */
static bool
wait_for(const struct hint_link *link, int fd, short events, int timeout_ms, bool *out_stop)
{
	struct pollfd polls[] = { { .fd = link->listener->stop_fd, .events = POLLIN },
		{ .fd = fd, .events = events } };
	const int ready = poll(polls, fd < 0 ? 1 : 2, timeout_ms);

	*out_stop = ready > 0 && polls[0].revents != 0;
	return ready > 0 && !*out_stop;
}

static bool
receive_all(const struct hint_link *link, int fd, uint8_t *out, size_t len)
{
	bool stop;

	while (len > 0) {
		if (!wait_for(link, fd, POLLIN, SILENCE_MS, &stop))
			return false;
		const ssize_t n = recv(fd, out, len, 0);
		if (n == 0 || (n < 0 && errno != EINTR))
			return false;
		if (n > 0) {
			out += n;
			len -= (size_t)n;
		}
	}
	return true;
}

/* What tells one socket file from its successor. */
static bool
same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
	       a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* A publisher that stands still greets when it goes on. Who leaves before that may cost nng before
 * 1.6 its listener, so we stay as long as nobody else has taken over the path. */
static bool
wait_for_greeting(const struct hint_link *link, int fd)
{
	struct stat ours, now;
	bool stop = false;

	if (stat(link->address.sun_path, &ours) != 0)
		return false;
	while (!stop) {
		if (wait_for(link, fd, POLLIN, SILENCE_MS, &stop))
			return true;
		if (stat(link->address.sun_path, &now) != 0 || !same_file(&ours, &now))
			return false;
	}
	return false;
}

static bool
greet(const struct hint_link *link, int fd)
{
	static const uint8_t we_are_sub[GREETING_LEN] = { 0, 'S', 'P', 0, 0, 0x21, 0, 0 };
	static const uint8_t they_are_pub[GREETING_LEN] = { 0, 'S', 'P', 0, 0, 0x20, 0, 0 };
	uint8_t theirs[GREETING_LEN];

	return send(fd, we_are_sub, sizeof we_are_sub, MSG_NOSIGNAL) == sizeof we_are_sub &&
	       wait_for_greeting(link, fd) && receive_all(link, fd, theirs, sizeof theirs) &&
	       memcmp(theirs, they_are_pub, sizeof theirs) == 0;
}

static bool
message_len(const uint8_t envelope[ENVELOPE_LEN], size_t *out_len)
{
	uint64_t len = 0;

	for (int i = 1; i < ENVELOPE_LEN; i++)
		len = len << 8 | envelope[i];
	*out_len = (size_t)len;
	return envelope[0] == 1 && len > 0 && len <= HINT_MAX;
}

/* What is no hint is passed over. */
static void
take(struct hint_link *link, size_t len)
{
	const struct lk_bytes body = lk_bytes(link->message + 1, len - 1);
	ProtobufCMessage *hint;

	lk_arena_reset(link->arena);
	if (link->message[0] == FEED_TOPIC_EVENTS &&
	    lk_decode(&latchkey__common__v1__feed_hint__descriptor, body, link->arena, &hint,
		NULL) == LK_OK)
		link->listener->on_hint(link->listener->user, (const FeedHint *)(const void *)hint);
}

/* One connection until it ends, falls silent, or we stop. */
static void
listen_once(struct hint_link *link)
{
	LK_AUTO(close_fd) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	uint8_t envelope[ENVELOPE_LEN];
	size_t len;

	if (fd < 0 ||
	    connect(fd, (const struct sockaddr *)&link->address, sizeof link->address) != 0 ||
	    !greet(link, fd))
		return;
	while (receive_all(link, fd, envelope, sizeof envelope) && message_len(envelope, &len) &&
	       receive_all(link, fd, link->message, len))
		take(link, len);
}

static void *
run(void *arg)
{
	struct hint_link *link = arg;
	bool stop = false;

	while (!stop) {
		listen_once(link);
		(void)wait_for(link, -1, 0, REDIAL_MS, &stop);
	}
	return NULL;
}

/* ---- Life ---- */

static bool
start_thread(struct hint_link *link)
{
	link->started = lk_thread_start(&link->thread, run, link);
	return link->started;
}

static lk_status
add_link(struct hint_listener *listener, const char *service_url, struct lk_error *err)
{
	char url[LK_URL_SIZE];
	const char *path;

	if (lk_url_is_tls(service_url)) {
		listener->deaf = true; /* no hints come from another host */
		return LK_OK;
	}
	LK_TRY(lk_feed_hint_url(service_url, url, err));
	LK_TRY(lk_url_check(url, &path, err));
	if (listener->count == LINKS_MAX)
		return lk_fail(err, LK_INVALID_ARGUMENT, "URL_INVALID",
		    "at most %d addresses have feeds", LINKS_MAX);
	struct hint_link *link = LK_ALLOC(struct hint_link);
	if (!link)
		return lk_fail_oom(err);
	listener->links[listener->count++] = link;
	link->listener = listener;
	link->address.sun_family = AF_UNIX;
	lk_text_copy(link->address.sun_path, sizeof link->address.sun_path, path);
	link->arena = lk_arena_new(HINT_ARENA);
	return link->arena && start_thread(link) ? LK_OK : lk_fail_oom(err);
}

lk_status
hint_listener_start(struct hint_listener **out_listener, const char *service_urls,
    void (*on_hint)(void *user, const FeedHint *hint), void *user, struct lk_error *err)
{
	struct hint_listener *listener = LK_ALLOC(struct hint_listener);
	const char *rest = service_urls;
	char url[LK_URL_SIZE];

	if (!listener)
		return lk_fail_oom(err);
	*out_listener = listener; /* whoever asked stops us, whole or not */
	listener->on_hint = on_hint;
	listener->user = user;
	listener->stop_fd = eventfd(0, EFD_CLOEXEC);
	if (listener->stop_fd < 0)
		return lk_fail_oom(err);
	while (rest) {
		LK_TRY(lk_url_next(&rest, url, err));
		LK_TRY(add_link(listener, url, err));
	}
	return LK_OK;
}

bool
hint_listener_hears_all(const struct hint_listener *listener)
{
	return !listener->deaf;
}

void
hint_listener_stop(struct hint_listener *listener)
{
	if (!listener)
		return;
	if (listener->stop_fd >= 0)
		eventfd_write(listener->stop_fd, 1);
	for (size_t i = 0; i < listener->count; i++) {
		struct hint_link *link = listener->links[i];
		if (link->started)
			pthread_join(link->thread, NULL);
		lk_arena_free(link->arena);
		lk_free(link);
	}
	close_fd(&listener->stop_fd);
	lk_free(listener);
}
