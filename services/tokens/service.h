/* latchkey-tokens as one object: its signing keys, what was revoked, its numbers, and the method
 * table over them. */
#ifndef LK_TOKENS_SERVICE_H
#define LK_TOKENS_SERVICE_H

#include "auth/revoked.h"
#include "config/config.h"
#include "daemon/host.h"
#include "grant.h"
#include "keeper.h"
#include "metrics/metrics.h"
#include "publication.h"
#include "signer.h"
#include "sources.h"

#define LK_OPTION(kind, field, name, preset, help) LK_OPTION_FIELD(kind, field)
struct tokens_config {
#include "options.def"
};
#undef LK_OPTION
extern const struct lk_config_table tokens_options;
void tokens_config_wipe(struct tokens_config *config);

enum tokens_metric {
#define LK_METRIC(kind, id, name, help) id,
#include "metrics.def"
#undef LK_METRIC
};

/* Shared by every call; immutable after tokens_open but for the signing keys, the set of revoked
 * tokens, the remembered sources and the numbers, which lock for themselves. */
struct tokens {
	struct lk_host *host;
	struct signer *signer;
	struct lk_revoked *revoked;
	struct sources *sources;
	struct lk_metrics *metrics;
	struct grant_rules rules;
	char own_audience[LK_URI_SIZE];
	struct publication *publication;
	struct keeper *keeper; /* NULL until the server listens */
	bool keeping_failed;   /* the keeper's own: said once */
};

extern const struct lk_migrations tokens_migrations;
struct lk_host_setup tokens_host_setup(const struct tokens_config *config);

/* `host` and `config` are borrowed for life. Makes the first signing key where there is none. */
lk_status tokens_open(struct lk_host *host, const struct tokens_config *config,
    struct tokens **out_tokens, struct lk_error *err);
void tokens_close(struct tokens *tokens);
LK_DEFINE_FREEP(tokens_closep, struct tokens *, tokens_close)

/* After a change of the signing keys: sign with, verify with and publish what the store says now.
 * Blocks. */
lk_status tokens_refresh(struct tokens *tokens, struct lk_error *err);

/* TokenService and this service's say on revoked tokens, for lk_host_serve. */
struct lk_host_services tokens_services(struct tokens *tokens);

extern const struct lk_method_table tokens_method_table; /* service.c */

#endif
