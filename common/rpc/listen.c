/*
 * nng unlinks the path it was given when a listener closes, even when another process listens there
 * by then. So it is given a neighbour's name, and the socket is renamed over the path: atomic, and
 * what nng unlinks later is not there.
 */
#include "rpc/listen.h"

#include <errno.h>
#include <nng/nng.h>
#include <nng/transport/ipc/ipc.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rpc/probe.h"
#include "rpc/tls_nng.h"

enum { SOCKET_MODE = 0660, POLITE_MS = 200 };

/* The same length as the path, so that the limit of 107 bytes stays. */
static void
neighbour(const char *path, char out[LK_URL_PATH_MAX + 1])
{
	lk_text_copy(out, LK_URL_PATH_MAX + 1, path);
	char *last = out + strlen(out) - 1;
	*last = *last == '~' ? '+' : '~';
}

static lk_status
failed(struct lk_error *err)
{
	return lk_fail(err, LK_FAILED_PRECONDITION, "LISTEN_FAILED",
	    "the socket could not be made; its directory must exist and be writable");
}

static lk_status
check_free(const char *path, struct lk_error *err)
{
	struct stat st;

	if (lstat(path, &st) != 0)
		return errno == ENOENT ? LK_OK : failed(err);
	if (!S_ISSOCK(st.st_mode))
		return lk_fail(err, LK_FAILED_PRECONDITION, "ADDRESS_IN_USE",
		    "the path of the socket is taken by another file");
	if (lk_probe_listening(path, POLITE_MS))
		return lk_fail(err, LK_FAILED_PRECONDITION, "ADDRESS_IN_USE",
		    "a server listens there already");
	return LK_OK;
}

static int
start_listener(nng_socket socket, const char *path, nng_listener *out)
{
	char url[LK_URL_SIZE];

	snprintf(url, sizeof url, "ipc://%s", path);
	int rv = nng_listener_create(out, socket, url);
	if (rv == 0)
		rv = nng_listener_set_int(*out, NNG_OPT_IPC_PERMISSIONS, SOCKET_MODE);
	if (rv == 0)
		rv = nng_listener_start(*out, 0);
	return rv;
}

lk_status
lk_listen_again(struct lk_listen *listen, struct lk_error *err)
{
	nng_listener listener = NNG_LISTENER_INITIALIZER;
	char made[LK_URL_PATH_MAX + 1];
	struct stat st;

	neighbour(listen->path, made);
	if (start_listener(listen->socket, made, &listener) != 0 || lstat(made, &st) != 0 ||
	    rename(made, listen->path) != 0) {
		nng_listener_close(listener);
		return failed(err);
	}
	listen->device = st.st_dev;
	listen->inode = st.st_ino;
	return LK_OK;
}

lk_status
lk_listen_start(struct lk_listen *listen, nng_socket socket, const char *url, struct lk_error *err)
{
	const char *path = NULL;

	LK_TRY(lk_url_check(url, &path, err));
	LK_TRY(check_free(path, err));
	listen->socket = socket;
	lk_text_copy(listen->path, sizeof listen->path, path);
	return lk_listen_again(listen, err);
}

static const bool nng_is_old = NNG_MAJOR_VERSION == 1 && NNG_MINOR_VERSION < 6;

static lk_status
tls_failed(int rv, struct lk_error *err)
{
	if (rv == NNG_EADDRINUSE)
		return lk_fail(err, LK_FAILED_PRECONDITION, "ADDRESS_IN_USE",
		    "a server listens at this port already");
	return lk_fail(err, LK_FAILED_PRECONDITION, "LISTEN_FAILED",
	    "nobody can listen at this address: %s", nng_strerror(rv));
}

lk_status
lk_listen_tls(struct lk_listen *listen, nng_socket socket, const char *url,
    const struct lk_tls *tls, bool allow_old, struct lk_error *err)
{
	nng_listener listener = NNG_LISTENER_INITIALIZER;

	if (nng_is_old && !allow_old)
		return lk_fail(err, LK_FAILED_PRECONDITION, "NNG_TOO_OLD",
		    "nng before 1.6 loses listeners of tls+tcp://: use a newer one, or say "
		    "allow-old-nng-tls where nobody else can connect");
	listen->socket = socket;
	listen->path[0] = '\0';
	int rv = nng_listener_create(&listener, socket, url);
	if (rv != 0)
		return tls_failed(rv, err);
	const lk_status status = lk_tls_listener(tls, listener, err);
	if (status != LK_OK || (rv = nng_listener_start(listener, 0)) != 0)
		nng_listener_close(listener);
	return status != LK_OK ? status : rv != 0 ? tls_failed(rv, err) : LK_OK;
}

void
lk_listen_unlink(struct lk_listen *listen)
{
	struct stat st;

	if (lstat(listen->path, &st) == 0 && st.st_dev == listen->device &&
	    st.st_ino == listen->inode)
		unlink(listen->path);
}
