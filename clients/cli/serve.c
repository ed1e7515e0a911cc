/* validate --serve: the validator, its socket, and the signals that end it. */
#include "serve.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "handlers.h"
#include "time/duration.h"

static void
validator_freep(latchkey_validator **validator)
{
	latchkey_validator_close(*validator);
}

static void
close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static latchkey_status
read_ms(struct cli *cli, enum option option, const char *field, uint32_t *out_ms)
{
	const char *text = cli_value(cli, option);
	int64_t ms = 0;

	if (text && lk_duration_parse(field, text, &ms, cli_err(cli)) != LK_OK)
		return LATCHKEY_INVALID_ARGUMENT;
	if (ms > UINT32_MAX)
		return cli_refuse(cli, LATCHKEY_INVALID_ARGUMENT, field, "DURATION_INVALID",
		    "%s is too long", text);
	*out_ms = (uint32_t)ms;
	return LATCHKEY_OK;
}

static latchkey_status
read_lost_lease(struct cli *cli, latchkey_lost_lease *out)
{
	const char *text = cli_value(cli, OPT_ON_LOST_LEASE);

	if (text && strcmp(text, "ask") != 0 && strcmp(text, "fail-closed") != 0)
		return cli_refuse(cli, LATCHKEY_INVALID_ARGUMENT, "on-lost-lease",
		    "ON_LOST_LEASE_INVALID", "on-lost-lease is ask or fail-closed");
	*out = text && strcmp(text, "fail-closed") == 0 ? LATCHKEY_LOST_LEASE_FAIL_CLOSED
							: LATCHKEY_LOST_LEASE_ASK;
	return LATCHKEY_OK;
}

static latchkey_status
open_validator(struct cli *cli, latchkey_validator **out_validator)
{
	const latchkey_options client = {
		.url = cli_value(cli, OPT_URL),
		.profile = cli_value(cli, OPT_PROFILE),
	};
	latchkey_validator_options options = {
		.client = &client,
		.peers_dir = cli_value(cli, OPT_PEERS),
		.timeout_ms = cli->call.timeout_ms,
	};
	latchkey_status status =
	    read_ms(cli, OPT_MAX_STALENESS, "max-staleness", &options.max_staleness_ms);

	if (status == LATCHKEY_OK)
		status = read_ms(cli, OPT_STALE_GRACE, "stale-grace", &options.stale_grace_ms);
	if (status == LATCHKEY_OK)
		status = read_lost_lease(cli, &options.lost_lease);
	if (status != LATCHKEY_OK)
		return status;
	return latchkey_validator_open(&options, out_validator, &cli->error);
}

/* Before any thread, so that all of them leave these signals to us. */
static int
open_signals(void)
{
	sigset_t end;

	sigemptyset(&end);
	sigaddset(&end, SIGTERM);
	sigaddset(&end, SIGINT);
	pthread_sigmask(SIG_BLOCK, &end, NULL);
	return signalfd(-1, &end, SFD_CLOEXEC | SFD_NONBLOCK);
}

static bool
say_ready(struct cli *cli, const char *path)
{
	out_text(&cli->out, "serving", path);
	return cli_answer(cli) == EXIT_OK;
}

int
serve_validate(struct cli *cli)
{
	LK_AUTO(close_fd) int stop_fd = open_signals();
	LK_AUTO(serve_socket_close) struct serve_socket socket = { .fd = -1 };
	LK_AUTO(validator_freep) latchkey_validator *validator = NULL;

	if (cli->args.operands_count > 0)
		return cli_misused(cli, "with --serve, keys and tokens come over the socket");
	CLI_TRY(cli, open_validator(cli, &validator));
	CLI_TRY(cli, serve_socket_open(cli, cli_value(cli, OPT_SERVE), &socket));
	if (!say_ready(cli, socket.path))
		return cli_failed(cli);
	CLI_TRY(cli, serve_loop(cli, validator, socket.fd, stop_fd));
	return EXIT_OK;
}
