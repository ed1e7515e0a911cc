/* worker: keys of workers that sign what they fetch. */
#include <stdio.h>

#include "handlers.h"
#include "pages.h"

int
run_worker_key(struct cli *cli)
{
	const char *path = cli_operand(cli, 0), *name = cli_value(cli, OPT_NAME);
	char public_path[4096];

	if (snprintf(public_path, sizeof public_path, "%s.pub", path) >= (int)sizeof public_path)
		return cli_misused(cli, "the path is too long");
	CLI_TRY(cli,
	    latchkey_worker_key_create(path, public_path, name ? name : "worker", &cli->error));
	out_text(&cli->out, "private_key_file", path);
	out_text(&cli->out, "public_key_file", public_path);
	return cli_answer(cli);
}

int
run_worker_enrol(struct cli *cli)
{
	LK_AUTO(worker_freep) latchkey_worker *worker = NULL;

	CLI_TRY(cli, cli_connect(cli, false));
	CLI_TRY(cli, latchkey_worker_enrol(cli->client, cli_operand(cli, 0), cli_operand(cli, 1),
			 &cli->call, &worker, &cli->error));
	show_worker(&cli->out, worker);
	return cli_answer(cli);
}

int
run_worker_remove(struct cli *cli)
{
	LK_AUTO(worker_freep) latchkey_worker *worker = NULL;

	CLI_TRY(cli, cli_connect(cli, false));
	CLI_TRY(cli, latchkey_worker_remove(
			 cli->client, cli_operand(cli, 0), &cli->call, &worker, &cli->error));
	show_worker(&cli->out, worker);
	return cli_answer(cli);
}

int
run_worker_list(struct cli *cli)
{
	static const char *const columns[] = { "id", "enrolled_by", "enrolled_at", NULL };

	CLI_TRY(cli, cli_connect(cli, false));
	PAGES(cli, worker, "workers", columns,
	    latchkey_worker_list_get(cli->client, &page, &cli->call, &list, &cli->error));
}
