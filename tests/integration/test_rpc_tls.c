/* TLS between hosts, over loopback: who is let in, and by whom one lets oneself be served. nng
 * before 1.6 is allowed by name. */
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "rpc_world.h"
#include "tls_world.h"

enum { REFUSED_WITHIN_MS = 400, ANSWERED_WITHIN_MS = 10000, YEAR = 365 };

static const char *dir;
static char url[LK_URL_SIZE];

/* A port of loopback that nobody has at this moment. */
static unsigned
free_port(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t size = sizeof address;
	const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
	close(fd);
	return ntohs(address.sin_port);
}

/* ca: ours, with server, client, and old ones; other: foreign to us; self: signed by itself. */
static void
certificates_make(void)
{
	const struct tls_wish ca = { "authority", NULL, true, -1, YEAR };
	struct tls_identity ours = tls_identity_make(&ca), foreign = tls_identity_make(&ca);
	const struct {
		const char *file;
		struct tls_wish wish;
	} rows[] = {
		{ "server", { "localhost", &ours, false, -1, YEAR } },
		{ "client", { "samples-api", &ours, false, -1, YEAR } },
		{ "elsewhere", { "keys.example", &ours, false, -1, YEAR } },
		{ "expired", { "localhost", &ours, false, -30, -1 } },
		{ "early", { "localhost", &ours, false, 1, YEAR } },
		{ "foreign", { "localhost", &foreign, false, -1, YEAR } },
		{ "self", { "localhost", NULL, false, -1, YEAR } },
	};

	dir = lk_test_tmpdir();
	tls_identity_write(&ours, dir, "ca");
	tls_identity_write(&foreign, dir, "other-ca");
	for (size_t i = 0; i < LK_ARRAY_LEN(rows); i++) {
		struct tls_identity made = tls_identity_make(&rows[i].wish);
		tls_identity_write(&made, dir, rows[i].file);
		tls_identity_free(&made);
	}
	tls_identity_free(&ours);
	tls_identity_free(&foreign);
}

/* On a day on which its certificate is good: only the other side may find that it is not. */
static struct lk_tls *
opened(const char *name, const char *ca)
{
	struct lk_error err = { 0 };
	struct lk_tls *tls = NULL;
	const int day = strcmp(name, "expired") == 0 ? -10 : strcmp(name, "early") == 0 ? 10 : 0;

	expect_ok(tls_world_open(&tls, dir, name, ca, day, &err), &err);
	return tls;
}

static int
begin(void **state)
{
	static struct world w;

	w = (struct world){ .counts = &w.own_counts };
	*state = &w;
	if (dir == NULL)
		certificates_make();
	snprintf(url, sizeof url, "tls+tcp://localhost:%u", free_port());
	return 0;
}

static lk_status
server_start(struct world *w, const struct lk_tls *tls, bool allow_old)
{
	const struct lk_service service = { &world_table, w->counts };
	const struct lk_server_config config = {
		.url = url,
		.tls = tls,
		.allow_old_tls = allow_old,
		.services = &service,
		.service_count = 1,
		.authenticator = world_authenticator,
	};

	LK_TRY(lk_server_new(&w->server, &config, &w->err));
	return lk_server_start(w->server, &w->err);
}

/* One call by a client who shows `tls`. */
static lk_status
ask(struct world *w, const char *at, const struct lk_tls *tls, uint32_t within_ms)
{
	const struct lk_channel_config config = { .tls = tls };
	const struct lk_rpc_request like = { .timeout_ms = within_ms };
	char answer[64];

	LK_TRY(lk_channel_open(&w->channel, at, &config, &w->err));
	const lk_status status =
	    world_ask_on(w->channel, &like, "Echo", 0, "hello", answer, sizeof answer, &w->err);
	if (status == LK_OK)
		assert_string_equal(answer, "hello");
	lk_channel_close(LK_TAKE(w->channel));
	return status;
}

/* Now and then it loses its listener by a handshake that fails, which is why it is refused for TLS
 * unless it is allowed by name (lk_listen_tls). */
