/* When a session is over; see session.h. */
#include "session.h"

bool
session_is_alive(int64_t ended_at_ms, int64_t expires_at_ms, int64_t last_used_at_ms,
    int64_t idle_ms, int64_t now_ms)
{
	if (ended_at_ms != 0 || now_ms >= expires_at_ms)
		return false;
	return idle_ms == 0 || now_ms - last_used_at_ms < idle_ms;
}
