/*
 * libmicrohttpd, and nothing of it outside this file. Its threads read and write; a whole request
 * goes to a worker while its connection is suspended, and the answer goes out when it is resumed.
 *
 *     READING ──whole──→ WORKING ──answer is there──→ ANSWERED ──sent──→ gone
 *        └────────refused, or no worker is free─────────↑
 */
#include "http.h"

#include <microhttpd.h>

#include <arpa/inet.h>
#include <netdb.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "base/trace.h"
#include "deadlines.h"
#include "front.h"
#include "id/id.h"
#include "workers.h"

enum {
	IO_THREADS = 2,
	CONNECTION_MEMORY = 48 * 1024,
	ARENA_CAP = 6 * 1024 * 1024,
	ANSWER_MS = 60 * 1000, /* for the services to answer, and for the answer to be read */
	BODY_FIRST = 4096,
	QUIET_MS = 200,
};

/* As strict as it can be: 1.0 also refuses bare LF, folded lines and NUL, which 0.9 lets through.
 */
#if MHD_VERSION >= 0x01000000
#define MHD_DISCIPLINE MHD_OPTION_CLIENT_DISCIPLINE_LVL, 2
#else
#define MHD_DISCIPLINE MHD_OPTION_STRICT_FOR_CLIENT, 1
#endif

/* GnuTLS's words; older versions are broken (RFC 8996). */
static const char TLS_VERSIONS[] = "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2";

static const char TOO_MANY[] = "too many requests are waiting";

struct http_server {
	struct http_config config;
	struct MHD_Daemon *daemon;
	struct deadlines *deadlines;
	struct workers *workers;
	atomic_uint working;
	int quiesced; /* the socket that listened; -1: it still does */
	atomic_bool draining, stopping;
};

struct exchange {
	struct job job; /* first: a job is its exchange */
	struct http_server *server;
	struct MHD_Connection *connection;
	struct http_request request;
	struct http_answer answer;
	enum { READING, WORKING, ANSWERED } state;
	bool head_seen;
	uint8_t *body;
	size_t body_len, body_cap;
	unsigned body_refused; /* a status: the rest of the body is read and forgotten */
	char id[LK_ID_SIZE];
};

/* ---- Requests and answers ---- */

const char *
http_header(const struct http_request *request, const char *name)
{
	for (size_t i = 0; i < request->header_count; i++)
		if (strcasecmp(request->headers[i].name, name) == 0)
			return request->headers[i].value;
	return NULL;
}

size_t
http_header_count(const struct http_request *request, const char *name)
{
	size_t count = 0;

	for (size_t i = 0; i < request->header_count; i++)
		count += strcasecmp(request->headers[i].name, name) == 0;
	return count;
}

void
http_answer_header(struct http_answer *answer, const char *name, const char *value)
{
	if (answer->header_count < HTTP_ANSWER_HEADERS_MAX)
		answer->headers[answer->header_count++] = (struct http_header){ name, value };
}

/* ---- A request as it comes ---- */

static void
exchange_free(struct exchange *exchange)
{
	if (exchange->body)
		lk_wipe(exchange->body, exchange->body_cap);
	lk_free(exchange->body);
	lk_arena_free(exchange->request.arena);
	lk_free(exchange);
}

/* The first thing of a request, before its head is read. NULL: memory is short. */
static void *
exchange_begin(void *user, const char *target, struct MHD_Connection *connection)
{
	struct http_server *server = user;
	struct exchange *exchange = LK_ALLOC(struct exchange);

	if (!exchange)
		return NULL;
	exchange->server = server;
	exchange->connection = connection;
	exchange->request.arena = lk_arena_new(ARENA_CAP);
	exchange->request.target =
	    exchange->request.arena ? lk_arena_text(exchange->request.arena, target) : NULL;
	if (!exchange->request.target) {
		if (exchange->request.arena)
			lk_arena_free(exchange->request.arena);
		lk_free(exchange);
		return NULL;
	}
	lk_id_make(LK_ID_REQUEST, lk_clock_system(), lk_random_system(), exchange->id);
	exchange->request.id = exchange->id;
	exchange->request.tls = server->config.tls_key != NULL;
	return exchange;
}

