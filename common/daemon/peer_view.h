/*
 * What a service knows of the others, by their feeds: which tokens are revoked, when the keys of
 * tokens must be asked for again, and what keys said of its callers. A change over there is
 * answered once this view has followed it, or was silent for too long (feed/feed.h,
 * lk_feed_settle).
 */
#ifndef LK_DAEMON_PEER_VIEW_H
#define LK_DAEMON_PEER_VIEW_H

#include "auth/authenticator.h"
#include "daemon/standing_cache.h"
#include "rpc/channel.h"

struct lk_peer_view;

/* Everything is borrowed for life. */
struct lk_peer_view_config {
	const char *instance;
	const struct lk_clock *clock;
	const struct lk_peers *peers;
	struct lk_assertion_maker *maker;
	struct lk_channel *keys, *tokens;  /* NULL where this service does not ask them */
	const char *keys_url, *tokens_url; /* beside the channels */
	struct lk_jwks_source *jwks;       /* beside tokens */
	struct lk_standing_source ask;     /* beside keys */
	/* A tenant was deleted, or may have been unseen; quick, on the feed's thread; may be NULL.
	 */
	void (*tenants_changed)(void *user);
	void *tenants_changed_user;
};

lk_status lk_peer_view_new(
    struct lk_peer_view **out_view, const struct lk_peer_view_config *config, struct lk_error *err);
/* Begin to read the feeds, in threads of its own. FAILED_PRECONDITION PEER_UNKNOWN when a service's
 * key is missing in peers/. */
lk_status lk_peer_view_start(struct lk_peer_view *view, struct lk_error *err);
/* No change waits for us any more, and nothing is decided from memory. Does not block. */
void lk_peer_view_leave(struct lk_peer_view *view);
void lk_peer_view_free(struct lk_peer_view *view); /* NULL is fine */
LK_DEFINE_FREEP(lk_peer_view_freep, struct lk_peer_view *, lk_peer_view_free)

/* For how long what is known of keys (else: of tokens) counts; 0 or less: no longer. */
int64_t lk_peer_view_lease_left_ms(const struct lk_peer_view *view, bool of_keys);

/* As lk_standing_cache_number and _unchanged; without keys nothing is ever unchanged. */
uint64_t lk_peer_view_number(const struct lk_peer_view *view);
bool lk_peer_view_unchanged(
    const struct lk_peer_view *view, uint64_t number, const char *const *ids, size_t count);

/* get is NULL where the service asked is not among the channels. */
struct lk_standing_source lk_peer_view_standing(struct lk_peer_view *view);
struct lk_revocation_source lk_peer_view_revocations(struct lk_peer_view *view);

#endif
