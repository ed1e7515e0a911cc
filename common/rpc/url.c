/* Addresses: one for an installation, one override per service. See url.h. */
#include "rpc/url.h"

#include <stdio.h>
#include <string.h>

static const char *const sockets[] = {
	[LK_URL_KEYS] = "keys.sock",
	[LK_URL_TOKENS] = "tokens.sock",
	[LK_URL_CREDENTIALS] = "credentials.sock",
};

static const char ipc_scheme[] = "ipc://", tls_scheme[] = "tls+tcp://";

enum { PORT_MAX = 65535 };

static lk_status
invalid(struct lk_error *err)
{
	return lk_fail_field(err, "url", "URL_INVALID",
	    "an address is ipc:// and an absolute path, without commas, line breaks and a space at "
	    "its end, or tls+tcp://HOST:PORT");
}

static lk_status
too_long(struct lk_error *err)
{
	return lk_fail_field(err, "url", "URL_TOO_LONG",
	    "the path of a socket may have at most %d bytes", LK_URL_PATH_MAX);
}

bool
lk_url_is_tls(const char *url)
{
	return url != NULL && strncmp(url, tls_scheme, sizeof tls_scheme - 1) == 0;
}

static lk_status
check_ipc(const char *path, const char **out_path, struct lk_error *err)
{
	if (path[0] != '/' || path[1] == '\0' || strchr("/ ", path[strlen(path) - 1]) != NULL ||
	    strpbrk(path, ",\t\r\n") != NULL)
		return invalid(err);
	if (strlen(path) > LK_URL_PATH_MAX)
		return too_long(err);
	if (out_path != NULL)
		*out_path = path;
	return LK_OK;
}

/* HOST:PORT or [ADDRESS]:PORT; *out_host_len with the brackets. */
static bool
host_and_port(const char *text, size_t *out_host_len, unsigned *out_port)
{
	const char *colon = strrchr(text, ':');
	const size_t host_len = colon == NULL ? 0 : (size_t)(colon - text);
	const char *const alphabet = text[0] == '[' ? "0123456789abcdefABCDEF:.[]"
						    : "abcdefghijklmnopqrstuvwxyz"
						      "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-";
	unsigned port = 0;

	if (host_len == 0 || strspn(text, alphabet) < host_len || colon[1] == '\0' ||
	    colon[1] == '0')
		return false;
	for (const char *c = colon + 1; *c != '\0'; c++) {
		if (*c < '0' || *c > '9' || port > PORT_MAX)
			return false;
		port = port * 10 + (unsigned)(*c - '0');
	}
	*out_host_len = host_len;
	*out_port = port;
	return port <= PORT_MAX;
}

static lk_status
check_tls(const char *rest, const char **out_path, struct lk_error *err)
{
	size_t host_len;
	unsigned port;

	if (!host_and_port(rest, &host_len, &port))
		return lk_fail_field(
		    err, "url", "URL_INVALID", "over TLS an address is tls+tcp://HOST:PORT");
	if (strlen(rest) + sizeof tls_scheme > LK_URL_SIZE)
		return too_long(err);
	if (out_path != NULL)
		*out_path = NULL;
	return LK_OK;
}

bool
lk_url_tls_host(const char *url, char out[LK_URL_SIZE])
{
	size_t len;
	unsigned port;

	if (!lk_url_is_tls(url) || !host_and_port(url + sizeof tls_scheme - 1, &len, &port) ||
	    len >= LK_URL_SIZE)
		return false;
	memcpy(out, url + sizeof tls_scheme - 1, len);
	out[len] = '\0';
	return strspn(out, "0123456789.") < len && out[0] != '[';
}

lk_status
lk_url_check(const char *url, const char **out_path, struct lk_error *err)
{
	if (url == NULL || *url == '\0')
		return lk_fail_field(err, "url", "URL_MISSING",
		    "an address is needed: LATCHKEY_URL says ipc:///DIR/run, as the state "
		    "directory's env.sh does");
	if (lk_url_is_tls(url))
		return check_tls(url + sizeof tls_scheme - 1, out_path, err);
	if (strncmp(url, ipc_scheme, sizeof ipc_scheme - 1) != 0)
		return invalid(err);
	return check_ipc(url + sizeof ipc_scheme - 1, out_path, err);
}

lk_status
lk_url_next(const char **list, char out[LK_URL_SIZE], struct lk_error *err)
{
	const char *comma = strchr(*list, ',');
	const size_t len = comma == NULL ? strlen(*list) : (size_t)(comma - *list);

	if (len >= LK_URL_SIZE)
		return too_long(err);
	memcpy(out, *list, len);
	out[len] = '\0';
	LK_TRY(lk_url_check(out, NULL, err));
	*list = comma == NULL ? NULL : comma + 1;
	return LK_OK;
}

static lk_status
check_list(const char *list, struct lk_error *err)
{
	char one[LK_URL_SIZE];

	if (strlen(list) >= LK_URL_LIST_SIZE)
		return lk_fail_field(err, "url", "URL_TOO_LONG",
		    "the list of addresses may have at most %d bytes", LK_URL_LIST_SIZE - 1);
	while (list != NULL)
		LK_TRY(lk_url_next(&list, one, err));
	return LK_OK;
}

/* The services of one host have ports in a row. */
static lk_status
derive_tls(
    enum lk_url_service service, const char *base, char out[LK_URL_LIST_SIZE], struct lk_error *err)
{
	const char *rest = base + sizeof tls_scheme - 1;
	size_t host_len;
	unsigned port;

	LK_TRY(lk_url_check(base, NULL, err));
	if (!host_and_port(rest, &host_len, &port))
		return invalid(err);
	snprintf(out, LK_URL_LIST_SIZE, "%s%.*s:%u", tls_scheme, (int)host_len, rest,
	    port + (unsigned)service);
	return lk_url_check(out, NULL, err);
}

static lk_status
derive(
    enum lk_url_service service, const char *base, char out[LK_URL_LIST_SIZE], struct lk_error *err)
{
	const char *path = NULL;

	if (lk_url_is_tls(base))
		return derive_tls(service, base, out, err);
	LK_TRY(lk_url_check(base, &path, err));
	const int len =
	    snprintf(out, LK_URL_LIST_SIZE, "%s%s/%s", ipc_scheme, path, sockets[service]);
	if (len < 0 || len >= LK_URL_LIST_SIZE)
		return too_long(err);
	return lk_url_check(out, NULL, err);
}

lk_status
lk_url_of_service(enum lk_url_service service, const char *base, const char *override,
    char out[LK_URL_LIST_SIZE], struct lk_error *err)
{
	if (override == NULL || *override == '\0')
		return derive(service, base, out, err);
	LK_TRY(check_list(override, err));
	return lk_text_copy(out, LK_URL_LIST_SIZE, override) ? LK_OK : too_long(err);
}
