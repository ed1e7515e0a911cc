/* exec and credential-process: one credential for one job, to the program that needs it and nowhere
 * else. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "handlers.h"
#include "time/duration.h"

extern char **environ;

enum { EXIT_NOT_RUNNABLE = 126, EXIT_NOT_FOUND = 127, PURPOSE_SIZE = 129, ADDED_MAX = 12 };

/* ---- fetching ---- */

/* What stands in the audit trail when nobody says better: which command, where, which process. */
static void
purpose_default(const char *what, pid_t pid, char out[PURPOSE_SIZE])
{
	char host[65] = "";

	if (gethostname(host, sizeof host - 1) != 0 || !lk_text_printable(lk_bytes_of(host)))
		snprintf(host, sizeof host, "unknown");
	snprintf(out, PURPOSE_SIZE, "%.40s@%.64s:%ld",
	    lk_text_printable(lk_bytes_of(what)) ? what : "exec", host, (long)pid);
}

/* Without --owner the caller means their own. */
static latchkey_status
owner_own(struct cli *cli, latchkey_me **out_me, const char **out_owner)
{
	const latchkey_status status =
	    latchkey_me_get(cli->client, &cli->call, out_me, &cli->error);

	if (status != LATCHKEY_OK)
		return status;
	const latchkey_identity *identity = latchkey_me_identity(*out_me);
	if (!identity || latchkey_identity_kind(identity) == LATCHKEY_KIND_PRINCIPAL)
		return cli_refuse(cli, LATCHKEY_INVALID_ARGUMENT, "owner", "OWNER_MISSING",
		    "say whose credential with --owner");
	*out_owner = latchkey_identity_subject(identity);
	return LATCHKEY_OK;
}

static bool
is_expired(const latchkey_credential *credential)
{
	return strcmp(latchkey_credential_state(credential), "expired") == 0;
}

/* Where policy hands out an expired one, whoever debugs the tool's refusal should know. */
static void
warn_if_expired(const latchkey_credential *credential)
{
	if (is_expired(credential))
		fprintf(stderr, "latchkey: warning: the credential \"%s\" has expired\n",
		    latchkey_credential_label(credential));
}

static latchkey_status
fetch(struct cli *cli, const char *purpose, latchkey_fetched **out_fetched)
{
	LK_AUTO(me_freep) latchkey_me *me = NULL;
	latchkey_fetch_request request = {
		.owner = cli_value(cli, OPT_OWNER),
		.tenant = cli_value(cli, OPT_TENANT),
		.provider = cli_operand(cli, 0),
		.purpose =
		    args_has(&cli->args, OPT_PURPOSE) ? cli_value(cli, OPT_PURPOSE) : purpose,
	};

	latchkey_status status = cli_connect(cli, false);
	if (status == LATCHKEY_OK && !request.owner)
		status = owner_own(cli, &me, &request.owner);
	if (status != LATCHKEY_OK)
		return status;
	status =
	    latchkey_credential_fetch(cli->client, &request, &cli->call, out_fetched, &cli->error);
	if (status == LATCHKEY_OK)
		warn_if_expired(latchkey_fetched_credential(*out_fetched));
	return status;
}

/* ---- the environment of the command ---- */

/* What would speak for somebody else, or would lead the tool to another credential than the one it
 * is given. */
static const char *const withheld[] = {
	"LATCHKEY_API_KEY",
	"LATCHKEY_API_KEY_FILE",
	"LATCHKEY_PROFILE",
	"LATCHKEY_OPERATOR_KEY_FILE",
	"AWS_ACCESS_KEY_ID",
	"AWS_SECRET_ACCESS_KEY",
	"AWS_SESSION_TOKEN",
	"AWS_SECURITY_TOKEN",
	"AWS_CREDENTIAL_EXPIRATION",
	"AWS_PROFILE",
	"AWS_DEFAULT_PROFILE",
	"AWS_REGION",
	"AWS_DEFAULT_REGION",
	"AWS_ROLE_ARN",
	"AWS_ROLE_SESSION_NAME",
	"AWS_WEB_IDENTITY_TOKEN_FILE",
	"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
	"AWS_CONTAINER_CREDENTIALS_FULL_URI",
	"AWS_CONTAINER_AUTHORIZATION_TOKEN",
	"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
	"DX_SECURITY_CONTEXT",
};