static void
start_again_with_old_nng(struct world *w, const struct lk_tls *serves)
{
	if (NNG_MAJOR_VERSION != 1 || NNG_MINOR_VERSION >= 6)
		return;
	lk_server_free(LK_TAKE(w->server));
	expect_ok(server_start(w, serves, true), &w->err);
}

/* A server that shows `server`; a client that shows `client` and believes `ca` is refused, and a
 * good one is answered after that. */
static void
expect_refused(struct world *w, const char *server, const char *client, const char *ca)
{
	LK_AUTO(lk_tls_closep) struct lk_tls *serves = opened(server, "ca");
	LK_AUTO(lk_tls_closep) struct lk_tls *asks = opened(client, ca);

	expect_ok(server_start(w, serves, true), &w->err);
	expect_fail(
	    ask(w, url, asks, REFUSED_WITHIN_MS), &w->err, LK_UNAVAILABLE, "SERVER_UNREACHABLE");
	assert_int_equal(atomic_load(&w->counts->reads), 0);
	if (strcmp(server, "server") == 0) {
		LK_AUTO(lk_tls_closep) struct lk_tls *good = opened("client", "ca");
		start_again_with_old_nng(w, serves);
		expect_ok(ask(w, url, good, ANSWERED_WITHIN_MS), &w->err);
	}
	lk_server_free(LK_TAKE(w->server));
}

static void
a_call_goes_over_tls_when_both_show_certificates_of_the_authority(void **state)
{
	struct world *w = *state;
	LK_AUTO(lk_tls_closep) struct lk_tls *serves = opened("server", "ca");
	LK_AUTO(lk_tls_closep) struct lk_tls *asks = opened("client", "ca");

	expect_ok(server_start(w, serves, true), &w->err);
	expect_ok(ask(w, url, asks, ANSWERED_WITHIN_MS), &w->err);
	expect_ok(lk_server_drain(w->server, 5000, &w->err), &w->err);
	lk_server_free(LK_TAKE(w->server));
	expect_ok(server_start(w, serves, true), &w->err); /* a restart with the same port */
	expect_ok(ask(w, url, asks, ANSWERED_WITHIN_MS), &w->err);
	lk_server_free(LK_TAKE(w->server));
}

static void
a_client_whose_certificate_is_foreign_is_refused(void **state)
{
	expect_refused(*state, "server", "foreign", "ca");
}

static void
a_client_whose_certificate_is_signed_by_itself_is_refused(void **state)
{
	expect_refused(*state, "server", "self", "ca");
}

static void
a_client_whose_certificate_has_expired_is_refused(void **state)
{
	expect_refused(*state, "server", "expired", "ca");
}

static void
a_client_whose_certificate_is_not_yet_valid_is_refused(void **state)
{
	expect_refused(*state, "server", "early", "ca");
}

static void
a_server_whose_certificate_names_another_host_is_not_asked(void **state)
{
	expect_refused(*state, "elsewhere", "client", "ca");
}

static void
a_server_whose_certificate_has_expired_is_not_asked(void **state)
{
	expect_refused(*state, "expired", "client", "ca");
}

static void
a_server_of_another_authority_is_not_asked(void **state)
{
	expect_refused(*state, "server", "client", "other-ca");
}

static void
a_server_whose_certificate_is_signed_by_itself_is_not_asked(void **state)
{
	expect_refused(*state, "self", "client", "ca");
}

/* Whoever speaks plain TCP gets nothing but an alert (RFC 8446 6: type 21); others go on. */
/* ---- A connection that leads nowhere ---- */

/* Of loopback by IPv4 and, where the machine has it, IPv6; -1: not. */
static int
listen_at(int family)
{
	const uint16_t port = htons((uint16_t)strtoul(strrchr(url, ':') + 1, NULL, 10));
	const struct sockaddr_in v4 = { AF_INET, port, { htonl(INADDR_LOOPBACK) }, { 0 } };
	const struct sockaddr_in6 v6 = { AF_INET6, port, 0, in6addr_loopback, 0 };
	const int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

	if (fd == -1)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	const int rv = family == AF_INET ? bind(fd, (const struct sockaddr *)&v4, sizeof v4)
					 : bind(fd, (const struct sockaddr *)&v6, sizeof v6);
	if (rv == 0 && listen(fd, 1) == 0)
		return fd;
	close(fd);
	return -1;
}

