/* An nng listener on an ipc path that can be replaced while it is in use, and never takes away a
 * successor's socket; or one over TLS, which stays as it is. */
#ifndef LK_RPC_LISTEN_H
#define LK_RPC_LISTEN_H

#include <nng/nng.h>
#include <sys/types.h>

#include "base/base.h"
#include "rpc/tls.h"
#include "rpc/url.h"

/* One thread at a time. */
struct lk_listen {
	nng_socket socket;
	char path[LK_URL_PATH_MAX + 1]; /* "" over TLS */
	dev_t device;                   /* of the socket file that is ours */
	ino_t inode;
};

/*
 * Listen on `url` with mode 0660. FAILED_PRECONDITION ADDRESS_IN_USE when another process listens
 * there or the path is no socket, LISTEN_FAILED when the directory does not let us. A socket file
 * without a listener is replaced.
 */
lk_status lk_listen_start(
    struct lk_listen *listen, nng_socket socket, const char *url, struct lk_error *err);

/*
 * Listen on tls+tcp://ADDRESS:PORT. An aborted handshake stops such a listener of nng before 1.6,
 * for ever and in silence: FAILED_PRECONDITION NNG_TOO_OLD there, unless `allow_old`.
 * ADDRESS_IN_USE when the port is taken; errors of lk_tls_listener.
 */
lk_status lk_listen_tls(struct lk_listen *listen, nng_socket socket, const char *url,
    const struct lk_tls *tls, bool allow_old, struct lk_error *err);

/* A new listener takes over the path in one step; connections of the old one live on until the
 * socket is closed. */
lk_status lk_listen_again(struct lk_listen *listen, struct lk_error *err);

/* Take the path away if it is still ours, so that nobody new arrives. Over TLS nothing happens: to
 * close a listener would cut its connections. */
void lk_listen_unlink(struct lk_listen *listen);

#endif
