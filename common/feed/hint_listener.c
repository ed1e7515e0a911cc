/* Hints as they come in; what is not one is passed over. */
#include "feed/hint_listener.h"

#include <nng/nng.h>
#include <nng/protocol/pubsub0/sub.h>

#include "feed/feed.h"
#include "feed/hints.h"
#include "rpc/decode.h"
#include "rpc/frame.h"

enum { QUEUE = 256, HINT_ARENA = 128 * 1024, REDIAL_LEAST_MS = 20, REDIAL_MOST_MS = 500 };

struct hint_listener {
	nng_socket socket;
	bool socket_open;
	nng_aio *aio;
	struct lk_arena *arena;
	void (*on_hint)(void *user, const FeedHint *hint);
	void *user;
};

static void
take(struct hint_listener *listener, nng_msg *msg)
{
	const uint8_t *data = nng_msg_body(msg);
	const size_t len = nng_msg_len(msg);
	ProtobufCMessage *hint;

	lk_arena_reset(listener->arena);
	if (len > 1 && lk_decode(&latchkey__common__v1__feed_hint__descriptor,
			   lk_bytes(data + 1, len - 1), listener->arena, &hint, NULL) == LK_OK)
		listener->on_hint(listener->user, (const FeedHint *)(const void *)hint);
}

static void
received(void *arg)
{
	struct hint_listener *listener = arg;

	if (nng_aio_result(listener->aio) != 0)
		return; /* the end: nothing else makes a SUB fail */
	nng_msg *msg = nng_aio_get_msg(listener->aio);
	take(listener, msg);
	nng_msg_free(msg);
	nng_recv_aio(listener->socket, listener->aio);
}

static lk_status
dial(struct hint_listener *listener, const char *service_url, struct lk_error *err)
{
	char url[LK_URL_SIZE];

	LK_TRY(lk_feed_hint_url(service_url, url, err));
	if (nng_dial(listener->socket, url, NULL, NNG_FLAG_NONBLOCK) != 0)
		return lk_fail_oom(err);
	return LK_OK;
}

static lk_status
open_socket(struct hint_listener *listener, struct lk_error *err)
{
	static const char topic = FEED_TOPIC_EVENTS;

	if (nng_sub0_open(&listener->socket) != 0)
		return lk_fail_oom(err);
	listener->socket_open = true;
	if (nng_socket_set(listener->socket, NNG_OPT_SUB_SUBSCRIBE, &topic, sizeof topic) != 0 ||
	    nng_socket_set_int(listener->socket, NNG_OPT_RECVBUF, QUEUE) != 0 ||
	    nng_socket_set_size(listener->socket, NNG_OPT_RECVMAXSZ, LK_FRAME_MESSAGE_MAX) != 0 ||
	    nng_socket_set_ms(listener->socket, NNG_OPT_RECONNMINT, REDIAL_LEAST_MS) != 0 ||
	    nng_socket_set_ms(listener->socket, NNG_OPT_RECONNMAXT, REDIAL_MOST_MS) != 0)
		return lk_fail(err, LK_INTERNAL, "INTERNAL", "nng refused the options of a reader");
	return LK_OK;
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
	listener->arena = lk_arena_new(HINT_ARENA);
	if (!listener->arena || nng_aio_alloc(&listener->aio, received, listener) != 0)
		return lk_fail_oom(err);
	LK_TRY(open_socket(listener, err));
	while (rest) {
		LK_TRY(lk_url_next(&rest, url, err));
		LK_TRY(dial(listener, url, err));
	}
	nng_recv_aio(listener->socket, listener->aio);
	return LK_OK;
}

void
hint_listener_stop(struct hint_listener *listener)
{
	if (!listener)
		return;
	if (listener->aio)
		nng_aio_stop(listener->aio);
	if (listener->socket_open)
		nng_close(listener->socket);
	if (listener->aio)
		nng_aio_free(listener->aio);
	lk_arena_free(listener->arena);
	lk_free(listener);
}
