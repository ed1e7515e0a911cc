/* Inside config: what was said about each option and where, before it becomes the process's struct.
 */
#ifndef LK_CONFIG_SETTINGS_H
#define LK_CONFIG_SETTINGS_H

#include "base/base.h"
#include "config/config.h"

enum { SETTING_SOURCE_SIZE = 128, SETTING_ENVIRONMENT_SIZE = 96, SETTING_VALUE_MAX = 65536 };

struct setting {
	char *text; /* ours; NULL is unset */
	enum {
		FROM_DEFAULT,
		FROM_FILE,
		FROM_ENVIRONMENT,
		FROM_ENVIRONMENT_FILE,
		FROM_ARGUMENT
	} from;
	unsigned line; /* FROM_FILE */
};

struct settings {
	const struct lk_config_table *table;
	struct setting *rows;   /* one for each option of the table */
	const char *file;       /* --config, borrowed; NULL is none */
	const char **arguments; /* one for each option; borrowed from argv, NULL is not given */
	enum {
		ACTION_RUN,
		ACTION_HELP,
		ACTION_VERSION,
		ACTION_CHECK,
		ACTION_PRINT,
		ACTION_OPTIONS
	} action;
};

/* load.c: "workers" to LATCHKEY_WORKERS, with `suffix` after it; and a source in words, for
 * messages and --print-config. */
void settings_environment_name(
    const char *option, const char *suffix, char out[SETTING_ENVIRONMENT_SIZE]);
void settings_source(const struct settings *s, size_t index, char out[SETTING_SOURCE_SIZE]);

/* value.c: check every text and write it into its field of `config`; on failure nothing in `config`
 * needs freeing. */
lk_status settings_apply(const struct settings *s, void *config, struct lk_error *err);
bool settings_is_text(enum lk_option_kind kind); /* whether the field is an owned string */

/* print.c */
void settings_print_help(const struct lk_config_table *table, FILE *out);
void settings_print_values(const struct settings *s, FILE *out);
void settings_print_markdown(const struct lk_config_table *table, FILE *out);

#endif
