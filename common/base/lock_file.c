/* flock(2) on a file of its own; see lock_file.h. */
#include "base/lock_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/scope.h"

lk_status
lk_lock_file(const char *path, int *out_fd, struct lk_error *err)
{
	LK_AUTO(lk_lock_file_releasep)
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return lk_fail(
		    err, LK_INTERNAL, "LOCK_FILE_FAILED", "lock file: %s", strerrordesc_np(errno));
	if (flock(fd, LOCK_EX | LOCK_NB) != 0)
		return lk_fail(err, LK_FAILED_PRECONDITION, "ALREADY_RUNNING",
		    "another process holds this state; only one may run");
	*out_fd = fd;
	fd = -1;
	return LK_OK;
}

void
lk_lock_file_releasep(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}
