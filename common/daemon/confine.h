/* From a configuration to the sandbox that fits it; inside this folder only. */
#ifndef LK_DAEMON_CONFINE_H
#define LK_DAEMON_CONFINE_H

#include "config/config.h"
#include "daemon/sandbox.h"

/* What a process with this configuration needs: files of PATH options and of LATCHKEY_…_FILE, its
 * configuration file, the folders of its database and socket, other hosts where it names one. */
lk_status lk_confine_wish(const struct lk_config_table *table, int argc, char **argv,
    const void *config, struct lk_sandbox *out_sandbox, struct lk_error *err);

/* Enter it, unless the option "sandbox" says no. Sanitizers look at their own process from another
 * one, so their builds have none. */
lk_status lk_confine(const struct lk_config_table *table, int argc, char **argv, const void *config,
    struct lk_error *err);

#endif
