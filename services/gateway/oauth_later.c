/*
 * client_credentials without a thread that waits: the question goes to tokens from the thread that
 * read the request, and the answer is made on the thread that hears it. What cannot be asked so, or
 * was not executed because tokens is away, takes the way of every other request.
 */
#include <string.h>

#include "oauth_token.h"
#include "pages.h"

enum { LATER_MAX = 64 }; /* as many more as workers ask at once: tokens has room for both */

struct later {
	struct gateway *gateway;
	struct http_request *request;
	struct http_answer *answer;
	struct oauth oauth;
	int64_t begun_us;
};

/* Not those whom tokens needs: it says so itself, having waited for them. */
static bool
tokens_is_away(const struct lk_error *err)
{
	return lk_text_is(err->reason, "SERVER_UNREACHABLE") ||
	       lk_text_is(err->reason, "CONNECTION_LOST") || lk_text_is(err->reason, "DRAINING");
}

static void
answered(void *user, lk_status status, const ProtobufCMessage *reply, const struct lk_error *err)
{
	static const struct lk_error none = { 0 };
	const struct later *later = user;

	atomic_fetch_sub(&later->gateway->later, 1);
	if (status == LK_UNAVAILABLE && tokens_is_away(err)) { /* nothing was executed */
		http_blocks(later->request);
		return;
	}
	if (status == LK_OK)
		oauth_token_answer(later->request, (const IssueTokenResponse *)(const void *)reply,
		    false, later->answer);
	else
		oauth_token_refuse(later->request, &later->oauth, err, later->answer);
	gateway_answered(later->gateway, later->request, later->answer, later->begun_us, &none);
}

static bool
is_token_endpoint(const struct http_request *request)
{
	const char *path = router_path(request);

	return path && strcmp(request->method, "POST") == 0 && strcmp(path, "/oauth2/token") == 0;
}

static bool
read_client(struct http_request *request, struct oauth *out)
{
	struct http_answer unused = { 0 };

	return oauth_read(request, true, out, &unused) &&
	       strcmp(oauth_value(out, "grant_type"), "client_credentials") == 0;
}

static lk_status
submit(struct later *later, struct lk_error *err)
{
	const struct http_request *request = later->request;
	IssueTokenRequest body;

	LK_TRY(oauth_issue_read(later->gateway, later->request, &later->oauth, &body, err));
	const struct upstream_call call = {
		.service = UPSTREAM_TOKENS,
		.method = "latchkey.tokens.v1.TokenService/IssueToken",
		.body = &body.base,
		.reply_type = &latchkey__tokens__v1__issue_token_response__descriptor,
		.effect = LK_WRITE_ONCE,
		.request_id = request->id,
		.traceparent = request->traceparent,
	};
	return upstream_submit(
	    later->gateway->upstream, &call, request->arena, answered, later, err);
}

bool
token_later(struct gateway *gateway, struct http_request *request, struct http_answer *answer)
{
	struct later *later =
	    is_token_endpoint(request) ? LK_ARENA_NEW(request->arena, struct later) : NULL;

	if (!later || !read_client(request, &later->oauth))
		return false;
	later->gateway = gateway;
	later->request = request;
	later->answer = answer;
	later->begun_us = upstream_now_us();
	if (atomic_fetch_add(&gateway->later, 1) < LATER_MAX && submit(later, NULL) == LK_OK)
		return true;
	atomic_fetch_sub(&gateway->later, 1);
	return false;
}
