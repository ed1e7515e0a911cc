/* role, workgroup. */
#include "handlers.h"
#include "pages.h"

/* ---- roles ---- */

int
run_role_list(struct cli *cli)
{
	static const char *const columns[] = { "name", "built_in", "permissions", NULL };
	LK_AUTO(role_list_freep) latchkey_role_list *list = NULL;

	CLI_TRY(cli, cli_connect(cli, false));
	CLI_TRY(cli, latchkey_role_list_get(
			 cli->client, cli_value(cli, OPT_TENANT), &cli->call, &list, &cli->error));
	out_list(&cli->out, "roles", columns);
	for (size_t i = 0; i < latchkey_role_list_count(list); i++) {
		out_object(&cli->out, NULL);
		show_role(&cli->out, latchkey_role_list_at(list, i));
		out_object_end(&cli->out);
	}
	out_list_end(&cli->out);
	return cli_answer(cli);
}

int
run_role_create(struct cli *cli)
{
	LK_AUTO(role_freep) latchkey_role *role = NULL;

	CLI_TRY(cli, cli_connect(cli, false));
	CLI_TRY(cli, latchkey_role_create(cli->client, cli_operand(cli, 0),
			 cli_value(cli, OPT_TENANT), cli_values(cli, OPT_PERMISSION),
			 cli->args.values[OPT_PERMISSION].count, &cli->call, &role, &cli->error));
	show_role(&cli->out, role);
	return cli_answer(cli);
}

int
run_role_change(struct cli *cli)
{
	LK_AUTO(role_freep) latchkey_role *role = NULL;
	const size_t permissions = cli->args.values[OPT_PERMISSION].count;
	const char *name = cli_value(cli, OPT_NEW_NAME);

	if (!name && permissions == 0)
		return cli_misused(cli, "say --name, or all of its permissions from now on");
	CLI_TRY(cli, cli_connect(cli, false));
	CLI_TRY(cli,
	    latchkey_role_update(cli->client, cli_operand(cli, 0), cli_value(cli, OPT_TENANT), name,
		cli_values(cli, OPT_PERMISSION), permissions, &cli->call, &role, &cli->error));
	show_role(&cli->out, role);
	return cli_answer(cli);
}

int
run_role_delete(struct cli *cli)
{
	uint32_t users;

	CLI_TRY(cli, cli_connect(cli, false));
	CLI_TRY(cli, latchkey_role_delete(cli->client, cli_operand(cli, 0),
			 cli_value(cli, OPT_TENANT), &cli->call, &users, &cli->error));
	out_text(&cli->out, "role", cli_operand(cli, 0));
	out_flag(&cli->out, "deleted", true);
	out_number(&cli->out, "users", users);
	return cli_answer(cli);
}

/* ---- workgroups ---- */

int
run_workgroup_create(struct cli *cli)
{
	LK_AUTO(workgroup_freep) latchkey_workgroup *workgroup = NULL;

	CLI_TRY(cli, cli_connect(cli, false));
	CLI_TRY(cli, latchkey_workgroup_create(cli->client, cli_operand(cli, 0),
			 cli_value(cli, OPT_TENANT), &cli->call, &workgroup, &cli->error));
	show_workgroup(&cli->out, workgroup);
	return cli_answer(cli);
}

int
run_workgroup_list(struct cli *cli)
{
	static const char *const columns[] = { "name", "id", "members", "permissions", NULL };

	CLI_TRY(cli, cli_connect(cli, false));
	PAGES(cli, workgroup, "workgroups", columns,
	    latchkey_workgroup_list_get(
		cli->client, cli_value(cli, OPT_TENANT), &page, &cli->call, &list, &cli->error));
}

int
run_workgroup_add(struct cli *cli)
{
	LK_AUTO(workgroup_freep) latchkey_workgroup *workgroup = NULL;

	CLI_TRY(cli, cli_connect(cli, false));
	CLI_TRY(cli, (args_has(&cli->args, OPT_AS_ADMIN) ? latchkey_workgroup_add_admin
							 : latchkey_workgroup_add)(cli->client,
			 cli_operand(cli, 0), cli_operand(cli, 1), cli_value(cli, OPT_TENANT),
			 &cli->call, &workgroup, &cli->error));
	show_workgroup(&cli->out, workgroup);
	return cli_answer(cli);
}

int
run_workgroup_remove(struct cli *cli)
{
	LK_AUTO(workgroup_freep) latchkey_workgroup *workgroup = NULL;

	CLI_TRY(cli, cli_connect(cli, false));
	CLI_TRY(
	    cli, latchkey_workgroup_remove(cli->client, cli_operand(cli, 0), cli_operand(cli, 1),
		     cli_value(cli, OPT_TENANT), &cli->call, &workgroup, &cli->error));
	show_workgroup(&cli->out, workgroup);
	return cli_answer(cli);
}

int
run_workgroup_rename(struct cli *cli)
{
	LK_AUTO(workgroup_freep) latchkey_workgroup *workgroup = NULL;

	CLI_TRY(cli, cli_connect(cli, false));
	CLI_TRY(cli,
	    latchkey_workgroup_rename(cli->client, cli_operand(cli, 0), cli_value(cli, OPT_TENANT),
		cli_operand(cli, 1), &cli->call, &workgroup, &cli->error));
	show_workgroup(&cli->out, workgroup);
	return cli_answer(cli);
}

int
run_workgroup_permissions(struct cli *cli)
{
	LK_AUTO(workgroup_freep) latchkey_workgroup *workgroup = NULL;

	CLI_TRY(cli, cli_connect(cli, false));
	CLI_TRY(cli, latchkey_workgroup_set_permissions(cli->client, cli_operand(cli, 0),
			 cli_value(cli, OPT_TENANT), cli->args.operands + 1,
			 cli->args.operands_count - 1, &cli->call, &workgroup, &cli->error));
	show_workgroup(&cli->out, workgroup);
	return cli_answer(cli);
}

int
run_workgroup_delete(struct cli *cli)
{
	CLI_TRY(cli, cli_connect(cli, false));
	CLI_TRY(cli, latchkey_workgroup_delete(cli->client, cli_operand(cli, 0),
			 cli_value(cli, OPT_TENANT), &cli->call, &cli->error));
	out_text(&cli->out, "workgroup", cli_operand(cli, 0));
	out_flag(&cli->out, "deleted", true);
	return cli_answer(cli);
}
