/* Commands and options as rows, and what the arguments of one run say. */
#ifndef LATCHKEY_CLI_COMMAND_H
#define LATCHKEY_CLI_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum option {
#define OPTION(symbol, name, value, often, help) OPT_##symbol,
#include "options.def"
#undef OPTION
	OPTION_COUNT
};
enum often { ONCE, OFTEN };

struct option_row {
	const char *name, *value; /* value NULL: a switch */
	enum often often;
	const char *help;
};
extern const struct option_row option_rows[OPTION_COUNT];

/* A set of options, one bit each. */
__extension__ typedef unsigned __int128 option_set;
#define O(symbol) ((option_set)1 << OPT_##symbol)
/* Which keys: for all commands that choose among them. */
#define KEY_FILTER                                                                                 \
	(O(OWNER) | O(ALL) | O(TENANT) | O(ALL_TENANTS) | O(KEY_STATE) | O(KEY_NAME) |             \
	    O(EXPIRING_BEFORE) | O(UNUSED_SINCE))
#define GLOBAL_OPTIONS (O(PROFILE) | O(URL) | O(TIMEOUT) | O(JSON) | O(IDEMPOTENCY_KEY) | O(HELP))
_Static_assert(OPTION_COUNT <= 128, "a set of options has a bit for each");

struct cli;
struct command {
	const char *words; /* "key create" */
	int (*run)(struct cli *cli);
	const char *operands;
	size_t least, most;
	option_set options; /* its own; global ones are allowed besides */
	const char *help;
};
extern const struct command commands[];
extern const size_t commands_count;

/* Is it `words`, in the group `words`, or is `words` NULL or empty? */
bool command_is_within(const struct command *command, const char *words);

/* Its own options, and of the global ones those whose names it does not use for its own; NULL: the
 * global ones. */
option_set command_options(const struct command *command);

enum { OPTION_VALUES_MAX = 64 };
struct option_values {
	const char *at[OPTION_VALUES_MAX];
	size_t count;
};

/* Everything points into argv, but `operands`, which args_free() frees. */
struct args {
	const struct command *command; /* NULL: none was named */
	const char *group; /* the first word, when it needs a second that did not come */
	const char **operands;
	size_t operands_count;
	char **rest; /* after --; NULL without it */
	struct option_values values[OPTION_COUNT];
};

/* False with a sentence in `out_wrong`, for the person who typed it. */
bool args_parse(int argc, char **argv, struct args *out, char *out_wrong, size_t wrong_size);
void args_free(struct args *args);

static inline bool
args_has(const struct args *args, enum option option)
{
	return args->values[option].count > 0;
}

static inline const char *
args_value(const struct args *args, enum option option) /* NULL: not given */
{
	return args->values[option].count ? args->values[option].at[0] : NULL;
}

#endif
