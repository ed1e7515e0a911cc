/* One service's wiring, in the order in which its parts need each other; closed in the reverse
 * order. */
#include "daemon/host.h"

#include "audit_migrations.h"
#include "base/alloc.h"
#include "crypto/secret.h"
#include "daemon/host_impl.h"
#include "feed_migrations.h"
#include "idempotency_migrations.h"
#include "log/log.h"

#include <string.h>

enum { DRAIN_MS = 8000, CHANNEL_TIMEOUT_MS = 2000 };

static void
log_fatal(const char *why)
{
	lk_log(LK_LOG_ERROR, "store.fatal", LK_LOG_TEXT("why", why));
}

static lk_status
open_identity(struct lk_host *host, const struct lk_host_setup *setup, struct lk_error *err)
{
	LK_TRY(lk_crypto_init(err));
	LK_TRY(lk_peers_open(&host->peers, setup->peers_dir, err));
	LK_TRY(lk_sign_key_load(setup->peer_key_file, "peer key", &host->sign_key, err));
	const struct lk_known_peer *own = lk_peers_find(host->peers, setup->service);
	if (!own || own->role != LK_PEER_SERVICE ||
	    memcmp(own->public_key, lk_sign_key_public(host->sign_key), sizeof own->public_key) !=
		0)
		return lk_fail(err, LK_FAILED_PRECONDITION, "PEER_KEY_MISMATCH",
		    "the peer key is not that of service \"%s\" in the folder of peers",
		    setup->service);
	return lk_assertion_maker_new(
	    &host->maker, setup->service, setup->instance, host->sign_key, host->clock, err);
}

static lk_status
open_channel(
    const struct lk_host *host, const char *url, struct lk_channel **out, struct lk_error *err)
{
	const struct lk_channel_config config = { .timeout_ms = CHANNEL_TIMEOUT_MS,
		.tls = host->inner->tls };

	return url ? lk_channel_open(out, url, &config, err) : LK_OK;
}

/* SQLite has one writer, and that is us; beside others nobody could say what a reader knows. */
static lk_status
open_feed(struct lk_host *host, const struct lk_host_setup *setup, struct lk_error *err)
{
	const struct lk_feed_config config = {
		.service = setup->service,
		.instance = setup->instance,
		.signing_key = host->sign_key,
		.clock = host->clock,
		.random = lk_random_system(),
		.only_writer = strncmp(setup->store_url, "sqlite:", strlen("sqlite:")) == 0,
	};

	LK_TRY(lk_feed_open(&host->feed, host->store, &config, err));
	for (size_t i = 0; i < LK_HOST_READERS_MAX && setup->feed_readers[i]; i++)
		lk_feed_expect(host->feed, setup->feed_readers[i]);
	return LK_OK;
}

static void
on_checkpoint(const struct lk_error *failure)
{
	if (failure)
		lk_log(LK_LOG_ERROR, "audit.checkpoint_failed", LK_LOG_FAILURE(failure));
	else
		lk_log(LK_LOG_INFO, "audit.checkpoint_written");
}

static lk_status
open_parts(struct lk_host *host, const struct lk_host_setup *setup, struct lk_error *err)
{
	const struct lk_store_options options = { .on_fatal = log_fatal };

	LK_TRY(open_identity(host, setup, err));
	LK_TRY(lk_tls_open(&host->inner->tls, &setup->tls, err));
	LK_TRY(lk_store_open(setup->store_url,
	    LK_MIGRATIONS(
		&audit_migrations, &idempotency_migrations, &feed_migrations, setup->migrations),
	    &options, &host->store, err));
	LK_TRY(open_feed(host, setup, err));
	LK_TRY(open_channel(host, setup->keys_url, &host->keys, err));
	LK_TRY(open_channel(host, setup->tokens_url, &host->tokens, err));
	if (host->keys)
		LK_TRY(lk_use_report_start(&host->uses, host->keys, host->maker, host->clock, err));
	LK_TRY(lk_jwks_source_new(
	    &host->jwks, host->tokens, host->peers, setup->instance, host->clock, err));
	LK_TRY(lk_jwks_source_poll(host->jwks, err));
	struct lk_audit_config audit = { .service = setup->service,
		.instance = setup->instance,
		.signing_key = host->sign_key,
		.clock = host->clock,
		.on_checkpoint = on_checkpoint };
	if (setup->audit_checkpoints && *setup->audit_checkpoints)
		LK_TRY(lk_checkpoints_open(setup->audit_checkpoints, &audit.checkpoints, err));
	return lk_audit_sealer_start(&host->sealer, host->store, &audit, err);
}

lk_status
lk_host_check(const struct lk_host_setup *setup, struct lk_error *err)
{
	if (setup->contexts > setup->workers + setup->queue_limit)
		return LK_OK;
	return lk_fail(err, LK_INVALID_ARGUMENT, "CONFIG_INVALID",
	    "contexts (%lld) must exceed workers (%lld) and queue-limit (%lld) together",
	    (long long)setup->contexts, (long long)setup->workers, (long long)setup->queue_limit);
}

