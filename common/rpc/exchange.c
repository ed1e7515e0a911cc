/* What a call goes through until it has an outcome: attempts, pauses, and the rule that a write is
 * sent once. */
#include <nng/nng.h>
#include <nng/supplemental/util/platform.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "id/random.h"
#include "latchkey/health/v1/health.pb-c.h"
#include "rpc/channel_impl.h"
#include "rpc/frame.h"

enum {
	PAUSE_MIN_MS = 10,
	PAUSE_MAX_MS = 200,
	RETRY_AFTER_MAX_MS = 1000,
	TICK_MAX_MS = 20,    /* between looks for an address that may be used */
	RETRY_FLOOR_MS = 50, /* the shortest attempt when another address could be asked next */
	SEND_SLICE_MS = 100, /* how long a connection may be busy before we look for another */
	ARENA_CAP = 4 * LK_FRAME_MESSAGE_MAX,
};

static const bool legal[LK_EXCHANGE_STATE_COUNT_][LK_EXCHANGE_STATE_COUNT_] = {
	[LK_EXCHANGE_IDLE] = { [LK_EXCHANGE_SENDING] = true,
	    [LK_EXCHANGE_PAUSING] = true,
	    [LK_EXCHANGE_ENDED] = true },
	[LK_EXCHANGE_SENDING] = { [LK_EXCHANGE_RECEIVING] = true,
	    [LK_EXCHANGE_SENDING] = true,
	    [LK_EXCHANGE_PAUSING] = true,
	    [LK_EXCHANGE_ENDED] = true },
	[LK_EXCHANGE_RECEIVING] = { [LK_EXCHANGE_SENDING] = true,
	    [LK_EXCHANGE_PAUSING] = true,
	    [LK_EXCHANGE_ENDED] = true },
	[LK_EXCHANGE_PAUSING] = { [LK_EXCHANGE_SENDING] = true,
	    [LK_EXCHANGE_PAUSING] = true,
	    [LK_EXCHANGE_ENDED] = true },
	[LK_EXCHANGE_ENDED] = { [LK_EXCHANGE_IDLE] = true },
};

static void
move(struct lk_exchange *ex, enum lk_exchange_state next)
{
	if (!legal[ex->state][next])
		abort(); /* a bug of ours; going on could send a write twice */
	ex->state = next;
}

static int64_t
left_ms(const struct lk_exchange *ex)
{
	return ex->deadline_ms - lk_clock_steady_ms(ex->channel->config.clock);
}

static void
end(struct lk_exchange *ex, lk_status status)
{
	move(ex, LK_EXCHANGE_ENDED);
	ex->status = status;
	ex->on_end(ex);
}

static void
end_cancelled(struct lk_exchange *ex)
{
	end(ex, lk_fail(&ex->error, LK_CANCELLED, "CHANNEL_CLOSED", "the client was closed"));
}

static void
drop_lane(struct lk_exchange *ex)
{
	lk_lane_return(LK_TAKE(ex->lane));
}

static uint32_t
pause_length(struct lk_exchange *ex)
{
	uint8_t jitter = 0;
	const unsigned doublings = ex->pauses < 5 ? ex->pauses : 5;
	uint32_t ms = PAUSE_MIN_MS << doublings;

	ex->pauses++;
	if (ms > PAUSE_MAX_MS)
		ms = PAUSE_MAX_MS;
	if (ex->error.retry_after_ms > ms && ex->error.retry_after_ms <= RETRY_AFTER_MAX_MS)
		ms = ex->error.retry_after_ms;
	lk_random_fill(lk_random_system(), &jitter, sizeof jitter);
	return ms / 2 + ms * jitter / 512; /* half of it, and up to half more */
}

/* ex->error says what just went wrong; try again later, or let that be the outcome. */
static void
pause_or_end(struct lk_exchange *ex, lk_status status, uint32_t ms)
{
	if (atomic_load(&ex->channel->closing)) {
		end_cancelled(ex);
		return;
	}
	if (ex->pinned != NULL || left_ms(ex) <= ms) {
		end(ex, status);
		return;
	}
	move(ex, LK_EXCHANGE_PAUSING);
	nng_sleep_aio((nng_duration)ms, ex->timer);
}

