/* The texts that init writes: the configuration of each service, and env.sh. */
#ifndef LATCHKEY_CLI_INIT_FILES_H
#define LATCHKEY_CLI_INIT_FILES_H

#include "cli.h"

enum {
	INIT_DIR_SIZE = 1024,
	INIT_PATH_SIZE = INIT_DIR_SIZE + 128,
	INIT_INSTANCE_SIZE = 33,
	INIT_HTTP_SIZE = 80
};

struct installation {
	char dir[INIT_DIR_SIZE];           /* absolute */
	char instance[INIT_INSTANCE_SIZE]; /* "": not known */
	const char *http;                  /* where a new gateway listens */
};

/* DIR/FOLDER/NAME; "" leaves a part out. */
void installation_path(const struct installation *installation, const char *folder,
    const char *name, char out[INIT_PATH_SIZE]);

/* The instance that a configuration of an earlier run names; "" when there is none. */
latchkey_status installation_instance(struct cli *cli, struct installation *installation);

/* {keys,tokens,credentials,gateway}.conf where missing (they may have been edited), env.sh always.
 */
latchkey_status installation_files(struct cli *cli, const struct installation *installation);

#endif
