/* From argv to a command, its operands and its options. */
#include "command.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "handlers.h"

const struct option_row option_rows[OPTION_COUNT] = {
#define OPTION(symbol, name, value, often, help) { name, value, often, help },
#include "options.def"
#undef OPTION
};

const struct command commands[] = {
#define COMMAND(words, handler, operands, least, most, options, help)                              \
	{ words, run_##handler, operands, least, most, options, help },
#include "commands.def"
#undef COMMAND
};
const size_t commands_count = LK_ARRAY_LEN(commands);

bool
command_is_within(const struct command *command, const char *words)
{
	const size_t len = words ? strlen(words) : 0;

	return len == 0 || (strncmp(command->words, words, len) == 0 &&
			       (command->words[len] == '\0' || command->words[len] == ' '));
}

option_set
command_options(const struct command *command)
{
	option_set set = GLOBAL_OPTIONS;

	for (int own = 0; command && own < OPTION_COUNT; own++) {
		for (int o = 0; (command->options >> own & 1) && o < OPTION_COUNT; o++) {
			if (strcmp(option_rows[o].name, option_rows[own].name) == 0)
				set &= ~((option_set)1 << o);
		}
	}
	return command ? set | command->options : set;
}

struct parser {
	struct args *args;
	char **next, **end;
	char *wrong;
	size_t wrong_size;
};

static bool __attribute__((format(printf, 2, 3)))
wrong(struct parser *parser, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(parser->wrong, parser->wrong_size, format, args);
	va_end(args);
	return false;
}

static const struct command *
command_find(const char *first, const char *second)
{
	char words[64];

	snprintf(words, sizeof words, second ? "%s %s" : "%s", first, second);
	for (size_t i = 0; i < commands_count; i++) {
		if (strcmp(commands[i].words, words) == 0)
			return &commands[i];
	}
	return NULL;
}

static bool
is_group(const char *word)
{
	const size_t len = strlen(word);

	for (size_t i = 0; i < commands_count; i++) {
		if (strncmp(commands[i].words, word, len) == 0 && commands[i].words[len] == ' ')
			return true;
	}
	return false;
}

/* The command's own options go before global ones of the same name; OPTION_COUNT when there is
 * none. */
static enum option
option_find(const struct command *command, const char *name, size_t len)
{
	const option_set sets[] = { command ? command->options : 0, GLOBAL_OPTIONS };

	for (size_t s = 0; s < LK_ARRAY_LEN(sets); s++) {
		for (int o = 0; o < OPTION_COUNT; o++) {
			if ((sets[s] >> o & 1) && strncmp(option_rows[o].name, name, len) == 0 &&
			    !option_rows[o].name[len])
				return (enum option)o;
		}
	}
	return OPTION_COUNT;
}

static bool
option_take(struct parser *parser, const char *text)
{
	const char *equals = strchr(text, '=');
	const size_t len = equals ? (size_t)(equals - text) : strlen(text);
	const enum option option = option_find(parser->args->command, text, len);

	if (option == OPTION_COUNT)
		return wrong(parser, "there is no option --%.*s here", (int)len, text);
	const struct option_row *row = &option_rows[option];
	struct option_values *values = &parser->args->values[option];
	const char *value = equals ? equals + 1 : "";
	if (!row->value && equals)
		return wrong(parser, "--%s takes no value", row->name);
	if (row->value && !equals) {
		if (parser->next == parser->end)
			return wrong(parser, "--%s needs a %s", row->name, row->value);
		value = *parser->next++;
	}
	if (values->count > 0 && row->often == ONCE)
		return wrong(parser, "--%s is given twice", row->name);
	if (values->count == OPTION_VALUES_MAX)
		return wrong(
		    parser, "--%s is given more than %d times", row->name, OPTION_VALUES_MAX);
	values->at[values->count++] = value;
	return true;
}

static bool
word_take(struct parser *parser, const char *word)
{
	struct args *args = parser->args;

	const struct command *longer = args->command && args->operands_count == 0
					   ? command_find(args->command->words, word)
					   : NULL;
	if (longer) { /* backup, and backup restore */
		args->command = longer;
		return true;
	}
	if (args->command) {
		args->operands[args->operands_count++] = word;
		return true;
	}
	args->command = args->group ? command_find(args->group, word) : command_find(word, NULL);
	if (args->command)
		return true;
	if (args->group)
		return wrong(parser, "there is no command %s %s", args->group, word);
	if (!is_group(word))
		return wrong(parser, "there is no command %s", word);
	args->group = word;
	return true;
}

static bool
operands_check(struct parser *parser)
{
	const struct args *args = parser->args;
	const struct command *command = args->command;

	if (args_has(args, OPT_HELP))
		return true;
	if (!command)
		return wrong(parser, args->group ? "%s needs another word" : "a command is missing",
		    args->group);
	if (args->operands_count < command->least)
		return wrong(parser, "%s needs %s", command->words, command->operands);
	if (args->operands_count > command->most)
		return wrong(
		    parser, "%s does not take %s", command->words, args->operands[command->most]);
	return true;
}

/* What follows "--" is another program's, where the command starts one; else operands, which may
 * begin with a hyphen as ids do that are base64url. */
static void
rest_take(struct parser *parser)
{
	struct args *args = parser->args;

	if (args->command && strstr(args->command->operands, "-- ")) {
		args->rest = parser->next;
		return;
	}
	while (parser->next < parser->end)
		args->operands[args->operands_count++] = *parser->next++;
}

bool
args_parse(int argc, char **argv, struct args *out, char *out_wrong, size_t wrong_size)
{
	struct parser parser = { out, argv + 1, argv + argc, out_wrong, wrong_size };

	memset(out, 0, sizeof *out);
	out->operands = lk_alloc_array((size_t)argc, sizeof *out->operands);
	if (!out->operands)
		return wrong(&parser, "out of memory");
	while (parser.next < parser.end) {
		const char *text = *parser.next++;
		bool taken;
		if (strcmp(text, "--") == 0) {
			rest_take(&parser);
			break;
		}
		if (strcmp(text, "--version") == 0 && !out->command && !out->group)
			taken = word_take(&parser, "version");
		else if (strncmp(text, "--", 2) == 0)
			taken = option_take(&parser, text + 2);
		else if (strcmp(text, "-h") == 0)
			taken = option_take(&parser, "help");
		else if (text[0] == '-' && text[1])
			taken = wrong(
			    &parser, "there is no option %s (what is none goes behind --)", text);
		else
			taken = word_take(&parser, text);
		if (!taken)
			return false;
	}
	return operands_check(&parser);
}

void
args_free(struct args *args)
{
	lk_free(args->operands);
}
