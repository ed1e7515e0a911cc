/* pepper: its versions are files in the state directory; what is under which, latchkey-keys says.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "crypto/private_file.h"
#include "handlers.h"

enum { VERSION_MAX = 999, PATH_SIZE = PATH_MAX };

static bool
path_of(const char *state, unsigned version, char out[PATH_SIZE])
{
	const int len = version == 1
			    ? snprintf(out, PATH_SIZE, "%s/secrets/keys.pepper", state)
			    : snprintf(out, PATH_SIZE, "%s/secrets/keys.pepper.%u", state, version);

	return len > 0 && len < PATH_SIZE;
}

/* 0: there is none. */
static unsigned
newest_there(const char *state)
{
	char path[PATH_SIZE];
	unsigned newest = 0;

	for (unsigned version = 1; version <= VERSION_MAX; version++) {
		if (path_of(state, version, path) && access(path, F_OK) == 0)
			newest = version;
	}
	return newest;
}

static const char *
holder(const void *pepper, size_t index)
{
	return latchkey_pepper_holder_at(pepper, index);
}

int
run_pepper_status(struct cli *cli)
{
	static const char *const columns[] = { "version", "active", "loaded", "keys", "sessions",
		"tickets", "rows", "holders", NULL };
	LK_AUTO(pepper_list_freep) latchkey_pepper_list *list = NULL;

	CLI_TRY(cli, cli_connect(cli, false));
	CLI_TRY(cli, latchkey_pepper_status(cli->client, &cli->call, &list, &cli->error));
	out_list(&cli->out, "versions", columns);
	for (size_t i = 0; i < latchkey_pepper_list_count(list); i++) {
		const latchkey_pepper *pepper = latchkey_pepper_list_at(list, i);
		out_object(&cli->out, NULL);
		out_number(&cli->out, "version", latchkey_pepper_version(pepper));
		out_flag(&cli->out, "active", latchkey_pepper_active(pepper));
		out_flag(&cli->out, "loaded", latchkey_pepper_loaded(pepper));
		out_number(&cli->out, "keys", latchkey_pepper_keys(pepper));
		out_number(&cli->out, "sessions", latchkey_pepper_sessions(pepper));
		out_number(&cli->out, "tickets", latchkey_pepper_tickets(pepper));
		out_number(&cli->out, "rows", latchkey_pepper_rows(pepper));
		out_texts(
		    &cli->out, "holders", holder, pepper, latchkey_pepper_holder_count(pepper));
		out_object_end(&cli->out);
	}
	out_list_end(&cli->out);
	return cli_answer(cli);
}

/* "keys.pepper.2.new-0123abcd": what a rotation that was killed left beside the peppers. */
static bool
is_left_over(const char *name)
{
	const char *const end = strstr(name, ".new-");

	return strncmp(name, "keys.pepper", strlen("keys.pepper")) == 0 && end &&
	       strspn(end + 5, "0123456789abcdef") == 8 && end[13] == '\0';
}

/* It holds a pepper, also one that is retired since. */
static void
clear_left_overs(const char *state)
{
	char path[PATH_SIZE];
	const int len = snprintf(path, sizeof path, "%s/secrets", state);
	DIR *const folder = len > 0 && len < PATH_SIZE ? opendir(path) : NULL;
	const struct dirent *entry;

	while (folder && (entry = readdir(folder)) != NULL)
		if (is_left_over(entry->d_name))
			(void)unlinkat(dirfd(folder), entry->d_name, 0);
	if (folder)
		closedir(folder);
}

