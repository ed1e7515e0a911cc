/* A service in the form in which it moves its rows: started, asked, listened to. */
#ifndef LATCHKEY_CLI_STORE_CHILD_H
#define LATCHKEY_CLI_STORE_CHILD_H

#include <stdio.h>
#include <sys/types.h>

#include "cli.h"

struct store_child {
	pid_t pid;
	FILE *answers; /* a line of JSON each */
};

/*
 * Start `latchkey-SERVICE FORM` (store-migrate or store-copy), which lies beside this program or on
 * PATH, and tell it the URLs by its standard input: arguments are read by every process. NOT_FOUND
 * SERVICE_NOT_FOUND when there is none.
 */
latchkey_status store_child_start(struct cli *cli, const char *service, const char *form,
    const char *from, const char *to, struct store_child *out_child);

/* Waits for its end, which comes at once when nobody listens any more. True: it ended well. */
bool store_child_end(struct store_child *child);

#endif
