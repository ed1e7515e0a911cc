/* Making folders, one after the other. */
#ifndef LATCHKEY_CLI_FOLDERS_H
#define LATCHKEY_CLI_FOLDERS_H

#include <sys/types.h>

#include "cli.h"

/* One folder with this mode; one that is there stays as it is. LATCHKEY_FAILED_PRECONDITION
 * FOLDER_FAILED names it. */
latchkey_status folder_make(struct cli *cli, const char *path, mode_t mode);

/* The same, and nobody but us and root may write there. FOLDER_UNSAFE. */
latchkey_status folder_own(struct cli *cli, const char *path, mode_t mode);

/* Every folder above the last part of an absolute path, 0700 where missing. */
latchkey_status folders_above(struct cli *cli, const char *path);

#endif