static bool
is_withheld(const char *entry)
{
	for (size_t i = 0; i < LK_ARRAY_LEN(withheld); i++) {
		const size_t len = strlen(withheld[i]);
		if (strncmp(entry, withheld[i], len) == 0 && entry[len] == '=')
			return true;
	}
	return false;
}

struct child_environment {
	char **entries; /* those kept are borrowed; those added are ours */
	size_t kept, added;
	bool failed;
};

static void
environment_free(struct child_environment *child)
{
	for (size_t i = child->kept; child->entries && i < child->kept + child->added; i++) {
		lk_wipe(child->entries[i], strlen(child->entries[i]));
		lk_free(child->entries[i]);
	}
	lk_free(child->entries);
}

static void
environment_begin(struct child_environment *child)
{
	size_t count = 0;

	while (environ[count])
		count++;
	child->entries = lk_alloc_array(count + ADDED_MAX + 1, sizeof *child->entries);
	child->failed = !child->entries;
	for (size_t i = 0; i < count && !child->failed; i++) {
		if (!is_withheld(environ[i]))
			child->entries[child->kept++] = environ[i];
	}
}

/* One that is added takes the place of one that was there. */
static void
environment_drop(struct child_environment *child, const char *name)
{
	const size_t len = strlen(name);

	for (size_t i = child->kept; i-- > 0;) {
		if (strncmp(child->entries[i], name, len) == 0 && child->entries[i][len] == '=') {
			memmove(&child->entries[i], &child->entries[i + 1],
			    (child->kept + child->added - i - 1) * sizeof *child->entries);
			child->entries[--child->kept + child->added] = NULL;
		}
	}
}

static void
environment_add(struct child_environment *child, const char *name, const char *value)
{
	if (!value || child->failed)
		return;
	const size_t size = strlen(name) + 1 + strlen(value) + 1;
	char *entry = lk_alloc(size);
	if (!entry || child->added == ADDED_MAX) {
		lk_free(entry);
		child->failed = true;
		return;
	}
	snprintf(entry, size, "%s=%s", name, value);
	environment_drop(child, name);
	child->entries[child->kept + child->added++] = entry;
}

static void
environment_aws(struct child_environment *child, const latchkey_fetched *fetched)
{
	static const struct {
		const char *variable, *field;
	} rows[] = {
		{ "AWS_ACCESS_KEY_ID", "access_key_id" },
		{ "AWS_SECRET_ACCESS_KEY", "secret_access_key" },
		{ "AWS_SESSION_TOKEN", "session_token" },
		{ "AWS_REGION", "region" },
		{ "AWS_DEFAULT_REGION", "region" },
	};

	for (size_t i = 0; i < LK_ARRAY_LEN(rows); i++)
		environment_add(
		    child, rows[i].variable, latchkey_fetched_field(fetched, rows[i].field));
}

/* What `dx login` would have left there. */
static void
environment_dnanexus(struct child_environment *child, const latchkey_fetched *fetched)
{
	LK_AUTO(lk_json_wipe) struct lk_json json = { 0 };

	lk_json_object(&json, NULL);
	lk_json_string(&json, "auth_token_type", "Bearer");
	lk_json_string(&json, "auth_token", latchkey_fetched_field(fetched, "token"));
	lk_json_object_end(&json);
	const char *text = lk_json_text(&json);
	child->failed = child->failed || !text;
	environment_add(child, "DX_SECURITY_CONTEXT", text);
}

/* AWS's variables and endpoint for what is built on its libraries; rclone's for a remote ":s3:". */
static void
environment_s3(struct child_environment *child, const latchkey_fetched *fetched)
{
	const char *endpoint = latchkey_fetched_field(fetched, "endpoint");
	const char *style = latchkey_fetched_field(fetched, "path_style");

	environment_aws(child, fetched);
	environment_add(child, "AWS_ENDPOINT_URL_S3", endpoint);
	environment_add(child, "RCLONE_S3_PROVIDER", "Other");
	environment_add(child, "RCLONE_S3_ENV_AUTH", "true");
	environment_add(child, "RCLONE_S3_ENDPOINT", endpoint);
	environment_add(child, "RCLONE_S3_REGION", latchkey_fetched_field(fetched, "region"));
	environment_add(child, "RCLONE_S3_FORCE_PATH_STYLE",
	    style && strcmp(style, "no") == 0 ? "false" : "true");
}

