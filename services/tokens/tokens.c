/* Opening and closing latchkey-tokens: options, key-encryption key, signing keys, revoked tokens,
 * the signed JWKS, and the thread that keeps them. */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "crypto/kek_source.h"
#include "log/log.h"
#include "revoked_store.h"
#include "service.h"
#include "tokens_migrations.h"

static const struct lk_option option_rows[] = {
#define LK_OPTION(kind, field, name, preset, help)                                                 \
	LK_OPTION_ROW(struct tokens_config, kind, field, name, preset, help)
#include "options.def"
#undef LK_OPTION
};

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
		.feed_readers = { "keys", "credentials" },
		.migrations = &tokens_migrations,
	};
}

static lk_status
check_uri(const char *option, const char *value, struct lk_error *err)
{
	if (strlen(value) >= LK_URI_SIZE || value[0] == '\0')
		return lk_fail(err, LK_INVALID_ARGUMENT, "CONFIG_INVALID",
		    "%s must be 1 to %d bytes", option, LK_URI_SIZE - 1);
	return LK_OK;
}

static void
own_audience_of(const char *instance, char out[LK_URI_SIZE])
{
	snprintf(out, LK_URI_SIZE, "latchkey:%s", instance);
}

static struct rotation_rules
rotation_rules_of(const struct tokens_config *config)
{
	return (struct rotation_rules){ .life_ms = config->signing_key_life,
		.publish_ahead_ms = config->signing_key_publish_ahead,
		.keep_ms = config->token_ttl_limit };
}

static lk_status
check(const void *options, struct lk_error *err)
{
	const struct tokens_config *config = options;
	const struct lk_host_setup setup = tokens_host_setup(config);
	const struct rotation_rules rules = rotation_rules_of(config);
	char own_audience[LK_URI_SIZE];

	own_audience_of(config->instance, own_audience);
	LK_TRY(lk_host_check(&setup, err));
	LK_TRY(check_uri("issuer", config->issuer, err));
	LK_TRY(check_uri("audience", config->audience, err));
	if (lk_text_is(config->audience, own_audience))
		return lk_fail(err, LK_INVALID_ARGUMENT, "CONFIG_INVALID",
		    "audience must differ from %s: a platform's token must not open Latchkey "
		    "itself",
		    own_audience);
	return rotation_rules_check(&rules, err);
}

const struct lk_config_table tokens_options = { "latchkey-tokens",
	"issues, validates and revokes access tokens", option_rows, LK_ARRAY_LEN(option_rows),
	check };

static lk_status
open_signer(struct tokens *tokens, const struct tokens_config *config, struct lk_error *err)
{
	LK_AUTO(lk_keyring_freep) struct lk_keyring *ring = NULL;
	const struct lk_kek_config keks = {
		.file = config->kek_file, .list = config->kek, .store_url = config->store_url
	};

	LK_TRY(lk_kek_load(&keks, &ring, err));
	LK_TRY(lk_keyring_activate(ring, lk_keyring_id(ring, lk_keyring_count(ring) - 1), err));
	const struct signer_setup setup = {
		.store = tokens->host->store,
		.ring = LK_TAKE(ring),
		.clock = tokens->host->clock,
		.rules = rotation_rules_of(config),
		.typ = tokens->rules.typ,
		.service = tokens->host->service,
	};
	return signer_open(&setup, &tokens->signer, err);
}

static lk_status
load_revoked(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct tokens *tokens = arg;

	return revoked_load(tx, tokens->revoked, lk_clock_wall_ms(tokens->host->clock), err);
}

static lk_status
open_publication(struct tokens *tokens, struct lk_error *err)
{
	const struct lk_host *host = tokens->host;
	const struct publication_config config = {
		.sign_key = host->sign_key,
		.instance = host->instance,
		.service = host->service,
		.issuer = tokens->rules.issuer,
		.platform_audience = tokens->rules.platform_audience,
		.typ = tokens->rules.typ,
	};

	tokens->publication = publication_new(&config);
	return tokens->publication ? LK_OK : lk_fail_oom(err);
}

/* Signed: what services believe about our keys does not rest on the socket it came through. True
 * when other keys were published before. */
static bool
publish(struct tokens *tokens)
{
	const struct lk_host *host = tokens->host;
	LK_AUTO(signing_set_unrefp) struct signing_set *set = signer_set(tokens->signer);

	if (!publication_renew(tokens->publication, set, lk_clock_wall_ms(host->clock)))
		return false;
	lk_jwks_source_set(
	    host->jwks, signing_set_jwks(set), tokens->rules.issuer, tokens->rules.typ);
	return true;
}

struct telling {
	struct lk_feed *feed;
	struct lk_arena *arena;
};

static lk_status
tell_changed(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	const struct telling *telling = arg;

	return lk_feed_emit(telling->feed, tx, telling->arena, LK_FEED_JWKS_CHANGED, "", 0, err);
}

/* Those who hear of it ask for the keys at once; those who do not, within seconds. */
static void
publish_and_tell(struct tokens *tokens)
{
	enum { ARENA = 4096 };
	LK_AUTO(lk_arena_freep) struct lk_arena *arena = NULL;

	if (!publish(tokens) || !(arena = lk_arena_new(ARENA)))
		return;
	struct telling telling = { tokens->host->feed, arena };
	LK_IGNORE(
	    lk_store_write(tokens->host->store, LK_NO_DEADLINE, tell_changed, &telling, NULL));
}

