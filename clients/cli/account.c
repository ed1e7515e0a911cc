/* tenant, user, principal, policy. */
#include <stdio.h>
#include <string.h>

#include "handlers.h"
#include "pages.h"

/* ---- tickets ---- */

int
run_tenant_create(struct cli *cli)
{
	const latchkey_tenant_request request = {
		.name = cli_operand(cli, 0),
		.domain = cli_value(cli, OPT_DOMAIN),
		.profile = cli_value(cli, OPT_POLICY_PROFILE),
		.admin_email = cli_value(cli, OPT_ADMIN),
	};
	LK_AUTO(ticket_freep) latchkey_ticket *ticket = NULL;
	LK_AUTO(secret_freep) latchkey_secret *secret = NULL;

	if (!request.domain || !request.admin_email)
		return cli_misused(cli, "tenant create needs --domain and --admin");
	CLI_TRY(cli, cli_connect(cli, false));
	CLI_TRY(cli, latchkey_tenant_create(
			 cli->client, &request, &cli->call, &ticket, &secret, &cli->error));
	show_tenant(&cli->out, latchkey_ticket_tenant(ticket));
	out_object(&cli->out, "admin");
	show_ticket(&cli->out, ticket, secret);
	out_object_end(&cli->out);
	return cli_answer(cli);
}

int
run_user_create(struct cli *cli)
{
	const latchkey_user_request request = {
		.email = cli_operand(cli, 0),
		.display_name = cli_value(cli, OPT_NAME),
		.roles = cli_values(cli, OPT_ROLE),
		.roles_count = cli->args.values[OPT_ROLE].count,
		.kind = args_has(&cli->args, OPT_SERVICE_USER) ? LATCHKEY_KIND_SERVICE
							       : LATCHKEY_KIND_UNSPECIFIED,
		.tenant = cli_value(cli, OPT_TENANT),
	};
	LK_AUTO(ticket_freep) latchkey_ticket *ticket = NULL;
	LK_AUTO(secret_freep) latchkey_secret *secret = NULL;

	CLI_TRY(cli, cli_connect(cli, false));
	CLI_TRY(cli,
	    latchkey_user_create(cli->client, &request, &cli->call, &ticket, &secret, &cli->error));
	show_ticket(&cli->out, ticket, secret);
	return cli_answer(cli);
}

int
run_user_ticket(struct cli *cli)
{
	LK_AUTO(ticket_freep) latchkey_ticket *ticket = NULL;
	LK_AUTO(secret_freep) latchkey_secret *secret = NULL;

	CLI_TRY(cli, cli_connect(cli, false));
	CLI_TRY(cli, latchkey_user_ticket(cli->client, cli_operand(cli, 0),
			 cli_value(cli, OPT_TENANT), &cli->call, &ticket, &secret, &cli->error));
	show_ticket(&cli->out, ticket, secret);
	return cli_answer(cli);
}

/* ---- tenants ---- */

int
run_tenant_list(struct cli *cli)
{
	static const char *const columns[] = { "name", "id", "domain", "profile", "state",
		"created_at", NULL };

	CLI_TRY(cli, cli_connect(cli, false));
	PAGES(cli, tenant, "tenants", columns,
	    latchkey_tenant_list_get(cli->client, &page, &cli->call, &list, &cli->error));
}

int
run_tenant_show(struct cli *cli)
{
	LK_AUTO(tenant_freep) latchkey_tenant *tenant = NULL;

	CLI_TRY(cli, cli_connect(cli, false));
	CLI_TRY(cli, latchkey_tenant_get(
			 cli->client, cli_operand(cli, 0), &cli->call, &tenant, &cli->error));
	show_tenant(&cli->out, tenant);
	return cli_answer(cli);
}

/* ---- users ---- */

int
run_user_list(struct cli *cli)
{
	static const char *const columns[] = { "email", "id", "kind", "state", "roles",
		"last_sign_in_at", NULL };

	CLI_TRY(cli, cli_connect(cli, false));
	PAGES(cli, user, "users", columns,
	    latchkey_user_list_get(
		cli->client, cli_value(cli, OPT_TENANT), &page, &cli->call, &list, &cli->error));
}

int
run_user_show(struct cli *cli)
{
	LK_AUTO(user_freep) latchkey_user *user = NULL;

	CLI_TRY(cli, cli_connect(cli, false));
	CLI_TRY(cli, latchkey_user_get(cli->client, cli_operand(cli, 0), cli_value(cli, OPT_TENANT),
			 &cli->call, &user, &cli->error));
	show_user(&cli->out, user);
	return cli_answer(cli);
}

int
run_user_roles(struct cli *cli)
{
	LK_AUTO(user_freep) latchkey_user *user = NULL;

	CLI_TRY(cli, cli_connect(cli, false));
	CLI_TRY(cli, latchkey_user_set_roles(cli->client, cli_operand(cli, 0),
			 cli_value(cli, OPT_TENANT), cli->args.operands + 1,
			 cli->args.operands_count - 1, &cli->call, &user, &cli->error));
	show_user(&cli->out, user);
	return cli_answer(cli);
}

