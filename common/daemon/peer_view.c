/* Two subscribers and what they fill; see peer_view.h. */
#include "daemon/peer_view.h"

#include <stdatomic.h>

#include "auth/peer_call.h"
#include "auth/revoked.h"
#include "latchkey/common/v1/feed.pb-c.h"

enum { STALENESS_MS = 5000, CONFIRM_MS = 1000 };

typedef Latchkey__Common__V1__ReadFeedRequest ReadFeedRequest;
typedef Latchkey__Common__V1__ReadFeedResponse ReadFeedResponse;

/* The feed of one service. */
struct peer_feed {
	struct lk_peer_view *view;
	const char *service;
	struct lk_channel *channel;
	bool wants_open;
	struct lk_feed_subscriber *subscriber;
};

struct lk_peer_view {
	struct lk_peer_view_config config;
	struct peer_feed keys, tokens;
	struct lk_standing_cache *standing; /* NULL without keys */
	struct lk_revoked *revoked;         /* NULL without tokens */
	atomic_bool incomplete;             /* a revoked token could not be kept */
};

static lk_status
feed_ask(void *user, const ReadFeedRequest *request, uint32_t timeout_ms, struct lk_arena *arena,
    const ReadFeedResponse **out_answer, struct lk_error *err)
{
	const struct peer_feed *feed = user;
	const struct lk_peer_view_config *config = &feed->view->config;
	ProtobufCMessage *answer;
	const struct lk_peer_question question = {
		.callee = feed->service,
		.method = "latchkey.common.v1.FeedService/ReadFeed",
		.body = &request->base,
		.effect = LK_READ,
		.deadline_steady_ms = lk_clock_steady_ms(config->clock) + timeout_ms,
	};

	LK_TRY(lk_peer_ask(feed->channel, config->maker, config->clock, &question,
	    &latchkey__common__v1__read_feed_response__descriptor, arena, &answer, err));
	*out_answer = (const ReadFeedResponse *)(const void *)answer;
	return LK_OK;
}

/* ---- keys: standing ---- */

static void
tenants_changed(const struct peer_feed *feed)
{
	const struct lk_peer_view_config *config = &feed->view->config;

	if (config->tenants_changed)
		config->tenants_changed(config->tenants_changed_user);
}

static void
keys_event(void *user, const struct lk_feed_event *event)
{
	const struct peer_feed *feed = user;

	lk_standing_cache_event(feed->view->standing, event);
	if (event->kind == LK_FEED_TENANT_DELETED)
		tenants_changed(feed);
}

static void
keys_flush(void *user)
{
	const struct peer_feed *feed = user;

	lk_standing_cache_flush(feed->view->standing);
	tenants_changed(feed);
}

/* ---- tokens: revoked tokens, and signing keys ---- */

/* While one could not be kept nobody can say; who asks has everything read again. */
static void
token_remember(struct lk_peer_view *view, const struct lk_feed_event *event)
{
	struct lk_revoked_token *entry;

	if (lk_revoked_has(view->revoked, event->id))
		return;
	entry = LK_ALLOC(struct lk_revoked_token);
	if (!entry || !lk_text_copy(entry->token, sizeof entry->token, event->id)) {
		lk_free(entry);
		atomic_store(&view->incomplete, true);
		return;
	}
	entry->expires_at_ms = (int64_t)event->generation;
	lk_revoked_add(view->revoked, entry);
}

static void
tokens_event(void *user, const struct lk_feed_event *event)
{
	const struct peer_feed *feed = user;

	if (event->kind == LK_FEED_TOKEN_REVOKED)
		token_remember(feed->view, event);
	else
		lk_jwks_source_doubt(feed->view->config.jwks);
}

/* What was revoked stays revoked: the set is filled again, never emptied. */
static void
tokens_flush(void *user)
{
	const struct peer_feed *feed = user;

	atomic_store(&feed->view->incomplete, false);
	lk_jwks_source_doubt(feed->view->config.jwks);
}

/* The lease is read before the set, and the clock after it. */
static bool
is_known(const struct lk_peer_view *view, const char *token, bool *out_revoked)
{
	const int64_t lease_ends_ms = lk_feed_lease_ends_ms(view->tokens.subscriber);

	*out_revoked = lk_revoked_has(view->revoked, token);
	return *out_revoked || (!atomic_load(&view->incomplete) &&
				   lk_clock_steady_ms(lk_clock_boot()) < lease_ends_ms);
}

static uint32_t
confirm_ms(const struct lk_peer_view *view, int64_t deadline_steady_ms)
{
	const int64_t left_ms = deadline_steady_ms - lk_clock_steady_ms(view->config.clock);

	return (uint32_t)(left_ms < 0 ? 0 : left_ms < CONFIRM_MS ? left_ms : CONFIRM_MS);
}

static lk_status
nobody_can_say(struct lk_error *err)
{
	return lk_fail(err, LK_UNAVAILABLE, "FEED_UNAVAILABLE",
	    "it cannot be known right now which tokens are revoked");
}

