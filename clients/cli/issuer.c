/* issuer and user link: OpenID issuers that a tenant trusts, and whom their subjects are. */
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "handlers.h"
#include "show.h"

enum { JWKS_MAX = 64 * 1024 };

struct jwks {
	char text[JWKS_MAX + 2];
};

static latchkey_status
jwks_read(struct cli *cli, const char *path, struct jwks *out)
{
	FILE *file = fopen(path, "re");
	const size_t len = file ? fread(out->text, 1, JWKS_MAX + 1, file) : 0;

	if (file)
		fclose(file);
	out->text[len] = '\0';
	if (len == 0 || len > JWKS_MAX || strlen(out->text) != len)
		return cli_refuse(cli, LATCHKEY_INVALID_ARGUMENT, "jwks", "JWKS_INVALID",
		    "%s cannot be read, or is no key set of at most 64 KiB", path);
	return LATCHKEY_OK;
}

int
run_issuer_add(struct cli *cli)
{
	LK_AUTO(issuer_freep) latchkey_issuer *issuer = NULL;
	struct jwks jwks;
	const latchkey_issuer_request request = {
		.issuer = cli_operand(cli, 0),
		.audience = cli_value(cli, OPT_AUDIENCE),
		.jwks = jwks.text,
		.tenant = cli_value(cli, OPT_TENANT),
	};

	if (!request.audience || !cli_value(cli, OPT_JWKS))
		return cli_misused(cli, "issuer add needs --audience and --jwks FILE");
	CLI_TRY(cli, jwks_read(cli, cli_value(cli, OPT_JWKS), &jwks));
	CLI_TRY(cli, cli_connect(cli, false));
	CLI_TRY(cli, latchkey_issuer_add(cli->client, &request, &cli->call, &issuer, &cli->error));
	show_issuer(&cli->out, issuer);
	return cli_answer(cli);
}

int
run_issuer_list(struct cli *cli)
{
	static const char *const columns[] = { "issuer", "audience", "keys", NULL };
	LK_AUTO(issuer_list_freep) latchkey_issuer_list *list = NULL;

	CLI_TRY(cli, cli_connect(cli, false));
	CLI_TRY(cli, latchkey_issuer_list_get(
			 cli->client, cli_value(cli, OPT_TENANT), &cli->call, &list, &cli->error));
	out_list(&cli->out, "issuers", columns);
	for (size_t i = 0; i < latchkey_issuer_list_count(list); i++) {
		out_object(&cli->out, NULL);
		show_issuer(&cli->out, latchkey_issuer_list_at(list, i));
		out_object_end(&cli->out);
	}
	out_list_end(&cli->out);
	return cli_answer(cli);
}

int
run_issuer_remove(struct cli *cli)
{
	CLI_TRY(cli, cli_connect(cli, false));
	CLI_TRY(cli, latchkey_issuer_remove(cli->client, cli_operand(cli, 0),
			 cli_value(cli, OPT_TENANT), &cli->call, &cli->error));
	out_text(&cli->out, "issuer", cli_operand(cli, 0));
	out_flag(&cli->out, "removed", true);
	return cli_answer(cli);
}

/* ---- subjects ---- */

static int
subject_change(struct cli *cli,
    latchkey_status (*change)(latchkey_client *client, const latchkey_subject_request *request,
	const latchkey_call *call, latchkey_error *out_error),
    bool linked)
{
	const latchkey_subject_request request = {
		.user = cli_operand(cli, 0),
		.issuer = cli_value(cli, OPT_ISSUER),
		.subject = cli_value(cli, OPT_SUBJECT),
		.tenant = cli_value(cli, OPT_TENANT),
	};

	if (!request.issuer || !request.subject)
		return cli_misused(cli, "say --issuer and --subject");
	CLI_TRY(cli, cli_connect(cli, false));
	CLI_TRY(cli, change(cli->client, &request, &cli->call, &cli->error));
	out_text(&cli->out, "user", request.user);
	out_text(&cli->out, "issuer", request.issuer);
	out_text(&cli->out, "subject", request.subject);
	out_flag(&cli->out, "linked", linked);
	return cli_answer(cli);
}

int
run_user_link(struct cli *cli)
{
	return subject_change(cli, latchkey_subject_link, true);
}

int
run_user_unlink(struct cli *cli)
{
	return subject_change(cli, latchkey_subject_unlink, false);
}
