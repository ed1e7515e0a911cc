/*
 * A connection that nng before 1.6 has lost for ever. When a server dies under load, nng's reaper
 * may come to wait for ever for a receive of the connection: from then on no connection of this
 * process is reaped, and no socket dials again. New sockets do work. So where a stranger is
 * answered (probe.c) and we are not for a whole second, the address gets a new socket; the lost one
 * is kept, because closing it would wait for ever. Delete with nng 1.5.
 */
#include <nng/nng.h>

#include "rpc/channel_impl.h"
#include "rpc/probe.h"

enum { LOST_MS = 1000, DOUBLINGS_MAX = 6, STRANGER_MS = 150 };

static bool
is_lost(struct lk_address *address)
{
	const unsigned redials = atomic_load(&address->redials);
	const int64_t patience_ms = (int64_t)LOST_MS
				    << (redials < DOUBLINGS_MAX ? redials : DOUBLINGS_MAX);

	return !atomic_load(&address->usable) && address->path != NULL &&
	       lk_clock_steady_ms(address->channel->config.clock) -
		       atomic_load(&address->lost_at_ms) >=
		   patience_ms;
}

static void
redial(struct lk_address *address)
{
	if (!is_lost(address) || atomic_exchange(&address->redialling, true))
		return;
	if (lk_probe_answers(address->path, STRANGER_MS) && is_lost(address)) {
		atomic_store(&address->channel->stuck, true);
		atomic_fetch_add(&address->redials, 1);
		atomic_store(
		    &address->lost_at_ms, lk_clock_steady_ms(address->channel->config.clock));
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