static enum MHD_Result
take_header(void *user, enum MHD_ValueKind kind, const char *name, const char *value)
{
	struct http_request *request = user;

	(void)kind;
	if (request->header_count == HTTP_HEADERS_MAX) {
		request->headers_cut = true;
		return MHD_NO;
	}
	request->headers[request->header_count++] = (struct http_header){
		lk_arena_text(request->arena, name),
		lk_arena_text(request->arena, value),
	};
	return MHD_YES;
}

static void
take_peer(struct http_request *request, struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
	    MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	const struct sockaddr *address = info ? info->client_addr : NULL;

	if (address && address->sa_family == AF_INET)
		(void)inet_ntop(AF_INET,
		    &((const struct sockaddr_in *)(const void *)address)->sin_addr, request->peer,
		    sizeof request->peer);
	else if (address && address->sa_family == AF_INET6)
		(void)inet_ntop(AF_INET6,
		    &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr, request->peer,
		    sizeof request->peer);
}

static struct deadline *
deadline_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
	    MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info ? (struct deadline *)info->socket_context : NULL;
}

static void
hurry(struct exchange *exchange, int64_t in_ms)
{
	struct deadline *deadline = deadline_of(exchange->connection);

	if (deadline)
		deadlines_move(exchange->server->deadlines, deadline, in_ms);
}

/* ---- Answering ---- */

