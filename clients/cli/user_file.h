/* Files of the user's that other tools read, and that a command puts lines into. */
#ifndef LATCHKEY_CLI_USER_FILE_H
#define LATCHKEY_CLI_USER_FILE_H

#include "base/arena.h"
#include "cli.h"

/*
 * What is in the file, in the arena, as text; "" when there is no file. `what` names it in
 * messages. Refuses as lk_private_file_read does: what others may read is no place for a secret.
 */
latchkey_status user_file_read(struct cli *cli, struct lk_arena *arena, const char *path,
    const char *what, const char **out_text);

#endif
