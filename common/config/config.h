/*
 * One table of options per process becomes a struct of fields, read from defaults, file,
 * environment and arguments: later wins.
 *
 * A row of options.def is LK_OPTION(kind, field, "name", default, "help"). The default is text,
 * NULL (the field stays NULL, 0 or false) or LK_REQUIRED. The option `store-url` is written
 * `store-url = VALUE` in the file, LATCHKEY_STORE_URL in the environment, and --store-url VALUE or
 * --store-url=VALUE among the arguments. LATCHKEY_STORE_URL_FILE names a file that holds the value;
 * one newline at its end is dropped. An empty variable counts as unset.
 */
#ifndef LK_CONFIG_H
#define LK_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/status.h"

enum lk_option_kind {
	LK_OPTION_STRING, /* const char *: printable UTF-8 */
	LK_OPTION_NAME,   /* const char *: [a-z0-9-]{1,32} */
	LK_OPTION_PATH,   /* const char *: not empty, at most 4095 bytes */
	LK_OPTION_SECRET, /* const char *: never printed, and no argument: every process reads those
			   */
	LK_OPTION_INT,    /* INT(min, max), int64_t: decimal */
	LK_OPTION_BOOL,   /* bool: true false yes no on off 1 0; --name alone is true */
	LK_OPTION_DURATION, /* DURATION("1s", "90d"), int64_t: milliseconds; a NULL bound is none */
	LK_OPTION_ENUM,     /* ENUM("a|b|c"), int: the position of the word */
};

struct lk_option {
	const char *name, *preset, *help;
	size_t offset; /* of the field in the process's struct */
	struct lk_option_type {
		enum lk_option_kind kind;
		int64_t min, max;                /* INT */
		const char *min_text, *max_text; /* DURATION */
		const char *words;               /* ENUM */
	} type;
};

extern const char lk_option_required[];
#define LK_REQUIRED lk_option_required

#define LK_OPTION_C_STRING const char *
#define LK_OPTION_C_NAME const char *
#define LK_OPTION_C_PATH const char *
#define LK_OPTION_C_SECRET const char *
#define LK_OPTION_C_INT(min, max) int64_t
#define LK_OPTION_C_BOOL bool
#define LK_OPTION_C_DURATION(min, max) int64_t
#define LK_OPTION_C_ENUM(words) int

#define LK_OPTION_T_STRING LK_OPTION_STRING, 0, 0, NULL, NULL, NULL
#define LK_OPTION_T_NAME LK_OPTION_NAME, 0, 0, NULL, NULL, NULL
#define LK_OPTION_T_PATH LK_OPTION_PATH, 0, 0, NULL, NULL, NULL
#define LK_OPTION_T_SECRET LK_OPTION_SECRET, 0, 0, NULL, NULL, NULL
#define LK_OPTION_T_INT(min, max) LK_OPTION_INT, (min), (max), NULL, NULL, NULL
#define LK_OPTION_T_BOOL LK_OPTION_BOOL, 0, 0, NULL, NULL, NULL
#define LK_OPTION_T_DURATION(min, max) LK_OPTION_DURATION, 0, 0, (min), (max), NULL
#define LK_OPTION_T_ENUM(words) LK_OPTION_ENUM, 0, 0, NULL, NULL, (words)

/* The two uses of a row: a field of the process's struct, an element of its table. README.md shows
 * both. */
#define LK_OPTION_FIELD(kind, field) LK_OPTION_C_##kind field;
#define LK_OPTION_ROW(config, kind, field, name, preset, help)                                     \
	{ name, preset, help, offsetof(config, field), { LK_OPTION_T_##kind } },

struct lk_config_table {
	const char *program; /* "latchkey-keys" */
	const char *summary; /* one line for --help */
	const struct lk_option *options;
	size_t count;
	/* What no option says alone, asked once all are read (CONFIG_INVALID); NULL: nothing. */
	lk_status (*check)(const void *config, struct lk_error *err);
};

/*
 * Fill `out_config` (the process's struct, zeroed by the caller). Strings are owned by it until
 * lk_config_free. INVALID_ARGUMENT CONFIG_INVALID: the message names the option and its source, for
 * the person who starts the process (so it may hold a path, and never travels). CANCELLED
 * CONFIG_ANSWERED: --help, --version, --check-config, --print-config or
 * --print-options=markdown was answered on standard output, nothing is left to do. On failure
 * nothing needs freeing.
 */
lk_status lk_config_load(const struct lk_config_table *table, int argc, char **argv,
    void *out_config, struct lk_error *err);

/* The same with everything from outside passed in: for tests. argv[0] is skipped; `environment` is
 * NAME=VALUE, NULL at its end. */
struct lk_config_input {
	int argc;
	const char *const *argv;
	const char *const *environment;
	FILE *out;
};
lk_status lk_config_load_from(const struct lk_config_table *table,
    const struct lk_config_input *input, void *out_config, struct lk_error *err);

/* Wipe and free the strings, which become NULL; everything else stays. */
void lk_config_free(const struct lk_config_table *table, void *config);

#endif