/* The file is whole or not there: whoever is interrupted does it again. */
int
run_pepper_rotate(struct cli *cli)
{
	LK_AUTO(lk_secret32_wipe) struct lk_secret32 secret = { 0 };
	const char *state = cli_value(cli, OPT_STATE);
	char path[PATH_SIZE];

	if (!state)
		return cli_misused(cli, "pepper rotate needs --state DIR");
	clear_left_overs(state);
	const unsigned newest = newest_there(state);
	if (newest == 0 || newest >= VERSION_MAX || !path_of(state, newest + 1, path))
		CLI_TRY(cli, cli_refuse(cli, LATCHKEY_FAILED_PRECONDITION, "state",
				 "PEPPER_MISSING", "%s holds no pepper to follow", state));
	CLI_TRY(cli, (latchkey_status)lk_crypto_init(cli_err(cli)));
	lk_secret32_random(&secret);
	CLI_TRY(cli, (latchkey_status)lk_secret_file_create(path, "pepper",
			 lk_bytes(secret.bytes, sizeof secret.bytes), cli_err(cli)));
	out_number(&cli->out, "version", newest + 1);
	out_text(&cli->out, "file", path);
	if (!cli->out.json)
		fputs("latchkey: restart latchkey-keys; each key moves when it is used\n", stderr);
	return cli_answer(cli);
}

/* What moves by itself, and what does not. */
static latchkey_status
in_use(struct cli *cli, const latchkey_pepper *pepper)
{
	const size_t count = latchkey_pepper_holder_count(pepper);

	if (!cli->out.json)
		fputs(
		    "latchkey: pepper status lists them. A key moves when it is used; sessions and "
		    "tickets end; a row that the restart after a rotation did not move is damaged: "
		    "end it by its id, or put back what it said\n",
		    stderr);
	return cli_refuse(cli, LATCHKEY_FAILED_PRECONDITION, "version", "PEPPER_IN_USE",
	    "%llu keys, %llu sessions, %llu tickets and %llu rows are still under version %u: "
	    "%s%s%s",
	    (unsigned long long)latchkey_pepper_keys(pepper),
	    (unsigned long long)latchkey_pepper_sessions(pepper),
	    (unsigned long long)latchkey_pepper_tickets(pepper),
	    (unsigned long long)latchkey_pepper_rows(pepper), latchkey_pepper_version(pepper),
	    count > 0 ? latchkey_pepper_holder_at(pepper, 0) : "", count > 1 ? ", " : "",
	    count > 1 ? latchkey_pepper_holder_at(pepper, 1) : "");
}

/* Nothing may be under it, and another must be in use. */
static latchkey_status
retire_check(struct cli *cli, const latchkey_pepper_list *list, unsigned version)
{
	for (size_t i = 0; i < latchkey_pepper_list_count(list); i++) {
		const latchkey_pepper *pepper = latchkey_pepper_list_at(list, i);
		if (latchkey_pepper_version(pepper) != version)
			continue;
		if (latchkey_pepper_active(pepper))
			return cli_refuse(cli, LATCHKEY_FAILED_PRECONDITION, "version",
			    "PEPPER_ACTIVE", "version %u is the one in use", version);
		if (latchkey_pepper_keys(pepper) + latchkey_pepper_sessions(pepper) +
			latchkey_pepper_tickets(pepper) + latchkey_pepper_rows(pepper) ==
		    0)
			return LATCHKEY_OK;
		return in_use(cli, pepper);
	}
	return cli_refuse(cli, LATCHKEY_NOT_FOUND, "version", "PEPPER_UNKNOWN",
	    "there is no version %u of the pepper", version);
}

int
run_pepper_retire(struct cli *cli)
{
	LK_AUTO(pepper_list_freep) latchkey_pepper_list *list = NULL;
	const char *state = cli_value(cli, OPT_STATE);
	char path[PATH_SIZE], *end;
	const unsigned long version = strtoul(cli_operand(cli, 0), &end, 10);

	if (!state || *end != '\0' || version == 0 || version > VERSION_MAX)
		return cli_misused(cli, "pepper retire needs a version and --state DIR");
	clear_left_overs(state);
	CLI_TRY(cli, cli_connect(cli, false));
	CLI_TRY(cli, latchkey_pepper_status(cli->client, &cli->call, &list, &cli->error));
	CLI_TRY(cli, retire_check(cli, list, (unsigned)version));
	if (!path_of(state, (unsigned)version, path) || unlink(path) != 0)
		CLI_TRY(
		    cli, cli_refuse(cli, LATCHKEY_FAILED_PRECONDITION, "state", "PEPPER_MISSING",
			     "the file of version %lu cannot be taken away: %s", version,
			     strerror(errno)));
	out_number(&cli->out, "retired", version);
	return cli_answer(cli);
}
