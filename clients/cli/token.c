/* token and validate. */
#include <stdio.h>
#include <string.h>

#include "handlers.h"
#include "input.h"
#include "serve.h"
#include "show.h"
#include "time/duration.h"

/* A dash is the only operand: keys and tokens are not for the command line, where every process can
 * read them. */
static bool
only_dash(const struct cli *cli)
{
	return cli->args.operands_count == 0 || strcmp(cli_operand(cli, 0), "-") == 0;
}

#define DASH_ONLY "keys and tokens are read from standard input, never from arguments"

static latchkey_status
token_ttl(struct cli *cli, uint64_t *out_ttl_ms)
{
	const char *text = cli_value(cli, OPT_TOKEN_TTL);
	int64_t ms = 0;

	if (text && lk_duration_parse("ttl", text, &ms, cli_err(cli)) != LK_OK)
		return LATCHKEY_INVALID_ARGUMENT;
	*out_ttl_ms = (uint64_t)ms;
	return LATCHKEY_OK;
}

static int
token_print(struct cli *cli, const latchkey_token *token, const latchkey_secret *secret)
{
	if (!cli->out.json) {
		printf("%s\n", latchkey_secret_text(secret));
		return cli_answer(cli);
	}
	out_text(&cli->out, "token", latchkey_secret_text(secret));
	out_text(&cli->out, "id", latchkey_token_id(token));
	out_time(&cli->out, "expires_at", latchkey_token_expires_at_ms(token));
	return cli_answer(cli);
}

static latchkey_status
password_read(struct cli *cli, latchkey_secret **out_password)
{
	struct input_field field = { "password", true, NULL };
	const latchkey_status status = input_fields(cli, &field, 1);

	*out_password = field.value;
	return status;
}

int
run_token_issue(struct cli *cli)
{
	latchkey_token_request request = {
		.audience = cli_value(cli, OPT_AUDIENCE),
		.scope = cli_values(cli, OPT_SCOPE),
		.scope_count = cli->args.values[OPT_SCOPE].count,
		.user = cli_value(cli, OPT_USER),
		.tenant = cli_value(cli, OPT_TENANT),
	};
	LK_AUTO(secret_freep) latchkey_secret *key = NULL;
	LK_AUTO(secret_freep) latchkey_secret *password = NULL;
	LK_AUTO(secret_freep) latchkey_secret *secret = NULL;
	LK_AUTO(token_freep) latchkey_token *token = NULL;
	const bool given = cli->args.operands_count > 0;

	if (!only_dash(cli))
		return cli_misused(cli, DASH_ONLY);
	CLI_TRY(cli, token_ttl(cli, &request.ttl_ms));
	const bool assertion = cli_value(cli, OPT_ASSERTION) != NULL;
	const bool by_tenant = request.user || assertion;
	if (by_tenant && (!request.tenant || given || (request.user && assertion)))
		return cli_misused(cli, "write token issue --user EMAIL --tenant DOMAIN, or token "
					"issue --assertion --tenant DOMAIN");
	if (given)
		CLI_TRY(cli, input_value(cli, "key", &key));
	if (request.user)
		CLI_TRY(cli, password_read(cli, &password));
	if (assertion)
		CLI_TRY(cli, input_value(cli, "assertion", &key));
	request.secret = given ? latchkey_secret_text(key) : NULL;
	request.assertion = assertion ? latchkey_secret_text(key) : NULL;
	request.password = password ? latchkey_secret_text(password) : NULL;
	CLI_TRY(cli, cli_connect(cli, given || by_tenant));
	CLI_TRY(cli,
	    latchkey_token_issue(cli->client, &request, &cli->call, &token, &secret, &cli->error));
	return token_print(cli, token, secret);
}

