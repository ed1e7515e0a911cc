/* latchkey-credentials as one object: its vault, the agreed transport keys, its numbers, and the
 * method table over them. */
#ifndef LK_CREDENTIALS_SERVICE_H
#define LK_CREDENTIALS_SERVICE_H

#include "config/config.h"
#include "daemon/host.h"
#include "fetch_rate.h"
#include "metrics/metrics.h"
#include "owners.h"
#include "shredder.h"
#include "transports.h"
#include "vault.h"

#define LK_OPTION(kind, field, name, preset, help) LK_OPTION_FIELD(kind, field)
struct credentials_config {
#include "options.def"
};
#undef LK_OPTION
extern const struct lk_config_table credentials_options;
void credentials_config_wipe(struct credentials_config *config);

enum credentials_metric {
#define LK_METRIC(kind, id, name, help) id,
#include "metrics.def"
#undef LK_METRIC
};

/* Shared by every call; the parts that change lock for themselves. */
struct credentials {
	struct lk_host *host;
	struct vault vault;
	struct transports *transports;
	struct shredder *shredder;
	struct fetch_rate *fetch_rate;
	struct owners *owners;
	struct lk_metrics *metrics;
};

struct lk_host_setup credentials_host_setup(const struct credentials_config *config);

/* `host` is borrowed for life. */
lk_status credentials_open(struct lk_host *host, const struct credentials_config *config,
    struct credentials **out_credentials, struct lk_error *err);
void credentials_close(struct credentials *credentials);
LK_DEFINE_FREEP(credentials_closep, struct credentials *, credentials_close)

struct lk_host_services credentials_services(struct credentials *credentials);

extern const struct lk_method_table credentials_method_table; /* service.c */

#endif
