/*
 * A connection that nng before 1.6 has lost for ever. When a server dies under load, nng's reaper
 * may come to wait for ever for a receive of the connection: from then on no connection of this
 * process is reaped, no socket dials again, and what fails to dial leaves its descriptor open. New
 * sockets do work. So where we are not answered for a second or more, a stranger is (probe.c), and
 * the path is another server's than the one we connected to, or a connection that we closed is
 * still there, the address gets a new socket; the lost one is kept, because closing it would wait
 * for ever. A server that may only stand still is left in peace for ten seconds: a stranger who
 * gives up on it may cost it its listener (listener_guard.c). The stranger has a thread of its own,
 * because on a busy machine it needs longer than a call may last. Delete with nng 1.5.
 *
 * And, with any nng, attempts to connect between hosts that wait for something that will not come
 * soon: who was away for a moment is asked for again after one, three and seven seconds, and a name
 * that nobody knew for five. They are dropped for new ones.
 */
#include <nng/nng.h>
#include <sys/stat.h>

#include "base/thread.h"
#include "rpc/channel_impl.h"
#include "rpc/probe.h"

enum {
	LOST_MS = 1000,
	SAME_PATH_MS = 10000, /* perhaps somebody stands between us and the server */
	DOUBLINGS_MAX = 3,
	STRANGER_MS = 1000,
	WAITING_MS = 500
};

uint64_t
lk_address_mark(const struct lk_address *address)
{
	struct stat st;

	if (address->path == NULL || stat(address->path, &st) != 0)
		return 0;
	return (uint64_t)st.st_ino ^ (uint64_t)st.st_ctim.tv_nsec << 32 ^
	       (uint64_t)st.st_ctim.tv_sec << 20;
}

/* Of the server that we are, or were, connected to. */
static bool
is_another(const struct lk_address *address)
{
	const uint64_t mark = lk_address_mark(address);

	return mark != 0 && mark != atomic_load(&address->mark);
}

/* We closed it long ago, and the reaper has not come. */
static bool
outlived_closing(const struct lk_address *address, int64_t now_ms)
{
	const unsigned pipe = atomic_load(&address->pipe);

	return pipe != 0 && pipe == atomic_load(&address->closed_pipe) &&
	       now_ms - atomic_load(&address->closed_at_ms) >= LOST_MS;
}

/* Longer each time. */
static int64_t
doubled(const struct lk_address *address, int64_t ms)
{
	const unsigned redials = atomic_load(&address->redials);

	return ms << (redials < DOUBLINGS_MAX ? redials : DOUBLINGS_MAX);
}

static bool
is_lost(const struct lk_address *address, int64_t now_ms)
{
	const int64_t lost_ms = now_ms - atomic_load(&address->lost_at_ms);

	if (lost_ms < doubled(address, LOST_MS))
		return false;
	return is_another(address) || outlived_closing(address, now_ms) ||
	       lost_ms >= doubled(address, SAME_PATH_MS);
}

static bool
is_waiting(const struct lk_address *address, int64_t now_ms)
{
	return atomic_load(&address->pipe) == 0 &&
	       now_ms - atomic_load(&address->lost_at_ms) >= doubled(address, WAITING_MS);
}

static bool
wants_redial(const struct lk_address *address)
{
	static const bool is_old = NNG_MAJOR_VERSION == 1 && NNG_MINOR_VERSION < 6;
	const int64_t now_ms = lk_clock_steady_ms(address->channel->config.clock);

	if (atomic_load(&address->usable))
		return false;
	return address->path == NULL ? is_waiting(address, now_ms)
				     : is_old && is_lost(address, now_ms);
}

static void *
send_stranger(void *arg)
{
	struct lk_address *address = arg;

	if (lk_probe_answers(address->path, STRANGER_MS) && !atomic_load(&address->usable) &&
	    !atomic_load(&address->channel->closing)) {
		atomic_store(&address->channel->stuck, true);
		LK_IGNORE(lk_address_dial(address, NULL)); /* else a later caller tries again */
	}
	atomic_store(&address->redialling, false);
	return NULL;
}

static void *
begin_anew(void *arg)
{
	struct lk_address *address = arg;

	if (atomic_load(&address->pipe) == 0 && !atomic_load(&address->channel->closing))
		lk_address_dial_anew(address);
	atomic_store(&address->redialling, false);
	return NULL;
}

static void
join_stranger(struct lk_address *address)
{
	if (address->stranger_sent)
		pthread_join(address->stranger, NULL);
	address->stranger_sent = false;
}

static void
redial(struct lk_address *address)
{
	if (!wants_redial(address) || atomic_exchange(&address->redialling, true))
		return;
	join_stranger(address); /* the last one, who is done */
	atomic_fetch_add(&address->redials, 1);
	atomic_store(&address->lost_at_ms, lk_clock_steady_ms(address->channel->config.clock));
	address->stranger_sent = lk_thread_start(
	    &address->stranger, address->path ? send_stranger : begin_anew, address);
	if (!address->stranger_sent)
		atomic_store(&address->redialling, false);
}

void
lk_channel_redial(struct lk_channel *channel)
{
	for (unsigned i = 0; i < channel->address_count; i++)
		redial(&channel->addresses[i]);
}

void
lk_channel_redial_end(struct lk_channel *channel)
{
	for (unsigned i = 0; i < channel->address_count; i++)
		join_stranger(&channel->addresses[i]);
}
