/*
 * `latchkey validate --serve`: decisions of liblatchkey-validator for programs that are not in C. A
 * request is a line of JSON on a Unix socket, so is its answer, in whatever order they are done.
 */
#ifndef LATCHKEY_CLI_SERVE_H
#define LATCHKEY_CLI_SERVE_H

#include <latchkey/validator.h>

#include "cli.h"

/* A socket that listens, and what must be taken away at the end. */
struct serve_socket {
	int fd;
	const char *path; /* borrowed */
	uint64_t device, inode;
};

/*
 * Listens with mode 0660. A socket file that nobody listens on any more is replaced.
 * LATCHKEY_INVALID_ARGUMENT PATH_INVALID; LATCHKEY_FAILED_PRECONDITION SOCKET_BUSY when somebody
 * listens there or it is no socket, SOCKET_FAILED.
 */
latchkey_status serve_socket_open(
    struct cli *cli, const char *path, struct serve_socket *out_socket);
void serve_socket_close(struct serve_socket *socket); /* another's socket at the path stays */

/* Serve until `stop_fd` is readable; then answer what was asked and return. Blocks. */
latchkey_status serve_loop(
    struct cli *cli, latchkey_validator *validator, int listen_fd, int stop_fd);

/* The whole command; its exit status. */
int serve_validate(struct cli *cli);

#endif
