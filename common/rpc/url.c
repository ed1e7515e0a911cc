/* Addresses: one for an installation, one override per service. See url.h. */
#include "rpc/url.h"

#include <stdio.h>
#include <string.h>

static const char *const sockets[] = {
	[LK_URL_KEYS] = "keys.sock",
	[LK_URL_TOKENS] = "tokens.sock",
	[LK_URL_CREDENTIALS] = "credentials.sock",
};

static const char ipc_scheme[] = "ipc://";

static lk_status
invalid(struct lk_error *err)
{
	return lk_fail_field(err, "url", "URL_INVALID",
	    "an address is ipc:// and an absolute path, without commas, line breaks and a space at "
	    "its end");
}

static lk_status
too_long(struct lk_error *err)
{
	return lk_fail_field(err, "url", "URL_TOO_LONG",
	    "the path of a socket may have at most %d bytes", LK_URL_PATH_MAX);
}

static lk_status
check_scheme(const char *url, struct lk_error *err)
{
	if (strncmp(url, "tls+tcp://", 10) == 0)
		return lk_fail(err, LK_FAILED_PRECONDITION, "URL_UNSUPPORTED",
		    "this build speaks ipc:// only, not tls+tcp://");
	return strncmp(url, ipc_scheme, sizeof ipc_scheme - 1) == 0 ? LK_OK : invalid(err);
}

lk_status
lk_url_check(const char *url, const char **out_path, struct lk_error *err)
{
	if (url == NULL || *url == '\0')
		return lk_fail_field(err, "url", "URL_MISSING",
		    "an address is needed: LATCHKEY_URL says ipc:///DIR/run, as the state "
		    "directory's env.sh does");
	LK_TRY(check_scheme(url, err));
	const char *path = url + sizeof ipc_scheme - 1;
	if (path[0] != '/' || path[1] == '\0' || strchr("/ ", path[strlen(path) - 1]) != NULL ||
	    strpbrk(path, ",\t\r\n") != NULL)
		return invalid(err);
	if (strlen(path) > LK_URL_PATH_MAX)
		return too_long(err);
	if (out_path != NULL)
		*out_path = path;
	return LK_OK;
}

lk_status
lk_url_next(const char **list, char out[LK_URL_SIZE], struct lk_error *err)
{
	const char *comma = strchr(*list, ',');
	const size_t len = comma == NULL ? strlen(*list) : (size_t)(comma - *list);

	if (len > 0)
		LK_TRY(check_scheme(*list, err));
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

static lk_status
derive(const char *base, const char *socket, char out[LK_URL_LIST_SIZE], struct lk_error *err)
{
	const char *path = NULL;

	LK_TRY(lk_url_check(base, &path, err));
	const int len = snprintf(out, LK_URL_LIST_SIZE, "%s%s/%s", ipc_scheme, path, socket);
	if (len < 0 || len >= LK_URL_LIST_SIZE)
		return too_long(err);
	return lk_url_check(out, NULL, err);
}

lk_status
lk_url_of_service(enum lk_url_service service, const char *base, const char *override,
    char out[LK_URL_LIST_SIZE], struct lk_error *err)
{
	if (override == NULL || *override == '\0')
		return derive(base, sockets[service], out, err);
	LK_TRY(check_list(override, err));
	return lk_text_copy(out, LK_URL_LIST_SIZE, override) ? LK_OK : too_long(err);
}
