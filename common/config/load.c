/* Collect what file, environment and arguments say, later over earlier, then hand it to value.c or
 * print.c; see config.h. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/settings.h"

const char lk_option_required[] = "";

static lk_status __attribute__((format(printf, 2, 3)))
config_fail(struct lk_error *err, const char *format, ...)
{
	char message[LK_MESSAGE_SIZE];
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof message, format, args);
	va_end(args);
	return lk_fail(err, LK_INVALID_ARGUMENT, "CONFIG_INVALID", "%s", message);
}

/* The option whose name are the first `len` characters; `-` and `_` are one here. count when there
 * is none. */
static size_t
option_find(const struct lk_config_table *table, const char *name, size_t len)
{
	for (size_t i = 0; i < table->count; i++) {
		const char *own = table->options[i].name;
		size_t k = 0;
		while (k < len && own[k] != '\0' && own[k] == (name[k] == '_' ? '-' : name[k]))
			k++;
		if (k == len && own[k] == '\0')
			return i;
	}
	return table->count;
}

void
settings_environment_name(
    const char *option, const char *suffix, char out[SETTING_ENVIRONMENT_SIZE])
{
	snprintf(out, SETTING_ENVIRONMENT_SIZE, "LATCHKEY_%s%s", option, suffix);
	for (char *c = out; *c != '\0'; c++)
		*c = *c == '-' ? '_' : (char)toupper((unsigned char)*c);
}

void
settings_source(const struct settings *s, size_t index, char out[SETTING_SOURCE_SIZE])
{
	const char *name = s->table->options[index].name;
	char environment[SETTING_ENVIRONMENT_SIZE];

	settings_environment_name(
	    name, s->rows[index].from == FROM_ENVIRONMENT_FILE ? "_FILE" : "", environment);
	switch (s->rows[index].from) {
	case FROM_DEFAULT:
		snprintf(out, SETTING_SOURCE_SIZE, "default");
		break;
	case FROM_FILE:
		snprintf(out, SETTING_SOURCE_SIZE, "%.96s line %u", s->file, s->rows[index].line);
		break;
	case FROM_ENVIRONMENT:
	case FROM_ENVIRONMENT_FILE:
		snprintf(out, SETTING_SOURCE_SIZE, "%s", environment);
		break;
	case FROM_ARGUMENT:
		snprintf(out, SETTING_SOURCE_SIZE, "--%.96s", name);
		break;
	}
}

static void
text_wipe(char **text)
{
	if (*text != NULL)
		lk_wipe(*text, strlen(*text));
	lk_free(*text);
	*text = NULL;
}

static lk_status
setting_set(
    struct settings *s, size_t index, struct setting value, const char *text, struct lk_error *err)
{
	value.text = lk_text_dup(text);
	if (value.text == NULL)
		return lk_fail_oom(err);
	text_wipe(&s->rows[index].text);
	s->rows[index] = value;
	return LK_OK;
}

/* What the arguments say that is not an option of the table; false when it is not one of these. */
static bool
action_read(struct settings *s, const char *argument)
{
	static const struct {
		const char *argument;
		int action;
	} actions[] = {
		{ "--help", ACTION_HELP },
		{ "-h", ACTION_HELP },
		{ "--version", ACTION_VERSION },
		{ "--check-config", ACTION_CHECK },
		{ "--print-config", ACTION_PRINT },
		{ "--print-options=markdown", ACTION_OPTIONS },
	};

	for (size_t i = 0; i < LK_ARRAY_LEN(actions); i++) {
		if (strcmp(argument, actions[i].argument) != 0)
			continue;
		s->action = actions[i].action;
		return true;
	}
	return false;
}

/* One --name VALUE or --name=VALUE at *at, which is moved to its last word. */
static lk_status
argument_read(
    struct settings *s, const struct lk_config_input *input, int *at, struct lk_error *err)
{
	const char *argument = input->argv[*at];

	if (strncmp(argument, "--", 2) != 0)
		return config_fail(
		    err, "unexpected argument %.40s: options begin with --", argument);
	const char *name = argument + 2;
	const size_t len = strcspn(name, "=");
	const size_t index = option_find(s->table, name, len);
	const bool is_config = len == 6 && memcmp(name, "config", 6) == 0;
	if (index == s->table->count && !is_config)
		return config_fail(err, "unknown option --%.*s: --help lists them",
		    (int)(len < 40 ? len : 40), name);
	if (!is_config && s->table->options[index].type.kind == LK_OPTION_SECRET)
		return config_fail(err,
		    "%s is a secret: arguments can be read by every process; use the environment "
		    "or a file",
		    s->table->options[index].name);
	const char *value = name[len] == '=' ? name + len + 1 : NULL;
	if (value == NULL && !is_config && s->table->options[index].type.kind == LK_OPTION_BOOL)
		value = "true";
	if (value == NULL && *at + 1 < input->argc)
		value = input->argv[++*at];
	if (value == NULL)
		return config_fail(err, "--%.40s needs a value", name);
	*(is_config ? &s->file : &s->arguments[index]) = value;
	return LK_OK;
}

