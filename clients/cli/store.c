/* store migrate: an installation, or one service of it, moves to another database. The services do
 * the work (services/README.md). */
#include <string.h>

#include "handlers.h"
#include "store_move.h"

/* A row of the answer. */
static latchkey_status
show_table(void *user, const struct store_table *table)
{
	struct out *out = &((struct cli *)user)->out;

	out_object(out, NULL);
	out_text(out, "service", table->service);
	out_text(out, "table", table->name);
	out_number(out, "rows", table->rows);
	out_text(out, "digest", table->digest);
	out_object_end(out);
	return LATCHKEY_OK;
}

static latchkey_status
migrate(struct cli *cli, const char *service)
{
	struct store_move move = {
		.cli = cli, .service = service, .table = show_table, .user = cli
	};
	const latchkey_status status =
	    store_move_start(&move, cli_value(cli, OPT_FROM), cli_value(cli, OPT_TO), false);

	return status == LATCHKEY_OK ? store_move_finish(&move) : status;
}

/* False: the options do not say what to move. */
static bool
is_understood(const struct cli *cli)
{
	const char *from = cli_value(cli, OPT_FROM), *to = cli_value(cli, OPT_TO);

	if (!from || !to)
		return false;
	return args_has(&cli->args, OPT_SERVICE) ||
	       (store_url_is_for_all(from) && store_url_is_for_all(to));
}

int
run_store_migrate(struct cli *cli)
{
	static const char *const columns[] = { "service", "table", "rows", NULL };
	const char *only = cli_value(cli, OPT_SERVICE);
	bool some = false;

	if (!is_understood(cli))
		return cli_misused(cli,
		    "say --from URL and --to URL, with {service} in both, or for one --service");
	out_list(&cli->out, "tables", columns);
	for (int i = 0; i < LATCHKEY_SERVICE_COUNT; i++) {
		const char *service = latchkey_service_name((latchkey_service)i);

		if (only && strcmp(only, service) != 0)
			continue;
		some = true;
		CLI_TRY(cli, migrate(cli, service));
	}
	if (!some)
		return cli_misused(cli, "--service is keys, tokens or credentials");
	out_list_end(&cli->out);
	return cli_answer(cli);
}
