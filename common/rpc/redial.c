/*
 * A connection that nng before 1.6 has lost for ever. When a server dies under load, nng's reaper
 * may come to wait for ever for a receive of the connection: from then on no connection of this
 * process is reaped, and no socket dials again. New sockets do work. So where the path is another
 * server's than the one we connected to, a stranger is answered there (probe.c), and we are not for
 * a second or more, the address gets a new socket; the lost one is kept, because closing it would
 * wait for ever. A server that may only stand still is left in peace for ten seconds: a stranger
 * who gives up on it may cost it its listener (listener_guard.c). Delete with nng 1.5.
 */
#include <nng/nng.h>
#include <sys/stat.h>

#include "rpc/channel_impl.h"
#include "rpc/probe.h"

enum {
	LOST_MS = 1000,
	SAME_PATH_MS = 10000, /* perhaps somebody stands between us and the server */
	DOUBLINGS_MAX = 3,
	STRANGER_MS = 150
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

static bool
is_lost(const struct lk_address *address)
{
	const unsigned redials = atomic_load(&address->redials);
	const unsigned doublings = redials < DOUBLINGS_MAX ? redials : DOUBLINGS_MAX;

	if (atomic_load(&address->usable) || address->path == NULL)
		return false;
	const int64_t lost_ms =
	    lk_clock_steady_ms(address->channel->config.clock) - atomic_load(&address->lost_at_ms);
	return lost_ms >= (int64_t)LOST_MS << doublings &&
	       (lost_ms >= (int64_t)SAME_PATH_MS << doublings || is_another(address));
}

static void
redial(struct lk_address *address)
{
	if (!is_lost(address) || atomic_exchange(&address->redialling, true))
		return;
	atomic_fetch_add(&address->redials, 1);
	atomic_store(&address->lost_at_ms, lk_clock_steady_ms(address->channel->config.clock));
	if (lk_probe_answers(address->path, STRANGER_MS) && !atomic_load(&address->usable)) {
		atomic_store(&address->channel->stuck, true);
		LK_IGNORE(lk_address_dial(address, NULL)); /* else a later caller tries again */
	}
	atomic_store(&address->redialling, false);
}

void
lk_channel_redial(struct lk_channel *channel)
{
	static const bool needed = NNG_MAJOR_VERSION == 1 && NNG_MINOR_VERSION < 6;

	for (unsigned i = 0; needed && i < channel->address_count; i++)
		redial(&channel->addresses[i]);
}
