/* Opening and closing latchkey-tokens: options, key-encryption key, signing keys, revoked tokens,
 * the signed JWKS. */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "crypto/private_file.h"
#include "revoked_store.h"
#include "service.h"
#include "tokens_migrations.h"

static const struct lk_option option_rows[] = {
#define LK_OPTION(kind, field, name, preset, help)                                                 \
	LK_OPTION_ROW(struct tokens_config, kind, field, name, preset, help)
#include "options.def"
#undef LK_OPTION
};
const struct lk_config_table tokens_options = { "latchkey-tokens",
	"issues, validates and revokes access tokens", option_rows, LK_ARRAY_LEN(option_rows) };

static const struct lk_metric_row metric_rows[] = {
#define LK_METRIC(kind, id, name, help) { LK_METRIC_##kind, name, help },
#include "metrics.def"
#undef LK_METRIC
};

void
tokens_config_wipe(struct tokens_config *config)
{
	lk_config_free(&tokens_options, config);
}

struct lk_host_setup
tokens_host_setup(const struct tokens_config *config)
{
	return (struct lk_host_setup){
		.service = "tokens",
		LK_HOST_OPTIONS(*config),
		.keys_url = config->keys_url,
		.migrations = &tokens_migrations,
	};
}

static lk_status
open_signer(struct tokens *tokens, const char *kek_file, struct lk_error *err)
{
	LK_AUTO(lk_keyring_freep) struct lk_keyring *ring = NULL;
	LK_AUTO(lk_secret32_wipe) struct lk_secret32 kek = { 0 };

	LK_TRY(lk_secret_file_load32(kek_file, "key-encryption key", &kek, err));
	LK_TRY(lk_keyring_new(&ring, err));
	LK_TRY(lk_keyring_add(ring, "kek-1", &kek, err));
	return signer_open(tokens->host->store, ring, tokens->host->clock, &tokens->signer, err);
}

static lk_status
load_revoked(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct tokens *tokens = arg;

	return revoked_load(tx, tokens->revoked, lk_clock_wall_ms(tokens->host->clock), err);
}

/* Signed once: what services believe about our keys does not rest on the socket it came through. */
static void
publish_jwks(struct tokens *tokens)
{
	const struct lk_host *host = tokens->host;

	tokens->jwks_signed_at_ms = lk_clock_wall_ms(host->clock);
	lk_jwks_sign(host->sign_key, host->instance, host->service,
	    signer_jwks_json(tokens->signer), tokens->rules.issuer, tokens->rules.platform_audience,
	    tokens->jwks_signed_at_ms, tokens->jwks_signature);
	lk_jwks_source_set(host->jwks, signer_jwks(tokens->signer), tokens->rules.issuer);
}

static lk_status
check_uri(const char *option, const char *value, struct lk_error *err)
{
	if (strlen(value) >= LK_URI_SIZE || value[0] == '\0')
		return lk_fail(err, LK_INVALID_ARGUMENT, "CONFIG_INVALID",
		    "%s must be 1 to %d bytes", option, LK_URI_SIZE - 1);
	return LK_OK;
}

lk_status
tokens_open(struct lk_host *host, const struct tokens_config *config, struct tokens **out_tokens,
    struct lk_error *err)
{
	LK_AUTO(tokens_closep) struct tokens *tokens = LK_ALLOC(struct tokens);

	LK_TRY(check_uri("issuer", config->issuer, err));
	LK_TRY(check_uri("audience", config->audience, err));
	if (!tokens || !(tokens->revoked = revoked_new(host->clock)) ||
	    !(tokens->metrics = lk_metrics_new(metric_rows, LK_ARRAY_LEN(metric_rows))))
		return lk_fail_oom(err);
	tokens->host = host;
	snprintf(tokens->own_audience, sizeof tokens->own_audience, "latchkey:%s", host->instance);
	tokens->rules =
	    (struct grant_rules){ config->issuer, config->audience, tokens->own_audience };
	if (lk_text_is(config->audience, tokens->own_audience))
		return lk_fail(err, LK_INVALID_ARGUMENT, "CONFIG_INVALID",
		    "audience must differ from %s: a platform's token must not open Latchkey "
		    "itself",
		    tokens->own_audience);
	LK_TRY(open_signer(tokens, config->kek_file, err));
	LK_TRY(lk_store_read(host->store, LK_NO_DEADLINE, load_revoked, tokens, err));
	publish_jwks(tokens);
	*out_tokens = LK_TAKE(tokens);
	return LK_OK;
}

void
tokens_close(struct tokens *tokens)
{
	if (!tokens)
		return;
	signer_close(tokens->signer);
	revoked_free(tokens->revoked);
	lk_metrics_free(tokens->metrics);
	lk_free(tokens);
}

static bool
is_revoked(void *user, const char *token)
{
	struct tokens *tokens = user;

	return revoked_has(tokens->revoked, token);
}

struct lk_host_services
tokens_services(struct tokens *tokens)
{
	return (struct lk_host_services){
		.services = { { &tokens_method_table, tokens } },
		.count = 1,
		.token_revoked = is_revoked,
		.token_revoked_user = tokens,
	};
}
