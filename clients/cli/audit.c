/* audit: what was done, and proof that the trails are whole. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "checkpoints.h"
#include "cli.h"
#include "crypto/sign.h"
#include "handlers.h"
#include "heads.h"
#include "show.h"
#include "time/duration.h"

enum { LIST_DEFAULT = 50, LIST_MAX = 1000 };

/* The services that --service means: one, or all. False when there is none of that name. */
static bool
services_chosen(struct cli *cli, bool out_chosen[LATCHKEY_SERVICE_COUNT])
{
	const char *name = cli_value(cli, OPT_SERVICE);
	bool some = false;

	for (int i = 0; i < LATCHKEY_SERVICE_COUNT; i++) {
		out_chosen[i] =
		    !name || strcmp(name, latchkey_service_name((latchkey_service)i)) == 0;
		some = some || out_chosen[i];
	}
	return some;
}

/* ---- list ---- */

struct listing {
	latchkey_event_list *lists[LATCHKEY_SERVICE_COUNT];
	size_t next[LATCHKEY_SERVICE_COUNT];
};

static void
listing_free(struct listing *listing)
{
	for (int i = 0; i < LATCHKEY_SERVICE_COUNT; i++)
		latchkey_event_list_free(listing->lists[i]);
}

/* The newest event that was not shown yet, over all services; NULL at the end. */
static const latchkey_event *
newest_next(struct listing *listing, latchkey_service *out_service)
{
	const latchkey_event *newest = NULL;
	int from = 0;

	for (int i = 0; i < LATCHKEY_SERVICE_COUNT; i++) {
		if (!listing->lists[i] ||
		    listing->next[i] == latchkey_event_list_count(listing->lists[i]))
			continue;
		const latchkey_event *event =
		    latchkey_event_list_at(listing->lists[i], listing->next[i]);
		if (!newest || latchkey_event_at_ms(event) > latchkey_event_at_ms(newest)) {
			newest = event;
			from = i;
		}
	}
	listing->next[from]++;
	*out_service = (latchkey_service)from;
	return newest;
}

static latchkey_status
listing_get(struct cli *cli, const bool *chosen, uint32_t limit, struct listing *out)
{
	const latchkey_page page = { .size = limit };
	char tenant[TENANT_ID_SIZE];
	latchkey_event_filter filter = {
		.tenant = tenant,
		.action = cli_value(cli, OPT_ACTION),
		.object = cli_value(cli, OPT_OBJECT),
		.actor = cli_value(cli, OPT_ACTOR),
	};
	const char *since = cli_value(cli, OPT_SINCE);

	if (since && lk_instant_parse("since", since, &filter.since_at_ms, cli_err(cli)) != LK_OK)
		return LATCHKEY_INVALID_ARGUMENT;
	latchkey_status status = cli_tenant_id(cli, tenant);
	for (int i = 0; i < LATCHKEY_SERVICE_COUNT && status == LATCHKEY_OK; i++) {
		if (!chosen[i])
			continue;
		status = latchkey_event_list_get(cli->client, (latchkey_service)i, &filter, &page,
		    &cli->call, &out->lists[i], &cli->error);
	}
	return status;
}

int
run_audit_list(struct cli *cli)
{
	static const char *const columns[] = { "at", "service", "action", "outcome", "actor",
		"object", "purpose", NULL };
	const char *limit_text = cli_value(cli, OPT_LIMIT);
	char *end = NULL;
	const unsigned long limit = limit_text ? strtoul(limit_text, &end, 10) : LIST_DEFAULT;
	LK_AUTO(listing_free) struct listing listing = { .next = { 0 } };
	bool chosen[LATCHKEY_SERVICE_COUNT];
	const latchkey_event *event;
	latchkey_service service;

	if (limit < 1 || limit > LIST_MAX || (end && *end))
		return cli_misused(cli, "--limit is 1 to %d", LIST_MAX);
	if (!services_chosen(cli, chosen))
		return cli_misused(cli, "--service is keys, tokens or credentials");
	CLI_TRY(cli, cli_connect(cli, false));
	CLI_TRY(cli, listing_get(cli, chosen, (uint32_t)limit, &listing));
	out_list(&cli->out, "events", columns);
	while ((event = newest_next(&listing, &service)) != NULL) {
		out_object(&cli->out, NULL);
		out_text(&cli->out, "service", latchkey_service_name(service));
		show_event(&cli->out, event);
		out_object_end(&cli->out);
	}
	out_list_end(&cli->out);
	return cli_answer(cli);
}

/* ---- verify ---- */

/* Beside the run/ of ipc:///DIR/run, unless --peers says where. */
static latchkey_status
peers_dir(struct cli *cli, char *out, size_t out_size)
{
	static const char scheme[] = "ipc://", below[] = "/run";
	const char *given = cli_value(cli, OPT_PEERS), *url = latchkey_client_url(cli->client);
	const size_t len = strlen(url);

	if (given && lk_text_copy(out, out_size, given))
		return LATCHKEY_OK;
	if (!given && len > strlen(scheme) + strlen(below) && len < out_size &&
	    strncmp(url, scheme, strlen(scheme)) == 0 &&
	    strcmp(url + len - strlen(below), below) == 0) {
		snprintf(out, out_size, "%.*s/peers", (int)(len - strlen(scheme) - strlen(below)),
		    url + strlen(scheme));
		return LATCHKEY_OK;
	}
	return cli_refuse(cli, LATCHKEY_INVALID_ARGUMENT, "peers", "PEERS_UNKNOWN",
	    "say with --peers where the public keys of the services are");
}