static enum MHD_Result
send_answer(struct exchange *exchange)
{
	const struct http_answer *answer = &exchange->answer;
	struct MHD_Response *response = MHD_create_response_from_buffer(
	    answer->body.len, (void *)(uintptr_t)answer->body.data, MHD_RESPMEM_PERSISTENT);
	enum MHD_Result result;

	if (!response)
		return MHD_NO;
	if (answer->content_type)
		(void)MHD_add_response_header(
		    response, MHD_HTTP_HEADER_CONTENT_TYPE, answer->content_type);
	for (size_t i = 0; i < answer->header_count; i++)
		(void)MHD_add_response_header(
		    response, answer->headers[i].name, answer->headers[i].value);
	if (answer->close || atomic_load(&exchange->server->draining))
		(void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
	hurry(exchange, ANSWER_MS);
	result = MHD_queue_response(exchange->connection, answer->status, response);
	MHD_destroy_response(response);
	return result;
}

static void
word_refusal(struct exchange *exchange, unsigned status, const char *why)
{
	const struct http_config *config = &exchange->server->config;

	exchange->answer = (struct http_answer){ .status = status, .close = true };
	exchange->answer.body =
	    lk_bytes_of(why); /* what the refusal says; config->refuse words it */
	config->refuse(config->user, &exchange->request, &exchange->answer);
}

static enum MHD_Result
refuse(struct exchange *exchange, unsigned status, const char *why)
{
	exchange->state = ANSWERED;
	word_refusal(exchange, status, why);
	return send_answer(exchange);
}

static struct exchange *
exchange_of(struct http_request *request)
{
	return (struct exchange *)(void *)((char *)request - offsetof(struct exchange, request));
}

/* After the resume the exchange belongs to libmicrohttpd's thread. */
void
http_answered(struct http_request *request)
{
	struct exchange *exchange = exchange_of(request);
	struct http_server *server = exchange->server;

	exchange->state = ANSWERED;
	MHD_resume_connection(exchange->connection);
	atomic_fetch_sub(&server->working, 1);
}

/* On a worker's thread. */
static void
work(struct job *job)
{
	struct exchange *exchange = (struct exchange *)(void *)job;
	const struct http_config *config = &exchange->server->config;

	config->handler(config->user, &exchange->request, &exchange->answer);
	http_answered(&exchange->request);
}

void
http_blocks(struct http_request *request)
{
	struct exchange *exchange = exchange_of(request);

	exchange->job.run = work;
	if (workers_put(exchange->server->workers, &exchange->job))
		return;
	word_refusal(exchange, MHD_HTTP_SERVICE_UNAVAILABLE, TOO_MANY);
	http_answered(request);
}

/* Counted first: who stops waits for what is counted, and after that there are no workers. */
static bool
begin_work(struct http_server *server)
{
	atomic_fetch_add(&server->working, 1);
	if (!atomic_load(&server->stopping) &&
	    workers_busy(server->workers) < server->config.queue_max + server->config.workers)
		return true;
	atomic_fetch_sub(&server->working, 1);
	return false;
}

static enum MHD_Result
hand_over(struct exchange *exchange)
{
	struct http_server *server = exchange->server;

	exchange->request.body = lk_bytes(exchange->body, exchange->body_len);
	if (server->config.at_once &&
	    server->config.at_once(server->config.user, &exchange->request, &exchange->answer)) {
		exchange->state = ANSWERED;
		return send_answer(exchange);
	}
	exchange->state = WORKING;
	hurry(exchange, ANSWER_MS);
	if (!begin_work(server))
		return refuse(exchange, MHD_HTTP_SERVICE_UNAVAILABLE, TOO_MANY);
	MHD_suspend_connection(exchange->connection);
	if (!server->config.later ||
	    !server->config.later(server->config.user, &exchange->request, &exchange->answer))
		http_blocks(&exchange->request);
	return MHD_YES;
}

/* ---- Reading ---- */

/* What is malformed is as if it were not there. */
static void
take_trace(struct http_request *request)
{
	const char *said = http_header(request, "traceparent");

	if (http_header_count(request, "traceparent") == 1 && lk_traceparent_ok(said))
		request->traceparent = said;
}

/* A caller may say the id, as what it sealed is bound to it. */
static void
take_id(struct exchange *exchange)
{
	const char *said = http_header(&exchange->request, "X-Request-Id");

	if (said && http_header_count(&exchange->request, "X-Request-Id") == 1 &&
	    lk_id_ok(LK_ID_REQUEST, said))
		lk_text_copy(exchange->id, sizeof exchange->id, said);
}

static enum MHD_Result
read_head(struct exchange *exchange, const char *method, const char *version)
{
	struct http_server *server = exchange->server;
	struct http_request *request = &exchange->request;
	const char *why = "";

	exchange->head_seen = true;
	request->method = lk_arena_text(request->arena, method);
	request->version = lk_arena_text(request->arena, version);
	(void)MHD_get_connection_values(
	    exchange->connection, MHD_HEADER_KIND, take_header, request);
	take_peer(request, exchange->connection);
	for (size_t i = 0; i < request->header_count; i++)
		if (!request->headers[i].name || !request->headers[i].value)
			return MHD_NO;
	if (!request->method || !request->version)
		return MHD_NO;
	take_id(exchange);
	take_trace(request);
	hurry(exchange, server->config.body_ms);
	const unsigned status = front_check(request, server->config.body_max, &why);
	return status ? refuse(exchange, status, why) : MHD_YES;
}

static bool
body_grow(struct exchange *exchange, size_t len)
{
	size_t cap = exchange->body_cap ? exchange->body_cap : BODY_FIRST;
	uint8_t *larger;

	while (cap < len)
		cap *= 2;
	if (cap == exchange->body_cap)
		return true;
	larger = lk_alloc(cap);
	if (!larger)
		return false;
	if (exchange->body) {
		memcpy(larger, exchange->body, exchange->body_len);
		lk_wipe(exchange->body, exchange->body_cap);
		lk_free(exchange->body);
	}
	exchange->body = larger;
	exchange->body_cap = cap;
	return true;
}

/* A body that is too long is read to its end, within its time, so that its sender reads why. */
static void
read_body(struct exchange *exchange, const char *data, size_t len)
{
	if (exchange->body_refused)
		return;
	if (exchange->body_len + len > exchange->server->config.body_max) {
		exchange->body_refused = MHD_HTTP_CONTENT_TOO_LARGE;
	} else if (!body_grow(exchange, exchange->body_len + len)) {
		exchange->body_refused = MHD_HTTP_SERVICE_UNAVAILABLE;
	} else {
		memcpy(exchange->body + exchange->body_len, data, len);
		exchange->body_len += len;
	}
}

static enum MHD_Result
on_request(void *user, struct MHD_Connection *connection, const char *url, const char *method,
    const char *version, const char *data, size_t *data_len, void **context)
{
	struct exchange *exchange = *context;

	(void)user;
	(void)connection;
	(void)url;
	if (!exchange)
		return MHD_NO;
	if (!exchange->head_seen)
		return read_head(exchange, method, version);
	if (exchange->state == ANSWERED)
		return send_answer(exchange);
	if (*data_len > 0) {
		read_body(exchange, data, *data_len);
		*data_len = 0;
		return MHD_YES;
	}
	if (exchange->body_refused)
		return refuse(exchange, exchange->body_refused, "the body is too long");
	return exchange->state == READING ? hand_over(exchange) : MHD_YES;
}

static void
on_completed(void *user, struct MHD_Connection *connection, void **context,
    enum MHD_RequestTerminationCode code)
{
	struct http_server *server = user;
	struct deadline *deadline = deadline_of(connection);

	(void)code;
	if (*context)
		exchange_free(LK_TAKE(*context));
	if (deadline)
		deadlines_move(server->deadlines, deadline, server->config.head_ms);
}

static void
on_connection(void *user, struct MHD_Connection *connection, void **context,
    enum MHD_ConnectionNotificationCode code)
{
	struct http_server *server = user;
	const union MHD_ConnectionInfo *info =
	    MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);

	if (code == MHD_CONNECTION_NOTIFY_STARTED && info) {
		struct deadline *deadline = LK_ALLOC(struct deadline);
		if (deadline)
			deadlines_add(
			    server->deadlines, deadline, info->connect_fd, server->config.head_ms);
		*context = deadline;
	} else if (code == MHD_CONNECTION_NOTIFY_CLOSED && *context) {
		struct deadline *deadline = LK_TAKE(*context);
		deadlines_remove(server->deadlines, deadline);
		lk_free(deadline);
	}
}

