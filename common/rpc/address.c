/* One server process as a channel sees it: its socket, whether it answers, and the lanes on it. See
 * channel_impl.h. */
#include <nng/nng.h>
#include <nng/protocol/reqrep0/req.h>

#include "base/alloc.h"
#include "rpc/channel_impl.h"
#include "rpc/frame.h"
#include "rpc/tls_nng.h"

enum {
	RECONNECT_MIN_MS = 10,
	RECONNECT_MAX_MS = 200,
	STUCK_RECONNECT_MIN_MS = 1000, /* each failure costs a descriptor: see redial.c */
	STUCK_RECONNECT_MAX_MS = 10000,
	PROBE_MIN_MS = 250,
	PROBE_MAX_MS = 2000
};

static void
lose(struct lk_address *address)
{
	if (atomic_exchange(&address->usable, false))
		atomic_store(
		    &address->lost_at_ms, lk_clock_steady_ms(address->channel->config.clock));
}

static void
forget_connection(struct lk_address *address, unsigned pipe)
{
	lose(address);
	atomic_store(&address->answered, false);
	atomic_store(&address->draining, false);
	atomic_store(&address->pipe, pipe);
}

static void
on_connected(nng_pipe pipe, nng_pipe_ev event, void *arg)
{
	struct lk_dialled *dialled = arg;

	(void)event;
	if (atomic_load(&dialled->address->dialled) != dialled)
		return;
	atomic_store(&dialled->address->mark, lk_address_mark(dialled->address));
	forget_connection(dialled->address, (unsigned)nng_pipe_id(pipe));
}

static void
on_disconnected(nng_pipe pipe, nng_pipe_ev event, void *arg)
{
	const struct lk_dialled *dialled = arg;
	struct lk_address *address = dialled->address;

	(void)event;
	if (atomic_load(&address->pipe) == (unsigned)nng_pipe_id(pipe))
		forget_connection(address, 0);
}

void
lk_address_answered(struct lk_address *address, nng_msg *reply)
{
	if ((unsigned)nng_pipe_id(nng_msg_get_pipe(reply)) != atomic_load(&address->pipe))
		return; /* on a connection that is gone */
	atomic_store(&address->answered, true);
	atomic_store(&address->usable, true);
	atomic_store(&address->redials, 0);
	atomic_store(&address->probe_ms, PROBE_MIN_MS);
}

void
lk_address_missed(struct lk_address *address)
{
	lose(address);
}

static void
give_up(struct lk_address *address, nng_pipe pipe)
{
	if (atomic_load(&address->closed_pipe) != pipe.id) {
		atomic_store(
		    &address->closed_at_ms, lk_clock_steady_ms(address->channel->config.clock));
		atomic_store(&address->closed_pipe, pipe.id);
	}
	nng_pipe_close(pipe);
}

/* A connection that never answered is given up for a new one; another may have calls in flight that
 * still arrive. One that came up meanwhile was not asked. */
void
lk_address_probe_failed(struct lk_address *address, unsigned probed_pipe)
{
	const nng_pipe pipe = { .id = atomic_load(&address->pipe) };
	const unsigned ms = atomic_load(&address->probe_ms);

	if (pipe.id != probed_pipe)
		return;
	atomic_store(&address->probe_ms, ms * 2 < PROBE_MAX_MS ? ms * 2 : PROBE_MAX_MS);
	if (pipe.id != 0 && !atomic_load(&address->answered))
		give_up(address, pipe);
}

bool
lk_address_wants_probe(struct lk_address *address)
{
	return !atomic_load(&address->usable) && atomic_load(&address->pipe) != 0 &&
	       !atomic_load(&address->probing);
}

/* Resending must be off before the first context is opened, or a lost connection sends a write
 * twice. */
static int
configure(struct lk_dialled *dialled)
{
	const nng_socket socket = dialled->socket;
	const bool stuck = atomic_load(&dialled->address->channel->stuck);
	int rv = nng_socket_set_ms(socket, NNG_OPT_REQ_RESENDTIME, NNG_DURATION_INFINITE);

	if (rv == 0)
		rv = nng_socket_set_size(socket, NNG_OPT_RECVMAXSZ, LK_FRAME_MESSAGE_MAX);
	if (rv == 0)
		rv = nng_socket_set_ms(
		    socket, NNG_OPT_RECONNMINT, stuck ? STUCK_RECONNECT_MIN_MS : RECONNECT_MIN_MS);
	if (rv == 0)
		rv = nng_socket_set_ms(
		    socket, NNG_OPT_RECONNMAXT, stuck ? STUCK_RECONNECT_MAX_MS : RECONNECT_MAX_MS);
	if (rv == 0)
		rv = nng_pipe_notify(socket, NNG_PIPE_EV_ADD_POST, on_connected, dialled);
	if (rv == 0)
		rv = nng_pipe_notify(socket, NNG_PIPE_EV_REM_POST, on_disconnected, dialled);
	return rv;
}

static lk_status
dialled_new(struct lk_address *address, struct lk_dialled **out, struct lk_error *err)
{
	struct lk_dialled *dialled = LK_ALLOC(struct lk_dialled);

	if (dialled == NULL)
		return lk_fail_oom(err);
	dialled->address = address;
	if (nng_req0_open(&dialled->socket) != 0) {
		lk_free(dialled);
		return lk_fail_oom(err);
	}
	if (configure(dialled) != 0) {
		nng_close(dialled->socket);
		lk_free(dialled);
		return lk_fail(err, LK_INTERNAL, "INTERNAL", "nng refused an option");
	}
	*out = dialled;
	return LK_OK;
}

/* What was dialled before is used no more: where it has no connection, its dialler would go on for
 * ever. */
