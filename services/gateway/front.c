/* One rule a function, in a table; see front.h. */
#include "front.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

enum { HEADER_BYTES_MAX = 16 * 1024 };

/* What a rule found: 0 is nothing. */
struct finding {
	unsigned status;
	const char *why;
};
#define PASS ((struct finding){ 0, NULL })

static struct finding
method_is_known(const struct http_request *request, size_t body_max)
{
	static const char *const known[] = { "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE",
		"OPTIONS" };

	(void)body_max;
	for (size_t i = 0; i < LK_ARRAY_LEN(known); i++)
		if (strcmp(request->method, known[i]) == 0)
			return PASS;
	return strcmp(request->method, "TRACE") == 0 || strcmp(request->method, "CONNECT") == 0
		   ? (struct finding){ 405, "this method is not served" }
		   : (struct finding){ 501, "an unknown method" };
}

static struct finding
version_is_ours(const struct http_request *request, size_t body_max)
{
	(void)body_max;
	return strcmp(request->version, "HTTP/1.1") == 0 ||
		       strcmp(request->version, "HTTP/1.0") == 0
		   ? PASS
		   : (struct finding){ 505, "HTTP/1.1 is served" };
}

static bool
is_hex(char c)
{
	return isxdigit((unsigned char)c) != 0;
}

/* %2F, %5C and %00 mean one thing to those who decode and another to those who do not. */
static bool
escape_ok(const char *escape)
{
	if (!is_hex(escape[1]) || !is_hex(escape[2]))
		return false;
	return strncasecmp(escape, "%2f", 3) != 0 && strncasecmp(escape, "%5c", 3) != 0 &&
	       strncmp(escape, "%00", 3) != 0;
}

/* "." or ".." between slashes, or at the end of the path. */
static bool
has_dot_segment(const char *target)
{
	for (const char *slash = strchr(target, '/'); slash; slash = strchr(slash + 1, '/')) {
		const size_t dots = strspn(slash + 1, ".");
		if ((dots == 1 || dots == 2) && strchr("/?", slash[1 + dots]))
			return true; /* strchr finds the end, too */
	}
	return false;
}

static struct finding
target_is_plain(const struct http_request *request, size_t body_max)
{
	bool in_query = false;

	(void)body_max;
	if (strlen(request->target) >= HTTP_TARGET_MAX)
		return (struct finding){ 414, "the target is too long" };
	if (request->target[0] != '/')
		return (struct finding){ 400, "the target is not a path" };
	for (const char *c = request->target; *c; c++) {
		if (*c <= ' ' || *c >= 127 || *c == '\\' || *c == '#')
			return (struct finding){ 400, "the target holds a character it may not" };
		in_query = in_query || *c == '?';
		if (*c == '%' && !(in_query ? is_hex(c[1]) && is_hex(c[2]) : escape_ok(c)))
			return (struct finding){ 400,
				"the target is escaped in a way that is refused" };
	}
	return has_dot_segment(request->target)
		   ? (struct finding){ 400, "the target holds dot segments" }
		   : PASS;
}

static bool
is_token(const char *name)
{
	for (const char *c = name; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("!#$%&'*+-.^_`|~", *c))
			return false;
	return *name != '\0';
}

static bool
value_ok(const char *value)
{
	for (const char *c = value; *c; c++)
		if ((unsigned char)*c < ' ' && *c != '\t')
			return false;
	return true;
}

static struct finding
headers_are_bounded(const struct http_request *request, size_t body_max)
{
	size_t bytes = 0;

	(void)body_max;
	if (request->headers_cut)
		return (struct finding){ 431, "too many headers" };
	for (size_t i = 0; i < request->header_count; i++) {
		const struct http_header *header = &request->headers[i];
		bytes += strlen(header->name) + strlen(header->value);
		if (!is_token(header->name) || !value_ok(header->value))
			return (struct finding){ 400, "a header is malformed" };
	}
	return bytes > HEADER_BYTES_MAX ? (struct finding){ 431, "the headers are too long" }
					: PASS;
}

static struct finding
host_is_one(const struct http_request *request, size_t body_max)
{
	const char *host = http_header(request, "Host");

	(void)body_max;
	if (http_header_count(request, "Host") != 1 || !*host)
		return (struct finding){ 400, "exactly one Host is wanted" };
	for (const char *c = host; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("-._:[]", *c))
			return (struct finding){ 400, "Host is malformed" };
	return PASS;
}

static struct finding
length_is_one(const struct http_request *request, size_t body_max)
{
	const char *length = http_header(request, "Content-Length");
	size_t bytes = 0;

	if (!length)
		return PASS;
	if (http_header_count(request, "Content-Length") != 1 ||
	    http_header(request, "Transfer-Encoding"))
		return (struct finding){ 400, "the length of the body is told more than once" };
	for (const char *c = length; *c; c++) {
		if (*c < '0' || *c > '9' || c - length > 15)
			return (struct finding){ 400, "Content-Length is malformed" };
		bytes = bytes * 10 + (size_t)(*c - '0');
	}
	if (!*length)
		return (struct finding){ 400, "Content-Length is malformed" };
	return bytes > body_max ? (struct finding){ 413, "the body is too long" } : PASS;
}

static struct finding
coding_is_chunked(const struct http_request *request, size_t body_max)
{
	const char *coding = http_header(request, "Transfer-Encoding");

	(void)body_max;
	if (!coding)
		return PASS;
	if (http_header_count(request, "Transfer-Encoding") != 1 ||
	    strcmp(request->version, "HTTP/1.1") != 0)
		return (struct finding){ 400, "Transfer-Encoding is told more than once" };
	return strcasecmp(coding, "chunked") == 0
		   ? PASS
		   : (struct finding){ 501, "no transfer coding but chunked is served" };
}

/* Of two, one reader takes the first and another the last. What shows a key has an answer of its
 * own. */
static struct finding
single_ones_are_single(const struct http_request *request, size_t body_max)
{
	static const char *const single[] = { "Content-Type", "Content-Encoding", "Idempotency-Key",
		"X-Request-Id", "If-Match", "If-None-Match", "X-Latchkey-Require-Permission",
		"X-Latchkey-Require-Workgroup" };

	(void)body_max;
	for (size_t i = 0; i < LK_ARRAY_LEN(single); i++)
		if (http_header_count(request, single[i]) > 1)
			return (struct finding){ 400, "a header is there twice" };
	return PASS;
}

static struct finding
content_is_plain(const struct http_request *request, size_t body_max)
{
	const char *coding = http_header(request, "Content-Encoding");

	(void)body_max;
	return !coding || strcasecmp(coding, "identity") == 0
		   ? PASS
		   : (struct finding){ 415, "no content coding is served" };
}

typedef struct finding rule(const struct http_request *request, size_t body_max);

static rule *const rules[] = { method_is_known, version_is_ours, target_is_plain,
	headers_are_bounded, host_is_one, length_is_one, coding_is_chunked, single_ones_are_single,
	content_is_plain };

unsigned
front_check(const struct http_request *request, size_t body_max, const char **out_why)
{
	for (size_t i = 0; i < LK_ARRAY_LEN(rules); i++) {
		const struct finding found = rules[i](request, body_max);
		if (found.status) {
			*out_why = found.why;
			return found.status;
		}
	}
	return 0;
}