/* ---- Listening ---- */

/* "HOST:PORT" or "[HOST]:PORT" of numbers. */
static lk_status
read_address(const char *listen, struct sockaddr_storage *out, struct lk_error *err)
{
	const char *colon = strrchr(listen, ':');
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV };
	struct addrinfo *found = NULL;
	char host[HTTP_ADDRESS_SIZE];
	const bool bracketed = colon && *listen == '[' && colon > listen && colon[-1] == ']';
	const size_t len = colon ? (size_t)(colon - listen) - (bracketed ? 2 : 0) : 0;

	if (!colon || len == 0 || len >= sizeof host)
		return lk_fail(
		    err, LK_INVALID_ARGUMENT, "CONFIG_INVALID", "listen is ADDRESS:PORT");
	memcpy(host, listen + bracketed, len);
	host[len] = '\0';
	if (getaddrinfo(host, colon + 1, &hints, &found) != 0)
		return lk_fail(err, LK_INVALID_ARGUMENT, "CONFIG_INVALID",
		    "listen is ADDRESS:PORT, both numbers");
	memcpy(out, found->ai_addr, found->ai_addrlen);
	freeaddrinfo(found);
	return LK_OK;
}

static lk_status
check_tls(const struct http_config *config, struct lk_error *err)
{
	return !config->tls_key || MHD_is_feature_supported(MHD_FEATURE_TLS) == MHD_YES
		   ? LK_OK
		   : lk_fail(err, LK_UNIMPLEMENTED, "TLS_NOT_BUILT",
			 "this machine's libmicrohttpd was built without TLS");
}

