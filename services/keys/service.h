/* latchkey-keys as one object: from its options to what lk_host serves, and the method tables over
 * it. */
#ifndef LK_KEYS_SERVICE_H
#define LK_KEYS_SERVICE_H

#include "config/config.h"
#include "daemon/host.h"
#include "keys.h"

#define LK_OPTION(kind, field, name, preset, help) LK_OPTION_FIELD(kind, field)
struct keys_config {
#include "options.def"
};
#undef LK_OPTION
extern const struct lk_config_table keys_options;
void keys_config_wipe(struct keys_config *config);

struct lk_host_setup keys_host_setup(const struct keys_config *config);

/* The domain with its pepper, which it owns; host and config are borrowed for life. */
struct keys_process;
lk_status keys_process_open(struct lk_host *host, const struct keys_config *config,
    struct keys_process **out_process, struct lk_error *err);
void keys_process_close(struct keys_process *process);
LK_DEFINE_FREEP(keys_process_closep, struct keys_process *, keys_process_close)

/* AccountService, KeyService, and standing from our own tables. */
struct lk_host_services keys_process_services(struct keys_process *process);

/* service.c; the user pointer of both is the struct keys. */
extern const struct lk_method_table keys_account_service;
extern const struct lk_method_table keys_key_service;

#endif