static int64_t
at_most(int64_t ms, int64_t limit)
{
	return ms < limit ? ms : limit;
}

/* How long one attempt may take: a read leaves time to ask another address. */
static int64_t
attempt_ms(const struct lk_exchange *ex)
{
	const int64_t left = left_ms(ex);

	if (ex->effect == LK_WRITE_ONCE || ex->pinned != NULL || ex->channel->address_count == 1)
		return left;
	return at_most(left, left / 2 > RETRY_FLOOR_MS ? left / 2 : RETRY_FLOOR_MS);
}

static lk_status
unreachable(struct lk_exchange *ex)
{
	return lk_fail(
	    &ex->error, LK_UNAVAILABLE, "SERVER_UNREACHABLE", "the service could not be reached");
}

static void
send_on_lane(struct lk_exchange *ex, int64_t ms)
{
	nng_msg *message = lk_exchange_message(ex, (uint32_t)at_most(ms, UINT32_MAX));

	if (message == NULL) {
		drop_lane(ex);
		end(ex, lk_fail_oom(&ex->error));
		return;
	}
	move(ex, LK_EXCHANGE_SENDING);
	nng_aio_set_timeout(ex->aio, (nng_duration)at_most(ms, SEND_SLICE_MS));
	nng_aio_set_msg(ex->aio, message);
	nng_ctx_send(ex->lane->context, ex->aio);
}

static void
probe_addresses(struct lk_channel *channel)
{
	for (unsigned i = 0; i < channel->address_count; i++)
		if (lk_address_wants_probe(&channel->addresses[i]))
			lk_exchange_probe(&channel->addresses[i]);
}

/* No connection that could still turn out to be good. */
static bool
is_away(const struct lk_channel *channel)
{
	for (unsigned i = 0; i < channel->address_count; i++)
		if (atomic_load(&channel->addresses[i].pipe) != 0 &&
		    !atomic_load(&channel->addresses[i].draining))
			return false;
	return true;
}

static void
wait_for_address(struct lk_exchange *ex)
{
	const uint32_t ms = (uint32_t)at_most(1 + ex->ticks++ / 4, TICK_MAX_MS);

	if (ex->impatient && is_away(ex->channel))
		end(ex, unreachable(ex));
	else
		pause_or_end(ex, unreachable(ex), ms);
}

static void
attempt(struct lk_exchange *ex)
{
	const int64_t ms = attempt_ms(ex);

	if (atomic_load(&ex->channel->closing)) {
		end_cancelled(ex);
		return;
	}
	if (ms <= 0) {
		end(ex, unreachable(ex));
		return;
	}
	if (ex->pinned == NULL)
		probe_addresses(ex->channel);
	switch (lk_lane_take(ex->channel, ex->pinned, &ex->lane)) {
	case LK_LANE_TAKEN:
		send_on_lane(ex, ms);
		return;
	case LK_LANE_NONE_USABLE:
		wait_for_address(ex);
		return;
	case LK_LANE_NONE_FREE:
		if (atomic_load(&ex->channel->closing))
			end_cancelled(ex);
		else
			end(ex, lk_fail(&ex->error, LK_RESOURCE_EXHAUSTED, "CHANNEL_BUSY",
				    "too many calls are in flight"));
		return;
	}
}

static void
on_sent(struct lk_exchange *ex, int result)
{
	struct lk_address *address = ex->lane->address;

	if (result == 0) {
		const int64_t ms = attempt_ms(ex);
		move(ex, LK_EXCHANGE_RECEIVING);
		nng_aio_set_timeout(ex->aio, (nng_duration)at_most(ms > 0 ? ms : 1, INT32_MAX));
		nng_ctx_recv(ex->lane->context, ex->aio);
		return;
	}
	nng_msg_free(nng_aio_get_msg(ex->aio)); /* nobody took it: nothing was sent */
	nng_aio_set_msg(ex->aio, NULL);
	drop_lane(ex);
	if (result == NNG_ETIMEDOUT)
		lk_address_missed(address); /* busy, or gone without a word */
	if (atomic_load(&ex->channel->closing))
		end_cancelled(ex);
	else if (result == NNG_ETIMEDOUT && left_ms(ex) > 0)
		attempt(ex);
	else
		end(ex, result == NNG_ENOMEM ? lk_fail_oom(&ex->error) : unreachable(ex));
}

