/* Everything that /metrics tells: the gateway's own numbers, and those of each service, which it
 * asks as itself. */
#ifndef LK_GATEWAY_GATHERING_H
#define LK_GATEWAY_GATHERING_H

#include "gateway.h"
#include "metrics/families.h"

/* Blocks for as long as services do not answer, a second each. Without peer-key-file they are not
 * asked. */
void gather(struct gateway *gateway, struct lk_families *out);

#endif
