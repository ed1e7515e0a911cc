/* Opening, running and closing latchkey-gateway, and the way of one request through it. */
#include "gateway.h"

#include <string.h>

#include "counting.h"
#include "crypto/tls_pair.h"
#include "daemon/daemon.h"
#include "introspection.h"
#include "judge.h"
#include "log/log.h"
#include "pages.h"
#include "problem.h"
#include "rest.h"
#include "router.h"
#include "source.h"

enum { DRAIN_MS = 8000 };

static const struct lk_option option_rows[] = {
#define LK_OPTION(kind, field, name, preset, help)                                                 \
	LK_OPTION_ROW(struct gateway_config, kind, field, name, preset, help)
#include "options.def"
#undef LK_OPTION
};
static const struct lk_metric_row metric_rows[] = {
#define LK_METRIC(kind, id, name, help) { LK_METRIC_##kind, name, help },
#include "metrics.def"
#undef LK_METRIC
};

void
gateway_config_wipe(struct gateway_config *config)
{
	lk_config_free(&gateway_options, config);
}

/* ---- One request ---- */

struct page {
	const char *method, *path;
	page_fn *fn;
};
static const struct page pages[] = {
#define PAGE(method, path, fn) { #method, path, fn },
#include "pages.def"
#undef PAGE
};

static bool
path_is(const struct page *page, const char *path)
{
	const size_t len = strlen(page->path);

	return strcmp(path, page->path) == 0 ||
	       (page->path[len - 1] == '/' && strncmp(path, page->path, len) == 0);
}

static page_fn *
page_of(const struct http_request *request, const char *path, bool *out_other_method)
{
	const char *method = strcmp(request->method, "HEAD") == 0 ? "GET" : request->method;

	*out_other_method = false;
	for (size_t i = 0; i < LK_ARRAY_LEN(pages); i++) {
		if (!path_is(&pages[i], path))
			continue;
		if (strcmp(pages[i].method, "ANY") == 0 || strcmp(pages[i].method, method) == 0)
			return pages[i].fn;
		*out_other_method = true;
	}
	return NULL;
}

static void
nothing_there(const struct http_request *request, bool other_method, struct http_answer *answer)
{
	if (other_method)
		problem_plain(request, 405, "METHOD_NOT_ALLOWED", "not by this method", answer);
	else
		problem_plain(
		    request, 404, "PATH_UNKNOWN", "there is nothing at this path", answer);
}

static lk_status
serve(struct gateway *gateway, struct http_request *request, struct http_answer *answer,
    struct lk_error *err)
{
	struct parameters parameters = { .count = 0 };
	const char *path = router_path(request);
	bool other_page, other_route;

	if (!path)
		return lk_fail_oom(err);
	page_fn *page = page_of(request, path, &other_page);
	if (page)
		return page(gateway, request, answer, err);
	if (validate_here(gateway, request, true, answer))
		return LK_OK;
	const struct route *route = router_match(request, path, &parameters, &other_route);
	if (!route) {
		nothing_there(request, other_page || other_route, answer);
		return LK_OK;
	}
	LK_TRY(router_query(request, &parameters, err));
	return rest_serve(gateway, route, request, &parameters, answer, err);
}

/* The target is left out: it may hold what somebody should not have put there. */
static void
note(struct gateway *gateway, const struct http_request *request, const struct http_answer *answer,
    int64_t duration_us, const struct lk_error *err)
{
	count_answer(gateway, request, answer, duration_us);
	if (answer->status < 500 && !lk_log_enabled(LK_LOG_DEBUG))
		return;
	lk_log(answer->status >= 500 ? LK_LOG_WARN : LK_LOG_DEBUG, "request",
	    LK_LOG_TEXT("method", request->method), LK_LOG_INT("status", answer->status),
	    LK_LOG_INT("duration_us", duration_us), LK_LOG_TEXT("source", request->peer),
	    LK_LOG_REQUEST(request->id), LK_LOG_TRACE(request->traceparent),
	    LK_LOG_FAILURE(*err->reason ? err : NULL));
}

static void
on_request(void *user, struct http_request *request, struct http_answer *answer)
{
	struct gateway *gateway = user;
	struct lk_error err = { 0 };
	const int64_t begun_us = upstream_now_us();

	if (serve(gateway, request, answer, &err) != LK_OK)
		problem_answer(request, &err, answer);
	answer_finish(request, answer);
	note(gateway, request, answer, upstream_now_us() - begun_us, &err);
}

/* What needs nobody else, on the thread that read it. */
static bool
at_once(void *user, struct http_request *request, struct http_answer *answer)
{
	struct gateway *gateway = user;
	const struct lk_error none = { 0 };
	const int64_t begun_us = upstream_now_us();

	if (!auth_at_once(gateway, request, answer) &&
	    !validate_here(gateway, request, false, answer) &&
	    !introspect_at_once(gateway, request, answer))
		return false;
	answer_finish(request, answer);
	note(gateway, request, answer, upstream_now_us() - begun_us, &none);
	return true;
}

void
gateway_answered(struct gateway *gateway, struct http_request *request, struct http_answer *answer,
    int64_t begun_us, const struct lk_error *err)
{
	answer_finish(request, answer);
	note(gateway, request, answer, upstream_now_us() - begun_us, err);
	http_answered(request);
}

/* What one question answers, while nobody waits for it. */
static bool
later(void *user, struct http_request *request, struct http_answer *answer)
{
	return token_later(user, request, answer);
}

