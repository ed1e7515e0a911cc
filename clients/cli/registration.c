/* register, registration: accounts that people ask for themselves. */
#include "handlers.h"
#include "pages.h"

int
run_register(struct cli *cli)
{
	const char *tenant = cli_value(cli, OPT_TENANT);

	if (!tenant)
		return cli_misused(cli, "say --tenant, its domain or name");
	CLI_TRY(cli, cli_connect(cli, true));
	CLI_TRY(cli, latchkey_account_request(cli->client, tenant, cli_operand(cli, 0),
			 cli_value(cli, OPT_NAME), &cli->call, &cli->error));
	out_text(&cli->out, "email", cli_operand(cli, 0));
	out_flag(&cli->out, "requested", true);
	return cli_answer(cli);
}

int
run_registration_list(struct cli *cli)
{
	static const char *const columns[] = { "email", "id", "name", "created_at", NULL };

	CLI_TRY(cli, cli_connect(cli, false));
	PAGES(cli, registration, "registrations", columns,
	    latchkey_registration_list_get(
		cli->client, cli_value(cli, OPT_TENANT), &page, &cli->call, &list, &cli->error));
}

int
run_registration_admit(struct cli *cli)
{
	LK_AUTO(ticket_freep) latchkey_ticket *ticket = NULL;
	LK_AUTO(secret_freep) latchkey_secret *secret = NULL;

	CLI_TRY(cli, cli_connect(cli, false));
	CLI_TRY(
	    cli, latchkey_registration_admit(cli->client, cli_operand(cli, 0),
		     cli_value(cli, OPT_TENANT), cli_values(cli, OPT_ROLE),
		     cli->args.values[OPT_ROLE].count, &cli->call, &ticket, &secret, &cli->error));
	show_ticket(&cli->out, ticket, secret);
	return cli_answer(cli);
}

int
run_registration_reject(struct cli *cli)
{
	CLI_TRY(cli, cli_connect(cli, false));
	CLI_TRY(cli, latchkey_registration_reject(cli->client, cli_operand(cli, 0),
			 cli_value(cli, OPT_TENANT), &cli->call, &cli->error));
	out_text(&cli->out, "registration", cli_operand(cli, 0));
	out_flag(&cli->out, "rejected", true);
	return cli_answer(cli);
}
