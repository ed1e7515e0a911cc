/* completion: what bash may offer after each beginning of a command, made from the rows. */
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "handlers.h"

/* The words that may follow `group` (NULL: at the start), each once. */
static void
words_after(const char *group)
{
	const char *last = "";
	size_t last_len = 0;

	for (size_t i = 0; i < commands_count; i++) {
		const char *word = commands[i].words;
		if (group && (!command_is_within(&commands[i], group) || !word[strlen(group)]))
			continue;
		word += group ? strlen(group) + 1 : 0;
		const size_t len = strcspn(word, " ");
		if (len == last_len && strncmp(word, last, len) == 0)
			continue;
		printf("%s%.*s", last_len ? " " : "", (int)len, word);
		last = word;
		last_len = len;
	}
}

static void
option_words(option_set set, bool valued_only)
{
	for (int o = 0; o < OPTION_COUNT; o++) {
		if ((set >> o & 1) && (option_rows[o].value || !valued_only))
			printf(" --%s", option_rows[o].name);
	}
}

/* One that longer ones begin with, too: `backup`, of `backup verify`. */
static bool
is_beginning(const struct command *command)
{
	for (size_t i = 0; i < commands_count; i++) {
		if (&commands[i] != command && command_is_within(&commands[i], command->words))
			return true;
	}
	return false;
}

static bool
is_command(const char *words)
{
	for (size_t i = 0; i < commands_count; i++) {
		if (strcmp(commands[i].words, words) == 0)
			return true;
	}
	return false;
}

static void
group_row(const char *group)
{
	printf("\t'%s') words='", group);
	words_after(group);
	printf("' ;;\n");
}

static void
command_row(const struct command *command)
{
	const bool goes_on = is_beginning(command);

	printf("\t'%s') %swords='", command->words, goes_on ? "" : "more='' ");
	if (goes_on)
		words_after(command->words);
	option_words(command_options(command), false);
	printf("' valued='");
	option_words(command_options(command), true);
	printf(" ' ;;\n");
}

static void
rows(void)
{
	char group[32] = "";

	for (size_t i = 0; i < commands_count; i++) {
		const int len = (int)strcspn(commands[i].words, " ");
		if (commands[i].words[len] &&
		    !command_is_within(&commands[i], *group ? group : " ")) {
			snprintf(group, sizeof group, "%.*s", len, commands[i].words);
			if (!is_command(group))
				group_row(group);
		}
		command_row(&commands[i]);
	}
}

/* An option's value is skipped, whatever it looks like, and bash's own completion is for it: files.
 * So it is for the command behind --. */
static const char walk[] =
    "_latchkey() {\n\tlocal word path= more=yes words valued i\n\t_latchkey_row ''\n"
    "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n\t\tword=${COMP_WORDS[i]}\n"
    "\t\tif [[ $word == -- ]]; then\n\t\t\treturn\n"
    "\t\telif [[ $valued == *\" $word \"* ]]; then\n\t\t\ti=$((i + 1))\n"
    "\t\t\t[[ ${COMP_WORDS[i]} != = ]] || i=$((i + 1))\n"
    "\t\telif [[ $more && $word != -* ]]; then\n\t\t\tpath=${path:+$path }$word\n"
    "\t\t\t_latchkey_row \"$path\"\n\t\tfi\n\tdone\n"
    "\t((i == COMP_CWORD)) || return\n\t# shellcheck disable=SC2207\n"
    "\tCOMPREPLY=($(compgen -W \"$words\" -- \"${COMP_WORDS[COMP_CWORD]}\"))\n}\n"
    "complete -o default -F _latchkey latchkey\n";

int
run_completion(struct cli *cli)
{
	if (strcmp(cli_operand(cli, 0), "bash") != 0)
		return cli_misused(cli, "completion is for bash");
	printf("# latchkey completion for bash; . <(latchkey completion bash)\n"
	       "_latchkey_row() {\n\tcase $1 in\n\t'') words='");
	words_after(NULL);
	option_words(GLOBAL_OPTIONS, false);
	printf("' valued='");
	option_words(GLOBAL_OPTIONS, true);
	printf(" ' ;;\n");
	rows();
	printf("\t*) more='' words='' ;;\n\tesac\n}\n%s", walk);
	return cli_answer(cli);
}
