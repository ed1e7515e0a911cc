/* Opening and closing a channel, and the two ways to call on it. What a call goes through is in
 * exchange.c. */
#include "rpc/channel.h"

#include <nng/nng.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "id/id.h"
#include "rpc/channel_impl.h"
#include "rpc/decode.h"

enum {
	DEFAULT_TIMEOUT_MS = 5000,
	DEFAULT_IN_FLIGHT = 256,
	CLOSE_POLL_NS = 5000000,
	REDIAL_LOOK_MS = 200,
	RETIRED_MAX = 256
};

static void
fill_defaults(struct lk_channel_config *c)
{
	if (c->clock == NULL)
		c->clock = lk_clock_system();
	if (c->timeout_ms == 0)
		c->timeout_ms = DEFAULT_TIMEOUT_MS;
	if (c->max_in_flight == 0)
		c->max_in_flight = DEFAULT_IN_FLIGHT;
}

static lk_status
open_addresses(struct lk_channel *channel, const char *urls, struct lk_error *err)
{
	char url[LK_URL_SIZE];

	if (urls == NULL)
		return lk_url_check(NULL, NULL, err);
	while (urls != NULL) {
		LK_TRY(lk_url_next(&urls, url, err));
		if (channel->address_count == LK_CHANNEL_ADDRESSES_MAX)
			return lk_fail_field(err, "url", "URL_INVALID",
			    "there may be %d addresses at most", LK_CHANNEL_ADDRESSES_MAX);
		LK_TRY(lk_address_open(
		    &channel->addresses[channel->address_count++], channel, url, err));
	}
	return LK_OK;
}

lk_status
lk_channel_open(struct lk_channel **out_channel, const char *urls,
    const struct lk_channel_config *config, struct lk_error *err)
{
	LK_AUTO(lk_channel_closep) struct lk_channel *channel = LK_ALLOC(struct lk_channel);

	if (channel == NULL)
		return lk_fail_oom(err);
	pthread_mutex_init(&channel->mutex, NULL);
	pthread_cond_init(&channel->returned, NULL);
	if (config != NULL)
		channel->config = *config;
	fill_defaults(&channel->config);
	lk_id_make(LK_ID_REQUEST, channel->config.clock, lk_random_system(), channel->id_stem);
	LK_TRY(open_addresses(channel, urls, err));
	*out_channel = LK_TAKE(channel);
	return LK_OK;
}

/* An exchange with the request in it, ready to start. */
static lk_status
prepare(struct lk_channel *channel, const struct lk_rpc_request *request, struct lk_exchange **out,
    struct lk_error *err)
{
	const uint32_t timeout_ms =
	    request->timeout_ms == 0 ? channel->config.timeout_ms : request->timeout_ms;

	if (atomic_load(&channel->closing))
		return lk_fail(err, LK_CANCELLED, "CHANNEL_CLOSED", "the client was closed");
	struct lk_exchange *ex = lk_exchange_take(channel);
	if (ex == NULL)
		return lk_fail_oom(err);
	const lk_status status = lk_exchange_pack(ex, request, err);
	if (status != LK_OK) {
		lk_exchange_return(ex);
		return status;
	}
	ex->effect = request->effect;
	ex->open_sealed = request->open_sealed;
	ex->open_user = request->open_user;
	ex->impatient = request->impatient;
	ex->deadline_ms = lk_clock_steady_ms(channel->config.clock) + timeout_ms;
	*out = ex;
	return LK_OK;
}

static void
wake(struct lk_exchange *ex)
{
	pthread_mutex_lock(&ex->mutex);
	ex->ended = true;
	pthread_cond_signal(&ex->ended_changed);
	pthread_mutex_unlock(&ex->mutex);
}

/* False when REDIAL_LOOK_MS went by. */
static bool
has_ended(struct lk_exchange *ex)
{
	struct timespec until;
	int waited = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += REDIAL_LOOK_MS * 1000000L;
	until.tv_sec += until.tv_nsec / 1000000000L;
	until.tv_nsec %= 1000000000L;
	pthread_mutex_lock(&ex->mutex);
	while (!ex->ended && waited == 0)
		waited =
		    pthread_cond_clockwait(&ex->ended_changed, &ex->mutex, CLOCK_MONOTONIC, &until);
	const bool ended = ex->ended;
	pthread_mutex_unlock(&ex->mutex);
	return ended;
}

static void
wait_for(struct lk_exchange *ex)
{
	while (!has_ended(ex))
		lk_channel_redial(ex->channel);
	if (ex->status == LK_UNAVAILABLE)
		lk_channel_redial(ex->channel); /* it may have had too little time to look */
}

static lk_status
open_reply(const struct lk_exchange *ex, struct lk_arena *arena, struct lk_bytes *out_body,
    struct lk_error *err)
{
	if (ex->open_sealed == NULL)
		return lk_fail(
		    err, LK_INTERNAL, "REPLY_INVALID", "the answer is sealed, without being asked");
	return ex->open_sealed(ex->open_user, ex->reply_body, arena, out_body, err);
}

static lk_status
decode_reply(const struct lk_exchange *ex, const ProtobufCMessageDescriptor *type,
    struct lk_arena *arena, ProtobufCMessage **out_reply, struct lk_error *err)
{
	struct lk_bytes body = ex->reply_body;

