/* The socket of `validate --serve`. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "serve.h"

enum { BACKLOG = 64 };

static latchkey_status
failed(struct cli *cli, const char *path)
{
	return cli_refuse(cli, LATCHKEY_FAILED_PRECONDITION, "serve", "SOCKET_FAILED",
	    "nobody can be listened to at %s", path);
}

static latchkey_status
busy(struct cli *cli, const char *path)
{
	return cli_refuse(cli, LATCHKEY_FAILED_PRECONDITION, "serve", "SOCKET_BUSY",
	    "%s is in use: somebody listens there, or it is no socket", path);
}

static int
open_fd(void)
{
	return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

/* Nobody listens: what is left of a process that was killed. */
static bool
is_stale(const struct sockaddr_un *address)
{
	struct stat st;
	const int fd = open_fd();

	if (fd < 0)
		return false;
	const bool refused = connect(fd, (const struct sockaddr *)address, sizeof *address) != 0 &&
			     errno == ECONNREFUSED;
	close(fd);
	return refused && lstat(address->sun_path, &st) == 0 && S_ISSOCK(st.st_mode);
}

static bool
bind_private(int fd, const struct sockaddr_un *address)
{
	const mode_t before = umask(0117);
	const bool bound = bind(fd, (const struct sockaddr *)address, sizeof *address) == 0;

	umask(before);
	return bound;
}

static bool
bind_or_replace(int fd, const struct sockaddr_un *address)
{
	if (bind_private(fd, address))
		return true;
	if (errno != EADDRINUSE)
		return false;
	if (is_stale(address) && unlink(address->sun_path) == 0)
		return bind_private(fd, address);
	errno = EADDRINUSE;
	return false;
}

latchkey_status
serve_socket_open(struct cli *cli, const char *path, struct serve_socket *out_socket)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct stat st;

	if (*path == '\0' || !lk_text_copy(address.sun_path, sizeof address.sun_path, path))
		return cli_refuse(cli, LATCHKEY_INVALID_ARGUMENT, "serve", "PATH_INVALID",
		    "the path of a socket has 1 to %zu bytes", sizeof address.sun_path - 1);
	const int fd = open_fd();
	if (fd < 0)
		return failed(cli, path);
	if (!bind_or_replace(fd, &address)) {
		const bool in_use = errno == EADDRINUSE;
		close(fd);
		return in_use ? busy(cli, path) : failed(cli, path);
	}
	if (listen(fd, BACKLOG) != 0 || lstat(path, &st) != 0) {
		close(fd);
		return failed(cli, path);
	}
	*out_socket = (struct serve_socket){ fd, path, st.st_dev, st.st_ino };
	return LATCHKEY_OK;
}

void
serve_socket_close(struct serve_socket *socket)
{
	struct stat st;

	if (socket->fd < 0)
		return;
	if (lstat(socket->path, &st) == 0 && st.st_dev == socket->device &&
	    st.st_ino == socket->inode)
		unlink(socket->path);
	close(socket->fd);
	socket->fd = -1;
}
