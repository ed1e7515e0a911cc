/* Secret parts of calls to credentials: sealed under keys agreed once per client, renewed before
 * they end. */
#ifndef LATCHKEY_SEALING_H
#define LATCHKEY_SEALING_H

#include "client.h"

/* A copy of the agreed keys for one call: LK_AUTO(sealing_wipe) struct sealing s = { 0 }. */
struct sealing {
	struct lk_transport transport;
	char id[64];
	uint64_t number;
};
lk_status sealing_begin(
    latchkey_client *client, int64_t deadline_ms, struct sealing *out, struct lk_error *err);
void sealing_wipe(struct sealing *sealing);

/* The service does not know these keys any more (it was restarted, or they ended): the next are
 * new. */
void sealing_refused(latchkey_client *client, const struct sealing *sealing);

#endif