/* How a provider's credential is handed to its tool. */
static const struct handover {
	const char *provider;
	void (*add)(struct child_environment *child, const latchkey_fetched *fetched);
	bool has_process; /* tools that use it know AWS's credential_process */
} handovers[] = {
	{ "aws", environment_aws, true },
	{ "dnanexus", environment_dnanexus, false },
	{ "s3", environment_s3, true },
};

static const struct handover *
handover_find(const char *provider)
{
	for (size_t i = 0; i < LK_ARRAY_LEN(handovers); i++) {
		if (strcmp(handovers[i].provider, provider) == 0)
			return &handovers[i];
	}
	return NULL;
}

/* ---- commands ---- */

/* Becomes the command, so that signals and exit status are its own. Returns only when that fails.
 */
static int
become(struct cli *cli, char **command, struct child_environment *child)
{
	signal(SIGPIPE, SIG_DFL);
	execvpe(command[0], command, child->entries);
	const int why = errno;
	cli_refuse(cli, LATCHKEY_FAILED_PRECONDITION, "command", "COMMAND_FAILED",
	    "%s cannot be run: %s", command[0], strerror(why));
	cli_failed(cli);
	return why == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_RUNNABLE;
}

int
run_exec(struct cli *cli)
{
	const struct handover *handover = handover_find(cli_operand(cli, 0));
	char **command = cli->args.rest;
	char what[64], purpose[PURPOSE_SIZE];
	LK_AUTO(fetched_freep) latchkey_fetched *fetched = NULL;
	LK_AUTO(environment_free) struct child_environment child = { .kept = 0 };

	if (!command || !*command)
		return cli_misused(cli, "exec needs a command: write -- before it");
	if (!handover)
		CLI_TRY(cli, cli_refuse_provider(cli));
	snprintf(what, sizeof what, "exec:%.58s",
	    strrchr(*command, '/') ? strrchr(*command, '/') + 1 : *command);
	purpose_default(what, getpid(), purpose);
	CLI_TRY(cli, fetch(cli, purpose, &fetched));
	environment_begin(&child);
	handover->add(&child, fetched);
	if (child.failed)
		CLI_TRY(cli, cli_refuse(cli, LATCHKEY_RESOURCE_EXHAUSTED, "", "OUT_OF_MEMORY",
				 "out of memory"));
	latchkey_client_close(cli->client); /* its sockets and threads are not for the command */
	cli->client = NULL;
	return become(cli, command, &child);
}

/* https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-sourcing-external.html */
static int
process_answer(struct cli *cli, const latchkey_fetched *fetched)
{
	const latchkey_credential *credential = latchkey_fetched_credential(fetched);
	/* AWS tools would not use what they are told is over, although policy hands it out */
	const int64_t expires_at_ms =
	    is_expired(credential) ? 0 : latchkey_credential_expires_at_ms(credential);
	const char *session = latchkey_fetched_field(fetched, "session_token");
	LK_AUTO(lk_json_wipe) struct lk_json json = { 0 };
	char instant[LK_INSTANT_SIZE];

	lk_json_object(&json, NULL);
	lk_json_int(&json, "Version", 1);
	lk_json_string(&json, "AccessKeyId", latchkey_fetched_field(fetched, "access_key_id"));
	lk_json_string(
	    &json, "SecretAccessKey", latchkey_fetched_field(fetched, "secret_access_key"));
	if (session)
		lk_json_string(&json, "SessionToken", session);
	if (expires_at_ms > 0) {
		lk_instant_format(expires_at_ms, instant);
		lk_json_string(&json, "Expiration", instant);
	}
	lk_json_object_end(&json);
	const char *text = lk_json_text(&json);
	if (!text || printf("%s\n", text) < 0 || fflush(stdout) != 0)
		CLI_TRY(cli, cli_refuse(cli, LATCHKEY_UNKNOWN, "", "OUTPUT_LOST",
				 "the answer could not be written to standard output"));
	return EXIT_OK;
}

int
run_credential_process(struct cli *cli)
{
	const struct handover *handover = handover_find(cli_operand(cli, 0));
	char purpose[PURPOSE_SIZE];
	LK_AUTO(fetched_freep) latchkey_fetched *fetched = NULL;

	if (!handover || !handover->has_process)
		return cli_misused(
		    cli, "credential-process is for aws and s3; exec hands over the others");
	purpose_default("credential-process", getppid(), purpose);
	CLI_TRY(cli, fetch(cli, purpose, &fetched));
	return process_answer(cli, fetched);
}
