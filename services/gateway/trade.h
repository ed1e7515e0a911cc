/*
 * Keys and sessions traded for access tokens of this installation's own audience, and remembered
 * until they run out, so that a program that shows its key with each request costs one token in a
 * while. What is remembered grants nothing by itself: every service asks for the standing of the
 * token's key on each call.
 */
#ifndef LK_GATEWAY_TRADE_H
#define LK_GATEWAY_TRADE_H

#include "http.h"
#include "time/clock.h"
#include "upstream.h"

struct trade;

enum { TRADE_SLOTS = 4096 };

/* All but the last two are borrowed. */
lk_status trade_new(struct upstream *upstream, const char *instance, const struct lk_clock *clock,
    struct lk_metrics *metrics, struct trade **out_trade, struct lk_error *err);
void trade_free(struct trade *trade);

/* What was shown, and how; a token is remembered for exactly that. */
struct trade_offer {
	const char *secret;
	const char *source; /* the address that showed it */
	bool direct;        /* in place of a token: refused where the tenant accepts tokens only */
};

/* A token for it, in the arena of the request it is for. What tokens answers to IssueToken:
 * UNAUTHENTICATED for any key that is not good. */
lk_status trade_token(struct trade *trade, const struct trade_offer *offer,
    const struct http_request *request, const char **out_token, struct lk_error *err);

/* A service refused what was traded for it: the next is new. */
void trade_forget(struct trade *trade, const struct trade_offer *offer);

#endif
