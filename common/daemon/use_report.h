/* Calls made with tokens of API keys are uses of these keys: counted here, and told to keys every
 * minute and at the end. */
#ifndef LK_DAEMON_USE_REPORT_H
#define LK_DAEMON_USE_REPORT_H

#include "auth/assertion.h"
#include "rpc/channel.h"

struct lk_use_report;

/* Everything is borrowed for life. The thread begins at once. */
lk_status lk_use_report_start(struct lk_use_report **out_report, struct lk_channel *keys,
    struct lk_assertion_maker *maker, const struct lk_clock *clock, struct lk_error *err);
/* Tells what is left, once; what comes later is not told. May come before lk_use_report_stop(), or
 * not. NULL is fine. */
void lk_use_report_finish(struct lk_use_report *report);
void lk_use_report_stop(struct lk_use_report *report);

/* Any thread. `asked_by` is who was served (usr_… or prn_…), or "": this service itself;
 * `source_address` where the key was shown, or "". */
void lk_use_report_note(struct lk_use_report *report, const char *key, const char *asked_by,
    const char *source_address);

#endif
