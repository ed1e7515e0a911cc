/*
 * See durable_file.h. The content goes to a neighbour first, which is then linked or renamed
 * into place.
 */
#include "crypto/durable_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/scope.h"

void
lk_fd_closep(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

ssize_t
lk_file_read_all(int fd, uint8_t *out, size_t cap)
{
	size_t len = 0;

	while (len < cap) {
		const ssize_t got = read(fd, out + len, cap - len);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		len += (size_t)got;
	}
	return (ssize_t)len;
}

static int
write_all(int fd, struct lk_bytes content)
{
	while (content.len > 0) {
		const ssize_t put = write(fd, content.data, content.len);
		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return errno;
		content = lk_bytes(content.data + put, content.len - (size_t)put);
	}
	return 0;
}

static int
write_new(const char *path, mode_t mode, struct lk_bytes content)
{
	LK_AUTO(lk_fd_closep)
	const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return errno;
	const int failed = write_all(fd, content);
	if (failed)
		return failed;
	return fchmod(fd, mode) < 0 || fsync(fd) < 0 ? errno : 0;
}

/* A directory that cannot be synced may forget the name. */
static int
sync_directory_of(const char *path)
{
	char dir[PATH_MAX] = ".";
	const char *slash = strrchr(path, '/');
	const size_t len =
	    slash ? (size_t)(slash - path) + 1 : 0; /* with the slash: "/f" is in "/" */

	if (len >= sizeof dir)
		return ENAMETOOLONG;
	if (len > 0) {
		memcpy(dir, path, len);
		dir[len] = '\0';
	}
	LK_AUTO(lk_fd_closep) const int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 || fsync(fd) < 0 ? errno : 0;
}

static int
move_into_place(const char *from, const char *to, bool replace)
{
	if (replace)
		return rename(from, to) < 0 ? errno : 0;
	if (link(from, to) < 0)
		return errno;
	return unlink(from) < 0 ? errno : 0;
}

int
lk_durable_file_write(const char *path, mode_t mode, struct lk_bytes content, bool replace)
{
	char neighbour[PATH_MAX];
	const int len = snprintf(
	    neighbour, sizeof neighbour, "%s.new-%08x", path, (unsigned)randombytes_random());

	if (len < 0 || (size_t)len >= sizeof neighbour)
		return ENAMETOOLONG;
	int failed = write_new(neighbour, mode, content);
	if (!failed)
		failed = move_into_place(neighbour, path, replace);
	if (failed) {
		unlink(neighbour);
		return failed;
	}
	return sync_directory_of(path);
}
