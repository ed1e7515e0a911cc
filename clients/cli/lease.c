/* lease: granted to a worker, listed, kept alive, ended. */
#include <unistd.h>

#include "fetching.h"
#include "handlers.h"
#include "pages.h"

int
run_lease_grant(struct cli *cli)
{
	char purpose[FETCHING_PURPOSE_SIZE];
	LK_AUTO(lease_freep) latchkey_lease *lease = NULL;
	const char *job = cli_value(cli, OPT_PURPOSE);

	fetching_purpose("lease", getppid(), purpose);
	const latchkey_lease_request request = {
		.owner = cli_value(cli, OPT_OWNER),
		.tenant = cli_value(cli, OPT_TENANT),
		.provider = cli_operand(cli, 0),
		.worker = cli_value(cli, OPT_WORKER),
		.job = job ? job : purpose,
		.ttl = cli_value(cli, OPT_LEASE_TTL),
	};
	CLI_TRY(cli, cli_connect(cli, false));
	CLI_TRY(cli, latchkey_lease_grant(cli->client, &request, &cli->call, &lease, &cli->error));
	show_lease(&cli->out, lease);
	return cli_answer(cli);
}

int
run_lease_list(struct cli *cli)
{
	static const char *const columns[] = { "id", "provider", "worker", "job", "state",
		"expires_at", NULL };
	char tenant[TENANT_ID_SIZE];
	const latchkey_lease_filter filter = {
		.owner = cli_value(cli, OPT_OWNER),
		.all_owners = args_has(&cli->args, OPT_ALL),
		.tenant = tenant,
		.held = args_has(&cli->args, OPT_HELD),
		.include_ended = args_has(&cli->args, OPT_INCLUDE_ENDED),
	};

	CLI_TRY(cli, cli_connect(cli, false));
	CLI_TRY(cli, cli_tenant_id(cli, tenant));
	PAGES(cli, lease, "leases", columns,
	    latchkey_lease_list_get(cli->client, &filter, &page, &cli->call, &list, &cli->error));
}

int
run_lease_heartbeat(struct cli *cli)
{
	LK_AUTO(lease_freep) latchkey_lease *lease = NULL;

	CLI_TRY(cli, cli_connect(cli, false));
	CLI_TRY(cli, latchkey_lease_heartbeat(
			 cli->client, cli_operand(cli, 0), &cli->call, &lease, &cli->error));
	show_lease(&cli->out, lease);
	return cli_answer(cli);
}

int
run_lease_end(struct cli *cli)
{
	LK_AUTO(lease_freep) latchkey_lease *lease = NULL;

	CLI_TRY(cli, cli_connect(cli, false));
	CLI_TRY(cli,
	    latchkey_lease_end(cli->client, cli_operand(cli, 0), &cli->call, &lease, &cli->error));
	show_lease(&cli->out, lease);
	return cli_answer(cli);
}
