/*
 * A REQ client in a hundred lines: connect, SP handshake, one framed message (nng's ipc mapping:
 * RFC "SP over IPC": an 8-byte greeting each way; then a byte 1, a 64-bit length, the request id,
 * the message).
 */
#include "rpc/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "latchkey/common/v1/frame.pb-c.h"
#include "rpc/frame.h"

enum { GREETING_LEN = 8, ENVELOPE_LEN = 1 + 8 + 4, MESSAGE_MAX = 256 };

/* SP's protocol numbers: what we are to the other side. */
enum { WE_ARE_REQ = 0x30, WE_ARE_SUB = 0x21 };

static int64_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void
close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

/* A connected, non-blocking socket, or -1: nobody listens (ECONNREFUSED), or the backlog is full
 * (EAGAIN). */
static int
connect_to(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof address.sun_path) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(address.sun_path, path, strlen(path) + 1);
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
		const int why = errno;
		close(fd);
		errno = why;
		return -1;
	}
	return fd;
}

static bool
wait_for(int fd, short events, int64_t until_ms)
{
	struct pollfd p = { .fd = fd, .events = events };
	const int64_t left = until_ms - now_ms();

	return left > 0 && poll(&p, 1, (int)left) == 1;
}

static bool
send_all(int fd, const uint8_t *data, size_t len, int64_t until_ms)
{
	while (len > 0) {
		if (!wait_for(fd, POLLOUT, until_ms))
			return false;
		const ssize_t n = send(fd, data, len, MSG_NOSIGNAL);
		if (n <= 0)
			return false;
		data += n;
		len -= (size_t)n;
	}
	return true;
}

static bool
receive_all(int fd, uint8_t *out, size_t len, int64_t until_ms)
{
	while (len > 0) {
		if (!wait_for(fd, POLLIN, until_ms))
			return false;
		const ssize_t n = recv(fd, out, len, 0);
		if (n <= 0)
			return false;
		out += n;
		len -= (size_t)n;
	}
	return true;
}

static bool
greet(int fd, uint8_t protocol, int64_t until_ms)
{
	const uint8_t greeting[GREETING_LEN] = { 0, 'S', 'P', 0, 0, protocol, 0, 0 };
	uint8_t theirs[GREETING_LEN];

	return send_all(fd, greeting, sizeof greeting, until_ms) &&
	       receive_all(fd, theirs, sizeof theirs, until_ms) && memcmp(theirs, greeting, 4) == 0;
}

/* envelope · frame of a Health call with an empty body */
static size_t
health_message(uint8_t out[MESSAGE_MAX])
{
	static char request_id[] = "req_listener_guard",
		    method[] = "latchkey.health.v1.HealthService/Check";
	Latchkey__Common__V1__RequestHeader h = LATCHKEY__COMMON__V1__REQUEST_HEADER__INIT;

	h.request_id = request_id;
	h.method = method;
	h.timeout_ms = 1000;
	uint8_t *frame = out + ENVELOPE_LEN;
	const size_t header_len = protobuf_c_message_pack(&h.base, frame + LK_FRAME_PREFIX_SIZE);
	lk_frame_prefix(frame, header_len);
	const size_t len = 4 + LK_FRAME_PREFIX_SIZE + header_len;
	const uint8_t envelope[ENVELOPE_LEN] = { 1, 0, 0, 0, 0, 0, 0, (uint8_t)(len >> 8),
		(uint8_t)len, 0x80, 0, 0, 1 };
	memcpy(out, envelope, sizeof envelope);
	return ENVELOPE_LEN - 4 + len;
}

bool
lk_probe_listening(const char *path, int timeout_ms)
{
	LK_AUTO(close_fd) int fd = connect_to(path);

	if (fd < 0)
		return errno == EAGAIN;
	(void)greet(fd, WE_ARE_REQ,
	    now_ms() +
		timeout_ms); /* leaving in the middle of it would stop an old nng's listener */
	return true;
}

bool
lk_probe_answers(const char *path, int timeout_ms)
{
	uint8_t message[MESSAGE_MAX], answer[ENVELOPE_LEN];
	const int64_t until_ms = now_ms() + timeout_ms;
	LK_AUTO(close_fd) int fd = connect_to(path);

	return fd >= 0 && greet(fd, WE_ARE_REQ, until_ms) &&
	       send_all(fd, message, health_message(message), until_ms) &&
	       receive_all(fd, answer, sizeof answer, until_ms);
}

bool
lk_probe_hears(const char *path, int timeout_ms)
{
	uint8_t envelope[ENVELOPE_LEN - 4];
	const int64_t until_ms = now_ms() + timeout_ms;
	LK_AUTO(close_fd) int fd = connect_to(path);

	return fd >= 0 && greet(fd, WE_ARE_SUB, until_ms) &&
	       receive_all(fd, envelope, sizeof envelope, until_ms);
}
