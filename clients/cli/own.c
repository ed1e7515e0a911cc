/* What people change of themselves: password, name, sessions. */
#include <string.h>
#include <unistd.h>

#include "handlers.h"
#include "input.h"
#include "pages.h"

/* ---- password ---- */

enum { PRESENT, NEW, AGAIN, FIELDS };

struct passwords {
	struct input_field fields[FIELDS];
};

static void
passwords_wipe(struct passwords *passwords)
{
	input_fields_free(passwords->fields, FIELDS);
}

/* Typed twice, as nobody sees what is typed; on standard input once. */
static latchkey_status
passwords_read(struct cli *cli, struct passwords *passwords)
{
	struct input_field *fields = passwords->fields;
	const bool typed = isatty(STDIN_FILENO) == 1;
	const latchkey_status status = input_fields(cli, fields, typed ? FIELDS : AGAIN);

	if (status != LATCHKEY_OK || !typed)
		return status;
	return strcmp(latchkey_secret_text(fields[NEW].value),
		   latchkey_secret_text(fields[AGAIN].value)) == 0
		   ? LATCHKEY_OK
		   : cli_refuse(cli, LATCHKEY_INVALID_ARGUMENT, "new password", "PASSWORD_TWICE",
			 "the two are not the same");
}

int
run_password(struct cli *cli)
{
	LK_AUTO(passwords_wipe)
	struct passwords passwords = {
		.fields = { { "present password", true, NULL }, { "new password", true, NULL },
		    { "new password again", true, NULL } },
	};

	CLI_TRY(cli, cli_connect(cli, false));
	CLI_TRY(cli, passwords_read(cli, &passwords));
	CLI_TRY(
	    cli, latchkey_password_change(cli->client,
		     latchkey_secret_text(passwords.fields[PRESENT].value),
		     latchkey_secret_text(passwords.fields[NEW].value), &cli->call, &cli->error));
	out_flag(&cli->out, "changed", true);
	return cli_answer(cli);
}

/* ---- name ---- */

int
run_rename(struct cli *cli)
{
	LK_AUTO(user_freep) latchkey_user *user = NULL;

	CLI_TRY(cli, cli_connect(cli, false));
	CLI_TRY(cli,
	    latchkey_name_change(cli->client, cli_operand(cli, 0), &cli->call, &user, &cli->error));
	show_user(&cli->out, user);
	return cli_answer(cli);
}

/* ---- sessions ---- */

int
run_session_list(struct cli *cli)
{
	static const char *const columns[] = { "id", "created_at", "last_used_at", "expires_at",
		"current", NULL };

	CLI_TRY(cli, cli_connect(cli, false));
	PAGES(cli, open_session, "sessions", columns,
	    latchkey_open_session_list_get(cli->client, cli_operand(cli, 0),
		cli_value(cli, OPT_TENANT), &page, &cli->call, &list, &cli->error));
}

int
run_session_end(struct cli *cli)
{
	static const char *const columns[] = { "id", "ended", NULL };

	CLI_TRY(cli, cli_connect(cli, false));
	out_list(&cli->out, "sessions", columns);
	for (size_t i = 0; cli_operand(cli, i); i++) {
		CLI_TRY(cli, latchkey_session_end(
				 cli->client, cli_operand(cli, i), &cli->call, &cli->error));
		out_object(&cli->out, NULL);
		out_text(&cli->out, "id", cli_operand(cli, i));
		out_flag(&cli->out, "ended", true);
		out_object_end(&cli->out);
	}
	out_list_end(&cli->out);
	return cli_answer(cli);
}
