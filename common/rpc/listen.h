/* An nng listener on an ipc path that can be replaced while it is in use, and never takes away a
 * successor's socket. */
#ifndef LK_RPC_LISTEN_H
#define LK_RPC_LISTEN_H

#include <nng/nng.h>
#include <sys/types.h>

#include "base/base.h"
#include "rpc/url.h"

/* One thread at a time. */
struct lk_listen {
	nng_socket socket;
	char path[LK_URL_PATH_MAX + 1];
	dev_t device; /* of the socket file that is ours */
	ino_t inode;
};

/*
 * Listen on `url` with mode 0660. FAILED_PRECONDITION ADDRESS_IN_USE when another process listens
 * there or the path is no socket, LISTEN_FAILED when the directory does not let us. A socket file
 * without a listener is replaced.
 */
lk_status lk_listen_start(
    struct lk_listen *listen, nng_socket socket, const char *url, struct lk_error *err);

/* A new listener takes over the path in one step; connections of the old one live on until the
 * socket is closed. */
lk_status lk_listen_again(struct lk_listen *listen, struct lk_error *err);

/* Take the path away if it is still ours, so that nobody new arrives. */
void lk_listen_unlink(struct lk_listen *listen);

#endif
