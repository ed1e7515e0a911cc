/* pepper: its versions are files in the state directory; what is under which, latchkey-keys says.
 */
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

int
run_pepper_status(struct cli *cli)
{
	static const char *const columns[] = { "version", "active", "loaded", "keys", "sessions",
		"tickets", "rows", NULL };
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
		out_object_end(&cli->out);
	}
	out_list_end(&cli->out);
	return cli_answer(cli);
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
		return cli_refuse(cli, LATCHKEY_FAILED_PRECONDITION, "version", "PEPPER_IN_USE",
		    "%llu keys, %llu sessions, %llu tickets and %llu rows are still under version "
		    "%u",
		    (unsigned long long)latchkey_pepper_keys(pepper),
		    (unsigned long long)latchkey_pepper_sessions(pepper),
		    (unsigned long long)latchkey_pepper_tickets(pepper),
		    (unsigned long long)latchkey_pepper_rows(pepper), version);
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
