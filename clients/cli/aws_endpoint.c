/*
 * aws-endpoint: AWS's container credentials protocol on loopback, for tools that know neither us
 * nor credential_process (docs.aws.amazon.com, "Container credential provider"). One question a
 * connection, one after the other, until SIGTERM.
 */
#include "aws_endpoint.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "aws/container.h"
#include "crypto/encode.h"
#include "crypto/private_file.h"
#include "fetching.h"
#include "handlers.h"
#include "id/random.h"
#include "time/clock.h"

enum {
	BACKLOG = 64,
	PATIENCE_MS = 2000, /* for a whole request */
	TOKEN_LEN = 32,
	ANSWER_MAX = 16 * 1024,
};

struct endpoint {
	struct cli *cli;
	int listener, end;
	uint16_t port;
	char token[LK_BASE64URL_LEN(TOKEN_LEN) + 1];
	char purpose[FETCHING_PURPOSE_SIZE];
};

static void
endpoint_wipe(struct endpoint *endpoint)
{
	if (endpoint->listener >= 0)
		close(endpoint->listener);
	if (endpoint->end >= 0)
		close(endpoint->end);
	lk_wipe(endpoint->token, sizeof endpoint->token);
}

/* ---- Answering ---- */

static void
send_answer(int fd, int status, const char *json)
{
	char text[ANSWER_MAX];
	LK_AUTO(lk_wipe_view) struct lk_wiped wiped = { text, sizeof text };
	const int len = snprintf(text, sizeof text,
	    "HTTP/1.1 %d %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n"
	    "Cache-Control: no-store\r\nConnection: close\r\n\r\n%s",
	    status, status == 200 ? "OK" : "Refused", strlen(json), json);

	if (len > 0 && (size_t)len < sizeof text)
		(void)!send(fd, text, (size_t)len, MSG_NOSIGNAL);
}

static void
send_refusal(int fd, const struct aws_refusal *refusal)
{
	LK_AUTO(lk_json_wipe) struct lk_json json = { 0 };

	lk_aws_container_refusal(&json, refusal->code, refusal->message, NULL);
	const char *text = lk_json_text(&json);
	if (text)
		send_answer(fd, refusal->status, text);
}

static void
send_credential(int fd, const latchkey_fetched *fetched)
{
	LK_AUTO(lk_json_wipe) struct lk_json json = { 0 };
	const struct lk_aws_keys keys = {
		.access_key_id = latchkey_fetched_field(fetched, "access_key_id"),
		.secret_access_key = latchkey_fetched_field(fetched, "secret_access_key"),
		.session_token = latchkey_fetched_field(fetched, "session_token"),
		.expires_at_ms =
		    latchkey_credential_expires_at_ms(latchkey_fetched_credential(fetched)),
	};

	lk_aws_container_credentials(&json, &keys, lk_clock_wall_ms(lk_clock_system()));
	const char *text = lk_json_text(&json);
	if (text)
		send_answer(fd, 200, text);
}

/* Tools try again at 5xx, and not at 4xx. */
static int
http_status(latchkey_status status)
{
	if (status == LATCHKEY_NOT_FOUND)
		return 404;
	if (status == LATCHKEY_RESOURCE_EXHAUSTED)
		return 429;
	return status == LATCHKEY_UNAVAILABLE || status == LATCHKEY_DEADLINE_EXCEEDED ||
		       status == LATCHKEY_UNKNOWN
		   ? 503
		   : 403;
}

static void
answer(struct endpoint *endpoint, int fd)
{
	struct cli *cli = endpoint->cli;
	LK_AUTO(fetched_freep) latchkey_fetched *fetched = NULL;
	const latchkey_status status = fetching_of(cli, "aws", endpoint->purpose, &fetched);

	if (status == LATCHKEY_OK) {
		send_credential(fd, fetched);
		return;
	}
	cli_failed(cli);
	send_refusal(
	    fd, &(struct aws_refusal){ http_status(status),
		    *cli->error.reason ? cli->error.reason : "REFUSED", cli->error.message });
}

/* ---- Reading ---- */

/* False unless the head of a request came whole and in time. */
static bool
read_head(int fd, char head[AWS_REQUEST_MAX])
{
	const struct lk_clock *clock = lk_clock_system();
	const int64_t until_ms = lk_clock_steady_ms(clock) + PATIENCE_MS;
	size_t len = 0;

	for (;;) {
		struct pollfd poll_in = { .fd = fd, .events = POLLIN };
		const int64_t left_ms = until_ms - lk_clock_steady_ms(clock);
		if (left_ms <= 0 || poll(&poll_in, 1, (int)left_ms) <= 0)
			return false;
		const ssize_t got = recv(fd, head + len, AWS_REQUEST_MAX - 1 - len, 0);
		if (got <= 0)
			return false;
		len += (size_t)got;
		head[len] = '\0';
		if (strlen(head) != len)
			return false; /* a NUL */
		if (strstr(head, "\r\n\r\n"))
			return true;
		if (len == AWS_REQUEST_MAX - 1)
			return false;
	}
}

static void
take(struct endpoint *endpoint, int fd)
{
	char head[AWS_REQUEST_MAX];
	LK_AUTO(lk_wipe_view) struct lk_wiped wiped = { head, sizeof head };
	struct aws_refusal refusal = { 400, "REQUEST_INVALID", "this is no whole request" };

	if (read_head(fd, head) && aws_request_ok(head, endpoint->token, &refusal))
		answer(endpoint, fd);
	else
		send_refusal(fd, &refusal);
	shutdown(fd, SHUT_WR);
}