	if (ex->reply_sealed)
		LK_TRY(open_reply(ex, arena, &body, err));
	const lk_status status = lk_decode(type, body, arena, out_reply, err);
	if (status != LK_INVALID_ARGUMENT)
		return status;
	return lk_fail(err, LK_INTERNAL, "REPLY_INVALID", "the answer is no %s", type->short_name);
}

lk_status
lk_channel_call(struct lk_channel *channel, const struct lk_rpc_request *request,
    const ProtobufCMessageDescriptor *reply_type, struct lk_arena *arena,
    ProtobufCMessage **out_reply, struct lk_error *err)
{
	struct lk_exchange *ex = NULL;

	LK_TRY(prepare(channel, request, &ex, err));
	ex->on_end = wake;
	lk_exchange_start(ex);
	wait_for(ex);
	lk_status status = ex->status;
	if (status == LK_OK)
		status = decode_reply(ex, reply_type, arena, out_reply, err);
	else if (err != NULL)
		*err = ex->error;
	lk_exchange_return(ex);
	return status;
}

static void
deliver(struct lk_exchange *ex)
{
	ProtobufCMessage *reply = NULL;
	lk_status status = ex->status;

	if (status == LK_OK)
		status = decode_reply(ex, ex->reply_type, ex->arena, &reply, &ex->error);
	ex->done(ex->user, status, status == LK_OK ? reply : NULL, &ex->error);
	lk_exchange_return(ex);
}

lk_status
lk_channel_submit(struct lk_channel *channel, const struct lk_rpc_request *request,
    const ProtobufCMessageDescriptor *reply_type, lk_channel_done done, void *user,
    struct lk_error *err)
{
	struct lk_exchange *ex = NULL;

	LK_TRY(prepare(channel, request, &ex, err));
	atomic_fetch_add(
	    &channel->submitting, 1); /* the exchange may end before this thread has left nng */
	ex->on_end = deliver;
	ex->reply_type = reply_type;
	ex->done = done;
	ex->user = user;
	lk_exchange_start(ex);
	atomic_fetch_sub(&channel->submitting, 1);
	return LK_OK;
}

static void
cancel_all(struct lk_exchange *first)
{
	for (struct lk_exchange *ex = first; ex != NULL; ex = ex->next_all) {
		nng_aio_cancel(ex->aio);
		nng_aio_cancel(ex->timer);
	}
}

static void
wait_a_little(struct lk_channel *channel)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += CLOSE_POLL_NS;
	until.tv_sec += until.tv_nsec / 1000000000L;
	until.tv_nsec %= 1000000000L;
	(void)pthread_cond_clockwait(&channel->returned, &channel->mutex, CLOCK_MONOTONIC, &until);
}

/* One that is between two operations hears nothing, so they are told again until all are back. */
static void
end_exchanges(struct lk_channel *channel)
{
	pthread_mutex_lock(&channel->mutex);
	while (channel->busy_exchanges > 0 || atomic_load(&channel->submitting) > 0) {
		struct lk_exchange *first =
		    channel->all_exchanges; /* it grows no more: closing is set */
		pthread_mutex_unlock(&channel->mutex);
		cancel_all(first);
		pthread_mutex_lock(&channel->mutex);
		if (channel->busy_exchanges > 0 || atomic_load(&channel->submitting) > 0)
			wait_a_little(channel);
	}
	pthread_mutex_unlock(&channel->mutex);
}

/*
 * An answer that arrives while its connection is closed makes nng before 1.6 hang or panic (its ipc
 * transport forgets the receive between the head of a message and its rest), and when an answer
 * that nobody waits for any more arrives cannot be known. Its timer, too, may hold what closing
 * frees while a call is about to expire. So a channel that gave up on an answer, or nearly, keeps
 * its sockets until the process ends: a few of them, then they are closed all the same.
 */
static bool
retire(struct lk_channel *channel)
{
	static const bool needed = NNG_MAJOR_VERSION == 1 && NNG_MINOR_VERSION < 6;
	static _Atomic(struct lk_channel *) newest; /* kept in sight, so that it is no leak */
	static atomic_uint count;

	const bool stuck = atomic_load(&channel->stuck);
	if (!needed || !(stuck || atomic_load(&channel->orphans)) ||
	    (!stuck && atomic_load(&count) >= RETIRED_MAX))
		return false;
	atomic_fetch_add(&count, 1);
	channel->older_retired = atomic_exchange(&newest, channel);
	return true;
}

/* Sockets last: closing one while a thread is still on its way out of nng_ctx_send() makes nng use
 * freed memory. */
void
lk_channel_close(struct lk_channel *channel)
{
	if (channel == NULL)
		return;
	pthread_mutex_lock(&channel->mutex);
	atomic_store(&channel->closing, true);
	pthread_mutex_unlock(&channel->mutex);
	end_exchanges(channel);
	lk_channel_redial_end(channel);
	if (retire(channel))
		return;
	for (struct lk_exchange *ex = channel->all_exchanges; ex != NULL; ex = ex->next_all)
		lk_exchange_stop(ex);
	for (unsigned i = 0; i < channel->address_count; i++)
		lk_address_close(&channel->addresses[i]);
	while (channel->all_exchanges != NULL) {
		struct lk_exchange *ex = channel->all_exchanges;
		channel->all_exchanges = ex->next_all;
		lk_exchange_free(ex);
	}
	pthread_cond_destroy(&channel->returned);
	pthread_mutex_destroy(&channel->mutex);
	lk_free(channel);
}
