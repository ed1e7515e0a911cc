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
become(struct cli *cli, char **command, struct child_environment *child, const sigset_t *mask)
{
	latchkey_client_close(cli->client); /* its sockets and threads are not for the command */
	cli->client = NULL;
	signal(SIGPIPE, SIG_DFL);
	sigprocmask(SIG_SETMASK, mask, NULL);
	execvpe(command[0], command, child->entries);
	return command_failed(cli, command[0], errno);
}

static const char *
base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* The credential as the command is to have it, and the lease that it came under, if any. */
static latchkey_status
prepare(struct cli *cli, const struct handover *handover, const char *program,
    latchkey_lease **out_lease, struct child_environment *out_child)
{
	char what[64], purpose[FETCHING_PURPOSE_SIZE];
	LK_AUTO(fetched_freep) latchkey_fetched *fetched = NULL;

	snprintf(what, sizeof what, "exec:%.58s", base_name(program));
	fetching_purpose(what, getpid(), purpose);
	const latchkey_status status = fetching_leased(cli, purpose, out_lease, &fetched);
	if (status != LATCHKEY_OK)
		return status;
	environment_begin(out_child);
	handover->add(out_child, fetched);
	return out_child->failed ? cli_refuse(cli, LATCHKEY_RESOURCE_EXHAUSTED, "", "OUT_OF_MEMORY",
				       "out of memory")
				 : LATCHKEY_OK;
}

/* No command will work under it. One that somebody else granted is theirs. */
static void
give_up(struct cli *cli, const latchkey_lease *lease)
{
	latchkey_error ignored;

	if (lease && !args_has(&cli->args, OPT_LEASE))
		(void)!latchkey_lease_end(
		    cli->client, latchkey_lease_id(lease), &cli->call, NULL, &ignored);
}

int
run_exec(struct cli *cli)
{
	const struct handover *handover = handover_find(cli_operand(cli, 0));
	char **command = cli->args.rest;
	LK_AUTO(lease_freep) latchkey_lease *lease = NULL;
	LK_AUTO(environment_free) struct child_environment child = { .kept = 0 };
	sigset_t before;

	if (!command || !*command)
		return cli_misused(cli, "exec needs a command: write -- before it");
	if (!handover)
		CLI_TRY(cli, cli_refuse_provider(cli));
	supervise_block(&before);
	const latchkey_status status = prepare(cli, handover, *command, &lease, &child);
	if (status != LATCHKEY_OK) {
		give_up(cli, lease);
		CLI_TRY(cli, status);
	}
	return lease ? supervise(cli, command, &child, lease, &before)
		     : become(cli, command, &child, &before);
}
