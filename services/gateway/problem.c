/* See problem.h. */
#include "problem.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"

/* gRPC's canonical codes in HTTP. FAILED_PRECONDITION is a conflict with the state of things, not a
 * bad request. */
unsigned
problem_status(uint32_t status)
{
	switch ((lk_status)status) {
	case LK_OK:
		return 200;
	case LK_INVALID_ARGUMENT:
	case LK_OUT_OF_RANGE:
		return 400;
	case LK_UNAUTHENTICATED:
		return 401;
	case LK_PERMISSION_DENIED:
		return 403;
	case LK_NOT_FOUND:
		return 404;
	case LK_ALREADY_EXISTS:
	case LK_ABORTED:
	case LK_FAILED_PRECONDITION:
		return 409;
	case LK_RESOURCE_EXHAUSTED:
		return 429;
	case LK_UNIMPLEMENTED:
		return 501;
	case LK_UNAVAILABLE:
	case LK_CANCELLED:
		return 503;
	case LK_DEADLINE_EXCEEDED:
	case LK_UNKNOWN:
		return 504;
	case LK_INTERNAL:
	case LK_DATA_LOSS:
		return 500;
	}
	return 500;
}

const char *
problem_title(unsigned http_status)
{
	static const struct {
		unsigned status;
		const char *title;
	} titles[] = { { 200, "OK" }, { 400, "Bad Request" }, { 401, "Unauthorized" },
		{ 403, "Forbidden" }, { 404, "Not Found" }, { 405, "Method Not Allowed" },
		{ 409, "Conflict" }, { 412, "Precondition Failed" }, { 413, "Content Too Large" },
		{ 414, "URI Too Long" }, { 415, "Unsupported Media Type" },
		{ 429, "Too Many Requests" }, { 431, "Request Header Fields Too Large" },
		{ 500, "Internal Server Error" }, { 501, "Not Implemented" },
		{ 503, "Service Unavailable" }, { 504, "Gateway Timeout" },
		{ 505, "HTTP Version Not Supported" } };

	for (size_t i = 0; i < LK_ARRAY_LEN(titles); i++)
		if (titles[i].status == http_status)
			return titles[i].title;
	return "";
}

static void
write_problem(struct lk_json *json, const struct http_request *request, unsigned http_status,
    const struct lk_error *err)
{
	char type[LK_REASON_SIZE + 32];

	snprintf(type, sizeof type, "urn:latchkey:reason:%s", err->reason);
	lk_json_object(json, NULL);
	lk_json_string(json, "type", type);
	lk_json_string(json, "title", problem_title(http_status));
	lk_json_int(json, "status", http_status);
	lk_json_string(json, "detail", err->message);
	lk_json_string(json, "reason", err->reason);
	if (*err->field)
		lk_json_string(json, "field", err->field);
	lk_json_string(json, "requestId", request->id);
	lk_json_object_end(json);
}

static void
answer_problem(const struct http_request *request, unsigned http_status, const struct lk_error *err,
    struct http_answer *answer)
{
	LK_AUTO(lk_json_wipe) struct lk_json json = { 0 };
	const char *text;

	write_problem(&json, request, http_status, err);
	text = lk_json_text(&json);
	text = text ? lk_arena_text(request->arena, text) : NULL;
	answer->status = http_status;
	answer->content_type = "application/problem+json";
	answer->body = lk_bytes_of(text); /* without memory: the status alone */
	http_answer_header(answer, "Cache-Control", "no-store");
	if (http_status == 401)
		http_answer_header(answer, "WWW-Authenticate", "Bearer realm=\"latchkey\"");
}

void
problem_answer(
    const struct http_request *request, const struct lk_error *err, struct http_answer *answer)
{
	const uint32_t after_s = (err->retry_after_ms + 999) / 1000;

	answer_problem(request, problem_status(err->status), err, answer);
	if (after_s) {
		const char *text = lk_arena_format(request->arena, "%u", after_s);
		if (text)
			http_answer_header(answer, "Retry-After", text);
	}
}

void
problem_plain(const struct http_request *request, unsigned http_status, const char *reason,
    const char *detail, struct http_answer *answer)
{
	struct lk_error err = { 0 };

	lk_text_copy(err.reason, sizeof err.reason, reason);
	lk_text_copy(err.message, sizeof err.message, detail);
	answer_problem(request, http_status, &err, answer);
}

void
answer_json(unsigned http_status, struct lk_bytes body, struct http_answer *answer)
{
	answer->status = http_status;
	answer->content_type = "application/json";
	answer->body = body;
	http_answer_header(answer, "Cache-Control", "no-store");
}

static bool
has_header(const struct http_answer *answer, const char *name)
{
	for (size_t i = 0; i < answer->header_count; i++)
		if (strcmp(answer->headers[i].name, name) == 0)
			return true;
	return false;
}

void
answer_finish(const struct http_request *request, struct http_answer *answer)
{
	http_answer_header(answer, "X-Request-Id", request->id);
	http_answer_header(answer, "X-Content-Type-Options", "nosniff");
	http_answer_header(answer, "X-Frame-Options", "DENY");
	http_answer_header(answer, "Referrer-Policy", "no-referrer");
	if (request->tls) /* RFC 6797 7.2: over TLS only */
		http_answer_header(answer, "Strict-Transport-Security", "max-age=31536000");
	if (!has_header(answer, "Content-Security-Policy"))
		http_answer_header(answer, "Content-Security-Policy",
		    "default-src 'none'; frame-ancestors 'none'");
}
