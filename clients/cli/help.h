/* What the rows of commands.def and options.def say, to people and to man. */
#ifndef LATCHKEY_CLI_HELP_H
#define LATCHKEY_CLI_HELP_H

/* `words` is a command, a group of commands, or NULL for all. Answers the exit status. */
int help_show(const char *words);

#endif
