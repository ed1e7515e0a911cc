/* Telling keys how often keys were used from memory: every minute, and at the end. */
#ifndef LATCHKEY_VALIDATOR_REPORT_H
#define LATCHKEY_VALIDATOR_REPORT_H

#include <latchkey/client.h>

#include "cache.h"

struct report;

/* Both are borrowed until report_stop. A thread of its own. */
lk_status report_start(
    struct report **out_report, latchkey_client *client, struct cache *cache, struct lk_error *err);
/* Reports what is left, once, for a second at most. NULL is fine. */
void report_stop(struct report *report);

uint64_t report_uses(const struct report *report); /* told so far */

#endif