/* ---- Life ---- */

static latchkey_status
listen_on(struct endpoint *endpoint, uint16_t port)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port) };
	socklen_t size = sizeof address;
	const int yes = 1;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	endpoint->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (endpoint->listener < 0 ||
	    setsockopt(endpoint->listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0 ||
	    bind(endpoint->listener, (const struct sockaddr *)&address, sizeof address) != 0 ||
	    listen(endpoint->listener, BACKLOG) != 0 ||
	    getsockname(endpoint->listener, (struct sockaddr *)&address, &size) != 0)
		return cli_refuse(endpoint->cli, LATCHKEY_FAILED_PRECONDITION, "port",
		    "SOCKET_FAILED", "nobody can be listened to at port %u: %s", port,
		    strerror(errno));
	endpoint->port = ntohs(address.sin_port);
	return LATCHKEY_OK;
}

static latchkey_status
read_port(struct cli *cli, uint16_t *out)
{
	const char *text = cli_value(cli, OPT_PORT);
	unsigned long port = 0;

	for (const char *c = text ? text : ""; *c; c++) {
		if (*c < '0' || *c > '9' || (port = port * 10 + (unsigned)(*c - '0')) > 65535)
			return cli_refuse(cli, LATCHKEY_INVALID_ARGUMENT, "port", "PORT_INVALID",
			    "a port is a number up to 65535");
	}
	*out = (uint16_t)port;
	return LATCHKEY_OK;
}

/* Tools send the file as it is: no newline. */
static latchkey_status
token_make(struct endpoint *endpoint)
{
	const char *path = cli_value(endpoint->cli, OPT_TOKEN_FILE);
	uint8_t random[TOKEN_LEN];

	if (path && (strchr(path, '\'') || !lk_text_printable(lk_bytes_of(path))))
		return cli_refuse(endpoint->cli, LATCHKEY_INVALID_ARGUMENT, "token-file",
		    "PATH_INVALID", "the path must be printable, without quotes");
	lk_random_fill(lk_random_system(), random, sizeof random);
	lk_base64url_encode(lk_bytes(random, sizeof random), endpoint->token);
	lk_wipe(random, sizeof random);
	return path ? (latchkey_status)lk_private_file_replace(
			  path, "token", lk_bytes_of(endpoint->token), cli_err(endpoint->cli))
		    : LATCHKEY_OK;
}

/* For eval, or to be read by whoever starts the tool. Older tools know the token's variable only.
 */
static latchkey_status
announce(const struct endpoint *endpoint)
{
	const char *path = cli_value(endpoint->cli, OPT_TOKEN_FILE);

	printf("export AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1:%u/credentials\n",
	    endpoint->port);
	if (path)
		printf("export AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE='%s'\n", path);
	else
		printf("export AWS_CONTAINER_AUTHORIZATION_TOKEN=%s\n", endpoint->token);
	if (fflush(stdout) == 0)
		return LATCHKEY_OK;
	return cli_refuse(endpoint->cli, LATCHKEY_UNKNOWN, "", "OUTPUT_LOST",
	    "the answer could not be written to standard output");
}

static latchkey_status
serve(struct endpoint *endpoint)
{
	for (;;) {
		struct pollfd polls[] = { { .fd = endpoint->end, .events = POLLIN },
			{ .fd = endpoint->listener, .events = POLLIN } };
		if (poll(polls, LK_ARRAY_LEN(polls), -1) < 0 && errno != EINTR)
			return cli_refuse(endpoint->cli, LATCHKEY_UNKNOWN, "", "SOCKET_FAILED",
			    "waiting failed: %s", strerror(errno));
		if (polls[0].revents)
			return LATCHKEY_OK;
		const int fd =
		    polls[1].revents ? accept4(endpoint->listener, NULL, NULL, SOCK_CLOEXEC) : -1;
		if (fd >= 0) {
			take(endpoint, fd);
			close(fd);
		}
	}
}

static bool
watch_end(struct endpoint *endpoint)
{
	sigset_t end;

	sigemptyset(&end);
	sigaddset(&end, SIGTERM);
	sigaddset(&end, SIGINT);
	sigprocmask(SIG_BLOCK, &end, NULL);
	endpoint->end = signalfd(-1, &end, SFD_CLOEXEC);
	return endpoint->end >= 0;
}

int
run_aws_endpoint(struct cli *cli)
{
	LK_AUTO(endpoint_wipe)
	struct endpoint endpoint = { .cli = cli, .listener = -1, .end = -1 };
	uint16_t port = 0;

	fetching_purpose("aws-endpoint", getpid(), endpoint.purpose);
	CLI_TRY(cli, read_port(cli, &port));
	if (!watch_end(&endpoint))
		CLI_TRY(cli, cli_refuse(cli, LATCHKEY_RESOURCE_EXHAUSTED, "", "OUT_OF_MEMORY",
				 "out of memory"));
	CLI_TRY(cli, cli_connect(cli, false));
	CLI_TRY(cli, listen_on(&endpoint, port));
	CLI_TRY(cli, token_make(&endpoint));
	CLI_TRY(cli, announce(&endpoint));
	CLI_TRY(cli, serve(&endpoint));
	return EXIT_OK;
}