struct absence {
	const struct lk_tls *serves;
	struct world world;
	int taken;
};

/* Takes a connection, never says a word on it, and gives its port to a server that does. */
static void *
leave(void *arg)
{
	struct absence *absence = arg;
	struct pollfd fds[] = { { listen_at(AF_INET), POLLIN, 0 },
		{ listen_at(AF_INET6), POLLIN, 0 } };

	assert_true(poll(fds, 2, ANSWERED_WITHIN_MS) > 0);
	absence->taken = accept(fds[fds[0].revents == 0].fd, NULL, NULL);
	close(fds[0].fd);
	if (fds[1].fd != -1)
		close(fds[1].fd);
	expect_ok(server_start(&absence->world, absence->serves, true), &absence->world.err);
	return NULL;
}

static void
who_gets_no_answer_to_its_handshake_connects_anew(void **state)
{
	struct world *w = *state;
	LK_AUTO(lk_tls_closep) struct lk_tls *serves = opened("server", "ca");
	LK_AUTO(lk_tls_closep) struct lk_tls *asks = opened("client", "ca");
	struct absence absence = { serves, { .counts = w->counts }, -1 };
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, leave, &absence), 0);
	expect_ok(ask(w, url, asks, ANSWERED_WITHIN_MS), &w->err);
	pthread_join(thread, NULL);
	lk_server_free(absence.world.server);
	close(absence.taken);
}

static void
who_does_not_finish_the_handshake_stops_nobody(void **state)
{
	if (NNG_MAJOR_VERSION == 1 && NNG_MINOR_VERSION < 6)
		lk_test_skip("nng before 1.6 loses its listener by this");

	struct world *w = *state;
	LK_AUTO(lk_tls_closep) struct lk_tls *serves = opened("server", "ca");
	LK_AUTO(lk_tls_closep) struct lk_tls *asks = opened("client", "ca");
	struct sockaddr_in address = { .sin_family = AF_INET };
	unsigned char answer[64];

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	address.sin_port = htons((uint16_t)strtoul(strrchr(url, ':') + 1, NULL, 10));
	expect_ok(server_start(w, serves, true), &w->err);
	for (int i = 0; i < 50; i++) {
		const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
		if (i % 2)
			assert_int_equal(send(fd, "GET / HTTP/1.1\r\n\r\n", 18, MSG_NOSIGNAL), 18);
		if (i % 4 == 1 && recv(fd, answer, sizeof answer, 0) > 0)
			assert_int_equal(answer[0], 21);
		close(fd);
	}
	expect_ok(ask(w, url, asks, ANSWERED_WITHIN_MS), &w->err);
	lk_server_free(LK_TAKE(w->server));
}

static void
old_nng_is_refused_unless_it_is_allowed_by_name(void **state)
{
	struct world *w = *state;
	LK_AUTO(lk_tls_closep) struct lk_tls *serves = opened("server", "ca");
	const lk_status status = server_start(w, serves, false);

	if (NNG_MAJOR_VERSION == 1 && NNG_MINOR_VERSION < 6)
		expect_fail(status, &w->err, LK_FAILED_PRECONDITION, "NNG_TOO_OLD");
	else
		expect_ok(status, &w->err);
	lk_server_free(LK_TAKE(w->server));
}

static void
without_certificates_nobody_serves_and_nobody_asks(void **state)
{
	struct world *w = *state;

	expect_fail(
	    server_start(w, NULL, true), &w->err, LK_FAILED_PRECONDITION, "TLS_FILES_MISSING");
	lk_server_free(LK_TAKE(w->server));
	expect_fail(ask(w, url, NULL, REFUSED_WITHIN_MS), &w->err, LK_FAILED_PRECONDITION,
	    "TLS_FILES_MISSING");
	assert_null(w->channel);
}

