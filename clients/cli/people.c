/* What becomes of tenants and users once they are made: renamed, suspended, deleted. */
#include <stdio.h>

#include "cli.h"
#include "handlers.h"
#include "show.h"

/* ---- tenants ---- */

int
run_tenant_rename(struct cli *cli)
{
	LK_AUTO(tenant_freep) latchkey_tenant *tenant = NULL;
	const char *name = cli_value(cli, OPT_NEW_NAME), *domain = cli_value(cli, OPT_DOMAIN);

	if (!name && !domain)
		return cli_misused(cli, "say --name, --domain or both");
	CLI_TRY(cli, cli_connect(cli, false));
	CLI_TRY(cli, latchkey_tenant_rename(cli->client, cli_operand(cli, 0), name, domain,
			 &cli->call, &tenant, &cli->error));
	show_tenant(&cli->out, tenant);
	return cli_answer(cli);
}

static int
tenant_state(struct cli *cli, const char *state)
{
	LK_AUTO(tenant_freep) latchkey_tenant *tenant = NULL;

	CLI_TRY(cli, cli_connect(cli, false));
	CLI_TRY(cli, latchkey_tenant_set_state(cli->client, cli_operand(cli, 0), state, &cli->call,
			 &tenant, &cli->error));
	show_tenant(&cli->out, tenant);
	return cli_answer(cli);
}

int
run_tenant_suspend(struct cli *cli)
{
	return tenant_state(cli, "suspended");
}

int
run_tenant_resume(struct cli *cli)
{
	return tenant_state(cli, "active");
}

int
run_tenant_delete(struct cli *cli)
{
	const char *confirm = cli_value(cli, OPT_CONFIRM_NAME);
	LK_AUTO(tenant_freep) latchkey_tenant *tenant = NULL;

	if (!confirm)
		return cli_misused(cli, "say --confirm with the tenant's name");
	CLI_TRY(cli, cli_connect(cli, false));
	CLI_TRY(cli, latchkey_tenant_get(
			 cli->client, cli_operand(cli, 0), &cli->call, &tenant, &cli->error));
	CLI_TRY(cli, latchkey_tenant_delete(cli->client, latchkey_tenant_id(tenant), confirm,
			 &cli->call, &cli->error));
	out_text(&cli->out, "tenant", cli_operand(cli, 0));
	out_flag(&cli->out, "deleted", true);
	return cli_answer(cli);
}

/* ---- users ---- */

static int
user_update(struct cli *cli, const char *email, const char *display_name)
{
	LK_AUTO(user_freep) latchkey_user *user = NULL;

	CLI_TRY(cli, cli_connect(cli, false));
	CLI_TRY(
	    cli, latchkey_user_update(cli->client, cli_operand(cli, 0), cli_value(cli, OPT_TENANT),
		     email, display_name, &cli->call, &user, &cli->error));
	show_user(&cli->out, user);
	return cli_answer(cli);
}

int
run_user_rename(struct cli *cli)
{
	return user_update(cli, NULL, cli_operand(cli, 1));
}

int
run_user_email(struct cli *cli)
{
	return user_update(cli, cli_operand(cli, 1), NULL);
}

int
run_user_delete(struct cli *cli)
{
	uint32_t keys_revoked;

	CLI_TRY(cli, cli_connect(cli, false));
	CLI_TRY(cli, latchkey_user_delete(cli->client, cli_operand(cli, 0),
			 cli_value(cli, OPT_TENANT), &cli->call, &keys_revoked, &cli->error));
	out_text(&cli->out, "user", cli_operand(cli, 0));
	out_flag(&cli->out, "deleted", true);
	out_number(&cli->out, "keys_revoked", keys_revoked);
	return cli_answer(cli);
}
