/* A command that lives no longer than the lease it works under. */
#ifndef LATCHKEY_CLI_SUPERVISE_H
#define LATCHKEY_CLI_SUPERVISE_H

#include <signal.h>

#include "cli.h"
#include "environment.h"

enum { EXIT_NOT_RUNNABLE = 126, EXIT_NOT_FOUND = 127 };

/* Says why a command could not be run; answers 126 or 127. */
int command_failed(struct cli *cli, const char *command, int why);

/* Before the client has threads, which inherit this: what `supervise` waits for comes to no thread
 * but its own. `out_before` is the mask of signals that the command is to have. */
void supervise_block(sigset_t *out_before);

/*
 * Run it with this environment, which is wiped once the command has it, and hold `lease` meanwhile.
 * Signals sent to us go on to the command; when the lease is over it gets SIGTERM, and SIGKILL ten
 * seconds later. Answers its exit status; ends by the signal that ended it. After supervise_block.
 */
int supervise(struct cli *cli, char **command, struct child_environment *child,
    const latchkey_lease *lease, const sigset_t *before);

#endif
