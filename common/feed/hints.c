/* Events on their way at once, to whoever listens: dropped when somebody reads too slowly, and
 * nobody minds. */
#include "feed/hints.h"

#include <nng/nng.h>
#include <nng/protocol/pubsub0/pub.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/instant.h"
#include "feed/publisher.h"
#include "rpc/listen.h"
#include "rpc/listener_guard.h"
#include "rpc/probe.h"

enum {
	HEARTBEAT_MS = 250,
	QUEUE_PER_READER = 256, /* messages; nng's default of 16 loses most of a burst */
	MESSAGE_ARENA = 64 * 1024,
};

struct feed_hints {
	struct lk_feed *feed;
	nng_socket socket;
	bool socket_open, listening, started;
	struct lk_listen listen;
	struct lk_listener_guard *guard;
	struct lk_arena *arena;
	pthread_t thread;
	bool stopping; /* under the feed's lock */
	struct feed_cut cut;
	atomic_uint_fast64_t sent, healed;
};

/* ---- Messages ---- */

/* What cannot be sent is not sent: a hint is never owed. */
static void
send_message(struct feed_hints *hints, char topic, const ProtobufCMessage *body)
{
	const size_t len = body ? protobuf_c_message_get_packed_size(body) : 0;
	nng_msg *msg;

	if (nng_msg_alloc(&msg, 1 + len) != 0)
		return;
	uint8_t *at = nng_msg_body(msg);
	at[0] = (uint8_t)topic;
	if (body)
		protobuf_c_message_pack(body, at + 1);
	if (nng_sendmsg(hints->socket, msg, NNG_FLAG_NONBLOCK) != 0)
		nng_msg_free(msg);
	else if (body)
		atomic_fetch_add(&hints->sent, 1);
}

static void
send_events(struct feed_hints *hints)
{
	FeedHint hint = LATCHKEY__COMMON__V1__FEED_HINT__INIT;

	lk_arena_reset(hints->arena);
	if (feed_events_encode(
		hints->arena, hints->cut.events, hints->cut.count, &hint.events, NULL) != LK_OK)
		return;
	hint.n_events = hints->cut.count;
	hint.epoch = hints->cut.epoch;
	send_message(hints, FEED_TOPIC_EVENTS, &hint.base);
}

/* ---- The thread ---- */

/* False when it is time to stop. */
static bool
wait_for_growth(struct feed_hints *hints, uint64_t sent)
{
	struct lk_feed *feed = hints->feed;
	const struct timespec until = lk_after_ms(HEARTBEAT_MS);
	int waited = 0;

	pthread_mutex_lock(&feed->lock);
	while (!hints->stopping && feed->head == sent && waited == 0)
		waited = pthread_cond_timedwait(&feed->grown, &feed->lock, &until);
	const bool go_on = !hints->stopping;
	pthread_mutex_unlock(&feed->lock);
	return go_on;
}

/* What has been sent, or will never be. */
static uint64_t
end_of(const struct feed_cut *cut)
{
	return cut->count > 0 ? cut->events[cut->count - 1].sequence : cut->head;
}

static void *
run(void *arg)
{
	struct feed_hints *hints = arg;
	struct feed_cut *cut = &hints->cut;
	char epoch[LK_FEED_EPOCH_SIZE];

	do {
		memcpy(epoch, cut->epoch, sizeof epoch);
		feed_cut(hints->feed, epoch, end_of(cut), FEED_EVENTS_MAX, cut);
		if (cut->count > 0)
			send_events(hints);
		else
			send_message(hints, FEED_TOPIC_HEARTBEAT, NULL);
	} while (wait_for_growth(hints, end_of(cut)));
	return NULL;
}

/* ---- Life ---- */

static void
healed(void *user)
{
	struct feed_hints *hints = user;

	atomic_fetch_add(&hints->healed, 1);
}

static lk_status
open_socket(struct feed_hints *hints, struct lk_error *err)
{
	if (nng_pub0_open(&hints->socket) != 0)
		return lk_fail_oom(err);
	hints->socket_open = true;
	if (nng_socket_set_int(hints->socket, NNG_OPT_SENDBUF, QUEUE_PER_READER) != 0)
		return lk_fail(err, LK_INTERNAL, "INTERNAL", "nng refused the length of a queue");
	return LK_OK;
}

lk_status
feed_hints_start(
    struct lk_feed *feed, const char *url, struct feed_hints **out_hints, struct lk_error *err)
{
	struct feed_hints *hints = LK_ALLOC(struct feed_hints);

	if (!hints)
		return lk_fail_oom(err);
	*out_hints = hints; /* whoever closes the feed stops us, whole or not */
	hints->feed = feed;
	hints->arena = lk_arena_new(MESSAGE_ARENA);
	if (!hints->arena)
		return lk_fail_oom(err);
	feed_cut(feed, "", 0, 0, &hints->cut); /* from here on */
	LK_TRY(open_socket(hints, err));
	LK_TRY(lk_listen_start(&hints->listen, hints->socket, url, err));
	hints->listening = true;
	const struct lk_listener_guard_config guard = { .listen = &hints->listen,
		.alive = lk_probe_hears,
		.on_healed = healed,
		.user = hints };
	LK_TRY(lk_listener_guard_start(&hints->guard, &guard, err));
	hints->started = pthread_create(&hints->thread, NULL, run, hints) == 0;
	return hints->started ? LK_OK : lk_fail_oom(err);
}

void
feed_hints_stats(const struct feed_hints *hints, struct lk_feed_stats *out_stats)
{
	out_stats->hints = atomic_load(&hints->sent);
	out_stats->healed = atomic_load(&hints->healed);
}

void
feed_hints_stop(struct feed_hints *hints)
{
	if (!hints)
		return;
	lk_listener_guard_free(hints->guard);
	if (hints->listening)
		lk_listen_unlink(&hints->listen);
	pthread_mutex_lock(&hints->feed->lock);
	hints->stopping = true;
	pthread_cond_signal(&hints->feed->grown);
	pthread_mutex_unlock(&hints->feed->lock);
	if (hints->started)
		pthread_join(hints->thread, NULL);
	if (hints->socket_open)
		nng_close(hints->socket);
	lk_arena_free(hints->arena);
	lk_free(hints);
}