static latchkey_status
public_key(struct cli *cli, const char *dir, const char *service, uint8_t out_key[32])
{
	struct lk_peer_key peer;
	char path[4096];

	snprintf(path, sizeof path, "%s/%s.pub", dir, service);
	if (lk_peer_file_load(path, &peer, cli_err(cli)) != LK_OK)
		return (latchkey_status)cli->error.status;
	memcpy(out_key, peer.public_key, sizeof peer.public_key);
	return LATCHKEY_OK;
}

static latchkey_status
trail_verify(struct cli *cli, latchkey_service service, const uint8_t public_key[32],
    const struct checkpoints *checkpoints, const latchkey_audit_head *remembered,
    latchkey_audit_result *out)
{
	latchkey_audit_head *kept = NULL;
	size_t count = 0;

	latchkey_status status = checkpoints_of(cli, checkpoints, latchkey_service_name(service),
	    public_key, remembered, &kept, &count);
	if (status == LATCHKEY_OK)
		status = latchkey_audit_verify(
		    cli->client, service, public_key, kept, count, &cli->call, out, &cli->error);
	lk_free(kept);
	return status;
}

static void
show_proof(
    struct cli *cli, latchkey_service service, int proof, const latchkey_audit_result *result)
{
	static const char *const words[] = {
		[EXIT_OK] = "ok", [EXIT_REFUSED] = "broken", [EXIT_UNPROVEN] = "unproven"
	};

	out_object(&cli->out, NULL);
	out_text(&cli->out, "service", latchkey_service_name(service));
	out_text(&cli->out, "result", words[proof]);
	out_number(&cli->out, "rows", result->rows);
	out_number(&cli->out, "unsealed", result->unsealed);
	out_time(&cli->out, "signed_at", result->signed_at_ms);
	out_text(&cli->out, "reason", proof == EXIT_OK ? "" : cli->error.reason);
	out_text(&cli->out, "message", proof == EXIT_OK ? "" : cli->error.message);
	out_object_end(&cli->out);
}

/* A place of checkpoints that knows nothing of a service was emptied, or is not its place. */
static int
proof_of(struct cli *cli, latchkey_status verified, const struct checkpoints *checkpoints,
    const char *service)
{
	if (verified != LATCHKEY_OK)
		return EXIT_REFUSED;
	if (!cli_value(cli, OPT_CHECKPOINTS) || checkpoints_have(checkpoints, service))
		return EXIT_OK;
	cli_refuse(cli, LATCHKEY_NOT_FOUND, "checkpoints", "CHECKPOINT_NONE",
	    "the place that was given holds no checkpoint of %s", service);
	return EXIT_UNPROVEN;
}

/* One service: its rows, or what is wrong. Heads that were found good are kept for the next time.
 */
static latchkey_status
service_verify(struct cli *cli, latchkey_service service, const char *dir,
    const struct checkpoints *checkpoints, struct heads *heads, int *out_proof)
{
	const char *name = latchkey_service_name(service);
	latchkey_audit_result result = { .rows = 0 };
	uint8_t key[32];

	latchkey_status status = public_key(cli, dir, name, key);
	if (status != LATCHKEY_OK)
		return status;
	status = trail_verify(cli, service, key, checkpoints, heads_find(heads, service), &result);
	if (status != LATCHKEY_OK && status != LATCHKEY_DATA_LOSS)
		return status;
	if (status == LATCHKEY_OK)
		heads_set(heads, service, &result.head);
	*out_proof = proof_of(cli, status, checkpoints, name);
	show_proof(cli, service, *out_proof, &result);
	return LATCHKEY_OK;
}

static latchkey_status
instance_of(struct cli *cli, const bool *chosen, char *out, size_t out_size)
{
	int service = 0;
	LK_AUTO(health_freep) latchkey_health *health = NULL;

	while (!chosen[service])
		service++;
	const latchkey_status status = latchkey_health_check(
	    cli->client, (latchkey_service)service, &cli->call, &health, &cli->error);

	if (status == LATCHKEY_OK && !lk_text_copy(out, out_size, latchkey_health_instance(health)))
		return cli_refuse(cli, LATCHKEY_INTERNAL, "", "REPLY_INVALID",
		    "the installation's name is too long");
	return status;
}

/* A broken trail weighs more than one that nothing proves. */
static int
worse(int one, int other)
{
	return one == EXIT_REFUSED || other == EXIT_OK ? one : other;
}

int
run_audit_verify(struct cli *cli)
{
	static const char *const columns[] = { "service", "result", "rows", "unsealed", "reason",
		"message", NULL };
	bool chosen[LATCHKEY_SERVICE_COUNT];
	int proof = EXIT_OK;
	char dir[4000], instance[HEADS_INSTANCE_SIZE];
	LK_AUTO(checkpoints_free) struct checkpoints checkpoints = { .count = 0 };
	struct heads heads;

	if (!services_chosen(cli, chosen))
		return cli_misused(cli, "--service is keys, tokens or credentials");
	CLI_TRY(cli, cli_connect(cli, false));
	CLI_TRY(cli, peers_dir(cli, dir, sizeof dir));
	CLI_TRY(cli, instance_of(cli, chosen, instance, sizeof instance));
	CLI_TRY(cli, heads_load(cli, instance, &heads));
	CLI_TRY(
	    cli, checkpoints_load(cli, cli_value(cli, OPT_CHECKPOINTS), instance, &checkpoints));
	out_list(&cli->out, "services", columns);
	for (int i = 0; i < LATCHKEY_SERVICE_COUNT; i++) {
		int one = EXIT_OK;
		if (chosen[i])
			CLI_TRY(cli, service_verify(cli, (latchkey_service)i, dir, &checkpoints,
					 &heads, &one));
		proof = worse(proof, one);
	}
	out_list_end(&cli->out);
	CLI_TRY(cli, heads_save(cli, &heads));
	const int answered = cli_answer(cli);
	return answered != EXIT_OK ? answered : proof;
}
