/* Segment by segment; see router.h. */
#include "router.h"

#include <ctype.h>
#include <string.h>

#include "wire.h"

const struct route routes[] = {
#define ROUTE(method, path, service, contract, block, rpc, who, effect, success)                   \
	{ #method, path, UPSTREAM_##service, &latchkey__##contract##__v1__##block##__descriptor,   \
		#rpc, who, effect, success },
#include "routes.def"
#undef ROUTE
};
const size_t route_count = LK_ARRAY_LEN(routes);

/* ---- Percent ---- */

static int
hex_digit(char c)
{
	return isdigit((unsigned char)c) ? c - '0' : tolower((unsigned char)c) - 'a' + 10;
}

/* Decoded; NULL for a bad escape, what is not UTF-8 or holds control characters, and without
 * memory. */
static const char *
decode(struct lk_arena *arena, const char *text, size_t len, bool plus_is_space)
{
	char *out = lk_arena_alloc(arena, len + 1);
	size_t to = 0;

	for (size_t i = 0; out && i < len; i++) {
		if (text[i] != '%') {
			out[to++] = plus_is_space && text[i] == '+' ? ' ' : text[i];
			continue;
		}
		if (i + 2 >= len || !isxdigit((unsigned char)text[i + 1]) ||
		    !isxdigit((unsigned char)text[i + 2]))
			return NULL;
		out[to++] = (char)(hex_digit(text[i + 1]) << 4 | hex_digit(text[i + 2]));
		i += 2;
	}
	return out && lk_text_printable(lk_bytes(out, to)) ? out : NULL;
}

const char *
router_decode(struct lk_arena *arena, const char *text)
{
	return decode(arena, text, strlen(text), true);
}

static bool
add(struct parameters *out, const char *name, const char *value)
{
	if (!name || !value || out->count == ROUTE_PARAMETERS_MAX)
		return false;
	out->list[out->count++] = (struct parameter){ name, value };
	return true;
}

/* ---- Paths ---- */

const char *
router_path(const struct http_request *request)
{
	return lk_arena_text_n(request->arena, request->target, strcspn(request->target, "?"));
}

/* One segment against one of a pattern; "{name}" takes any that is not empty, "{name}:verb" one
 * that ends so. */
static bool
segment_matches(struct lk_arena *arena, const char *pattern, size_t pattern_len, const char *text,
    size_t len, struct parameters *out)
{
	const char *brace = memchr(pattern, '}', pattern_len);
	const size_t verb_len = brace ? (size_t)(pattern + pattern_len - brace) - 1 : 0;

	if (*pattern != '{')
		return pattern_len == len && memcmp(pattern, text, len) == 0;
	return len > verb_len && memcmp(text + len - verb_len, brace + 1, verb_len) == 0 &&
	       add(out, lk_arena_text_n(arena, pattern + 1, (size_t)(brace - pattern) - 1),
		   decode(arena, text, len - verb_len, false));
}

static bool
path_matches(struct lk_arena *arena, const char *pattern, const char *path, struct parameters *out)
{
	while (*pattern == '/' && *path == '/') {
		const size_t pattern_len = strcspn(++pattern, "/"), len = strcspn(++path, "/");
		if (!segment_matches(arena, pattern, pattern_len, path, len, out))
			return false;
		pattern += pattern_len;
		path += len;
	}
	return *pattern == '\0' && *path == '\0';
}

bool
router_path_is(const struct http_request *request, const char *pattern, const char *path,
    struct parameters *out)
{
	return path_matches(request->arena, pattern, path, out);
}

const struct route *
router_match(const struct http_request *request, const char *path, struct parameters *out,
    bool *out_other_method)
{
	const char *method = strcmp(request->method, "HEAD") == 0 ? "GET" : request->method;

	*out_other_method = false;
	for (size_t i = 0; i < route_count; i++) {
		struct parameters found = *out;
		if (!path_matches(request->arena, routes[i].path, path, &found))
			continue;
		if (strcmp(routes[i].method, method) != 0) {
			*out_other_method = true;
			continue;
		}
		*out = found;
		return &routes[i];
	}
	return NULL;
}

/* ---- Queries and forms ---- */

lk_status
router_form(const struct http_request *request, struct lk_bytes form, struct parameters *out,
    struct lk_error *err)
{
	const char *text = (const char *)form.data;

	if (form.len == 0)
		return LK_OK; /* no body has no address to count from */
	for (const char *end = text + form.len; text < end;) {
		const char *stop = memchr(text, '&', (size_t)(end - text));
		const size_t len = (size_t)((stop ? stop : end) - text);
		const char *equals = memchr(text, '=', len);
		const size_t name_len = equals ? (size_t)(equals - text) : len;
		const char *name = decode(request->arena, text, name_len, true);
		const char *value =
		    equals ? decode(request->arena, equals + 1, len - name_len - 1, true) : "";
		if (name_len == 0 || !add(out, name, value))
			return lk_fail(err, LK_INVALID_ARGUMENT, "QUERY_INVALID",
			    "the parameters are malformed, or too many");
		text = stop ? stop + 1 : end;
	}
	return LK_OK;
}

lk_status
router_query(const struct http_request *request, struct parameters *out, struct lk_error *err)
{
	const char *query = strchr(request->target, '?');

	return query ? router_form(request, lk_bytes_of(query + 1), out, err) : LK_OK;
}

const char *
parameter_get(const struct parameters *parameters, const char *name)
{
	for (size_t i = 0; i < parameters->count; i++)
		if (strcmp(parameters->list[i].name, name) == 0)
			return parameters->list[i].value;
	return NULL;
}