static lk_status
revoked_get(void *user, const char *token, bool may_block, int64_t deadline_steady_ms,
    bool *out_revoked, struct lk_error *err)
{
	struct lk_peer_view *view = user;

	if (!view->tokens.subscriber)
		return nobody_can_say(err);
	if (is_known(view, token, out_revoked))
		return LK_OK;
	if (!may_block)
		return lk_fail(err, LK_ABORTED, "WOULD_BLOCK", "tokens has to be asked");
	if (atomic_load(&view->incomplete))
		lk_feed_start_over(view->tokens.subscriber);
	LK_TRY(lk_feed_confirm(view->tokens.subscriber, confirm_ms(view, deadline_steady_ms), err));
	if (atomic_load(&view->incomplete))
		return nobody_can_say(err);
	*out_revoked = lk_revoked_has(view->revoked, token);
	return LK_OK;
}

/* ---- Life ---- */

lk_status
lk_peer_view_new(
    struct lk_peer_view **out_view, const struct lk_peer_view_config *config, struct lk_error *err)
{
	LK_AUTO(lk_peer_view_freep) struct lk_peer_view *view = LK_ALLOC(struct lk_peer_view);

	if (!view)
		return lk_fail_oom(err);
	view->config = *config;
	view->keys = (struct peer_feed){ view, "keys", config->keys, false, NULL };
	view->tokens = (struct peer_feed){ view, "tokens", config->tokens, true, NULL };
	if (config->keys)
		LK_TRY(lk_standing_cache_new(&view->standing, config->ask, config->clock, err));
	if (config->tokens && !(view->revoked = lk_revoked_new(config->clock)))
		return lk_fail_oom(err);
	*out_view = LK_TAKE(view);
	return LK_OK;
}

static lk_status
subscribe(struct peer_feed *feed, const char *urls,
    void (*on_event)(void *user, const struct lk_feed_event *event), void (*on_flush)(void *user),
    struct lk_error *err)
{
	const struct lk_peer_view_config *config = &feed->view->config;
	const struct lk_known_peer *peer = lk_peers_find(config->peers, feed->service);

	if (!peer || peer->role != LK_PEER_SERVICE)
		return lk_fail(err, LK_FAILED_PRECONDITION, "PEER_UNKNOWN",
		    "the folder of peers has no key of service \"%s\"", feed->service);
	const struct lk_feed_subscriber_config subscriber = {
		.service = feed->service,
		.instance = config->instance,
		.public_key = peer->public_key,
		.service_urls = urls,
		.max_staleness_ms = STALENESS_MS,
		.acknowledge = true,
		.wants_open = feed->wants_open,
		.clock = lk_clock_boot(),
		.random = lk_random_system(),
		.user = feed,
		.ask = feed_ask,
		.on_event = on_event,
		.on_flush = on_flush,
	};
	return lk_feed_subscribe(&feed->subscriber, &subscriber, err);
}

lk_status
lk_peer_view_start(struct lk_peer_view *view, struct lk_error *err)
{
	const struct lk_peer_view_config *config = &view->config;

	if (config->keys) {
		LK_TRY(subscribe(&view->keys, config->keys_url, keys_event, keys_flush, err));
		lk_standing_cache_trust(view->standing, view->keys.subscriber);
	}
	if (config->tokens)
		LK_TRY(
		    subscribe(&view->tokens, config->tokens_url, tokens_event, tokens_flush, err));
	return LK_OK;
}

void
lk_peer_view_leave(struct lk_peer_view *view)
{
	lk_feed_leave(view->keys.subscriber);
	lk_feed_leave(view->tokens.subscriber);
}

void
lk_peer_view_free(struct lk_peer_view *view)
{
	if (!view)
		return;
	lk_feed_unsubscribe(view->keys.subscriber);
	lk_feed_unsubscribe(view->tokens.subscriber);
	lk_standing_cache_free(view->standing);
	lk_revoked_free(view->revoked);
	lk_free(view);
}

struct lk_standing_source
lk_peer_view_standing(struct lk_peer_view *view)
{
	return view->standing ? lk_standing_cache_source(view->standing)
			      : (struct lk_standing_source){ NULL, NULL };
}

uint64_t
lk_peer_view_number(const struct lk_peer_view *view)
{
	return view->standing ? lk_standing_cache_number(view->standing) : 0;
}

bool
lk_peer_view_unchanged(
    const struct lk_peer_view *view, uint64_t number, const char *const *ids, size_t count)
{
	return view->standing && lk_standing_cache_unchanged(view->standing, number, ids, count);
}

struct lk_revocation_source
lk_peer_view_revocations(struct lk_peer_view *view)
{
	return (struct lk_revocation_source){ view->revoked ? revoked_get : NULL, view };
}

int64_t
lk_peer_view_lease_left_ms(const struct lk_peer_view *view, bool of_keys)
{
	const struct lk_feed_subscriber *subscriber =
	    of_keys ? view->keys.subscriber : view->tokens.subscriber;
	const int64_t ends_ms = subscriber ? lk_feed_lease_ends_ms(subscriber) : 0;

	return ends_ms - lk_clock_steady_ms(lk_clock_boot());
}