static void
dialled_use(struct lk_address *address, struct lk_dialled *dialled)
{
	const bool idle = atomic_load(&address->pipe) == 0;

	pthread_mutex_lock(&address->channel->mutex);
	dialled->older = atomic_load(&address->dialled);
	if (dialled->older != NULL)
		dialled->older->lost_lanes = LK_TAKE(address->free_lanes);
	atomic_store(&address->dialled, dialled);
	forget_connection(address, 0);
	pthread_mutex_unlock(&address->channel->mutex);
	if (dialled->older != NULL && idle)
		nng_dialer_close(dialled->older->dialer);
}

static lk_status
start_dialer(struct lk_address *address, struct lk_dialled *dialled, struct lk_error *err)
{
	if (nng_dialer_create(&dialled->dialer, dialled->socket, address->url) != 0)
		return lk_fail_field(err, "url", "URL_INVALID", "this address cannot be dialled");
	if (lk_url_is_tls(address->url))
		LK_TRY(lk_tls_dialer(
		    address->channel->config.tls, address->url, dialled->dialer, err));
	if (nng_dialer_start(dialled->dialer, NNG_FLAG_NONBLOCK) != 0)
		return lk_fail_field(err, "url", "URL_INVALID", "this address cannot be dialled");
	return LK_OK;
}

lk_status
lk_address_dial(struct lk_address *address, struct lk_error *err)
{
	struct lk_dialled *dialled = NULL;

	LK_TRY(dialled_new(address, &dialled, err));
	dialled_use(address, dialled);
	atomic_store(&address->mark, lk_address_mark(address));
	return start_dialer(address, dialled, err);
}

void
lk_address_dial_anew(struct lk_address *address)
{
	struct lk_dialled *dialled = atomic_load(&address->dialled);

	nng_dialer_close(dialled->dialer);
	LK_IGNORE(start_dialer(address, dialled, NULL)); /* else a later caller tries again */
}

lk_status
lk_address_open(
    struct lk_address *address, struct lk_channel *channel, const char *url, struct lk_error *err)
{
	address->channel = channel;
	atomic_store(&address->probe_ms, PROBE_MIN_MS);
	atomic_store(&address->lost_at_ms, lk_clock_steady_ms(channel->config.clock));
	if (!lk_text_copy(address->url, sizeof address->url, url))
		return lk_fail_field(err, "url", "URL_TOO_LONG", "the address is too long");
	LK_TRY(lk_url_check(address->url, &address->path, err));
	return lk_address_dial(address, err);
}

static void
lanes_free(struct lk_lane *lane)
{
	while (lane != NULL) {
		struct lk_lane *next = lane->next;
		nng_ctx_close(lane->context);
		lk_free(lane);
		lane = next;
	}
}

void
lk_address_close(struct lk_address *address)
{
	struct lk_dialled *dialled = atomic_exchange(&address->dialled, NULL);

	lanes_free(LK_TAKE(address->free_lanes));
	while (dialled != NULL) {
		struct lk_dialled *older = dialled->older;
		lanes_free(dialled->lost_lanes);
		nng_close(dialled->socket);
		lk_free(dialled);
		dialled = older;
	}
}

static bool
has_room(const struct lk_address *address)
{
	return address->outstanding < address->channel->config.max_in_flight;
}

static struct lk_address *
best(struct lk_channel *channel, enum lk_lane_answer *out_why_none)
{
	struct lk_address *found = NULL;

	*out_why_none = LK_LANE_NONE_USABLE;
	channel->turn++;
	for (unsigned i = 0; i < channel->address_count; i++) {
		struct lk_address *a =
		    &channel->addresses[(channel->turn + i) % channel->address_count];
		if (!atomic_load(&a->usable) || atomic_load(&a->draining))
			continue;
		*out_why_none = LK_LANE_NONE_FREE;
		if (has_room(a) && (found == NULL || a->outstanding < found->outstanding))
			found = a;
	}
	return found;
}

static struct lk_lane *
lane_new(struct lk_address *address)
{
	struct lk_lane *lane = LK_ALLOC(struct lk_lane);

	if (lane == NULL)
		return NULL;
	lane->address = address;
	lane->dialled = atomic_load(&address->dialled);
	if (nng_ctx_open(&lane->context, lane->dialled->socket) != 0) {
		lk_free(lane);
		return NULL;
	}
	return lane;
}

static struct lk_lane *
take_from(struct lk_address *address)
{
	struct lk_lane *lane = address->free_lanes;

	if (lane != NULL)
		address->free_lanes = lane->next;
	else
		lane = lane_new(address);
	if (lane != NULL)
		address->outstanding++;
	return lane;
}

enum lk_lane_answer
lk_lane_take(struct lk_channel *channel, struct lk_address *pinned, struct lk_lane **out_lane)
{
	enum lk_lane_answer why_none = LK_LANE_NONE_FREE;
	struct lk_lane *lane = NULL;

	pthread_mutex_lock(&channel->mutex);
	struct lk_address *address = pinned != NULL ? pinned : best(channel, &why_none);
	if (address != NULL)
		lane = take_from(address);
	pthread_mutex_unlock(&channel->mutex);
	if (lane == NULL)
		return why_none;
	*out_lane = lane;
	return LK_LANE_TAKEN;
}

void
lk_lane_return(struct lk_lane *lane)
{
	struct lk_address *address = lane->address;

	pthread_mutex_lock(&address->channel->mutex);
	const bool lost = lane->dialled != atomic_load(&address->dialled);
	struct lk_lane **list = lost ? &lane->dialled->lost_lanes : &address->free_lanes;
	address->outstanding--;
	lane->next = *list;
	*list = lane;
	pthread_mutex_unlock(&address->channel->mutex);
}