lk_status
lk_host_open(const struct lk_host_setup *setup, struct lk_host **out_host, struct lk_error *err)
{
	LK_AUTO(lk_host_closep) struct lk_host *host = LK_ALLOC(struct lk_host);

	if (!host || !(host->inner = LK_ALLOC(struct lk_host_private)))
		return lk_fail_oom(err);
	host->service = setup->service;
	host->instance = setup->instance;
	host->clock = lk_clock_system();
	host->inner->setup = *setup;
	LK_TRY(open_parts(host, setup, err));
	*out_host = LK_TAKE(host);
	return LK_OK;
}

static void
note_key(struct lk_host *host, const struct lk_caller *caller)
{
	const struct lk_host_private *inner = host->inner;

	if (!caller || caller->key[0] == '\0')
		return;
	if (inner->key_used)
		inner->key_used(inner->key_used_user, caller->key, lk_clock_wall_ms(host->clock));
	else if (host->uses)
		lk_use_report_note(host->uses, caller->key, "", "");
}

static void
on_finished(void *user, const struct lk_finished *finished)
{
	struct lk_host *host = user;
	const struct lk_caller *caller = finished->caller;
	const struct lk_method *row = lk_call_row(finished->call);

	lk_call_counts_note(host->inner->counts, finished);
	note_key(host, caller);
	if (row && row->effect == LK_WRITE_ONCE && lk_call_may_block(finished->call))
		lk_feed_settle(host->feed); /* what changes rights is answered by a worker */
	lk_audit_finished(host->sealer, finished);
	if (finished->status == LK_OK && !lk_log_enabled(LK_LOG_DEBUG))
		return;
	lk_log(finished->status == LK_INTERNAL ? LK_LOG_ERROR : LK_LOG_INFO, "call",
	    LK_LOG_TEXT("method", finished->method),
	    LK_LOG_TEXT("code", lk_status_name(finished->status)),
	    LK_LOG_INT("duration_us", finished->duration_us),
	    LK_LOG_ID("caller", caller ? caller->id : NULL), LK_LOG_REQUEST(finished->request_id),
	    LK_LOG_TRACE(lk_call_traceparent(finished->call)),
	    LK_LOG_FAILURE(finished->status == LK_OK ? NULL : finished->error));
}

static void
on_healed(void *user)
{
	(void)user;
	lk_log(LK_LOG_WARN, "listener.healed");
}

static void
on_unreaped(void *user)
{
	(void)user;
	lk_daemon_replace("nng lets go of no connection any more");
}

/* Without keys and tokens to ask there is nothing to know of them. */
static lk_status
make_view(struct lk_host *host, const struct lk_host_services *services, struct lk_error *err)
{
	struct lk_host_private *inner = host->inner;
	struct lk_peer_view_config config = {
		.instance = host->instance,
		.clock = host->clock,
		.peers = host->peers,
		.maker = host->maker,
		.keys = host->keys,
		.tokens = host->tokens,
		.keys_url = inner->setup.keys_url,
		.tokens_url = inner->setup.tokens_url,
		.jwks = host->jwks,
		.tenants_changed = services->tenants_changed,
		.tenants_changed_user = services->tenants_changed_user,
	};

	if (host->keys) {
		LK_TRY(lk_standing_remote_new(
		    &inner->standing, host->keys, host->maker, host->clock, err));
		config.ask = lk_standing_remote_source(inner->standing);
	}
	return lk_peer_view_new(&inner->view, &config, err);
}

static lk_status
make_auth(struct lk_host *host, const struct lk_host_services *services, struct lk_error *err)
{
	LK_TRY(make_view(host, services, err));
	const struct lk_auth_config config = {
		.service = host->service,
		.instance = host->instance,
		.peers = host->peers,
		.jwks = host->jwks,
		.clock = host->clock,
		.standing = services->standing.get ? services->standing
						   : lk_peer_view_standing(host->inner->view),
		.revocations = services->revocations.get
				   ? services->revocations
				   : lk_peer_view_revocations(host->inner->view),
	};
	return lk_auth_new(&host->inner->auth, &config, err);
}

