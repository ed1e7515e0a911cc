/* status, login, logout, whoami, version. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "handlers.h"
#include "input.h"
#include "show.h"

enum { STATUS_TIMEOUT_MS = 2000 };

/* ---- status ---- */

/* One question; all are asked at the same time. */
struct check {
	struct cli *cli;
	latchkey_service service;
	latchkey_call call;
	pthread_t thread;
	bool started;
	latchkey_status status;
	latchkey_health *health;
	latchkey_error error;
};

static void *
check_run(void *of)
{
	struct check *check = of;

	check->status = latchkey_health_check(
	    check->cli->client, check->service, &check->call, &check->health, &check->error);
	return NULL;
}

static void
check_start(struct check *check)
{
	check->started = pthread_create(&check->thread, NULL, check_run, check) == 0;
	if (!check->started)
		check_run(check);
}

static bool
check_show(struct cli *cli, struct check *check)
{
	LK_AUTO(health_freep) latchkey_health *health = NULL;

	if (check->started)
		pthread_join(check->thread, NULL);
	out_object(&cli->out, NULL);
	out_text(&cli->out, "service", latchkey_service_name(check->service));
	if (check->status == LATCHKEY_OK) {
		health = check->health;
		show_health(&cli->out, health);
	} else {
		out_text(&cli->out, "state", "unavailable");
		out_text(&cli->out, "reason", check->error.reason);
	}
	out_object_end(&cli->out);
	return health && strcmp(latchkey_health_state(health), "serving") == 0;
}

/* The service that is named, or all; false when there is none of that name. */
static bool
checks_choose(struct cli *cli, struct check checks[LATCHKEY_SERVICE_COUNT], size_t *out_count)
{
	const char *named = cli_operand(cli, 0);

	*out_count = 0;
	for (int i = 0; i < LATCHKEY_SERVICE_COUNT; i++) {
		if (named && strcmp(named, latchkey_service_name((latchkey_service)i)) != 0)
			continue;
		struct check *check = &checks[(*out_count)++];
		check->cli = cli;
		check->service = (latchkey_service)i;
		check->call.timeout_ms =
		    cli->call.timeout_ms ? cli->call.timeout_ms : STATUS_TIMEOUT_MS;
	}
	return *out_count > 0;
}

int
run_status(struct cli *cli)
{
	static const char *const columns[] = { "service", "state", "version", "instance",
		"started_at", "reason", NULL };
	struct check checks[LATCHKEY_SERVICE_COUNT] = { 0 };
	size_t count;
	bool well = true;

	if (!checks_choose(cli, checks, &count))
		return cli_misused(
		    cli, "%s is none of keys, tokens, credentials", cli_operand(cli, 0));
	CLI_TRY(cli, cli_connect(cli, true));
	for (size_t i = 0; i < count; i++)
		check_start(&checks[i]);
	out_list(&cli->out, "services", columns);
	for (size_t i = 0; i < count; i++)
		well = check_show(cli, &checks[i]) && well;
	out_list_end(&cli->out);
	const int answered = cli_answer(cli);
	return answered != EXIT_OK ? answered : well ? EXIT_OK : EXIT_UNAVAILABLE;
}

/* ---- login ---- */

/* What comes in with a sign-in: a ticket, perhaps with a new password, or a password alone. */
struct proof {
	struct input_field fields[2];
	size_t count;
	bool by_ticket;
};

static void
proof_wipe(struct proof *proof)
{
	input_fields_free(proof->fields, proof->count);
}

/* The ticket from the option, or from standard input when that says nothing or a dash. */
static latchkey_status
ticket_read(struct cli *cli, struct proof *proof)
{
	const char *given = cli_value(cli, OPT_TICKET);
	const bool in_option = given && strcmp(given, "-") != 0;
	const bool with_password = cli_value(cli, OPT_SET_PASSWORD) != NULL;

	proof->by_ticket = true;
	proof->count = with_password ? 2 : 1;
	proof->fields[0] = (struct input_field){ "ticket", true, NULL };
	proof->fields[1] = (struct input_field){ "new password", true, NULL };
	if (in_option) {
		const latchkey_status status =
		    latchkey_secret_new(given, strlen(given), &proof->fields[0].value, &cli->error);
		if (status != LATCHKEY_OK)
			return status;
	}
	return input_fields(cli, proof->fields + in_option, proof->count - in_option);
}

static latchkey_status
password_read(struct cli *cli, struct proof *proof)
{
	proof->count = 1;
	proof->fields[0] = (struct input_field){ "password", true, NULL };
	return input_fields(cli, proof->fields, 1);
}

static bool
is_address(const char *operand)
{
	return operand && strchr(operand, '@') != NULL;
}

static latchkey_status
come_in(struct cli *cli, const struct proof *proof, latchkey_session **out_session,
    latchkey_secret **out_secret)
{
	const char *first = latchkey_secret_text(proof->fields[0].value);

	if (!proof->by_ticket)
		return latchkey_sign_in(cli->client, cli_value(cli, OPT_TENANT),
		    cli_operand(cli, 0), first, &cli->call, out_session, out_secret, &cli->error);
	return latchkey_ticket_redeem(cli->client, first,
	    proof->count == 2 ? latchkey_secret_text(proof->fields[1].value) : NULL, &cli->call,
	    out_session, out_secret, &cli->error);
}

