/* Secrets come in here: from standard input, or typed without echo. Never from arguments. */
#ifndef LATCHKEY_CLI_INPUT_H
#define LATCHKEY_CLI_INPUT_H

#include "cli.h"

enum { INPUT_MAX = 8 * 1024 }; /* bytes of one value: the longest token */

/*
 * All of standard input as one value, without one newline at its end. LATCHKEY_INVALID_ARGUMENT
 * naming `field`: INPUT_EMPTY, INPUT_TOO_LONG, INPUT_NOT_TEXT (no UTF-8, or a NUL in it).
 */
latchkey_status input_value(struct cli *cli, const char *field, latchkey_secret **out_value);

/* One thing asked for: a line of standard input, or typed after a prompt when that is a terminal.
 */
struct input_field {
	const char *name;
	bool hidden;
	latchkey_secret *value;
};
/*
 * Fill the values in order; lines beyond them are refused. As input_value, besides INPUT_MISSING
 * and INPUT_TOO_MANY. What was filled is yours also after a failure: input_fields_free().
 */
latchkey_status input_fields(struct cli *cli, struct input_field *fields, size_t count);
void input_fields_free(struct input_field *fields, size_t count);

#endif