int
run_token_exchange(struct cli *cli)
{
	latchkey_exchange_request request = {
		.scope = cli_values(cli, OPT_SCOPE),
		.scope_count = cli->args.values[OPT_SCOPE].count,
	};
	LK_AUTO(secret_freep) latchkey_secret *subject = NULL;
	LK_AUTO(secret_freep) latchkey_secret *secret = NULL;
	LK_AUTO(token_freep) latchkey_token *token = NULL;

	if (!only_dash(cli))
		return cli_misused(cli, DASH_ONLY);
	CLI_TRY(cli, token_ttl(cli, &request.ttl_ms));
	CLI_TRY(cli, input_value(cli, "token", &subject));
	request.subject_token = latchkey_secret_text(subject);
	CLI_TRY(cli, cli_connect(cli, false));
	CLI_TRY(cli, latchkey_token_exchange(
			 cli->client, &request, &cli->call, &token, &secret, &cli->error));
	return token_print(cli, token, secret);
}

int
run_token_revoke(struct cli *cli)
{
	LK_AUTO(secret_freep) latchkey_secret *token = NULL;

	if (!only_dash(cli))
		return cli_misused(cli, DASH_ONLY);
	CLI_TRY(cli, input_value(cli, "token", &token));
	CLI_TRY(cli, cli_connect(cli, false));
	CLI_TRY(cli, latchkey_token_revoke(
			 cli->client, latchkey_secret_text(token), &cli->call, &cli->error));
	out_flag(&cli->out, "revoked", true);
	return cli_answer(cli);
}

int
run_token_jwks(struct cli *cli)
{
	LK_AUTO(jwks_freep) latchkey_jwks *jwks = NULL;

	CLI_TRY(cli, cli_connect(cli, true));
	CLI_TRY(cli, latchkey_jwks_get(cli->client, &cli->call, &jwks, &cli->error));
	if (printf("%s\n", latchkey_jwks_json(jwks)) < 0 || fflush(stdout) != 0)
		CLI_TRY(cli, cli_refuse(cli, LATCHKEY_UNKNOWN, "", "OUTPUT_LOST",
				 "the answer could not be written to standard output"));
	return EXIT_OK;
}

static void
show_validation(struct out *out, const latchkey_validation *validation)
{
	const latchkey_identity *identity = latchkey_validation_identity(validation);

	out_flag(out, "active", latchkey_validation_active(validation));
	out_text(out, "reason", latchkey_validation_reason(validation));
	out_text(out, "credential", latchkey_validation_kind(validation));
	if (identity)
		show_identity(out, identity);
	out_text(out, "actor", latchkey_validation_actor(validation));
	out_text(out, "token_id", latchkey_validation_token_id(validation));
	out_text(out, "issuer", latchkey_validation_issuer(validation));
	out_text(out, "audience", latchkey_validation_audience(validation));
	out_time(out, "issued_at", latchkey_validation_issued_at_ms(validation));
}

/* Refused is an answer: it is shown like one, and the exit status says it, too. */
static int
verdict_answer(struct cli *cli, bool active)
{
	const int status = cli_answer(cli);

	return status != EXIT_OK ? status : active ? EXIT_OK : EXIT_REFUSED;
}

/* What is no text at all cannot be sent to be asked about, and is nobody's key or token. */
static int
refused_unsent(struct cli *cli)
{
	out_flag(&cli->out, "active", false);
	out_text(&cli->out, "reason", cli->error.reason);
	return verdict_answer(cli, false);
}

int
run_validate(struct cli *cli)
{
	const latchkey_requirements requirements = {
		.source_address = cli_value(cli, OPT_SOURCE),
		.audience = cli_value(cli, OPT_AUDIENCE),
		.permission = cli_value(cli, OPT_NEED_PERMISSION),
		.workgroup = cli_value(cli, OPT_NEED_WORKGROUP),
	};
	LK_AUTO(secret_freep) latchkey_secret *credential = NULL;
	LK_AUTO(validation_freep) latchkey_validation *validation = NULL;

	if (args_has(&cli->args, OPT_SERVE))
		return serve_validate(cli);
	if (!only_dash(cli))
		return cli_misused(cli, DASH_ONLY);
	if (input_value(cli, "credential", &credential) != LATCHKEY_OK)
		return refused_unsent(cli);
	CLI_TRY(cli, cli_connect(cli, false));
	CLI_TRY(cli, latchkey_validate(cli->client, latchkey_secret_text(credential), &requirements,
			 &cli->call, &validation, &cli->error));
	show_validation(&cli->out, validation);
	return verdict_answer(cli, latchkey_validation_active(validation));
}
