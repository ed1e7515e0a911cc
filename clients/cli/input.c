/* Reading secrets; see input.h. Standard input is read without a buffer of stdio's, which nobody
 * would wipe. */
#include "input.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "terminal.h"

struct line {
	char text[INPUT_MAX + 1];
	size_t len;
	bool ended;    /* by a newline */
	bool finished; /* standard input has no more */
};

static void
line_wipe(struct line *line)
{
	lk_wipe(line, sizeof *line);
}

static bool
byte_read(char *out)
{
	ssize_t got;

	do
		got = read(STDIN_FILENO, out, 1);
	while (got < 0 && errno == EINTR);
	return got == 1;
}

/* Up to a newline, the end, or one byte more than a value may have. */
static void
line_read(struct line *line)
{
	char byte;

	while (line->len <= INPUT_MAX && !line->ended) {
		if (!byte_read(&byte)) {
			line->finished = true;
			return;
		}
		if (byte == '\n')
			line->ended = true;
		else if (line->len < INPUT_MAX)
			line->text[line->len++] = byte;
		else
			line->len++; /* too long: counted, not kept */
	}
}

static latchkey_status
line_take(struct cli *cli, const char *field, const struct line *line, latchkey_secret **out_value)
{
	if (line->len > INPUT_MAX)
		return cli_refuse(cli, LATCHKEY_INVALID_ARGUMENT, field, "INPUT_TOO_LONG",
		    "%s has more than %d bytes", field, INPUT_MAX);
	if (line->len == 0)
		return cli_refuse(cli, LATCHKEY_INVALID_ARGUMENT, field,
		    line->finished ? "INPUT_MISSING" : "INPUT_EMPTY", "%s is %s", field,
		    line->finished ? "missing on standard input" : "empty");
	if (!lk_utf8_ok(lk_bytes(line->text, line->len)))
		return cli_refuse(cli, LATCHKEY_INVALID_ARGUMENT, field, "INPUT_NOT_TEXT",
		    "%s is not text", field);
	return latchkey_secret_new(line->text, line->len, out_value, &cli->error);
}

/* Nothing but one newline may follow a value. */
static bool
more_follows(const struct line *line)
{
	char byte;

	return line->ended && byte_read(&byte);
}

latchkey_status
input_value(struct cli *cli, const char *field, latchkey_secret **out_value)
{
	LK_AUTO(line_wipe) struct line line = { 0 };

	line_read(&line);
	if (more_follows(&line))
		return cli_refuse(cli, LATCHKEY_INVALID_ARGUMENT, field, "INPUT_TOO_MANY",
		    "%s has one line, and there are more", field);
	return line_take(cli, field, &line, out_value);
}

/* ---- a terminal ---- */

/* Whether it was hidden: for LK_AUTO. */
static void
show_again(const bool *hidden)
{
	if (*hidden)
		terminal_show();
}

static latchkey_status
field_prompt(struct cli *cli, struct input_field *field)
{
	LK_AUTO(show_again) const bool hidden = field->hidden && terminal_hide();
	LK_AUTO(line_wipe) struct line line = { 0 };

	if (hidden != field->hidden)
		return cli_refuse(cli, LATCHKEY_FAILED_PRECONDITION, field->name, "TERMINAL",
		    "the terminal's echo cannot be switched off: give %s on standard input",
		    field->name);
	fprintf(stderr, "%s: ", field->name);
	line_read(&line);
	return line_take(cli, field->name, &line, &field->value);
}

static latchkey_status
field_read(struct cli *cli, struct input_field *field, bool last)
{
	LK_AUTO(line_wipe) struct line line = { 0 };

	line_read(&line);
	if (last && more_follows(&line))
		return cli_refuse(cli, LATCHKEY_INVALID_ARGUMENT, field->name, "INPUT_TOO_MANY",
		    "%s is the last field, and more follows: a field is one line", field->name);
	return line_take(cli, field->name, &line, &field->value);
}

latchkey_status
input_fields(struct cli *cli, struct input_field *fields, size_t count)
{
	const bool typed = isatty(STDIN_FILENO) == 1;

	for (size_t i = 0; i < count; i++) {
		const latchkey_status status = typed ? field_prompt(cli, &fields[i])
						     : field_read(cli, &fields[i], i + 1 == count);
		if (status != LATCHKEY_OK)
			return status;
	}
	return LATCHKEY_OK;
}

void
input_fields_free(struct input_field *fields, size_t count)
{
	for (size_t i = 0; i < count; i++)
		latchkey_secret_free(fields[i].value);
}
