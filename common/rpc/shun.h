/*
 * Connections that do not read what they are answered. A reply that its reader leaves lying holds a
 * context, and with requests enough one reader would hold them all. So who let one reply wait for
 * too long is not heard any more, but for one request a second, until a reply to it is taken. The
 * connection stays: nng 1.5 never gets rid of one that is closed with half a message written.
 */
#ifndef LK_RPC_SHUN_H
#define LK_RPC_SHUN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"

enum {
	LK_SHUN_MS = 1000,
	LK_SHUN_MAX = 1024
}; /* beyond that, who was shunned first is forgotten */

struct lk_shun;

lk_status lk_shun_new(struct lk_shun **out_shun, struct lk_error *err);
void lk_shun_free(struct lk_shun *shun);

/* All are thread-safe and, while nobody is shunned, take no lock. `pipe` is nng's id of it. */
void lk_shun_add(struct lk_shun *shun, uint32_t pipe, int64_t now_ms);
void lk_shun_forgive(struct lk_shun *shun, uint32_t pipe);
/* May a request of this connection be heard? A shunned one's first after a second may. */
bool lk_shun_admits(struct lk_shun *shun, uint32_t pipe, int64_t now_ms);

#endif
