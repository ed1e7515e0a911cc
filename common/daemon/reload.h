/* What SIGHUP reads again in every process; inside this folder only. */
#ifndef LK_DAEMON_RELOAD_H
#define LK_DAEMON_RELOAD_H

#include "base/status.h"

/* The log level as the configuration says it now, if lk_daemon_configure() was called; all options
 * are checked, and CONFIG_INVALID changes nothing. One thread. */
lk_status lk_reload_log_level(struct lk_error *err);

#endif
