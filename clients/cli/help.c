/* help and the manual page, both made from the rows. */
#include "help.h"

#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "handlers.h"

static void
option_line(const struct option_row *row)
{
	char left[64];

	snprintf(left, sizeof left, "--%s%s%s", row->name, row->value ? " " : "",
	    row->value ? row->value : "");
	printf(
	    "  %-24s %s%s\n", left, row->help, row->often == OFTEN ? "; may be given often" : "");
}

static void
options_print(option_set set)
{
	for (int o = 0; o < OPTION_COUNT; o++) {
		if (set >> o & 1)
			option_line(&option_rows[o]);
	}
}

static void
command_line(const struct command *command)
{
	char left[80];

	snprintf(left, sizeof left, "%s%s%s", command->words, *command->operands ? " " : "",
	    command->operands);
	printf("  %-36s %s\n", left, command->help);
}

/* `backup` is a command, and `backup restore` is another. */
static void
longer_ones_print(const struct command *command)
{
	for (size_t i = 0; i < commands_count; i++) {
		if (&commands[i] != command && command_is_within(&commands[i], command->words))
			command_line(&commands[i]);
	}
}

static int
command_help(const struct command *command)
{
	printf("usage: latchkey %s%s%s%s\n\n%s\n", command->words,
	    command->options ? " [OPTIONS]" : "", *command->operands ? " " : "", command->operands,
	    command->help);
	longer_ones_print(command);
	if (command->options) {
		printf("\noptions:\n");
		options_print(command->options);
	}
	printf("\neverywhere:\n");
	options_print(command_options(command) & GLOBAL_OPTIONS);
	return EXIT_OK;
}

int
help_show(const char *words)
{
	size_t found = 0;

	for (size_t i = 0; i < commands_count; i++) {
		if (words && strcmp(commands[i].words, words) == 0)
			return command_help(&commands[i]);
		found += command_is_within(&commands[i], words);
	}
	if (found == 0) {
		fprintf(stderr, "latchkey: there is no command %s\n", words);
		return EXIT_USAGE;
	}
	printf("usage: latchkey [OPTIONS] COMMAND [OPERANDS]\n\n");
	for (size_t i = 0; i < commands_count; i++) {
		if (command_is_within(&commands[i], words))
			command_line(&commands[i]);
	}
	printf("\neverywhere:\n");
	options_print(GLOBAL_OPTIONS);
	printf("\nlatchkey help COMMAND says more. Exit status: 0 ok, 1 refused, 2 used wrongly, 3 "
	       "unavailable.\n");
	return EXIT_OK;
}

/* ---- the manual page ---- */

/* A hyphen that is typed, and backslashes, as groff wants them. */
static void
man_text(const char *text)
{
	for (; *text; text++) {
		if (*text == '-')
			fputs("\\-", stdout);
		else if (*text == '\\')
			fputs("\\e", stdout);
		else
			putchar(*text);
	}
}

static void
man_options(option_set set)
{
	for (int o = 0; o < OPTION_COUNT; o++) {
		if (!(set >> o & 1))
			continue;
		printf(".TP\n\\fB\\-\\-");
		man_text(option_rows[o].name);
		printf("\\fR");
		if (option_rows[o].value)
			printf(" \\fI%s\\fR", option_rows[o].value);
		printf("\n");
		man_text(option_rows[o].help);
		printf("%s\n", option_rows[o].often == OFTEN ? "; may be given often" : "");
	}
}

static const char man_rest[] =
    ".SH EXIT STATUS\n0 ok, 1 refused, 2 used wrongly, 3 no answer from a service (or its answer "
    "was lost),\n4 nothing is wrong, but what was to prove it is not there (audit verify "
    "\\-\\-checkpoints).\n"
    "\\fBexec\\fR ends with the status of its command, with 127 when there is no such command, and "
    "with 126 when it cannot be run.\n"
    ".SH ERRORS\nOne line on standard error: the field at fault, what is wrong, and the reason in "
    "brackets. With \\fB\\-\\-json\\fR it is an object\n"
    "there, {\"error\": {\"status\", \"reason\", \"field\", \"message\"}}, and standard output "
    "stays empty.\n"
    ".SH ENVIRONMENT\nWho speaks is the first of: \\fB\\-\\-profile\\fR, LATCHKEY_API_KEY, "
    "LATCHKEY_API_KEY_FILE, LATCHKEY_PROFILE, the profile\n"
    "\\fIdefault\\fR where it exists, LATCHKEY_OPERATOR_KEY_FILE.\n.PP\nLATCHKEY_URL says where "
    "the services are (ipc:///DIR/run, or tls+tcp://HOST:PORT) unless \\fB\\-\\-url\\fR\n"
    "does; LATCHKEY_KEYS_URL, LATCHKEY_TOKENS_URL and LATCHKEY_CREDENTIALS_URL say it for one "
    "service. Without any, the profile's. TLS takes LATCHKEY_TLS_CERT_FILE, LATCHKEY_TLS_KEY_FILE\n"
    "and LATCHKEY_TLS_CA_FILE. TRACEPARENT (W3C Trace Context) goes with every call, into the "
    "logs of the services.\n"
    ".SH FILES\n.TP\n$XDG_CONFIG_HOME/latchkey/profiles/NAME (else "
    "~/.config/latchkey/profiles/NAME)\na session: secret, user, URL, instance; mode 0600.\n"
    ".TP\n$XDG_STATE_HOME/latchkey/audit/INSTANCE (else "
    "~/.local/state/latchkey/audit/INSTANCE)\nthe heads of the trails that \\fBaudit verify\\fR "
    "found good; the next\n"
    "verification must contain them.\n";

static int
man_show(void)
{
	printf(".TH LATCHKEY 1 \"\" \"latchkey %s\"\n.SH NAME\nlatchkey \\- keys, tokens and "
	       "provider credentials\n",
	    latchkey_version());
	printf(".SH SYNOPSIS\n\\fBlatchkey\\fR [OPTIONS] COMMAND [OPERANDS]\n.SH OPTIONS\n");
	man_options(GLOBAL_OPTIONS);
	printf(".SH COMMANDS\n");
	for (size_t i = 0; i < commands_count; i++) {
		printf(".SS \"latchkey ");
		man_text(commands[i].words);
		printf(" ");
		man_text(commands[i].operands);
		printf("\"\n");
		man_text(commands[i].help);
		printf("\n");
		man_options(commands[i].options);
	}
	fputs(man_rest, stdout);
	return EXIT_OK;
}

int
run_help(struct cli *cli)
{
	char words[64];

	if (args_has(&cli->args, OPT_MAN))
		return man_show();
	if (cli->args.operands_count == 0)
		return help_show(NULL);
	snprintf(words, sizeof words, "%.30s%s%.30s", cli_operand(cli, 0),
	    cli->args.operands_count > 1 ? " " : "",
	    cli->args.operands_count > 1 ? cli_operand(cli, 1) : "");
	return help_show(words);
}
