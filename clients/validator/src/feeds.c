/* The feeds of keys and tokens: what they say is forgotten, and how long what is remembered may be
 * trusted. */
#include <stdio.h>
#include <string.h>

#include "identity.h"
#include "impl.h"

typedef Latchkey__Common__V1__ReadFeedRequest ReadFeedQuestion;
typedef Latchkey__Common__V1__ReadFeedResponse ReadFeedAnswer;

static lk_status
feed_ask(void *user, const ReadFeedQuestion *request, uint32_t timeout_ms, struct lk_arena *arena,
    const ReadFeedAnswer **out_answer, struct lk_error *err)
{
	struct feed *feed = user;
	LK_AUTO(answer_wipe) struct answer goodbye = { 0 }; /* perhaps beside the other */
	struct answer *answer = request->leaving ? &goodbye : &feed->answer;
	latchkey_client *client = feed->validator->client;
	const int64_t deadline_ms = lk_clock_steady_ms(client->clock) + timeout_ms;
	char instance[INSTANCE_SIZE];

	(void)arena; /* the answer brings its own */
	LK_TRY(client_instance(client, feed->service, deadline_ms, instance, err));
	answer_wipe(answer);
	*answer = (struct answer){ 0 };
	LK_TRY(ask(client,
	    &(struct question){ .method = M_FEED_READ,
		.body = &request->base,
		.service = &feed->service,
		.deadline_ms = deadline_ms },
	    answer, err));
	if (!request->leaving)
		*out_answer = (const ReadFeedAnswer *)(const void *)answer->message;
	return LK_OK;
}

static void
feed_event(void *user, const struct lk_feed_event *event)
{
	const struct feed *feed = user;
	struct lk_changes *changes = cache_changes(feed->validator->cache);

	if (event->kind == LK_FEED_GENERATION || event->kind == LK_FEED_TOKEN_REVOKED ||
	    event->kind == LK_FEED_TENANT_DELETED || event->kind == LK_FEED_USER_DELETED)
		lk_changes_note(changes, event->id);
	else if (event->kind != LK_FEED_JWKS_CHANGED) /* a key that is withdrawn says so itself */
		lk_changes_note_all(changes);         /* that, or something of a newer service */
}

static void
feed_flush(void *user)
{
	const struct feed *feed = user;

	lk_changes_note_all(cache_changes(feed->validator->cache));
}

static lk_status
feed_key_load(struct feed *feed, const char *peers_dir, struct lk_error *err)
{
	struct lk_peer_key peer;
	char path[4096];

	snprintf(path, sizeof path, "%s/%s.pub", peers_dir, latchkey_service_name(feed->service));
	LK_TRY(lk_peer_file_load(path, &peer, err));
	if (!lk_text_is(peer.role, "service"))
		return lk_fail(err, LK_INVALID_ARGUMENT, "PEER_KEY_INVALID",
		    "the key of \"%s\" is not that of a service", peer.name);
	memcpy(feed->public_key, peer.public_key, sizeof feed->public_key);
	return LK_OK;
}

lk_status
feed_open(latchkey_validator *validator, struct feed *feed, latchkey_service service,
    const char *peers_dir, bool acknowledge, struct lk_error *err)
{
	char urls[LK_URL_LIST_SIZE]; /* read while subscribing only */

	feed->validator = validator;
	feed->service = service;
	if (peers_dir)
		LK_TRY(feed_key_load(feed, peers_dir, err));
	LK_TRY(lk_url_of_service(service == LATCHKEY_KEYS ? LK_URL_KEYS : LK_URL_TOKENS,
	    validator->client->settings.url, validator->client->settings.service_urls[service],
	    urls, err));
	const struct lk_feed_subscriber_config config = {
		.service = latchkey_service_name(service),
		.instance = validator->client->instance, /* known once feed_ask has answered */
		.public_key = peers_dir ? feed->public_key : NULL,
		.service_urls = urls,
		.max_staleness_ms = validator->staleness_ms,
		.acknowledge = acknowledge,
		.clock = lk_clock_boot(),
		.random = lk_random_system(),
		.user = feed,
		.ask = feed_ask,
		.on_event = feed_event,
		.on_flush = feed_flush,
	};
	return lk_feed_subscribe(&feed->subscriber, &config, err);
}

struct leases
leases_read(const latchkey_validator *validator)
{
	const int64_t keys = lk_feed_lease_ends_ms(validator->feeds[LATCHKEY_KEYS].subscriber);
	const int64_t tokens = lk_feed_lease_ends_ms(validator->feeds[LATCHKEY_TOKENS].subscriber);

	return (struct leases){ keys, tokens < keys ? tokens : keys };
}

int64_t
now_ms(void)
{
	return lk_clock_steady_ms(lk_clock_boot());
}
