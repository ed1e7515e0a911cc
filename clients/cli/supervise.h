/* A command that lives no longer than the lease it works under. */
#ifndef LATCHKEY_CLI_SUPERVISE_H
#define LATCHKEY_CLI_SUPERVISE_H

#include "cli.h"
#include "environment.h"

enum { EXIT_NOT_RUNNABLE = 126, EXIT_NOT_FOUND = 127 };

/* Says why a command could not be run; answers 126 or 127. */
int command_failed(struct cli *cli, const char *command, int why);

/*
 * Run it with this environment, which is wiped once the command has it, and hold `lease` meanwhile.
 * Signals sent to us go on to the command; when the lease is over it gets SIGTERM, and SIGKILL ten
 * seconds later. Answers its exit status; ends by the signal that ended it.
 */
int supervise(
    struct cli *cli, char **command, struct child_environment *child, const latchkey_lease *lease);

#endif