static lk_status
arguments_read(struct settings *s, const struct lk_config_input *input, struct lk_error *err)
{
	for (int at = 1; at < input->argc; at++)
		if (!action_read(s, input->argv[at]))
			LK_TRY(argument_read(s, input, &at, err));
	return LK_OK;
}

static lk_status
arguments_use(struct settings *s, struct lk_error *err)
{
	for (size_t i = 0; i < s->table->count; i++)
		if (s->arguments[i] != NULL)
			LK_TRY(setting_set(
			    s, i, (struct setting){ .from = FROM_ARGUMENT }, s->arguments[i], err));
	return LK_OK;
}

/* NULL when it is unset, or empty: compose files pass on variables that nobody set. */
static const char *
environment_get(const struct lk_config_input *input, const char *name)
{
	const size_t len = strlen(name);

	for (const char *const *entry = input->environment; *entry != NULL; entry++)
		if (strncmp(*entry, name, len) == 0 && (*entry)[len] == '=')
			return (*entry)[len + 1] == '\0' ? NULL : *entry + len + 1;
	return NULL;
}

static void
file_closep(FILE **file)
{
	if (*file != NULL)
		fclose(*file);
}

/* Text that was read; wiped by its size, since what getline leaves at the end of a file is no
 * string. */
struct buffer {
	char *text;
	size_t cap;
};

static void
buffer_wipe(struct buffer *buffer)
{
	if (buffer->text != NULL)
		lk_wipe(buffer->text, buffer->cap);
	free(buffer->text);
}

/* The content of the file named by LATCHKEY_…_FILE, without one newline at its end. */
static lk_status
value_file_use(
    struct settings *s, size_t index, const char *variable, const char *path, struct lk_error *err)
{
	char *text = lk_alloc(SETTING_VALUE_MAX + 2);
	LK_AUTO(buffer_wipe) struct buffer value = { text, SETTING_VALUE_MAX + 2 };
	LK_AUTO(file_closep) FILE *file = NULL;

	if (text == NULL)
		return lk_fail_oom(err);
	file = fopen(path, "re");
	if (file == NULL)
		return config_fail(err, "%s: %.96s: %s", variable, path, strerrordesc_np(errno));
	setvbuf(file, NULL, _IONBF, 0); /* no second copy of a secret */
	const size_t len = fread(text, 1, SETTING_VALUE_MAX + 1, file);
	if (ferror(file))
		return config_fail(err, "%s: %.96s cannot be read", variable, path);
	if (len > SETTING_VALUE_MAX || strlen(text) != len)
		return config_fail(err, "%s: %.96s must hold text of at most %d bytes", variable,
		    path, SETTING_VALUE_MAX);
	if (len > 0 && text[len - 1] == '\n')
		text[len - 1] = '\0';
	return setting_set(s, index, (struct setting){ .from = FROM_ENVIRONMENT_FILE }, text, err);
}

static lk_status
environment_use(
    struct settings *s, const struct lk_config_input *input, size_t index, struct lk_error *err)
{
	const char *option = s->table->options[index].name;
	char name[SETTING_ENVIRONMENT_SIZE], file_name[SETTING_ENVIRONMENT_SIZE];

	settings_environment_name(option, "", name);
	settings_environment_name(option, "_FILE", file_name);
	const char *value = environment_get(input, name);
	const char *path = environment_get(input, file_name);
	if (value != NULL && path != NULL)
		return config_fail(err, "%s and %s are both set: use one", name, file_name);
	if (path != NULL)
		return value_file_use(s, index, file_name, path, err);
	if (value != NULL)
		return setting_set(
		    s, index, (struct setting){ .from = FROM_ENVIRONMENT }, value, err);
	return LK_OK;
}

/* Without the blanks around it; the text is changed. */
static char *
trimmed(char *text)
{
	text += strspn(text, " \t\r\n");
	for (size_t len = strlen(text); len > 0 && strchr(" \t\r\n", text[len - 1]) != NULL; len--)
		text[len - 1] = '\0';
	return text;
}

static lk_status
line_use(struct settings *s, char *line, unsigned number, struct lk_error *err)
{
	char *name = trimmed(line);
	char *equals = strchr(name, '=');

	if (*name == '\0' || *name == '#' || *name == ';')
		return LK_OK;
	if (*name == '[')
		return config_fail(err,
		    "%.96s line %u: sections are not used: one file, one process", s->file, number);
	if (equals == NULL)
		return config_fail(err, "%.96s line %u: must be: option = value", s->file, number);
	*equals = '\0';
	name = trimmed(name);
	const size_t index = option_find(s->table, name, strlen(name));
	if (index == s->table->count)
		return config_fail(
		    err, "%.96s line %u: unknown option %.40s", s->file, number, name);
	if (s->rows[index].from == FROM_FILE)
		return config_fail(err, "%.96s line %u: %s stands on line %u already", s->file,
		    number, s->table->options[index].name, s->rows[index].line);
	return setting_set(s, index, (struct setting){ .from = FROM_FILE, .line = number },
	    trimmed(equals + 1), err);
}

