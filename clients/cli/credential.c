/* credential: stored and replaced from a prompt or standard input, listed without secrets, renamed,
 * deleted. */
#include <string.h>

#include "handlers.h"
#include "input.h"
#include "pages.h"

enum { FIELDS_MAX = 8 };

/* What the provider needs, in its order, then of the optional fields those named by --with. */
struct provider_input {
	struct input_field fields[FIELDS_MAX];
	size_t places[FIELDS_MAX]; /* of each among the provider's */
	size_t count;
	size_t wished; /* how many of --with were found */
};

static void
provider_input_wipe(struct provider_input *input)
{
	input_fields_free(input->fields, input->count);
}

static bool
is_wished(const struct cli *cli, const char *field)
{
	for (size_t i = 0; i < cli->args.values[OPT_WITH].count; i++)
		if (strcmp(cli_values(cli, OPT_WITH)[i], field) == 0)
			return true;
	return false;
}

static latchkey_status
provider_input_read(struct cli *cli, const char *provider, struct provider_input *out)
{
	const char *name;
	unsigned flags = 0;

	for (size_t i = 0;
	     i < FIELDS_MAX && (name = latchkey_provider_field(provider, i, &flags)) != NULL; i++) {
		const bool optional = (flags & LATCHKEY_FIELD_OPTIONAL) != 0;
		if (optional && !is_wished(cli, name))
			continue;
		out->wished += optional;
		out->places[out->count] = i;
		out->fields[out->count++] =
		    (struct input_field){ name, (flags & LATCHKEY_FIELD_SECRET) != 0, NULL };
	}
	if (out->count == 0)
		return cli_refuse_provider(cli);
	if (out->wished != cli->args.values[OPT_WITH].count)
		return cli_refuse(cli, LATCHKEY_INVALID_ARGUMENT, "with", "FIELD_UNKNOWN",
		    "--with names an optional field of %s, once", provider);
	return input_fields(cli, out->fields, out->count);
}

/* `provider`, and from --ttl and the input the rest; borrows from both. */
static latchkey_credential_request
request_of(struct cli *cli, const char *provider, const struct provider_input *input,
    const char *values[FIELDS_MAX])
{
	for (size_t i = 0; i < FIELDS_MAX; i++)
		values[i] = NULL;
	for (size_t i = 0; i < input->count; i++)
		values[input->places[i]] = latchkey_secret_text(input->fields[i].value);
	return (latchkey_credential_request){
		.provider = provider,
		.ttl = cli_value(cli, OPT_TTL),
		.fields = values,
		.fields_count = input->count > 0 ? input->places[input->count - 1] + 1 : 0,
	};
}

int
run_credential_add(struct cli *cli)
{
	const char *values[FIELDS_MAX];
	LK_AUTO(provider_input_wipe) struct provider_input input = { .count = 0 };
	LK_AUTO(credential_freep) latchkey_credential *credential = NULL;

	CLI_TRY(cli, cli_connect(cli, false)); /* before somebody types secrets for nothing */
	CLI_TRY(cli, provider_input_read(cli, cli_operand(cli, 0), &input));
	latchkey_credential_request request = request_of(cli, cli_operand(cli, 0), &input, values);
	request.label =
	    args_has(&cli->args, OPT_LABEL) ? cli_value(cli, OPT_LABEL) : request.provider;
	CLI_TRY(cli, latchkey_credential_create(
			 cli->client, &request, &cli->call, &credential, &cli->error));
	show_credential(&cli->out, credential);
	return cli_answer(cli);
}

int
run_credential_list(struct cli *cli)
{
	static const char *const columns[] = { "id", "provider", "label", "hint", "state",
		"expires_at", "last_used_at", NULL };
	char tenant[TENANT_ID_SIZE];
	const latchkey_credential_filter filter = {
		.owner = cli_value(cli, OPT_OWNER),
		.all_owners = args_has(&cli->args, OPT_ALL),
		.tenant = tenant,
	};

	CLI_TRY(cli, cli_connect(cli, false));
	CLI_TRY(cli, cli_tenant_id(cli, tenant));
	PAGES(cli, credential, "credentials", columns,
	    latchkey_credential_list_get(
		cli->client, &filter, &page, &cli->call, &list, &cli->error));
}

int
run_credential_show(struct cli *cli)
{
	LK_AUTO(credential_freep) latchkey_credential *credential = NULL;

	CLI_TRY(cli, cli_connect(cli, false));
	CLI_TRY(cli, latchkey_credential_get(
			 cli->client, cli_operand(cli, 0), &cli->call, &credential, &cli->error));
	show_credential(&cli->out, credential);
	return cli_answer(cli);
}

int
run_credential_rename(struct cli *cli)
{
	LK_AUTO(credential_freep) latchkey_credential *credential = NULL;

	CLI_TRY(cli, cli_connect(cli, false));
	CLI_TRY(cli, latchkey_credential_rename(cli->client, cli_operand(cli, 0),
			 cli_operand(cli, 1), &cli->call, &credential, &cli->error));
	show_credential(&cli->out, credential);
	return cli_answer(cli);
}

/* The one that is there says which fields to ask for. */
int
run_credential_replace(struct cli *cli)
{
	const char *values[FIELDS_MAX];
	LK_AUTO(provider_input_wipe) struct provider_input input = { .count = 0 };
	LK_AUTO(credential_freep) latchkey_credential *before = NULL;
	LK_AUTO(credential_freep) latchkey_credential *after = NULL;

	CLI_TRY(cli, cli_connect(cli, false));
	CLI_TRY(cli, latchkey_credential_get(
			 cli->client, cli_operand(cli, 0), &cli->call, &before, &cli->error));
	const char *provider = latchkey_credential_provider(before);
	CLI_TRY(cli, provider_input_read(cli, provider, &input));
	const latchkey_credential_request request = request_of(cli, provider, &input, values);
	CLI_TRY(cli, latchkey_credential_replace(cli->client, cli_operand(cli, 0), &request,
			 &cli->call, &after, &cli->error));
	show_credential(&cli->out, after);
	return cli_answer(cli);
}

static const char *
operand_at(const void *of, size_t index)
{
	return ((const struct cli *)of)->args.operands[index];
}

int
run_credential_delete(struct cli *cli)
{
	CLI_TRY(cli, cli_connect(cli, false));
	CLI_TRY(cli, latchkey_credential_delete(cli->client, cli->args.operands,
			 cli->args.operands_count, &cli->call, &cli->error));
	out_texts(&cli->out, "deleted", operand_at, cli, cli->args.operands_count);
	return cli_answer(cli);
}
