/* Is anybody there? Asked over a plain socket, without nng, so that nothing of ours can be in the
 * way. */
#ifndef LK_RPC_PROBE_H
#define LK_RPC_PROBE_H

#include "base/base.h"

/* A process listens on this path, whether it answers or not. Ends the handshake politely, within
 * `timeout_ms`. */
bool lk_probe_listening(const char *path, int timeout_ms);

/* A whole Health call on a new connection was answered within `timeout_ms`, by whatever status.
 * Blocks. */
bool lk_probe_answers(const char *path, int timeout_ms);

/* A publisher sent something on a new connection within `timeout_ms`. Blocks. */
bool lk_probe_hears(const char *path, int timeout_ms);

#endif
