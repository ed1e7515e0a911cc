/* See presented.h. */
#include "presented.h"

#include <string.h>
#include <strings.h>

static lk_status
malformed(struct lk_error *err, const char *why)
{
	return lk_fail(err, LK_INVALID_ARGUMENT, "CREDENTIAL_MALFORMED", "%s", why);
}

/* Visible ASCII: what keys and tokens are made of. */
static bool
secret_ok(const char *secret)
{
	const size_t len = strlen(secret);

	for (const char *c = secret; *c; c++)
		if (*c <= ' ' || *c >= 127)
			return false;
	return len > 0 && len <= PRESENTED_MAX;
}

/* A key's alphabet has no full stop; a JWT has two. */
static enum presented_kind
kind_of(const char *secret)
{
	return strchr(secret, '.') ? PRESENTED_TOKEN : PRESENTED_KEY;
}

lk_status
presented_bare(const char *secret, struct presented *out, struct lk_error *err)
{
	if (!secret_ok(secret))
		return malformed(
		    err, "the key or token is empty, too long or holds other characters");
	*out = (struct presented){ kind_of(secret), secret, "" };
	return LK_OK;
}

/* ---- Basic (RFC 7617) ---- */

static int
base64_digit(char c)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *found = c ? strchr(digits, c) : NULL;

	return found ? (int)(found - digits) : -1;
}

/* RFC 4648 4, padded or not; the text with a NUL, or NULL. */
static char *
base64_text(struct lk_arena *arena, const char *text)
{
	size_t len = strlen(text), to = 0;
	char *out = lk_arena_alloc(arena, len * 3 / 4 + 1);
	uint32_t bits = 0;

	while (len > 0 && text[len - 1] == '=' && strlen(text) - len < 2)
		len--;
	for (size_t i = 0; out && i < len; i++) {
		const int digit = base64_digit(text[i]);
		if (digit < 0)
			return NULL;
		bits = bits << 6 | (uint32_t)digit;
		if (i % 4 != 0)
			out[to++] = (char)(bits >> (6 - 2 * (i % 4)));
	}
	return out && len % 4 != 1 && memchr(out, '\0', to) == NULL ? out : NULL;
}

lk_status
presented_basic(const struct http_request *request, const char *value, struct presented *out,
    struct lk_error *err)
{
	char *pair = strlen(value) <= PRESENTED_MAX ? base64_text(request->arena, value) : NULL;
	char *colon = pair ? strchr(pair, ':') : NULL;

	if (!colon)
		return malformed(err, "Basic is base64 of a user name, a colon and the key");
	*colon = '\0';
	if (!colon[1] || !lk_text_printable(lk_bytes_of(colon + 1)))
		return malformed(err, "the password is empty or holds control characters");
	*out = (struct presented){ kind_of(colon + 1), colon + 1, pair };
	return LK_OK;
}

static lk_status
from_basic(const struct http_request *request, const char *value, struct presented *out,
    struct lk_error *err)
{
	struct presented shown;

	LK_TRY(presented_basic(request, value, &shown, err));
	return strcmp(shown.client, "apikey") == 0
		   ? presented_bare(shown.secret, out, err)
		   : malformed(err, "with Basic the user name is apikey");
}

/* ---- Headers ---- */

static lk_status
from_authorization(const struct http_request *request, struct presented *out, struct lk_error *err)
{
	const char *value = http_header(request, "Authorization");
	const char *space = strchr(value, ' ');

	if (!space)
		return malformed(err, "Authorization is a scheme, a space and what it needs");
	const size_t scheme = (size_t)(space - value);
	while (*space == ' ')
		space++;
	if (scheme == strlen("Bearer") && strncasecmp(value, "Bearer", scheme) == 0)
		return presented_bare(space, out, err);
	if (scheme == strlen("Basic") && strncasecmp(value, "Basic", scheme) == 0)
		return from_basic(request, space, out, err);
	return malformed(err, "Authorization is Bearer or Basic");
}

lk_status
presented_find(const struct http_request *request, struct presented *out, struct lk_error *err)
{
	const size_t authorization = http_header_count(request, "Authorization");
	const size_t x_api_key = http_header_count(request, "X-API-Key");
	const size_t apikey = http_header_count(request, "apikey");

	*out = (struct presented){ PRESENTED_NOTHING, "", "" };
	if (authorization + x_api_key + apikey > 1)
		return lk_fail(err, LK_INVALID_ARGUMENT, "CREDENTIAL_TWICE",
		    "a key or token is shown once, in one header");
	if (authorization)
		return from_authorization(request, out, err);
	if (x_api_key)
		return presented_bare(http_header(request, "X-API-Key"), out, err);
	return apikey ? presented_bare(http_header(request, "apikey"), out, err) : LK_OK;
}
