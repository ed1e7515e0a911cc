/* latchkey-gateway as one object: the way to the services, tokens traded for keys, and the HTTP
 * server in front. */
#ifndef LK_GATEWAY_GATEWAY_H
#define LK_GATEWAY_GATEWAY_H

#include <stdatomic.h>

#include "config/config.h"
#include "http.h"
#include "local.h"
#include "metrics/metrics.h"
#include "tls_files.h"
#include "trade.h"
#include "upstream.h"

#define LK_OPTION(kind, field, name, preset, help) LK_OPTION_FIELD(kind, field)
struct gateway_config {
#include "options.def"
};
#undef LK_OPTION
extern const struct lk_config_table gateway_options;
void gateway_config_wipe(struct gateway_config *config);

enum gateway_metric {
#define LK_METRIC(kind, id, name, help) id,
#include "metrics.def"
#undef LK_METRIC
};

struct gateway {
	const struct gateway_config *config;
	struct upstream *upstream;
	struct trade *trade;
	atomic_uint later;   /* requests that wait for an answer without a thread */
	struct local *local; /* NULL without peer-key-file: services are asked */
	struct lk_metrics *metrics;
	struct tls_files tls;
	int64_t started_at_ms, certificate_ends_at_ms,
	    peer_certificate_ends_at_ms;    /* wall; 0: none */
	struct http_server *server;         /* NULL until it listens */
	struct http_server *metrics_server; /* NULL without metrics-listen */
};

/* `config` is borrowed for life. */
lk_status gateway_open(
    const struct gateway_config *config, struct gateway **out_gateway, struct lk_error *err);
void gateway_close(struct gateway *gateway);
LK_DEFINE_FREEP(gateway_closep, struct gateway *, gateway_close)

/* A request that no worker has is answered: the same for all answers, counted, and sent. */
void gateway_answered(struct gateway *gateway, struct http_request *request,
    struct http_answer *answer, int64_t begun_us, const struct lk_error *err);

/* Listen, serve, drain on SIGTERM; answers main's exit status. */
int gateway_run(struct gateway *gateway);

#endif