static latchkey_status
session_keep(struct cli *cli, const latchkey_session *session, const latchkey_secret *secret)
{
	LK_AUTO(health_freep) latchkey_health *health = NULL;
	const latchkey_status known =
	    latchkey_health_check(cli->client, LATCHKEY_KEYS, &cli->call, &health, &cli->error);
	const latchkey_profile profile = {
		.secret = latchkey_secret_text(secret),
		.url = latchkey_client_url(cli->client),
		.instance = known == LATCHKEY_OK ? latchkey_health_instance(health) : NULL,
		.user = latchkey_user_email(latchkey_session_user(session)),
		.session_id = latchkey_session_id(session),
	};

	return latchkey_profile_save(cli_profile(cli), &profile, &cli->error);
}

static int
session_show(struct cli *cli, const latchkey_session *session)
{
	const latchkey_user *user = latchkey_session_user(session);
	const latchkey_tenant *tenant = latchkey_session_tenant(session);

	out_text(&cli->out, "profile", cli_profile(cli));
	out_text(&cli->out, "user", latchkey_user_id(user));
	out_text(&cli->out, "email", latchkey_user_email(user));
	out_text(
	    &cli->out, "tenant", tenant ? latchkey_tenant_id(tenant) : latchkey_user_tenant(user));
	out_text(&cli->out, "tenant_name", tenant ? latchkey_tenant_name(tenant) : "");
	out_text(&cli->out, "session_id", latchkey_session_id(session));
	out_expiry(&cli->out, "expires_at", latchkey_session_expires_at_ms(session));
	return cli_answer(cli);
}

int
run_login(struct cli *cli)
{
	LK_AUTO(proof_wipe) struct proof proof = { .count = 0 };
	LK_AUTO(secret_freep) latchkey_secret *secret = NULL;
	LK_AUTO(session_freep) latchkey_session *session = NULL;
	const char *operand = cli_operand(cli, 0);

	if (operand && strcmp(operand, "-") != 0 && !is_address(operand))
		return cli_misused(cli,
		    "write login EMAIL --tenant DOMAIN, or login --ticket TICKET "
		    "(or give the ticket on standard input)");
	if (is_address(operand) && (!cli_value(cli, OPT_TENANT) || cli_value(cli, OPT_TICKET)))
		return cli_misused(
		    cli, "write login %s --tenant DOMAIN; a ticket needs no address", operand);
	CLI_TRY(cli, is_address(operand) ? password_read(cli, &proof) : ticket_read(cli, &proof));
	CLI_TRY(cli, latchkey_profile_prepare(cli_profile(cli), &cli->error));
	CLI_TRY(cli, cli_connect(cli, true));
	CLI_TRY(cli, come_in(cli, &proof, &session, &secret));
	if (!latchkey_session_user(session))
		CLI_TRY(cli, cli_refuse(cli, LATCHKEY_INTERNAL, "", "REPLY_INCOMPLETE",
				 "the service did not say who signed in"));
	CLI_TRY(cli, session_keep(cli, session, secret));
	return session_show(cli, session);
}

int
run_logout(struct cli *cli)
{
	LK_AUTO(secret_freep) latchkey_secret *secret = NULL;

	CLI_TRY(cli, cli_connect(cli, false));
	const char *profile = latchkey_client_profile(cli->client);
	if (!*profile)
		CLI_TRY(cli, cli_refuse(cli, LATCHKEY_FAILED_PRECONDITION, "profile",
				 "NOT_SIGNED_IN", "no profile is in use"));
	const latchkey_status ended =
	    latchkey_session_end(cli->client, NULL, &cli->call, &cli->error);
	/* A session that the services refuse has ended already. */
	if (ended != LATCHKEY_OK && ended != LATCHKEY_UNAUTHENTICATED)
		return cli_failed(cli);
	CLI_TRY(cli, latchkey_profile_delete(profile, &cli->error));
	out_text(&cli->out, "profile", profile);
	out_flag(&cli->out, "signed_out", true);
	return cli_answer(cli);
}

static latchkey_status
capabilities_show(struct cli *cli)
{
	LK_AUTO(capabilities_freep) latchkey_capabilities *may = NULL;
	const latchkey_status status =
	    latchkey_capabilities_get(cli->client, &cli->call, &may, &cli->error);

	if (status == LATCHKEY_OK)
		show_capabilities(&cli->out, may);
	return status;
}

int
run_whoami(struct cli *cli)
{
	LK_AUTO(me_freep) latchkey_me *me = NULL;

	CLI_TRY(cli, cli_connect(cli, false));
	CLI_TRY(cli, latchkey_me_get(cli->client, &cli->call, &me, &cli->error));
	out_text(&cli->out, "caller", latchkey_me_caller_kind(me));
	out_text(&cli->out, "profile", latchkey_client_profile(cli->client));
	if (latchkey_me_identity(me))
		show_identity(&cli->out, latchkey_me_identity(me));
	if (args_has(&cli->args, OPT_CAPABILITIES))
		CLI_TRY(cli, capabilities_show(cli));
	return cli_answer(cli);
}

int
run_version(struct cli *cli)
{
	out_text(&cli->out, "version", latchkey_version());
	return cli_answer(cli);
}
