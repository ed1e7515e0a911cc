/* Opening and closing a client, its channels, and leases. */
#include "client.h"

#include <string.h>
#include <time.h>

enum { LEASE_LEAST_MS = 1000 };

static lk_status
client_new(latchkey_client **out_client, struct lk_error *err)
{
	pthread_condattr_t steady;
	latchkey_client *client = LK_ALLOC(latchkey_client);

	if (!client)
		return lk_fail_oom(err);
	client->clock = lk_clock_system();
	pthread_mutex_init(&client->lock, NULL);
	pthread_condattr_init(&steady);
	pthread_condattr_setclock(&steady, CLOCK_MONOTONIC);
	pthread_cond_init(&client->changed, &steady);
	pthread_condattr_destroy(&steady);
	*out_client = client;
	return LK_OK;
}

latchkey_status
latchkey_client_open(
    const latchkey_options *options, latchkey_client **out_client, latchkey_error *out_error)
{
	struct lk_error *err = error_inside(out_error);
	latchkey_client *client = NULL;

	PUBLIC_TRY(client_new(&client, err));
	const lk_status status = settings_gather(options, &client->settings, err);
	if (status != LK_OK) {
		latchkey_client_close(client);
		return (latchkey_status)status;
	}
	memcpy(client->instance, client->settings.instance, sizeof client->instance);
	*out_client = client;
	return LATCHKEY_OK;
}

void
latchkey_client_close(latchkey_client *client)
{
	if (!client)
		return;
	for (size_t i = 0; i < LATCHKEY_SERVICE_COUNT; i++) {
		if (client->channels[i])
			lk_channel_close(client->channels[i]);
	}
	lk_assertion_maker_free(client->maker);
	lk_secret_free(client->token);
	lk_transport_wipe(&client->transport);
	settings_wipe(&client->settings);
	pthread_cond_destroy(&client->changed);
	pthread_mutex_destroy(&client->lock);
	lk_free(client);
}

latchkey_identity_source
latchkey_client_source(const latchkey_client *client)
{
	return client->settings.source;
}

const char *
latchkey_client_profile(const latchkey_client *client)
{
	return client->settings.profile;
}

const char *
latchkey_client_url(const latchkey_client *client)
{
	return client->settings.url ? client->settings.url : "";
}

static lk_status
channel_open(latchkey_client *client, latchkey_service service, struct lk_channel **out,
    struct lk_error *err)
{
	static const enum lk_url_service names[] = { LK_URL_KEYS, LK_URL_TOKENS,
		LK_URL_CREDENTIALS };
	const struct lk_channel_config config = { .clock = client->clock,
		.timeout_ms = client->settings.timeout_ms,
		.tls = client->settings.tls };
	char urls[LK_URL_LIST_SIZE];

	LK_TRY(lk_url_of_service(names[service], client->settings.url,
	    client->settings.service_urls[service], urls, err));
	return lk_channel_open(out, urls, &config, err);
}

lk_status
client_channel(latchkey_client *client, latchkey_service service, struct lk_channel **out,
    struct lk_error *err)
{
	lk_status status = LK_OK;

	pthread_mutex_lock(&client->lock);
	if (!client->channels[service])
		status = channel_open(client, service, &client->channels[service], err);
	*out = client->channels[service];
	pthread_mutex_unlock(&client->lock);
	return status;
}

lk_status
time_left(const latchkey_client *client, int64_t deadline_ms, uint32_t *out_timeout_ms,
    struct lk_error *err)
{
	const int64_t left = deadline_ms - lk_clock_steady_ms(client->clock);

	if (left <= 0)
		return lk_fail(err, LK_DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED",
		    "the time for this call is over");
	*out_timeout_ms = left > UINT32_MAX ? UINT32_MAX : (uint32_t)left;
	return LK_OK;
}

/* ---- leases ---- */

static bool
lease_good(const latchkey_client *client, const struct lease *lease)
{
	const int64_t now = lk_clock_steady_ms(client->clock);

	return lease->number > 0 && now < lease->ends_at_ms &&
	       (now < lease->renew_at_ms || lease->fetching);
}

static lk_status
lease_wait(latchkey_client *client, int64_t deadline_ms, struct lk_error *err)
{
	struct timespec until;
	uint32_t left = 0;

	LK_TRY(time_left(client, deadline_ms, &left, err));
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += left / 1000;
	until.tv_nsec += (long)(left % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	pthread_cond_timedwait(&client->changed, &client->lock, &until);
	return LK_OK;
}

/* Locked at both ends, not between. A failed renewal is no failure while the old one is good. */
static lk_status
lease_fetch(latchkey_client *client, struct lease *lease, const struct lease_source *source,
    int64_t deadline_ms, struct lk_error *err)
{
	lease->fetching = true;
	pthread_mutex_unlock(&client->lock);
	lk_status status = source->fetch(client, deadline_ms, source->fetched, err);
	pthread_mutex_lock(&client->lock);
	lease->fetching = false;
	if (status == LK_OK)
		source->install(client, source->fetched);
	else if (lease->number > 0 && lk_clock_steady_ms(client->clock) < lease->ends_at_ms)
		status = LK_OK;
	pthread_cond_broadcast(&client->changed);
	return status;
}

lk_status
lease_hold(latchkey_client *client, struct lease *lease, const struct lease_source *source,
    int64_t deadline_ms, struct lk_error *err)
{
	lk_status status = LK_OK;

	pthread_mutex_lock(&client->lock);
	while (status == LK_OK && !lease_good(client, lease)) {
		if (lease->fetching) {
			status = lease_wait(client, deadline_ms, err);
			continue;
		}
		status = lease_fetch(client, lease, source, deadline_ms, err);
		break;
	}
	if (status != LK_OK)
		pthread_mutex_unlock(&client->lock);
	return status;
}

void
lease_drop(latchkey_client *client, struct lease *lease, uint64_t number)
{
	pthread_mutex_lock(&client->lock);
	if (lease->number == number)
		lease->ends_at_ms = 0;
	pthread_mutex_unlock(&client->lock);
}

void
lease_begin(latchkey_client *client, struct lease *lease, int64_t ttl_ms)
{
	const int64_t now = lk_clock_steady_ms(client->clock),
		      ttl = ttl_ms < LEASE_LEAST_MS ? LEASE_LEAST_MS : ttl_ms;

	lease->number++;
	lease->ends_at_ms = now + ttl;
	lease->renew_at_ms = now + ttl / 4 * 3;
}
