/* netrc: the line of ~/.netrc with which curl and libraries show the API key to the gateway. */
#include <stdlib.h>
#include <string.h>

#include "crypto/private_file.h"
#include "handlers.h"
#include "input.h"
#include "user_file.h"

enum { PATH_SIZE = 4096, HOST_MAX = 253, ARENA_CAP = 4 * LK_PRIVATE_FILE_MAX };

struct netrc {
	struct lk_arena *arena; /* what is in the file is secret: wiped */
	char path[PATH_SIZE];
	const char *host, *key, *old;
};

static void
netrc_wipe(struct netrc *netrc)
{
	if (netrc->arena)
		lk_arena_free(netrc->arena);
}

/* "keys.example.org" of https://keys.example.org:7480/; tools look entries up without the port. */
static const char *
host_of_url(struct lk_arena *arena, const char *url)
{
	const char *slashes = url ? strstr(url, "://") : NULL;
	const char *host = slashes ? slashes + 3 : "";

	if (*host == '[') /* an IPv6 address */
		return lk_arena_text_n(arena, host + 1, strcspn(host + 1, "]"));
	return lk_arena_text_n(arena, host, strcspn(host, ":/"));
}

static latchkey_status
find_host(struct cli *cli, struct netrc *netrc)
{
	const char *host = cli_operand(cli, 0);

	if (!host)
		host = host_of_url(netrc->arena, getenv("LATCHKEY_HTTP_URL"));
	if (!host || !*host || strlen(host) > HOST_MAX)
		return cli_refuse(cli, LATCHKEY_INVALID_ARGUMENT, "host", "HOST_MISSING",
		    "write netrc HOST, or set LATCHKEY_HTTP_URL");
	for (const char *c = host; *c; c++)
		if (!strchr(
			"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.:-", *c))
			return cli_refuse(cli, LATCHKEY_INVALID_ARGUMENT, "host", "HOST_INVALID",
			    "a host is letters, digits, dots and hyphens, without a port's path");
	netrc->host = host;
	return LATCHKEY_OK;
}

/* From the environment, or asked for. */
static latchkey_status
find_key(struct cli *cli, struct netrc *netrc)
{
	const char *key = secure_getenv("LATCHKEY_API_KEY");
	struct input_field field = { "key", true, NULL };
	latchkey_status status = LATCHKEY_OK;

	if (!key || !*key) {
		status = input_fields(cli, &field, 1);
		key = status == LATCHKEY_OK ? latchkey_secret_text(field.value) : "";
	}
	netrc->key = lk_arena_text(netrc->arena, key);
	input_fields_free(&field, 1);
	if (status != LATCHKEY_OK)
		return status;
	if (!netrc->key || !*netrc->key ||
	    strspn(netrc->key, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_") !=
		strlen(netrc->key))
		return cli_refuse(
		    cli, LATCHKEY_INVALID_ARGUMENT, "key", "KEY_MALFORMED", "this is no API key");
	return LATCHKEY_OK;
}

static latchkey_status
find_file(struct cli *cli, struct netrc *netrc)
{
	const char *given = cli_value(cli, OPT_NETRC_FILE), *home = getenv("HOME");
	char *path = given                  ? lk_arena_text(netrc->arena, given)
		     : home && *home == '/' ? lk_arena_format(netrc->arena, "%s/.netrc", home)
					    : NULL;

	if (!path || !*path || !lk_text_copy(netrc->path, sizeof netrc->path, path))
		return cli_refuse(cli, LATCHKEY_INVALID_ARGUMENT, "netrc-file", "NETRC_UNKNOWN",
		    "no place for the file: set HOME, or say --netrc-file");
	return LATCHKEY_OK;
}

/* A line that an earlier run wrote for this host. */
static bool
is_ours(const char *line, const char *begin)
{
	return strncmp(line, begin, strlen(begin)) == 0;
}

/* First in the file: readers take the first entry of a host. */
static char *
write_new(struct netrc *netrc)
{
	const char *begin =
	    lk_arena_format(netrc->arena, "machine %s login apikey password ", netrc->host);
	char *out = begin ? lk_arena_alloc(netrc->arena,
				strlen(begin) + strlen(netrc->key) + strlen(netrc->old) + 3)
			  : NULL;

	if (!out)
		return NULL;
	char *to = stpcpy(stpcpy(stpcpy(out, begin), netrc->key), "\n");
	for (const char *line = netrc->old; *line;) {
		const size_t len = strcspn(line, "\n") + (strchr(line, '\n') ? 1 : 0);
		if (!is_ours(line, begin))
			to = mempcpy(to, line, len);
		line += len;
	}
	*to = '\0';
	return out;
}

int
run_netrc(struct cli *cli)
{
	LK_AUTO(netrc_wipe) struct netrc netrc = { .arena = lk_arena_new(ARENA_CAP) };
	const char *text;

	if (!netrc.arena)
		CLI_TRY(cli, cli_refuse(cli, LATCHKEY_RESOURCE_EXHAUSTED, "", "OUT_OF_MEMORY",
				 "out of memory"));
	CLI_TRY(cli, find_host(cli, &netrc));
	CLI_TRY(cli, find_file(cli, &netrc));
	CLI_TRY(cli, user_file_read(cli, netrc.arena, netrc.path, ".netrc", &netrc.old));
	CLI_TRY(cli, find_key(cli, &netrc));
	text = write_new(&netrc);
	if (!text)
		CLI_TRY(cli, cli_refuse(cli, LATCHKEY_RESOURCE_EXHAUSTED, "", "OUT_OF_MEMORY",
				 "out of memory"));
	CLI_TRY(cli, (latchkey_status)lk_private_file_replace(
			 netrc.path, ".netrc", lk_bytes_of(text), cli_err(cli)));
	out_text(&cli->out, "file", netrc.path);
	out_text(&cli->out, "host", netrc.host);
	return cli_answer(cli);
}