static int
user_state(struct cli *cli, const char *state)
{
	LK_AUTO(user_freep) latchkey_user *user = NULL;

	CLI_TRY(cli, cli_connect(cli, false));
	CLI_TRY(cli, latchkey_user_set_state(cli->client, cli_operand(cli, 0),
			 cli_value(cli, OPT_TENANT), state, &cli->call, &user, &cli->error));
	show_user(&cli->out, user);
	return cli_answer(cli);
}

int
run_user_disable(struct cli *cli)
{
	return user_state(cli, "disabled");
}

int
run_user_enable(struct cli *cli)
{
	return user_state(cli, "active");
}

/* ---- principals ---- */

int
run_principal_create(struct cli *cli)
{
	const struct option_values *tenants = &cli->args.values[OPT_TENANTS];
	const bool all = tenants->count == 1 && strcmp(tenants->at[0], "ALL") == 0;
	const latchkey_principal_request request = {
		.name = cli_operand(cli, 0),
		.permissions = cli_values(cli, OPT_PERMISSION),
		.permissions_count = cli->args.values[OPT_PERMISSION].count,
		.all_tenants = all,
		.tenants = tenants->at,
		.tenants_count = all ? 0 : tenants->count,
	};
	LK_AUTO(principal_freep) latchkey_principal *principal = NULL;
	LK_AUTO(secret_freep) latchkey_secret *secret = NULL;

	if (tenants->count == 0)
		return cli_misused(
		    cli, "principal create needs --tenant, one or more, or --tenant ALL");
	CLI_TRY(cli, cli_connect(cli, false));
	CLI_TRY(cli, latchkey_principal_create(
			 cli->client, &request, &cli->call, &principal, &secret, &cli->error));
	show_principal(&cli->out, principal);
	out_text(&cli->out, "key", latchkey_secret_text(secret));
	if (!cli->out.json)
		fputs("latchkey: keep the key now; it is not shown again\n", stderr);
	return cli_answer(cli);
}

int
run_principal_list(struct cli *cli)
{
	static const char *const columns[] = { "name", "id", "state", "permissions", "tenants",
		NULL };

	CLI_TRY(cli, cli_connect(cli, false));
	PAGES(cli, principal, "principals", columns,
	    latchkey_principal_list_get(cli->client, &page, &cli->call, &list, &cli->error));
}

static int
principal_state(struct cli *cli, const char *state)
{
	LK_AUTO(principal_freep) latchkey_principal *principal = NULL;

	CLI_TRY(cli, cli_connect(cli, false));
	CLI_TRY(cli, latchkey_principal_set_state(cli->client, cli_operand(cli, 0), state,
			 &cli->call, &principal, &cli->error));
	show_principal(&cli->out, principal);
	return cli_answer(cli);
}

int
run_principal_disable(struct cli *cli)
{
	return principal_state(cli, "disabled");
}

int
run_principal_enable(struct cli *cli)
{
	return principal_state(cli, "active");
}

/* ---- policy ---- */

int
run_policy_show(struct cli *cli)
{
	LK_AUTO(policy_freep) latchkey_policy *policy = NULL;

	CLI_TRY(cli, cli_connect(cli, false));
	CLI_TRY(cli, latchkey_policy_get(cli->client, cli_value(cli, OPT_TENANT), &cli->call,
			 &policy, &cli->error));
	show_policy(&cli->out, policy);
	return cli_answer(cli);
}

enum { POLICY_MAX = 64, POLICY_NAME_SIZE = 64 };

int
run_policy_set(struct cli *cli)
{
	static char names[POLICY_MAX][POLICY_NAME_SIZE];
	const char *name_of[POLICY_MAX], *value_of[POLICY_MAX];
	LK_AUTO(policy_freep) latchkey_policy *policy = NULL;

	for (size_t i = 0; i < cli->args.operands_count; i++) {
		const char *equals = strchr(cli_operand(cli, i), '=');
		const size_t len = equals ? (size_t)(equals - cli_operand(cli, i)) : 0;
		if (len == 0 || len >= POLICY_NAME_SIZE)
			return cli_misused(
			    cli, "write NAME=VALUE in place of %.80s", cli_operand(cli, i));
		memcpy(names[i], cli_operand(cli, i), len);
		name_of[i] = names[i];
		value_of[i] = equals + 1;
	}
	CLI_TRY(cli, cli_connect(cli, false));
	CLI_TRY(cli, latchkey_policy_set(cli->client, cli_value(cli, OPT_TENANT), name_of, value_of,
			 cli->args.operands_count, &cli->call, &policy, &cli->error));
	show_policy(&cli->out, policy);
	return cli_answer(cli);
}