lk_status
lk_host_serve(struct lk_host *host, const struct lk_host_services *services, struct lk_error *err)
{
	struct lk_host_private *inner = host->inner;
	struct lk_service all[LK_HOST_SERVICES_MAX + 3];

	for (size_t i = 0; i < services->count; i++)
		all[i] = services->services[i];
	lk_health_init(
	    &inner->health, host->service, LATCHKEY_VERSION, host->instance, host->clock);
	all[services->count] = (struct lk_service){ lk_audit_method_table(), host->sealer };
	all[services->count + 1] = (struct lk_service){ lk_health_method_table(), &inner->health };
	all[services->count + 2] = (struct lk_service){ lk_feed_method_table(), host->feed };
	inner->start = services->start;
	inner->start_user = services->start_user;
	inner->key_used = services->key_used;
	inner->key_used_user = services->key_used_user;
	inner->flush = services->flush;
	inner->measure = services->measure;
	inner->measure_user = services->measure_user;
	inner->health.measure = lk_host_measure;
	inner->health.measure_user = host;
	inner->flush_user = services->flush_user;
	if (services->feed_open)
		lk_feed_open_from(host->feed, services->feed_open, services->feed_open_user);
	if (!(inner->counts = lk_call_counts_new(all, services->count + 3)))
		return lk_fail_oom(err);
	LK_TRY(make_auth(host, services, err));
	const struct lk_server_config config = {
		.url = inner->setup.listen_url,
		.tls = inner->tls,
		.allow_old_tls = inner->setup.allow_old_nng_tls,
		.services = all,
		.service_count = services->count + 3,
		.authenticator =
		    lk_store_gate(&inner->gate, host->store, lk_auth_authenticator(inner->auth)),
		.clock = host->clock,
		.on_finished = on_finished,
		.on_healed = on_healed,
		.on_unreaped = on_unreaped,
		.hook_user = host,
		.contexts = (unsigned)inner->setup.contexts,
		.workers = (unsigned)inner->setup.workers,
		.queue_max = (unsigned)inner->setup.queue_limit,
	};
	return lk_server_new(&inner->server, &config, err);
}

uint64_t
lk_host_keys_number(const struct lk_host *host)
{
	return lk_peer_view_number(host->inner->view);
}

bool
lk_host_keys_unchanged(
    const struct lk_host *host, uint64_t number, const char *const *ids, size_t count)
{
	return lk_peer_view_unchanged(host->inner->view, number, ids, count);
}

static lk_status
start(void *user, struct lk_error *err)
{
	const struct lk_host *host = user;
	const struct lk_host_private *inner = host->inner;

	LK_TRY(lk_peer_view_start(inner->view, err));
	LK_TRY(lk_server_start(inner->server, err));
	LK_TRY(lk_feed_listen(host->feed, inner->setup.listen_url, err));
	return inner->start ? inner->start(inner->start_user, err) : LK_OK;
}

static void
drain(void *user)
{
	struct lk_host *host = user;
	struct lk_error err = { 0 };

	lk_peer_view_leave(host->inner->view);
	lk_health_drain(&host->inner->health);
	lk_feed_drain(host->feed);
	if (lk_server_drain(host->inner->server, DRAIN_MS, &err) != LK_OK)
		lk_log(LK_LOG_WARN, "drain.incomplete", LK_LOG_FAILURE(&err));
	if (host->inner->flush)
		host->inner->flush(host->inner->flush_user);
}

/* Answers are on disk when they leave; here goes the rest: the chain's end, uses not reported. */
static void
stop(void *user)
{
	struct lk_host *host = user;

	lk_daemon_closing("reports");
	lk_use_report_finish(host->uses);
	lk_daemon_closing("audit");
	lk_audit_sealer_finish(host->sealer);
	lk_daemon_closing("service"); /* main's cleanups begin with what is the service's own */
}

static lk_status
reload(void *user, struct lk_error *err)
{
	const struct lk_host *host = user;
	bool changed = false;

	LK_TRY(lk_peers_reload(
	    host->peers, host->inner->setup.peers_dir, host->service, &changed, err));
	if (changed)
		lk_log(LK_LOG_INFO, "peers.changed");
	return LK_OK;
}

int
lk_host_run(struct lk_host *host)
{
	return lk_daemon_run(&(struct lk_daemon_service){
	    .start = start, .drain = drain, .stop = stop, .reload = reload, .user = host });
}

void
lk_host_close(struct lk_host *host)
{
	if (!host)
		return;
	lk_daemon_closing("server");
	if (host->feed)
		lk_feed_drain(host->feed);
	if (host->inner) {
		lk_server_free(host->inner->server);
		lk_call_counts_free(host->inner->counts);
		lk_daemon_closing("view");
		lk_auth_free(host->inner->auth);
		lk_peer_view_free(host->inner->view);
		lk_standing_remote_free(host->inner->standing);
	}
	lk_audit_sealer_stop(host->sealer);
	lk_daemon_closing("feed");
	lk_feed_close(host->feed);
	lk_use_report_stop(host->uses);
	lk_jwks_source_free(host->jwks);
	lk_daemon_closing("channels");
	lk_channel_close(host->tokens);
	lk_channel_close(host->keys);
	lk_daemon_closing("store");
	lk_store_close(host->store);
	lk_assertion_maker_free(host->maker);
	lk_sign_key_free(host->sign_key);
	lk_peers_close(host->peers);
	if (host->inner)
		lk_tls_close(host->inner->tls);
	lk_free(host->inner);
	lk_free(host);
}