lk_status
tokens_refresh(struct tokens *tokens, struct lk_error *err)
{
	LK_TRY(signer_refresh(tokens->signer, err));
	publish_and_tell(tokens);
	return LK_OK;
}

/* While the store cannot be read nothing is published anew: nobody could know what another instance
 * has withdrawn. */
static void
keep(void *user)
{
	struct tokens *tokens = user;
	struct lk_error err = { 0 };
	const bool failed = signer_keep(tokens->signer, &err) != LK_OK;

	if (failed && !tokens->keeping_failed)
		lk_log(LK_LOG_ERROR, "signing_keys.not_kept", LK_LOG_FAILURE(&err));
	tokens->keeping_failed = failed;
	if (!failed)
		publish_and_tell(tokens);
}

static lk_status
start_keeping(void *user, struct lk_error *err)
{
	struct tokens *tokens = user;

	return keeper_start(&tokens->keeper, keep, tokens, err);
}

static void
stop_keeping(void *user)
{
	struct tokens *tokens = user;

	keeper_stop(LK_TAKE(tokens->keeper));
}

lk_status
tokens_open(struct lk_host *host, const struct tokens_config *config, struct tokens **out_tokens,
    struct lk_error *err)
{
	LK_AUTO(tokens_closep) struct tokens *tokens = LK_ALLOC(struct tokens);

	if (!tokens || !(tokens->revoked = lk_revoked_new(host->clock)) ||
	    !(tokens->metrics = lk_metrics_new(metric_rows, LK_ARRAY_LEN(metric_rows))))
		return lk_fail_oom(err);
	tokens->host = host;
	own_audience_of(host->instance, tokens->own_audience);
	tokens->rules = (struct grant_rules){
		.issuer = config->issuer,
		.platform_audience = config->audience,
		.own_audience = tokens->own_audience,
		.typ = (enum lk_token_typ)config->token_typ,
		.ttl_limit_ms = config->token_ttl_limit,
	};
	LK_TRY(sources_new(&tokens->sources, host, err));
	LK_TRY(open_signer(tokens, config, err));
	LK_TRY(open_publication(tokens, err));
	LK_TRY(lk_store_read(host->store, LK_NO_DEADLINE, load_revoked, tokens, err));
	LK_IGNORE(publish(tokens)); /* every reader begins anew with us */
	*out_tokens = LK_TAKE(tokens);
	return LK_OK;
}

void
tokens_close(struct tokens *tokens)
{
	if (!tokens)
		return;
	publication_free(tokens->publication);
	signer_close(tokens->signer);
	sources_free(tokens->sources);
	lk_revoked_free(tokens->revoked);
	lk_metrics_free(tokens->metrics);
	lk_free(tokens);
}

static lk_status
get_revoked(void *user, const char *token, bool may_block, int64_t deadline_steady_ms,
    bool *out_revoked, struct lk_error *err)
{
	struct tokens *tokens = user;

	(void)may_block;
	(void)deadline_steady_ms;
	(void)err;
	*out_revoked = lk_revoked_has(tokens->revoked, token);
	return LK_OK;
}

/* What other services load when they begin. */
static size_t
open_page(void *user, uint64_t *cursor, size_t max, struct lk_feed_event *out_events)
{
	enum { PAGE = 64 };
	const struct tokens *tokens = user;
	struct lk_revoked_token page[PAGE];
	const size_t count =
	    lk_revoked_page(tokens->revoked, cursor, max < PAGE ? max : PAGE, page);

	for (size_t i = 0; i < count; i++) {
		out_events[i] = (struct lk_feed_event){ .kind = LK_FEED_TOKEN_REVOKED,
			.generation = (uint64_t)page[i].expires_at_ms };
		lk_text_copy(out_events[i].id, sizeof out_events[i].id, page[i].token);
	}
	return count;
}

/* When keys came, and when the calendar takes them away: an alarm's to judge. */
static void
measure(void *user, struct lk_families *out, int64_t deadline_steady_ms)
{
	const struct tokens *tokens = user;
	LK_AUTO(signing_set_unrefp) struct signing_set *set = signer_set(tokens->signer);
	const struct signing_key_list *list = signing_set_keys(set);
	const struct signing_key *active =
	    rotation_find(list->keys, list->count, SIGNING_KEY_ACTIVE);

	(void)deadline_steady_ms;
	lk_families_metrics(out, tokens->metrics);
	lk_families_gauge(
	    out, "latchkey_signing_keys", "Signing keys in the JWKS.", "", (int64_t)list->count);
	if (!active)
		return;
	lk_families_gauge(out, "latchkey_signing_key_active_since_timestamp_seconds",
	    "Since when the key that signs has done so (Unix time).", "",
	    active->changed_at_ms / 1000);
	lk_families_gauge(out, "latchkey_signing_key_due_timestamp_seconds",
	    "When another one takes its place by the calendar (Unix time).", "",
	    rotation_leaves_at(signer_rules(tokens->signer), active) / 1000);
}

struct lk_host_services
tokens_services(struct tokens *tokens)
{
	return (struct lk_host_services){
		.services = { { &tokens_method_table, tokens } },
		.count = 1,
		.revocations = { get_revoked, tokens },
		.feed_open = open_page,
		.feed_open_user = tokens,
		.start = start_keeping,
		.start_user = tokens,
		.measure = measure,
		.measure_user = tokens,
		.flush = stop_keeping,
		.flush_user = tokens,
	};
}
