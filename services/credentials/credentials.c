/* Opening and closing latchkey-credentials: options, vault, transport keys. */
#include <stdio.h>

#include "base/alloc.h"
#include "credentials_migrations.h"
#include "kek_store.h"
#include "service.h"

static const struct lk_option option_rows[] = {
#define LK_OPTION(kind, field, name, preset, help)                                                 \
	LK_OPTION_ROW(struct credentials_config, kind, field, name, preset, help)
#include "options.def"
#undef LK_OPTION
};
static const struct lk_metric_row metric_rows[] = {
#define LK_METRIC(kind, id, name, help) { LK_METRIC_##kind, name, help },
#include "metrics.def"
#undef LK_METRIC
};

void
credentials_config_wipe(struct credentials_config *config)
{
	lk_config_free(&credentials_options, config);
}

struct lk_host_setup
credentials_host_setup(const struct credentials_config *config)
{
	return (struct lk_host_setup){
		.service = "credentials",
		LK_HOST_OPTIONS(*config),
		.keys_url = config->keys_url,
		.tokens_url = config->tokens_url,
		.migrations = &credentials_migrations,
	};
}

static lk_status
check(const void *config, struct lk_error *err)
{
	const struct lk_host_setup setup = credentials_host_setup(config);

	return lk_host_check(&setup, err);
}

const struct lk_config_table credentials_options = { "latchkey-credentials",
	"keeps provider credentials sealed and hands them to workers", option_rows,
	LK_ARRAY_LEN(option_rows), check };

lk_status
credentials_open(struct lk_host *host, const struct credentials_config *config,
    struct credentials **out_credentials, struct lk_error *err)
{
	LK_AUTO(credentials_closep) struct credentials *credentials = LK_ALLOC(struct credentials);

	if (!credentials || !(credentials->transports = transports_new(host->clock)) ||
	    !(credentials->shredder = shredder_new(host)) ||
	    !(credentials->fetch_rate = fetch_rate_new(config->fetch_rate, host->clock)) ||
	    !(credentials->metrics = lk_metrics_new(metric_rows, LK_ARRAY_LEN(metric_rows))))
		return lk_fail_oom(err);
	credentials->host = host;
	LK_TRY(owners_new(&credentials->owners, host, err));
	const struct lk_kek_config keks = {
		.file = config->kek_file, .list = config->kek, .store_url = config->store_url
	};
	LK_TRY(vault_open(&credentials->vault, &keks, err));
	LK_TRY(vault_settle(&credentials->vault, host->store, lk_clock_wall_ms(host->clock), err));
	*out_credentials = LK_TAKE(credentials);
	return LK_OK;
}

void
credentials_close(struct credentials *credentials)
{
	if (!credentials)
		return;
	shredder_free(credentials->shredder);
	vault_close(&credentials->vault);
	transports_free(credentials->transports);
	fetch_rate_free(credentials->fetch_rate);
	owners_free(credentials->owners);
	lk_metrics_free(credentials->metrics);
	lk_free(credentials);
}

static lk_status
start(void *user, struct lk_error *err)
{
	struct credentials *credentials = user;

	return shredder_start(credentials->shredder, err);
}

static void
flush(void *user)
{
	struct credentials *credentials = user;

	shredder_stop(credentials->shredder);
}

static void
tenants_changed(void *user)
{
	struct credentials *credentials = user;

	shredder_hint(credentials->shredder);
}

static lk_status
load_keks(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	return kek_load_all(tx, arg, err);
}

/* Root keys by what they are: how many, and since when the active one is. */
static void
measure_keks(struct credentials *credentials, struct lk_families *out, int64_t deadline_steady_ms)
{
	struct kek_list *list = LK_ARENA_NEW(out->arena, struct kek_list);
	char labels[32];

	if (!list || lk_store_read(credentials->host->store, deadline_steady_ms, load_keks, list,
			 NULL) != LK_OK)
		return;
	for (int state = KEK_PENDING; state <= KEK_RETIRED; state++) {
		int64_t count = 0;
		for (size_t i = 0; i < list->count; i++)
			count += list->keks[i].state == (enum kek_state)state;
		snprintf(
		    labels, sizeof labels, "state=\"%s\"", kek_state_name((enum kek_state)state));
		lk_families_gauge(
		    out, "latchkey_keks", "Root keys (KEK) of credentials.", labels, count);
	}
	const struct kek *active = kek_find_active(list);
	if (active)
		lk_families_gauge(out, "latchkey_kek_active_since_timestamp_seconds",
		    "Since when the root key that wraps has done so (Unix time).", "",
		    active->changed_at_ms / 1000);
}

static void
measure(void *user, struct lk_families *out, int64_t deadline_steady_ms)
{
	struct credentials *credentials = user;

	lk_families_metrics(out, credentials->metrics);
	measure_keks(credentials, out, deadline_steady_ms);
}

struct lk_host_services
credentials_services(struct credentials *credentials)
{
	return (struct lk_host_services){
		.services = { { &credentials_method_table, credentials } },
		.count = 1,
		.tenants_changed = tenants_changed,
		.tenants_changed_user = credentials,
		.start = start,
		.start_user = credentials,
		.measure = measure,
		.measure_user = credentials,
		.flush = flush,
		.flush_user = credentials,
	};
}
