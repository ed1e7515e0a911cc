/* Options, pepper, metrics and the domain put together; see service.h. */
#include "service.h"

#include "crypto/key_format.h"
#include "foreign.h"
#include "key_seal.h"
#include "keys_migrations.h"
#include "peppers.h"
#include "row_sealing.h"

static const struct lk_option option_rows[] = {
#define LK_OPTION(kind, field, name, preset, help)                                                 \
	LK_OPTION_ROW(struct keys_config, kind, field, name, preset, help)
#include "options.def"
#undef LK_OPTION
};

static const struct lk_metric_row metric_rows[] = {
#define LK_METRIC(kind, id, name, help) { LK_METRIC_##kind, name, help },
#include "metrics.def"
#undef LK_METRIC
};

struct keys_process {
	struct peppers peppers;
	struct lk_metrics *metrics;
	struct keys *keys;
};

void
keys_config_wipe(struct keys_config *config)
{
	lk_config_free(&keys_options, config);
}

struct lk_host_setup
keys_host_setup(const struct keys_config *config)
{
	return (struct lk_host_setup){
		.service = "keys",
		LK_HOST_OPTIONS(*config),
		.tokens_url = config->tokens_url,
		.feed_readers = { "tokens", "credentials" },
		.migrations = &keys_migrations,
	};
}

static lk_status
check_prefix(const char *prefix, struct lk_error *err)
{
	if (!lk_key_prefix_ok(prefix))
		return lk_fail(err, LK_INVALID_ARGUMENT, "CONFIG_INVALID",
		    "key-prefix must be a letter and up to 9 letters or digits");
	return LK_OK;
}

/* Each password that is checked holds up a worker: one must stay for everybody else. */
static lk_status
check_password_checks(const struct keys_config *config, struct lk_error *err)
{
	if (config->password_checks >= config->workers)
		return lk_fail(err, LK_INVALID_ARGUMENT, "CONFIG_INVALID",
		    "password-checks (%lld) must be below workers (%lld), or sign-ins hold up "
		    "everybody",
		    (long long)config->password_checks, (long long)config->workers);
	return LK_OK;
}

static lk_status
check(const void *options, struct lk_error *err)
{
	const struct keys_config *config = options;
	const struct lk_host_setup setup = keys_host_setup(config);

	LK_TRY(lk_host_check(&setup, err));
	LK_TRY(check_prefix(config->key_prefix, err));
	return check_password_checks(config, err);
}

const struct lk_config_table keys_options = { "latchkey-keys",
	"owns tenants, users, sessions, policy and API keys", option_rows,
	LK_ARRAY_LEN(option_rows), check };

lk_status
keys_process_open(struct lk_host *host, const struct keys_config *config,
    struct keys_process **out_process, struct lk_error *err)
{
	LK_AUTO(keys_process_closep) struct keys_process *process = LK_ALLOC(struct keys_process);

	if (!process ||
	    !(process->metrics = lk_metrics_new(metric_rows, LK_ARRAY_LEN(metric_rows))))
		return lk_fail_oom(err);
	LK_TRY(peppers_open(config->pepper_file, host->instance, &process->peppers, err));
	const struct keys_setup setup = {
		.store = host->store,
		.clock = host->clock,
		.random = lk_random_system(),
		.pepper = process->peppers.newest,
		.old_peppers = process->peppers.old,
		.old_peppers_count = process->peppers.old_count,
		.peers = host->peers,
		.feed = host->feed,
		.sealer = host->sealer,
		.metrics = process->metrics,
		.prefix = config->key_prefix,
		.ticket_ttl_ms = config->ticket_ttl_ms,
		.session_ttl_ms = config->session_ttl_ms,
		.session_idle_ms = config->session_idle_ms,
		.password_checks = (size_t)config->password_checks,
		.creations_per_minute = (uint32_t)config->key_creations,
		.failures_per_minute = (uint32_t)config->failed_checks,
		.cache_keys = (size_t)config->cache_keys,
		.flush_ms = config->use_flush_ms,
	};
	LK_TRY(keys_new(&setup, &process->keys, err));
	LK_TRY(peppers_check(process->keys, err));
	LK_TRY(rows_first_check(process->keys, err));
	LK_TRY(key_seal_old_rows(process->keys, err));
	LK_TRY(rows_seal_old(process->keys, err));
	LK_TRY(foreign_begin(process->keys, err));
	*out_process = LK_TAKE(process);
	return LK_OK;
}

void
keys_process_close(struct keys_process *process)
{
	if (!process)
		return;
	keys_free(process->keys);
	lk_metrics_free(process->metrics);
	peppers_close(&process->peppers);
	lk_free(process);
}

static void
flush(void *user)
{
	const struct keys_process *process = user;

	keys_stop(process->keys);
}

/* Somebody called us with a token that was made from this key. */
static void
key_used(void *user, const char *key, int64_t at_ms)
{
	const struct keys *keys = user;
	struct use_count use = {
		.caller = "keys", .count = 1, .at_ms = at_ms, .source_address = ""
	};

	if (id_pack(key, &use.key))
		use_counts_note(keys->use_counts, &use);
}

static void
measure(void *user, struct lk_families *out, int64_t deadline_steady_ms)
{
	const struct keys_process *process = user;

	(void)deadline_steady_ms;
	lk_families_metrics(out, process->metrics);
}

struct lk_host_services
keys_process_services(struct keys_process *process)
{
	return (struct lk_host_services){
		.services = { { &keys_account_service, process->keys },
		    { &keys_key_service, process->keys } },
		.count = 2,
		.standing = keys_standing_source(process->keys),
		.key_used = key_used,
		.key_used_user = process->keys,
		.measure = measure,
		.measure_user = process,
		.flush = flush,
		.flush_user = process,
	};
}