static lk_status
file_use(struct settings *s, struct lk_error *err)
{
	LK_AUTO(file_closep) FILE *file = s->file == NULL ? NULL : fopen(s->file, "re");
	LK_AUTO(buffer_wipe) struct buffer line = { NULL, 0 };
	ssize_t len;

	if (s->file == NULL)
		return LK_OK;
	if (file == NULL)
		return config_fail(err, "--config %.96s: %s", s->file, strerrordesc_np(errno));
	for (unsigned number = 1; (len = getline(&line.text, &line.cap, file)) >= 0; number++) {
		if (strlen(line.text) != (size_t)len)
			return config_fail(err, "%.96s line %u: holds a NUL byte", s->file, number);
		LK_TRY(line_use(s, line.text, number, err));
	}
	return ferror(file) ? config_fail(err, "--config %.96s cannot be read", s->file) : LK_OK;
}

static void
settings_wipe(struct settings *s)
{
	for (size_t i = 0; s->rows != NULL && i < s->table->count; i++)
		text_wipe(&s->rows[i].text);
	lk_free(s->rows);
	lk_free(s->arguments);
}

static lk_status
settings_init(struct settings *s, struct lk_error *err)
{
	s->rows = lk_alloc_array(s->table->count, sizeof *s->rows);
	s->arguments = lk_alloc_array(s->table->count, sizeof *s->arguments);
	if (s->rows == NULL || s->arguments == NULL)
		return lk_fail_oom(err);
	for (size_t i = 0; i < s->table->count; i++) {
		const char *preset = s->table->options[i].preset;
		if (preset != NULL && preset != lk_option_required)
			LK_TRY(setting_set(
			    s, i, (struct setting){ .from = FROM_DEFAULT }, preset, err));
	}
	return LK_OK;
}

static lk_status
check_together(const struct lk_config_table *table, void *config, struct lk_error *err)
{
	const lk_status status = table->check ? table->check(config, err) : LK_OK;

	if (status != LK_OK)
		lk_config_free(table, config);
	return status;
}

static lk_status
answered(struct lk_error *err)
{
	return lk_fail(
	    err, LK_CANCELLED, "CONFIG_ANSWERED", "the question was answered; nothing is started");
}

/* --help and its like need no complete configuration. */
static lk_status
answer_about_table(const struct settings *s, FILE *out, struct lk_error *err)
{
	switch (s->action) {
	case ACTION_HELP:
		settings_print_help(s->table, out);
		return answered(err);
	case ACTION_VERSION:
		fprintf(out, "%s %s\n", s->table->program, LATCHKEY_VERSION);
		return answered(err);
	case ACTION_OPTIONS:
		settings_print_markdown(s->table, out);
		return answered(err);
	case ACTION_RUN:
	case ACTION_CHECK:
	case ACTION_PRINT:
		break;
	}
	return LK_OK;
}

static lk_status
answer_about_values(const struct settings *s, FILE *out, void *config, struct lk_error *err)
{
	if (s->action == ACTION_RUN)
		return LK_OK;
	lk_config_free(s->table, config);
	if (s->action == ACTION_PRINT)
		settings_print_values(s, out);
	else
		fprintf(out, "ok\n");
	return answered(err);
}

lk_status
lk_config_load_from(const struct lk_config_table *table, const struct lk_config_input *input,
    void *out_config, struct lk_error *err)
{
	LK_AUTO(settings_wipe) struct settings s = { .table = table };

	LK_TRY(settings_init(&s, err));
	s.file = environment_get(input, "LATCHKEY_CONFIG");
	LK_TRY(arguments_read(&s, input, err));
	LK_TRY(answer_about_table(&s, input->out, err));
	LK_TRY(file_use(&s, err));
	for (size_t i = 0; i < table->count; i++)
		LK_TRY(environment_use(&s, input, i, err));
	LK_TRY(arguments_use(&s, err));
	LK_TRY(settings_apply(&s, out_config, err));
	LK_TRY(check_together(table, out_config, err));
	return answer_about_values(&s, input->out, out_config, err);
}

lk_status
lk_config_load(const struct lk_config_table *table, int argc, char **argv, void *out_config,
    struct lk_error *err)
{
	const struct lk_config_input input = { argc, (const char *const *)argv,
		(const char *const *)environ, stdout };

	return lk_config_load_from(table, &input, out_config, err);
}