static lk_status
listen_now(struct http_server *server, struct lk_error *err)
{
	const struct http_config *config = &server->config;
	struct sockaddr_storage address = { 0 };

	LK_TRY(read_address(config->listen, &address, err));
	const unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME |
			       (address.ss_family == AF_INET6 ? MHD_USE_IPv6 : 0U) |
			       (config->tls_key ? MHD_USE_TLS : 0U);
	const struct MHD_OptionItem tls[] = {
		{ MHD_OPTION_HTTPS_MEM_KEY, 0, (char *)(uintptr_t)config->tls_key },
		{ MHD_OPTION_HTTPS_MEM_CERT, 0, (char *)(uintptr_t)config->tls_chain },
		{ MHD_OPTION_HTTPS_PRIORITIES, 0, (char *)(uintptr_t)TLS_VERSIONS },
		{ MHD_OPTION_END, 0, NULL },
	};
	server->daemon = MHD_start_daemon(flags, 0, NULL, NULL, on_request, server,
	    MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&address, MHD_OPTION_URI_LOG_CALLBACK,
	    exchange_begin, server, MHD_OPTION_NOTIFY_COMPLETED, on_completed, server,
	    MHD_OPTION_NOTIFY_CONNECTION, on_connection, server, MHD_OPTION_THREAD_POOL_SIZE,
	    (unsigned)IO_THREADS, MHD_OPTION_CONNECTION_LIMIT, config->connections_max,
	    MHD_OPTION_PER_IP_CONNECTION_LIMIT, config->connections_per_address,
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY, MHD_DISCIPLINE,
	    MHD_OPTION_LISTENING_ADDRESS_REUSE, 1U, MHD_OPTION_ARRAY,
	    config->tls_key ? tls : tls + 3, MHD_OPTION_END);
	if (!server->daemon)
		return lk_fail(err, LK_FAILED_PRECONDITION, "LISTEN_FAILED",
		    "%s cannot be listened on: it is taken, not this machine's, or not allowed",
		    config->listen);
	return LK_OK;
}

lk_status
http_server_start(
    const struct http_config *config, struct http_server **out_server, struct lk_error *err)
{
	LK_AUTO(http_server_freep) struct http_server *server = LK_ALLOC(struct http_server);

	if (!server)
		return lk_fail_oom(err);
	server->config = *config;
	server->quiesced = -1;
	LK_TRY(check_tls(config, err));
	LK_TRY(deadlines_new(lk_clock_system(), &server->deadlines, err));
	LK_TRY(workers_new(config->workers, config->queue_max, &server->workers, err));
	LK_TRY(listen_now(server, err));
	*out_server = LK_TAKE(server);
	return LK_OK;
}

void
http_server_load(struct http_server *server, struct http_load *out)
{
	const union MHD_DaemonInfo *info =
	    MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);

	out->connections = info ? info->num_connections : 0;
	out->busy = atomic_load(&server->working);
}

/* ---- The end ---- */

void
http_server_drain(struct http_server *server, int64_t timeout_ms)
{
	const int64_t end_ms = lk_clock_steady_ms(lk_clock_system()) + timeout_ms;
	int64_t now_ms, quiet_since_ms = 0;

	atomic_store(&server->draining, true);
	server->quiesced = MHD_quiesce_daemon(server->daemon);
	while ((now_ms = lk_clock_steady_ms(lk_clock_system())) < end_ms) {
		if (atomic_load(&server->working) > 0)
			quiet_since_ms = 0;
		else if (!quiet_since_ms)
			quiet_since_ms = now_ms;
		else if (now_ms - quiet_since_ms >= QUIET_MS)
			return;
		nanosleep(&(struct timespec){ 0, 10 * 1000 * 1000 }, NULL);
	}
}

/* Each comes by the deadline of its call. */
static void
await_answers(struct http_server *server)
{
	while (atomic_load(&server->working) > 0)
		nanosleep(&(struct timespec){ 0, 1000 * 1000 }, NULL);
}

void
http_server_free(struct http_server *server)
{
	if (!server)
		return;
	atomic_store(&server->stopping, true);
	await_answers(server); /* a suspended connection may not be stopped */
	workers_free(server->workers);
	if (server->daemon)
		MHD_stop_daemon(server->daemon);
	if (server->quiesced >= 0)
		close(server->quiesced);
	deadlines_free(server->deadlines);
	lk_free(server);
}
