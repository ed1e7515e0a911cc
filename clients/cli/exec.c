/* exec: one credential for one job, to the program that needs it and nowhere else. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "environment.h"
#include "fetching.h"
#include "handlers.h"
#include "supervise.h"

/* Becomes the command, so that signals and exit status are its own. Returns only when that fails.
 */
static int
become(struct cli *cli, char **command, struct child_environment *child)
{
	latchkey_client_close(cli->client); /* its sockets and threads are not for the command */
	cli->client = NULL;
	signal(SIGPIPE, SIG_DFL);
	execvpe(command[0], command, child->entries);
	return command_failed(cli, command[0], errno);
}

static const char *
base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

int
run_exec(struct cli *cli)
{
	const struct handover *handover = handover_find(cli_operand(cli, 0));
	char **command = cli->args.rest;
	char what[64], purpose[FETCHING_PURPOSE_SIZE];
	LK_AUTO(lease_freep) latchkey_lease *lease = NULL;
	LK_AUTO(fetched_freep) latchkey_fetched *fetched = NULL;
	LK_AUTO(environment_free) struct child_environment child = { .kept = 0 };

	if (!command || !*command)
		return cli_misused(cli, "exec needs a command: write -- before it");
	if (!handover)
		CLI_TRY(cli, cli_refuse_provider(cli));
	snprintf(what, sizeof what, "exec:%.58s", base_name(*command));
	fetching_purpose(what, getpid(), purpose);
	CLI_TRY(cli, fetching_leased(cli, purpose, &lease, &fetched));
	environment_begin(&child);
	handover->add(&child, fetched);
	if (child.failed)
		CLI_TRY(cli, cli_refuse(cli, LATCHKEY_RESOURCE_EXHAUSTED, "", "OUT_OF_MEMORY",
				 "out of memory"));
	latchkey_fetched_free(LK_TAKE(fetched));
	return lease ? supervise(cli, command, &child, lease) : become(cli, command, &child);
}
