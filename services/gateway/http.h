/*
 * HTTP/1.1 as requests and answers. Everything of libmicrohttpd is in http.c; what comes to a
 * handler has passed front.c, and is whole: head, body and all.
 */
#ifndef LK_GATEWAY_HTTP_H
#define LK_GATEWAY_HTTP_H

#include "base/base.h"

enum {
	HTTP_HEADERS_MAX = 64,
	HTTP_TARGET_MAX = 4096,
	HTTP_ADDRESS_SIZE = 64,
	HTTP_ANSWER_HEADERS_MAX = 16,
};

struct http_header {
	const char *name, *value;
};

/* Texts live as long as the request. */
struct http_request {
	struct lk_arena *arena; /* of this request; wiped after its answer is sent */
	const char *method, *version;
	const char *target; /* as it came: path, perhaps ? and query */
	struct http_header headers[HTTP_HEADERS_MAX];
	size_t header_count;
	bool headers_cut; /* there were more */
	struct lk_bytes body;
	bool tls;                     /* it came over TLS of this process */
	char peer[HTTP_ADDRESS_SIZE]; /* IPv4 or IPv6 text of the other end of the connection */
	const char *id;               /* req_… of this request, carried through every hop */
	const char *traceparent;      /* the same of W3C Trace Context; NULL: it brought none */
};

/* The first value of a header, by any spelling of its name; NULL when it is absent. */
const char *http_header(const struct http_request *request, const char *name);
size_t http_header_count(const struct http_request *request, const char *name);

struct http_answer {
	unsigned status;
	const char *content_type; /* NULL: no body */
	struct lk_bytes body;     /* in the request's arena, or constant */
	struct http_header headers[HTTP_ANSWER_HEADERS_MAX]; /* likewise */
	size_t header_count;
	bool close; /* the connection, after this answer */
};

/* One more header; above HTTP_ANSWER_HEADERS_MAX it is left out. */
void http_answer_header(struct http_answer *answer, const char *name, const char *value);

/* Fill `answer`, which begins as all zeroes. On a worker's thread: may block. Many at a time. */
typedef void http_handler(void *user, struct http_request *request, struct http_answer *answer);

/* The same on the thread that reads, if it can be done at once: false, and `answer` untouched,
 * where it would block. */
typedef bool http_at_once(void *user, struct http_request *request, struct http_answer *answer);

/*
 * The same, where no thread has to wait: true when `answer` will be filled by whoever then calls
 * http_answered, or http_blocks, exactly once; perhaps before this returns, so leave both alone.
 */
typedef bool http_later(void *user, struct http_request *request, struct http_answer *answer);

/* The answer is there. Any thread; the request is gone afterwards. */
void http_answered(struct http_request *request);
/* It takes a thread after all: the handler is asked, on a worker. Any thread. */
void http_blocks(struct http_request *request);

struct http_config {
	const char *listen;              /* "127.0.0.1:7480", "[::1]:7480" */
	const char *tls_chain, *tls_key; /* PEM, borrowed for life; both or none */
	size_t workers, queue_max;
	unsigned connections_max, connections_per_address;
	size_t body_max;
	int64_t head_ms, body_ms; /* for a whole head, and for a whole body after it */
	http_handler *handler;    /* of requests that may pass */
	http_at_once *at_once;    /* asked before it; NULL: nothing is */
	http_later *later;        /* asked after at_once, before the handler; NULL likewise */
	http_handler
	    *refuse; /* makes the answer from `request->id` and the refusal in answer->status */
	void *user;
};

struct http_server;

/* Listens when it returns. FAILED_PRECONDITION LISTEN_FAILED, INVALID_ARGUMENT CONFIG_INVALID. */
lk_status http_server_start(
    const struct http_config *config, struct http_server **out_server, struct lk_error *err);

struct http_load {
	unsigned connections; /* open */
	unsigned busy;        /* requests that wait for a worker or an answer, or run on a worker */
};
void http_server_load(struct http_server *server, struct http_load *out);

/* No new connection is taken, and requests that are here are answered; at most `timeout_ms`. */
void http_server_drain(struct http_server *server, int64_t timeout_ms);
void http_server_free(struct http_server *server);
LK_DEFINE_FREEP(http_server_freep, struct http_server *, http_server_free)

#endif
