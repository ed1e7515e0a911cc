/* What --help, --print-config and --print-options=markdown show; see config.h. */
#include <inttypes.h>
#include <string.h>

#include "config/settings.h"

/* What a value of this kind looks like. */
static void
print_shape(const struct lk_option_type *type, FILE *out)
{
	switch (type->kind) {
	case LK_OPTION_STRING:
		fprintf(out, "TEXT");
		break;
	case LK_OPTION_NAME:
		fprintf(out, "NAME");
		break;
	case LK_OPTION_PATH:
		fprintf(out, "PATH");
		break;
	case LK_OPTION_SECRET:
		fprintf(out, "SECRET (not as an argument)");
		break;
	case LK_OPTION_INT:
		fprintf(out, "%" PRId64 "..%" PRId64, type->min, type->max);
		break;
	case LK_OPTION_BOOL:
		fprintf(out, "true|false");
		break;
	case LK_OPTION_DURATION:
		fprintf(out, "DURATION %s..%s", type->min_text == NULL ? "1ms" : type->min_text,
		    type->max_text == NULL ? "" : type->max_text);
		break;
	case LK_OPTION_ENUM:
		fprintf(out, "%s", type->words);
		break;
	}
}

static const char *
preset_in_words(const struct lk_option *option)
{
	if (option->preset == lk_option_required)
		return "required";
	return option->preset == NULL || *option->preset == '\0' ? "none" : option->preset;
}

void
settings_print_help(const struct lk_config_table *table, FILE *out)
{
	fprintf(out,
	    "%s: %s\n\nOptions, each also LATCHKEY_NAME in the environment or `name = value` in "
	    "--config FILE:\n",
	    table->program, table->summary);
	for (size_t i = 0; i < table->count; i++) {
		const struct lk_option *option = &table->options[i];
		fprintf(out, "  --%s ", option->name);
		print_shape(&option->type, out);
		fprintf(out, "\n      %s (%s%s)\n", option->help,
		    option->preset == lk_option_required ? "" : "default: ",
		    preset_in_words(option));
	}
	fprintf(out,
	    "  --config PATH\n      a file of options\n"
	    "  --check-config, --print-config, --print-options=markdown, --version, --help\n"
	    "      answer and leave\n");
}

/* Markdown tables end a cell at a bar. */
static void
print_cell(const char *text, FILE *out)
{
	for (; *text != '\0'; text++)
		fprintf(out, *text == '|' ? "\\%c" : "%c", *text);
}

void
settings_print_markdown(const struct lk_config_table *table, FILE *out)
{
	fprintf(out, "| option | environment | default | what it is |\n|---|---|---|---|\n");
	for (size_t i = 0; i < table->count; i++) {
		const struct lk_option *option = &table->options[i];
		char name[SETTING_ENVIRONMENT_SIZE];
		settings_environment_name(option->name, "", name);
		fprintf(out, "| `--%s` | `%s` | ", option->name, name);
		print_cell(preset_in_words(option), out);
		fprintf(out, " | ");
		print_cell(option->help, out);
		fprintf(out, " |\n");
	}
}

/*
 * How many bytes to hide at `text + *from`: a password in the authority of a URL, or after
 * password=. Rather too many than too few: up to the last @, since passwords hold anything. 0 when
 * there is none.
 */
static size_t
password_find(const char *text, size_t *from)
{
	const char *authority = strstr(text, "://");
	const char *parameter = strstr(text, "password=");
	const char *at = strrchr(text, '@');
	const char *colon = authority == NULL ? NULL : strchr(authority + 3, ':');

	if (colon != NULL && at != NULL && colon < at) {
		*from = (size_t)(colon + 1 - text);
		return parameter == NULL ? (size_t)(at - colon - 1) : strlen(colon + 1);
	}
	if (parameter == NULL)
		return 0;
	*from = (size_t)(parameter + strlen("password=") - text);
	return strlen(text + *from);
}

static void
print_value(enum lk_option_kind kind, const char *text, size_t width, FILE *out)
{
	size_t from = 0;
	const size_t hidden = text == NULL ? 0 : password_find(text, &from);

	if (text == NULL)
		fprintf(out, "%-*s", (int)width, "-");
	else if (kind == LK_OPTION_SECRET)
		fprintf(out, "%-*s", (int)width, "***");
	else if (hidden > 0)
		fprintf(out, "%.*s***%s", (int)from, text, text + from + hidden);
	else
		fprintf(out, "%-*s", (int)width, text);
}

void
settings_print_values(const struct settings *s, FILE *out)
{
	enum { VALUE_WIDTH = 40 };
	char source[SETTING_SOURCE_SIZE];

	for (size_t i = 0; i < s->table->count; i++) {
		const struct lk_option *option = &s->table->options[i];
		settings_source(s, i, source);
		fprintf(out, "%-20s ", option->name);
		print_value(option->type.kind, s->rows[i].text, VALUE_WIDTH, out);
		fprintf(out, "  %s\n", s->rows[i].text == NULL ? "unset" : source);
	}
}