static lk_status
outcome_unknown(struct lk_exchange *ex)
{
	return lk_fail(&ex->error, LK_UNKNOWN, "OUTCOME_UNKNOWN",
	    "the request was sent and its answer lost: it may or may not have happened");
}

static void
on_no_answer(struct lk_exchange *ex, int result)
{
	struct lk_address *address = ex->lane->address;

	drop_lane(ex);
	if (result != NNG_ECONNRESET)
		atomic_store(&ex->channel->orphans, true);
	if (result == NNG_ETIMEDOUT)
		lk_address_missed(address);
	if (ex->effect == LK_WRITE_ONCE)
		end(ex, outcome_unknown(ex));
	else if (atomic_load(&ex->channel->closing))
		end_cancelled(ex);
	else if (result == NNG_ETIMEDOUT && left_ms(ex) > 0)
		attempt(ex);
	else if (result == NNG_ETIMEDOUT)
		end(ex, lk_fail(&ex->error, LK_DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED",
			    "no answer came in time"));
	else
		pause_or_end(ex,
		    lk_fail(&ex->error, LK_UNAVAILABLE, "CONNECTION_LOST",
			"the connection to the service was lost"),
		    pause_length(ex));
}

static bool
may_ask_again(const struct lk_exchange *ex, lk_status status, bool draining)
{
	if (draining) /* never executed, so even a write may go again; a probe has its answer */
		return ex->pinned == NULL && !ex->impatient;
	return status == LK_UNAVAILABLE && ex->effect == LK_READ;
}

/* An answer this near to the end of its time may meet nng's timer, which still holds what closing
 * would free. */
enum { NEAR_EXPIRY_MS = 100 };

static void
on_answer(struct lk_exchange *ex)
{
	struct lk_address *address = ex->lane->address;

	ex->reply = nng_aio_get_msg(ex->aio);
	nng_aio_set_msg(ex->aio, NULL);
	drop_lane(ex);
	if (left_ms(ex) < NEAR_EXPIRY_MS)
		atomic_store(&ex->channel->orphans, true);
	lk_address_answered(address, ex->reply);
	const lk_status status = lk_exchange_read(ex);
	const bool draining = status == LK_UNAVAILABLE && lk_text_is(ex->error.reason, "DRAINING");
	if (draining)
		atomic_store(
		    &address->draining, true); /* leave it in peace until its connection goes */
	if (!may_ask_again(ex, status, draining)) {
		end(ex, status);
		return;
	}
	nng_msg_free(LK_TAKE(ex->reply));
	pause_or_end(ex, status, pause_length(ex));
}

static void
on_aio(void *arg)
{
	struct lk_exchange *ex = arg;
	const int result = nng_aio_result(ex->aio);

	switch (ex->state) {
	case LK_EXCHANGE_SENDING:
		on_sent(ex, result);
		return;
	case LK_EXCHANGE_RECEIVING:
		if (result == 0)
			on_answer(ex);
		else
			on_no_answer(ex, result);
		return;
	case LK_EXCHANGE_PAUSING:
	case LK_EXCHANGE_IDLE:
	case LK_EXCHANGE_ENDED:
	case LK_EXCHANGE_STATE_COUNT_:
		return;
	}
}

static void
on_timer(void *arg)
{
	attempt(arg);
}

void
lk_exchange_start(struct lk_exchange *ex)
{
	attempt(ex);
}

