/* What the OAuth 2 endpoints share: their form, the client's proof, their errors (RFC
 * 6749 2.3.1, 5.2). */
#ifndef LK_GATEWAY_OAUTH_H
#define LK_GATEWAY_OAUTH_H

#include "base/json.h"
#include "gateway.h"
#include "router.h"

/* A request as it was read. */
struct oauth {
	struct parameters form;
	const char *secret; /* the client's API key; "" where none was shown */
	bool by_header;     /* shown in Authorization: a refusal asks for it there */
};

/*
 * Read form and client. False: the answer is the error already (invalid_request for a body that is
 * no form, a parameter twice, two ways to show the client; invalid_client without any, where
 * `needs_client`).
 */
bool oauth_read(
    struct http_request *request, bool needs_client, struct oauth *out, struct http_answer *answer);

/* A question to the tokens service, asked as the client: its key is traded for a token. */
struct oauth_question {
	const char *method;
	const ProtobufCMessage *body;
	const ProtobufCMessageDescriptor *reply_type;
	enum lk_effect effect;
};

/* The reply lies in the request's arena. Errors of trade_token and upstream_ask. Blocks. */
lk_status oauth_ask(struct gateway *gateway, struct http_request *request,
    const struct oauth *oauth, const struct oauth_question *question, ProtobufCMessage **out_reply,
    struct lk_error *err);

/* {"error": …, "error_description": …}; invalid_client is 401, all others 400. */
void oauth_error(struct http_request *request, const struct oauth *oauth, const char *error,
    const char *description, struct http_answer *answer);

/* The error of OAuth that one of ours is; UNAVAILABLE and its like are 503 temporarily_unavailable.
 */
void oauth_failed(struct http_request *request, const struct oauth *oauth,
    const struct lk_error *err, struct http_answer *answer);

/* What was written, with no-store; out of memory is a 503. */
void oauth_answer(struct http_request *request, struct lk_json *json, struct http_answer *answer);
/* The same of a text in the request's arena; NULL: out of memory. */
void oauth_answer_text(const char *text, struct http_answer *answer);

/* A parameter; "" when it is absent. */
const char *oauth_value(const struct oauth *oauth, const char *name);

#endif
