/* latchkey: the command line. Read this, then commands.def, then one handler (key.c). */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>

#include "base/trace.h"
#include "cli.h"
#include "help.h"
#include "time/duration.h"

/* The leak sanitizer attaches to its own process. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { DUMPABLE = 1 };
#elif defined(__has_feature)
enum { DUMPABLE = __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) };
#else
enum { DUMPABLE = 0 };
#endif

/* Secrets pass through here: no core dump keeps one, no debugger of this user reads one. A command
 * that is run by exec is free of it. */
static void
harden(void)
{
	if (!DUMPABLE)
		prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	signal(SIGPIPE, SIG_IGN);
}

static latchkey_status
call_options(struct cli *cli)
{
	const char *timeout = cli_value(cli, OPT_TIMEOUT);
	int64_t ms = 0;

	if (timeout && lk_duration_parse("timeout", timeout, &ms, cli_err(cli)) != LK_OK)
		return LATCHKEY_INVALID_ARGUMENT;
	if (ms > UINT32_MAX)
		return cli_refuse(cli, LATCHKEY_INVALID_ARGUMENT, "timeout", "DURATION_INVALID",
		    "%s is too long to wait", timeout);
	cli->call.timeout_ms = (uint32_t)ms;
	cli->call.idempotency_key = cli_value(cli, OPT_IDEMPOTENCY_KEY);
	if (lk_traceparent_ok(getenv("TRACEPARENT")))
		cli->call.traceparent = getenv("TRACEPARENT");
	return LATCHKEY_OK;
}

static int
run(struct cli *cli, int argc, char **argv)
{
	char wrong[256];
	const bool understood = args_parse(argc, argv, &cli->args, wrong, sizeof wrong);

	out_begin(&cli->out, args_has(&cli->args, OPT_JSON));
	if (!understood)
		return cli_misused(cli, "%s", wrong);
	if (args_has(&cli->args, OPT_HELP))
		return help_show(cli->args.command ? cli->args.command->words : cli->args.group);
	if (call_options(cli) != LATCHKEY_OK)
		return cli_misused(cli, "%s: %s", cli->error.field, cli->error.message);
	return cli->args.command->run(cli);
}

int
main(int argc, char **argv)
{
	struct cli cli = { 0 };

	harden();
	const int status = run(&cli, argc, argv);
	latchkey_client_close(cli.client);
	out_wipe(&cli.out);
	args_free(&cli.args);
	return status;
}