static struct lk_exchange *
exchange_new(struct lk_channel *channel)
{
	struct lk_exchange *ex = LK_ALLOC(struct lk_exchange);

	if (ex == NULL)
		return NULL;
	ex->channel = channel;
	pthread_mutex_init(&ex->mutex, NULL);
	pthread_cond_init(&ex->ended_changed, NULL);
	ex->arena = lk_arena_new(ARENA_CAP);
	if (ex->arena == NULL || nng_aio_alloc(&ex->aio, on_aio, ex) != 0 ||
	    nng_aio_alloc(&ex->timer, on_timer, ex) != 0) {
		lk_exchange_free(ex);
		return NULL;
	}
	return ex;
}

struct lk_exchange *
lk_exchange_take(struct lk_channel *channel)
{
	pthread_mutex_lock(&channel->mutex);
	struct lk_exchange *ex = atomic_load(&channel->closing) ? NULL : channel->free_exchanges;
	if (ex != NULL) {
		channel->free_exchanges = ex->next_free;
	} else if (!atomic_load(&channel->closing) && (ex = exchange_new(channel)) != NULL) {
		ex->next_all = channel->all_exchanges;
		channel->all_exchanges = ex;
	}
	if (ex != NULL)
		channel->busy_exchanges++;
	pthread_mutex_unlock(&channel->mutex);
	return ex;
}

void
lk_exchange_return(struct lk_exchange *ex)
{
	struct lk_channel *channel = ex->channel;

	if (ex->state == LK_EXCHANGE_ENDED)
		move(ex, LK_EXCHANGE_IDLE);
	if (ex->reply != NULL)
		nng_msg_free(LK_TAKE(ex->reply));
	lk_wipe(ex->packed, ex->header_len + ex->body_len);
	ex->header_len = ex->body_len = 0;
	lk_arena_reset(ex->arena);
	lk_error_clear(&ex->error);
	ex->reply_body = lk_bytes(NULL, 0);
	ex->reply_sealed = false;
	ex->pinned = NULL;
	ex->impatient = false;
	ex->pauses = ex->ticks = 0;
	ex->ended = false;
	pthread_mutex_lock(&channel->mutex);
	ex->next_free = channel->free_exchanges;
	channel->free_exchanges = ex;
	if (--channel->busy_exchanges == 0)
		pthread_cond_broadcast(&channel->returned);
	pthread_mutex_unlock(&channel->mutex);
}

void
lk_exchange_stop(struct lk_exchange *ex)
{
	nng_aio_stop(ex->aio);
	nng_aio_stop(ex->timer);
}

void
lk_exchange_free(struct lk_exchange *ex)
{
	nng_aio_free(ex->aio);
	nng_aio_free(ex->timer);
	lk_arena_free(ex->arena);
	lk_free(ex->packed);
	pthread_cond_destroy(&ex->ended_changed);
	pthread_mutex_destroy(&ex->mutex);
	lk_free(ex);
}

static void
on_probed(struct lk_exchange *ex)
{
	struct lk_address *address = ex->pinned;

	if (!atomic_load(&address->usable))
		lk_address_probe_failed(address, ex->probed_pipe);
	atomic_store(&address->probing, false);
	lk_exchange_return(ex);
}

/* Without memory nothing is sent, and the next call tries again. */
void
lk_exchange_probe(struct lk_address *address)
{
	Latchkey__Health__V1__CheckRequest body = LATCHKEY__HEALTH__V1__CHECK_REQUEST__INIT;
	const struct lk_rpc_request request = { .method = "latchkey.health.v1.HealthService/Check",
		.body = &body.base };

	if (atomic_exchange(&address->probing, true))
		return;
	struct lk_exchange *ex = lk_exchange_take(address->channel);
	if (ex == NULL || lk_exchange_pack(ex, &request, NULL) != LK_OK) {
		atomic_store(&address->probing, false);
		if (ex != NULL)
			lk_exchange_return(ex);
		return;
	}
	ex->pinned = address;
	ex->probed_pipe = atomic_load(&address->pipe);
	ex->effect = LK_READ;
	ex->deadline_ms =
	    lk_clock_steady_ms(address->channel->config.clock) + atomic_load(&address->probe_ms);
	ex->on_end = on_probed;
	lk_exchange_start(ex);
}