/* What front.c refuses, in the words that it left in the body. */
static void
on_refused(void *user, struct http_request *request, struct http_answer *answer)
{
	struct gateway *gateway = user;
	const char *why = (const char *)answer->body.data;

	if (auth_is_target(request->target))
		auth_refuse(request, 403, "REQUEST_REFUSED", answer);
	else
		problem_plain(request, answer->status, "REQUEST_REFUSED", why, answer);
	answer_finish(request, answer);
	lk_counter_add(gateway->metrics, HTTP_REFUSED, 1);
}

/* ---- Opening ---- */

static bool
is_loopback(const char *listen)
{
	return strncmp(listen, "127.", 4) == 0 || strncmp(listen, "[::1]:", 6) == 0;
}

static lk_status
check(const void *options, struct lk_error *err)
{
	const struct gateway_config *config = options;

	if (!config->tls_cert_file != !config->tls_key_file)
		return lk_fail(err, LK_INVALID_ARGUMENT, "CONFIG_INVALID",
		    "tls-cert-file and tls-key-file are given both or not at all");
	if (!config->tls_key_file && !config->allow_plain_http && !is_loopback(config->listen))
		return lk_fail(err, LK_INVALID_ARGUMENT, "CONFIG_INVALID",
		    "keys would pass in the clear at %s: give tls-cert-file and tls-key-file, or "
		    "allow-plain-http where a proxy in front has TLS",
		    config->listen);
	return source_check(config->trusted_proxies, err);
}

const struct lk_config_table gateway_options = { "latchkey-gateway",
	"HTTP in front of the services", option_rows, LK_ARRAY_LEN(option_rows), check };

lk_status
gateway_open(
    const struct gateway_config *config, struct gateway **out_gateway, struct lk_error *err)
{
	LK_AUTO(gateway_closep) struct gateway *gateway = LK_ALLOC(struct gateway);
	const char *const urls[UPSTREAM_COUNT] = { config->keys_url, config->tokens_url,
		config->credentials_url };

	const struct lk_tls_files tls = { .cert_file = config->peer_tls_cert_file,
		.key_file = config->peer_tls_key_file,
		.ca_file = config->peer_tls_ca_file };

	if (!gateway ||
	    !(gateway->metrics = lk_metrics_new(metric_rows, LK_ARRAY_LEN(metric_rows))))
		return lk_fail_oom(err);
	gateway->config = config;
	LK_TRY(tls_files_read(config->tls_cert_file, config->tls_key_file, &gateway->tls, err));
	LK_TRY(upstream_open(urls, &tls, (uint32_t)config->call_timeout,
	    (struct upstream_counters){ gateway->metrics, CALL_KEYS, LOST_KEYS },
	    &gateway->upstream, err));
	gateway->started_at_ms = lk_clock_wall_ms(lk_clock_system());
	gateway->peer_certificate_ends_at_ms = upstream_certificate_ends_at_ms(gateway->upstream);
	if (gateway->tls.chain)
		gateway->certificate_ends_at_ms = lk_tls_chain_ends_at_ms(gateway->tls.chain);
	LK_TRY(local_open(config, &gateway->local, err));
	LK_TRY(trade_new(gateway->upstream, config->instance, lk_clock_system(), gateway->metrics,
	    &gateway->trade, err));
	*out_gateway = LK_TAKE(gateway);
	return LK_OK;
}

void
gateway_close(struct gateway *gateway)
{
	if (!gateway)
		return;
	http_server_free(gateway->metrics_server);
	http_server_free(gateway->server);
	trade_free(gateway->trade);
	local_close(gateway->local);
	upstream_close(gateway->upstream);
	lk_metrics_free(gateway->metrics);
	tls_files_wipe(&gateway->tls);
	lk_free(gateway);
}

/* ---- Running ---- */

/* One scraper asks in a while; a second listener, so that the first one's strangers see nothing. */
static lk_status
start_metrics(struct gateway *gateway, struct lk_error *err)
{
	const struct http_config http = {
		.listen = gateway->config->metrics_listen,
		.workers = 1,
		.queue_max = 8,
		.connections_max = 16,
		.connections_per_address = 8,
		.body_max = 1024,
		.head_ms = gateway->config->head_timeout,
		.body_ms = gateway->config->body_timeout,
		.handler = counting_page,
		.refuse = on_refused,
		.user = gateway,
	};

	return http_server_start(&http, &gateway->metrics_server, err);
}

static lk_status
start(void *user, struct lk_error *err)
{
	struct gateway *gateway = user;
	const struct gateway_config *config = gateway->config;
	const struct http_config http = {
		.listen = config->listen,
		.tls_chain = gateway->tls.chain,
		.tls_key = gateway->tls.key,
		.workers = (size_t)config->workers,
		.queue_max = (size_t)config->queue_limit,
		.connections_max = (unsigned)config->connections,
		.connections_per_address = (unsigned)config->connections_per_address,
		.body_max = (size_t)config->body_limit,
		.head_ms = config->head_timeout,
		.body_ms = config->body_timeout,
		.handler = on_request,
		.at_once = at_once,
		.later = later,
		.refuse = on_refused,
		.user = gateway,
	};

	LK_TRY(http_server_start(&http, &gateway->server, err));
	return config->metrics_listen ? start_metrics(gateway, err) : LK_OK;
}

static void
drain(void *user)
{
	struct gateway *gateway = user;

	local_leave(gateway->local);
	http_server_drain(gateway->server, DRAIN_MS);
}

int
gateway_run(struct gateway *gateway)
{
	return lk_daemon_run(
	    &(struct lk_daemon_service){ .start = start, .drain = drain, .user = gateway });
}
