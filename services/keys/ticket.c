/* When a ticket still opens; see ticket.h. */
#include "ticket.h"

bool
ticket_is_open(const struct ticket *ticket, int64_t now_ms)
{
	return ticket->has_digest && ticket->redeemed_at_ms == 0 && now_ms < ticket->expires_at_ms;
}
