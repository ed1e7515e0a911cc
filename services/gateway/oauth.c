/* See oauth.h. */
#include "oauth.h"

#include <string.h>
#include <strings.h>

#include "presented.h"
#include "problem.h"
#include "source.h"

static const char FORM[] = "application/x-www-form-urlencoded";

const char *
oauth_value(const struct oauth *oauth, const char *name)
{
	const char *value = parameter_get(&oauth->form, name);

	return value ? value : "";
}

/* ---- Answers ---- */

void
oauth_answer(struct http_request *request, struct lk_json *json, struct http_answer *answer)
{
	const char *text = lk_json_text(json);

	oauth_answer_text(text ? lk_arena_text(request->arena, text) : NULL, answer);
}

void
oauth_answer_text(const char *text, struct http_answer *answer)
{
	if (!answer->status)
		answer->status = text ? 200 : 503;
	answer->content_type = "application/json";
	answer->body = lk_bytes_of(text);
	http_answer_header(answer, "Cache-Control", "no-store");
	http_answer_header(answer, "Pragma", "no-cache");
}

static void
say(struct http_request *request, unsigned status, const char *error, const char *description,
    struct http_answer *answer)
{
	LK_AUTO(lk_json_wipe) struct lk_json json = { 0 };

	lk_json_object(&json, NULL);
	lk_json_string(&json, "error", error);
	lk_json_string(&json, "error_description", description);
	lk_json_object_end(&json);
	*answer = (struct http_answer){ .status = status };
	oauth_answer(request, &json, answer);
}

void
oauth_error(struct http_request *request, const struct oauth *oauth, const char *error,
    const char *description, struct http_answer *answer)
{
	const bool client = strcmp(error, "invalid_client") == 0;

	say(request, client ? 401 : 400, error, description, answer);
	if (client)
		http_answer_header(answer, "WWW-Authenticate",
		    oauth->by_header ? "Basic realm=\"latchkey\"" : "Bearer realm=\"latchkey\"");
}

void
oauth_failed(struct http_request *request, const struct oauth *oauth, const struct lk_error *err,
    struct http_answer *answer)
{
	switch ((lk_status)err->status) {
	case LK_UNAUTHENTICATED:
		oauth_error(request, oauth, "invalid_client", "the client is not known", answer);
		return;
	case LK_PERMISSION_DENIED:
		oauth_error(request, oauth, "unauthorized_client", err->message, answer);
		return;
	case LK_INVALID_ARGUMENT:
		oauth_error(request, oauth,
		    strcmp(err->field, "scope") == 0 ? "invalid_scope" : "invalid_request",
		    err->message, answer);
		return;
	case LK_RESOURCE_EXHAUSTED:
		say(request, 429, "temporarily_unavailable", err->message, answer);
		return;
	default:
		say(request, 503, "temporarily_unavailable", "ask again later", answer);
		return;
	}
}

/* ---- The client ---- */

/* RFC 6749 2.3.1: both halves of Basic are encoded as a form's fields; a key's alphabet is not
 * changed by that. */
static bool
read_header(struct http_request *request, struct oauth *out, struct http_answer *answer)
{
	const char *value = http_header(request, "Authorization");
	struct presented shown;

	out->by_header = true;
	if (http_header_count(request, "Authorization") != 1 ||
	    strncasecmp(value, "Basic ", strlen("Basic ")) != 0 ||
	    presented_basic(request, value + strlen("Basic "), &shown, NULL) != LK_OK) {
		oauth_error(request, out, "invalid_client", "the client is shown by Basic", answer);
		return false;
	}
	out->secret = router_decode(request->arena, shown.secret);
	if (out->secret)
		return true;
	out->secret = "";
	oauth_error(request, out, "invalid_client", "the secret is malformed", answer);
	return false;
}

static bool
read_client(
    struct http_request *request, bool needs_client, struct oauth *out, struct http_answer *answer)
{
	const char *posted = parameter_get(&out->form, "client_secret");
	const bool by_header = http_header(request, "Authorization") != NULL;

	if (by_header && posted) {
		oauth_error(
		    request, out, "invalid_request", "the client is shown in two ways", answer);
		return false;
	}
	if (by_header)
		return read_header(request, out, answer);
	if (posted)
		out->secret = posted;
	if (needs_client && !*out->secret) {
		oauth_error(request, out, "invalid_client",
		    "show an API key as the client's secret", answer);
		return false;
	}
	return true;
}

static bool
is_form(const struct http_request *request)
{
	const char *type = http_header(request, "Content-Type");
	const size_t len = type ? strcspn(type, "; ") : 0;

	return len == strlen(FORM) && strncasecmp(type, FORM, len) == 0;
}

/* RFC 6749 3.2: parameters are given once. */
static bool
has_double(const struct parameters *form)
{
	for (size_t i = 0; i < form->count; i++)
		for (size_t j = 0; j < i; j++)
			if (strcmp(form->list[i].name, form->list[j].name) == 0)
				return true;
	return false;
}

bool
oauth_read(
    struct http_request *request, bool needs_client, struct oauth *out, struct http_answer *answer)
{
	*out = (struct oauth){ .secret = "" };
	if (!is_form(request) || router_form(request, request->body, &out->form, NULL) != LK_OK ||
	    has_double(&out->form)) {
		oauth_error(request, out, "invalid_request",
		    "the body is a form, each parameter given once", answer);
		return false;
	}
	return read_client(request, needs_client, out, answer);
}

/* ---- Asking as the client ---- */

lk_status
oauth_ask(struct gateway *gateway, struct http_request *request, const struct oauth *oauth,
    const struct oauth_question *question, ProtobufCMessage **out_reply, struct lk_error *err)
{
	const struct trade_offer offer = { .secret = oauth->secret,
		.source = source_address(request, gateway->config->trusted_proxies) };
	struct upstream_call call = {
		.service = UPSTREAM_TOKENS,
		.method = question->method,
		.body = question->body,
		.reply_type = question->reply_type,
		.effect = question->effect,
		.request_id = request->id,
		.traceparent = request->traceparent,
	};

	LK_TRY(trade_token(gateway->trade, &offer, request, &call.token, err));
	const lk_status status =
	    upstream_ask(gateway->upstream, &call, request->arena, out_reply, err);
	if (status == LK_UNAUTHENTICATED)
		trade_forget(gateway->trade, &offer); /* the next request trades anew */
	return status;
}