static void
an_ip_address_is_not_dialled_as_no_certificate_names_it(void **state)
{
	struct world *w = *state;
	LK_AUTO(lk_tls_closep) struct lk_tls *asks = opened("client", "ca");

	expect_field(ask(w, "tls+tcp://127.0.0.1:7481", asks, REFUSED_WITHIN_MS), &w->err, "url",
	    "URL_INVALID");
}

static void
files_that_do_not_belong_together_are_refused(void **state)
{
	struct world *w = *state;
	struct lk_tls *tls = NULL;
	struct lk_tls_files files = { lk_test_path(dir, "server.crt"),
		lk_test_path(dir, "client.key"), lk_test_path(dir, "ca.crt"), NULL };

	expect_fail(lk_tls_open(&tls, &files, &w->err), &w->err, LK_FAILED_PRECONDITION,
	    "TLS_KEY_MISMATCH");
	files.key_file = lk_test_path(dir, "server.key");
	files.ca_file = lk_test_path(dir, "server.key");
	expect_fail(lk_tls_open(&tls, &files, &w->err), &w->err, LK_FAILED_PRECONDITION,
	    "TLS_FILE_INVALID");
	files.ca_file = lk_test_path(dir, "nothing.crt");
	expect_fail(
	    lk_tls_open(&tls, &files, &w->err), &w->err, LK_NOT_FOUND, "SECRET_FILE_MISSING");
	files.ca_file = lk_test_path(dir, "ca.crt");
	assert_int_equal(chmod(files.ca_file, 0666), 0);
	expect_fail(lk_tls_open(&tls, &files, &w->err), &w->err, LK_FAILED_PRECONDITION,
	    "SECRET_FILE_MODE");
	assert_int_equal(chmod(files.ca_file, 0644), 0);
	files.ca_file = NULL;
	expect_fail(
	    lk_tls_open(&tls, &files, &w->err), &w->err, LK_INVALID_ARGUMENT, "CONFIG_INVALID");
	files.ca_file = lk_test_path(dir, "ca.crt");
	assert_int_equal(chmod(files.key_file, 0644), 0);
	expect_fail(lk_tls_open(&tls, &files, &w->err), &w->err, LK_FAILED_PRECONDITION,
	    "SECRET_FILE_MODE");
	assert_int_equal(chmod(files.key_file, 0600), 0);
	expect_fail(tls_world_open(&tls, dir, "expired", "ca", 0, &w->err), &w->err,
	    LK_FAILED_PRECONDITION, "TLS_CERTIFICATE_EXPIRED");
	assert_null(tls);
	files = (struct lk_tls_files){ NULL, NULL, NULL, NULL };
	expect_ok(lk_tls_open(&tls, &files, &w->err), &w->err);
	assert_null(tls);
}

#define CASE(name) LK_CASE_WITH(name, begin, NULL)
LK_TESTS(CASE(a_call_goes_over_tls_when_both_show_certificates_of_the_authority),
    CASE(a_client_whose_certificate_is_foreign_is_refused),
    CASE(a_client_whose_certificate_is_signed_by_itself_is_refused),
    CASE(a_client_whose_certificate_has_expired_is_refused),
    CASE(a_client_whose_certificate_is_not_yet_valid_is_refused),
    CASE(a_server_whose_certificate_names_another_host_is_not_asked),
    CASE(a_server_whose_certificate_has_expired_is_not_asked),
    CASE(a_server_of_another_authority_is_not_asked),
    CASE(a_server_whose_certificate_is_signed_by_itself_is_not_asked),
    CASE(who_gets_no_answer_to_its_handshake_connects_anew),
    CASE(who_does_not_finish_the_handshake_stops_nobody),
    CASE(old_nng_is_refused_unless_it_is_allowed_by_name),
    CASE(without_certificates_nobody_serves_and_nobody_asks),
    CASE(an_ip_address_is_not_dialled_as_no_certificate_names_it),
    CASE(files_that_do_not_belong_together_are_refused))
