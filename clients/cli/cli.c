/* The client of a run, and how a run fails. */
#include "cli.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

latchkey_status
cli_connect(struct cli *cli, bool anonymous)
{
	const latchkey_options options = {
		.url = cli_value(cli, OPT_URL),
		.profile = anonymous ? NULL : cli_value(cli, OPT_PROFILE),
		.timeout_ms = cli->call.timeout_ms,
		.anonymous = anonymous,
	};

	return latchkey_client_open(&options, &cli->client, &cli->error);
}

latchkey_status
cli_tenant_id(struct cli *cli, char out[TENANT_ID_SIZE])
{
	const char *given = cli_value(cli, OPT_TENANT);
	LK_AUTO(tenant_freep) latchkey_tenant *tenant = NULL;

	*out = '\0';
	if (!given)
		return LATCHKEY_OK;
	if (strncmp(given, "tnt_", 4) != 0) {
		const latchkey_status status =
		    latchkey_tenant_get(cli->client, given, &cli->call, &tenant, &cli->error);
		if (status != LATCHKEY_OK)
			return status;
	}
	if (lk_text_copy(out, TENANT_ID_SIZE, tenant ? latchkey_tenant_id(tenant) : given))
		return LATCHKEY_OK;
	return cli_refuse(cli, LATCHKEY_INVALID_ARGUMENT, "tenant", "TENANT_INVALID",
	    "this is not the id of a tenant");
}

/* Nothing was decided: the services could not be asked, or we cannot know. All else is a refusal.
 */
static int
exit_of(uint32_t status)
{
	static const latchkey_status undecided[] = { LATCHKEY_UNAVAILABLE,
		LATCHKEY_DEADLINE_EXCEEDED, LATCHKEY_UNKNOWN, LATCHKEY_CANCELLED };

	for (size_t i = 0; i < LK_ARRAY_LEN(undecided); i++) {
		if (status == (uint32_t)undecided[i])
			return EXIT_UNAVAILABLE;
	}
	return EXIT_REFUSED;
}

static void
error_json(const latchkey_error *error)
{
	LK_AUTO(lk_json_wipe) struct lk_json json = { 0 };

	lk_json_object(&json, NULL);
	lk_json_object(&json, "error");
	lk_json_string(&json, "status", latchkey_status_name((latchkey_status)error->status));
	lk_json_string(&json, "reason", error->reason);
	lk_json_string(&json, "field", *error->field ? error->field : NULL);
	lk_json_string(&json, "message", error->message);
	lk_json_object_end(&json);
	lk_json_object_end(&json);
	const char *text = lk_json_text(&json);
	fprintf(stderr, "%s\n", text ? text : "{}");
}

int
cli_failed(struct cli *cli)
{
	const latchkey_error *error = &cli->error;

	if (cli->out.json)
		error_json(error);
	else
		fprintf(stderr, "latchkey: %s%s%s (%s)\n", error->field, *error->field ? ": " : "",
		    error->message,
		    *error->reason ? error->reason
				   : latchkey_status_name((latchkey_status)error->status));
	return exit_of(error->status);
}

latchkey_status
cli_refuse(struct cli *cli, latchkey_status status, const char *field, const char *reason,
    const char *format, ...)
{
	va_list args;

	memset(&cli->error, 0, sizeof cli->error);
	cli->error.status = (uint32_t)status;
	snprintf(cli->error.field, sizeof cli->error.field, "%s", field);
	snprintf(cli->error.reason, sizeof cli->error.reason, "%s", reason);
	va_start(args, format);
	vsnprintf(cli->error.message, sizeof cli->error.message, format, args);
	va_end(args);
	return status;
}

latchkey_status
cli_refuse_provider(struct cli *cli)
{
	char known[128] = "";
	const char *name;

	for (size_t i = 0, len = 0; len < sizeof known && (name = latchkey_provider_name(i)); i++)
		len += (size_t)snprintf(
		    known + len, sizeof known - len, "%s%s", i > 0 ? ", " : "", name);
	return cli_refuse(cli, LATCHKEY_INVALID_ARGUMENT, "provider", "PROVIDER_UNKNOWN",
	    "providers are %s", known);
}

int
cli_misused(struct cli *cli, const char *format, ...)
{
	char sentence[sizeof cli->error.message];
	va_list args;

	va_start(args, format);
	vsnprintf(sentence, sizeof sentence, format, args); /* which may quote cli->error */
	va_end(args);
	cli_refuse(cli, LATCHKEY_INVALID_ARGUMENT, "", "USAGE", "%s", sentence);
	if (cli->out.json)
		error_json(&cli->error);
	else
		fprintf(stderr, "latchkey: %s; see latchkey help%s%s\n", cli->error.message,
		    cli->args.command ? " " : "",
		    cli->args.command ? cli->args.command->words : "");
	return EXIT_USAGE;
}

int
cli_answer(struct cli *cli)
{
	if (out_end(&cli->out))
		return EXIT_OK;
	cli_refuse(cli, LATCHKEY_UNKNOWN, "", "OUTPUT_LOST",
	    "the answer could not be written to standard output");
	return cli_failed(cli);
}

const char *
cli_profile(const struct cli *cli)
{
	const char *given = cli_value(cli, OPT_PROFILE);

	if (!given)
		given = getenv("LATCHKEY_PROFILE");
	return given && *given ? given : "default";
}
