/* Peers that do not behave: connect and leave, send noise, send too much, never read. The server
 * goes on answering. */
#include <errno.h>
#include <nng/nng.h>
#include <nng/protocol/reqrep0/rep.h>
#include <nng/protocol/reqrep0/req.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "held_reaper.h"
#include "rpc/decode.h"
#include "rpc/frame.h"
#include "rpc/listener_guard.h"
#include "rpc/probe.h"
#include "rpc_world.h"

/* nng before 1.6 never frees a listener that it lost; nothing else in here may leak into it. */
const char *__lsan_default_suppressions(void);
__attribute__((visibility("default"))) const char *
__lsan_default_suppressions(void)
{
	return NNG_MAJOR_VERSION == 1 && NNG_MINOR_VERSION < 6 ? "leak:nng_listener_create" : "";
}

static int
connect_to(const char *url)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	assert_true(fd >= 0);
	assert_true(
	    lk_text_copy(address.sun_path, sizeof address.sun_path, url + strlen("ipc://")));
	if (connect(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

struct writer {
	struct lk_channel *channel;
	lk_status status;
	struct lk_error err;
	pthread_t thread;
};

static void *
write_slowly(void *arg)
{
	struct writer *writer = arg;
	const struct lk_rpc_request like = { .effect = LK_WRITE_ONCE };

	writer->status =
	    world_ask_on(writer->channel, &like, "Write", 1500, "", NULL, 0, &writer->err);
	return NULL;
}

static void
connecting_and_leaving_200_times_stops_nothing_and_harms_no_write_in_flight(void **state)
{
	struct world *w = *state;
	struct writer writer = { .channel = w->channel };
	LK_AUTO(lk_channel_closep) struct lk_channel *newcomer = NULL;

	assert_int_equal(pthread_create(&writer.thread, NULL, write_slowly, &writer), 0);
	assert_true(world_wait_until(atomic_load(&w->counts->writes) == 1));
	for (int i = 0; i < 200; i++) {
		const int fd = connect_to(w->url);
		if (fd >= 0)
			close(fd);
	}
	expect_ok(lk_channel_open(&newcomer, w->url, NULL, &w->err), &w->err);
	expect_ok(world_ask_on(newcomer, NULL, "Echo", 0, "x", NULL, 0, &w->err), &w->err);
	pthread_join(writer.thread, NULL);
	expect_ok(writer.status, &writer.err);
	assert_int_equal(atomic_load(&w->counts->writes), 1);
}

static void
a_listener_that_stopped_is_replaced(void **state)
{
	struct world *w = *state;

	if (NNG_MAJOR_VERSION > 1 || NNG_MINOR_VERSION >= 6)
		lk_test_skip("this nng does not lose listeners");
	assert_true(world_wait_until(({
		const int fd = connect_to(w->url);
		if (fd >= 0)
			close(fd);
		lk_server_stats(w->server).healed > 0;
	})));
}

static nng_socket
dial(const char *url)
{
	nng_socket socket;

	assert_int_equal(nng_req0_open(&socket), 0);
	assert_int_equal(nng_socket_set_ms(socket, NNG_OPT_RECVTIMEO, 5000), 0);
	assert_int_equal(nng_dial(socket, url, NULL, 0), 0);
	return socket;
}

static size_t
valid_request(uint8_t *out, size_t cap)
{
	Latchkey__Common__V1__RequestHeader h = LATCHKEY__COMMON__V1__REQUEST_HEADER__INIT;
	Question body = LATCHKEY__COMMON__V1__PAGE_REQUEST__INIT;
	char id[] = "req_1", method[] = "test.v1.TestService/Echo", cursor[] = "cursor";

	h.request_id = id;
	h.method = method;
	h.timeout_ms = 1000;
	body.size = 3;
	body.cursor = cursor;
	const size_t header_len = protobuf_c_message_pack(&h.base, out + LK_FRAME_PREFIX_SIZE);
	lk_frame_prefix(out, header_len);
	const size_t before = LK_FRAME_PREFIX_SIZE + header_len;
	assert_true(before + protobuf_c_message_get_packed_size(&body.base) <= cap);
	return before + protobuf_c_message_pack(&body.base, out + before);
}

/* Send it and check that what comes is a well-formed reply; returns its status. */
static uint32_t
exchange(nng_socket socket, const uint8_t *data, size_t len, struct lk_arena *arena)
{
	nng_msg *message = NULL;
	struct lk_frame frame;
	ProtobufCMessage *header = NULL;

	assert_int_equal(nng_msg_alloc(&message, 0), 0);
	assert_int_equal(nng_msg_append(message, data, len), 0);
	assert_int_equal(nng_sendmsg(socket, message, 0), 0);
	assert_int_equal(nng_recvmsg(socket, &message, 0), 0);
	const struct lk_bytes reply = lk_bytes(nng_msg_body(message), nng_msg_len(message));
	lk_arena_reset(arena);
	expect_ok(lk_frame_split(reply, &frame, NULL), NULL);
	expect_ok(lk_decode(&latchkey__common__v1__reply_header__descriptor, frame.header, arena,
		      &header, NULL),
	    NULL);
	const uint32_t status = ((Latchkey__Common__V1__ReplyHeader *)(void *)header)->status;
	nng_msg_free(message);
	return status;
}

static void
noise_gets_an_answer_and_breaks_nothing(void **state)
{
	struct world *w = *state;
	struct lk_test_rng rng = lk_test_rng();
	const size_t rounds = lk_test_repeat("random frames", 10000, 2000);
	const nng_socket socket = dial(w->url);
	uint8_t data[1024];
	size_t refused = 0;

	for (size_t i = 0; i < rounds; i++) {
		size_t len = lk_test_rng_below(&rng, 256) + 1;
		if (i % 2 == 0)
			lk_test_rng_fill(&rng, data, len);
		else
			len = lk_test_rng_mutate(
			    &rng, data, valid_request(data, sizeof data), sizeof data);
		const uint32_t status = exchange(socket, data, len, w->arena);
		assert_true(status == LK_OK || status == LK_INVALID_ARGUMENT ||
			    status == LK_UNIMPLEMENTED || status == LK_DEADLINE_EXCEEDED);
		if (status != LK_OK)
			refused++;
	}
	nng_close(socket);
	assert_true(refused >= rounds / 2);
	expect_ok(world_ask(w, "Echo", 0, "x"), &w->err);
}

static void
an_empty_message_gets_an_answer(void **state)
{
	struct world *w = *state;
	const nng_socket socket = dial(w->url);

	assert_int_equal(exchange(socket, (const uint8_t *)"", 0, w->arena), LK_INVALID_ARGUMENT);
	nng_close(socket);
}

static void
a_message_above_a_megabyte_costs_only_its_senders_connection(void **state)
{
	struct world *w = *state;
	const nng_socket socket = dial(w->url);
	nng_msg *message = NULL, *reply = NULL;

	assert_int_equal(
	    nng_socket_set_ms(socket, NNG_OPT_REQ_RESENDTIME, NNG_DURATION_INFINITE), 0);
	assert_int_equal(nng_socket_set_ms(socket, NNG_OPT_RECVTIMEO, 500), 0);
	assert_int_equal(nng_msg_alloc(&message, LK_FRAME_MESSAGE_MAX + 1), 0);
	assert_int_equal(nng_sendmsg(socket, message, 0), 0);
	assert_int_not_equal(nng_recvmsg(socket, &reply, 0), 0);
	nng_close(socket);
	expect_ok(world_ask(w, "Echo", 0, "x"), &w->err);
}

/* Requests whose replies are large, until the socket takes no more. */
static void
flood(int fd)
{
	static const uint8_t greeting[8] = { 0, 'S', 'P', 0, 0, 0x30, 0, 0 };
	Latchkey__Common__V1__RequestHeader h = LATCHKEY__COMMON__V1__REQUEST_HEADER__INIT;
	Question body = LATCHKEY__COMMON__V1__PAGE_REQUEST__INIT;
	char id[] = "req_flood", method[] = "test.v1.TestService/Big";
	uint8_t message[256] = { 1, 0, 0, 0, 0, 0, 0, 0, 0, 0x80, 0, 0, 1 };
	uint8_t *frame = message + 13;

	h.request_id = id;
	h.method = method;
	h.timeout_ms = 10000;
	body.size = 200000;
	const size_t header_len = protobuf_c_message_pack(&h.base, frame + LK_FRAME_PREFIX_SIZE);
	lk_frame_prefix(frame, header_len);
	size_t len = LK_FRAME_PREFIX_SIZE + header_len;
	len += protobuf_c_message_pack(&body.base, frame + len);
	message[8] = (uint8_t)(len + 4);
	assert_int_equal(send(fd, greeting, sizeof greeting, MSG_NOSIGNAL), sizeof greeting);
	for (int i = 0; i < 2000; i++)
		if (send(fd, message, 13 + len, MSG_NOSIGNAL) != (ssize_t)(13 + len))
			return;
}

static void
little_patience(struct lk_server_config *config)
{
	config->send_timeout_ms = 100;
}

static int
up_with_little_patience(void **state)
{
	return world_up_tweaked(state, little_patience);
}

static void
a_peer_that_never_reads_holds_nobody(void **state)
{
	enum { CALLS = 100 };
	struct world *w = *state;
	const int fd = connect_to(w->url);
	const int64_t began_ms = world_now_ms();

	assert_true(fd >= 0);
	flood(fd);
	for (int i = 0; i < CALLS; i++)
		expect_ok(world_ask(w, "Echo", 0, "x"), &w->err);
	assert_true(world_now_ms() - began_ms < 10000);
	assert_true(world_wait_until(lk_server_stats(w->server).in_progress == 0));
	close(fd);
}

static void
peers_that_never_read_are_shunned_and_delay_nobody_for_long(void **state)
{
	enum { PEERS = 4, CALLS = 20 };
	struct world *w = *state;
	int fds[PEERS];

	for (int i = 0; i < PEERS; i++) {
		fds[i] = connect_to(w->url);
		assert_true(fds[i] >= 0);
		flood(fds[i]);
	}
	const int64_t began_ms = world_now_ms();
	for (int i = 0; i < CALLS; i++)
		expect_ok(world_ask(w, "Echo", 0, "x"), &w->err);
	assert_true(world_now_ms() - began_ms < 2500);
	assert_true(world_wait_until(lk_server_stats(w->server).in_progress == 0));
	for (int i = 0; i < PEERS; i++)
		close(fds[i]);
}

static void
count_reaped(nng_pipe pipe, nng_pipe_ev event, void *arg)
{
	atomic_uint *reaped = arg;

	(void)pipe, (void)event;
	atomic_fetch_add(reaped, 1);
}

static void
count_call(void *user)
{
	atomic_uint *calls = user;

	atomic_fetch_add(calls, 1);
}

static void
a_server_learns_that_nng_reaps_no_connection(void **state)
{
	struct lk_listen listen = { 0 };
	struct held_reaper reaper = { 0 };
	struct lk_listener_guard *guard = NULL;
	struct lk_error err = { 0 };
	atomic_uint reaped = 0, told = 0;
	nng_socket socket;
	char url[LK_URL_SIZE];

	(void)state;
	need_old_nng();
	snprintf(url, sizeof url, "ipc://%s/reaps.sock", world_dir());
	assert_int_equal(nng_rep0_open(&socket), 0);
	nng_pipe_notify(socket, NNG_PIPE_EV_REM_POST, count_reaped, &reaped);
	expect_ok(lk_listen_start(&listen, socket, url, &err), &err);
	const struct lk_listener_guard_config config = { .listen = &listen,
		.alive = lk_probe_listening,
		.on_healed = count_call,
		.reaped = &reaped,
		.on_unreaped = count_call,
		.unreaped_limit = 5,
		.user = &told };
	expect_ok(lk_listener_guard_start(&guard, &config, &err), &err);
	assert_true(world_wait_until(atomic_load(&reaped) >= 10));
	assert_int_equal(atomic_load(&told), 0);
	reaper_hold(&reaper);
	assert_true(world_wait_until(atomic_load(&told) == 1));
	nng_msleep(1500);
	assert_int_equal(atomic_load(&told), 1);
	reaper_release(&reaper);
	lk_listener_guard_free(guard);
	nng_close(socket);
}

LK_TESTS(LK_CASE_WITH(connecting_and_leaving_200_times_stops_nothing_and_harms_no_write_in_flight,
	     world_up, world_down),
    LK_CASE_WITH(a_listener_that_stopped_is_replaced, world_up, world_down),
    LK_CASE(a_server_learns_that_nng_reaps_no_connection),
    LK_CASE_WITH(noise_gets_an_answer_and_breaks_nothing, world_up, world_down),
    LK_CASE_WITH(an_empty_message_gets_an_answer, world_up, world_down),
    LK_CASE_WITH(
	a_message_above_a_megabyte_costs_only_its_senders_connection, world_up, world_down),
    LK_CASE_WITH(a_peer_that_never_reads_holds_nobody, up_with_little_patience, world_down),
    LK_CASE_WITH(peers_that_never_read_are_shunned_and_delay_nobody_for_long, world_up, world_down))
