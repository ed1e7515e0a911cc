/* One server process as a channel sees it: its socket, whether it answers, and the lanes on it. See
 * channel_impl.h. */
#include <nng/nng.h>
#include <nng/protocol/reqrep0/req.h>

#include "base/alloc.h"
#include "rpc/channel_impl.h"
#include "rpc/frame.h"

enum { RECONNECT_MIN_MS = 10, RECONNECT_MAX_MS = 200 };

static void
on_connected(nng_pipe pipe, nng_pipe_ev event, void *arg)
{
	struct lk_address *address = arg;

	(void)pipe;
	(void)event;
	atomic_fetch_add(&address->pipes, 1);
	atomic_store(&address->draining, false); /* a new connection: a new process, as a rule */
	atomic_store(&address->suspect, false);
}

static void
on_disconnected(nng_pipe pipe, nng_pipe_ev event, void *arg)
{
	struct lk_address *address = arg;

	(void)pipe;
	(void)event;
	atomic_fetch_sub(&address->pipes, 1);
	atomic_store(&address->draining, false);
}

/* Resending must be off before the first context is opened, or a lost connection sends a write
 * twice. */
static int
configure(struct lk_address *address)
{
	int rv = nng_socket_set_ms(address->socket, NNG_OPT_REQ_RESENDTIME, NNG_DURATION_INFINITE);

	if (rv == 0)
		rv = nng_socket_set_size(address->socket, NNG_OPT_RECVMAXSZ, LK_FRAME_MESSAGE_MAX);
	if (rv == 0)
		rv = nng_socket_set_ms(address->socket, NNG_OPT_RECONNMINT, RECONNECT_MIN_MS);
	if (rv == 0)
		rv = nng_socket_set_ms(address->socket, NNG_OPT_RECONNMAXT, RECONNECT_MAX_MS);
	if (rv == 0)
		rv = nng_pipe_notify(address->socket, NNG_PIPE_EV_ADD_POST, on_connected, address);
	if (rv == 0)
		rv = nng_pipe_notify(
		    address->socket, NNG_PIPE_EV_REM_POST, on_disconnected, address);
	return rv;
}

lk_status
lk_address_open(
    struct lk_address *address, struct lk_channel *channel, const char *url, struct lk_error *err)
{
	address->channel = channel;
	if (nng_req0_open(&address->socket) != 0)
		return lk_fail_oom(err);
	address->open = true;
	if (configure(address) != 0)
		return lk_fail(err, LK_INTERNAL, "INTERNAL", "nng refused an option");
	if (nng_dial(address->socket, url, NULL, NNG_FLAG_NONBLOCK) != 0)
		return lk_fail_field(err, "url", "URL_INVALID", "this address cannot be dialled");
	return LK_OK;
}

void
lk_address_close(struct lk_address *address)
{
	if (address->open)
		nng_close(address->socket);
	address->open = false;
}

void
lk_address_free_lanes(struct lk_address *address)
{
	while (address->free_lanes != NULL) {
		struct lk_lane *lane = address->free_lanes;
		address->free_lanes = lane->next;
		lk_free(lane);
	}
}

static bool
has_room(const struct lk_address *address)
{
	return address->outstanding < address->channel->config.max_in_flight;
}

/* Lower is better: answering before suspect, connected before not, then the fewest outstanding. */
static unsigned
rank(struct lk_address *address)
{
	enum { SUSPECT = 1 << 30, APART = 1 << 29 };

	return (atomic_load(&address->suspect) ? SUSPECT : 0u) +
	       (atomic_load(&address->pipes) > 0 ? 0u : APART) + address->outstanding;
}

static struct lk_address *
best(struct lk_channel *channel, bool *out_all_draining)
{
	struct lk_address *found = NULL;

	*out_all_draining = true;
	channel->turn++;
	for (unsigned i = 0; i < channel->address_count; i++) {
		struct lk_address *a =
		    &channel->addresses[(channel->turn + i) % channel->address_count];
		if (atomic_load(&a->draining))
			continue;
		*out_all_draining = false;
		if (has_room(a) && (found == NULL || rank(a) < rank(found)))
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
	if (nng_ctx_open(&lane->context, address->socket) != 0) {
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
	bool all_draining = false;
	struct lk_lane *lane = NULL;

	pthread_mutex_lock(&channel->mutex);
	struct lk_address *address = pinned != NULL ? pinned : best(channel, &all_draining);
	if (address != NULL)
		lane = take_from(address);
	pthread_mutex_unlock(&channel->mutex);
	if (lane == NULL)
		return all_draining ? LK_LANE_ALL_DRAINING : LK_LANE_ALL_BUSY;
	*out_lane = lane;
	return LK_LANE_TAKEN;
}

void
lk_lane_return(struct lk_lane *lane)
{
	struct lk_address *address = lane->address;

	pthread_mutex_lock(&address->channel->mutex);
	address->outstanding--;
	lane->next = address->free_lanes;
	address->free_lanes = lane;
	pthread_mutex_unlock(&address->channel->mutex);
}
