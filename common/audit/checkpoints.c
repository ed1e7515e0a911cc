/* See checkpoints.h. */
#include "audit/checkpoints.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "base/alloc.h"

enum { LINE_SIZE = 2048 };

struct lk_checkpoints {
	char *path; /* NULL: the system's log */
	int fd;
};

static lk_status
unwritable(struct lk_error *err)
{
	return lk_fail(err, LK_UNAVAILABLE, "CHECKPOINTS_UNWRITABLE",
	    "the file of audit checkpoints cannot be written: %s", strerrordesc_np(errno));
}

/* Read, too: how the last line ends. */
static lk_status
open_file(struct lk_checkpoints *checkpoints, struct lk_error *err)
{
	const int fd = open(checkpoints->path,
	    O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC, 0600);

	if (fd < 0)
		return unwritable(err);
	if (checkpoints->fd >= 0)
		close(checkpoints->fd);
	checkpoints->fd = fd;
	return LK_OK;
}

lk_status
lk_checkpoints_open(
    const char *place, struct lk_checkpoints **out_checkpoints, struct lk_error *err)
{
	LK_AUTO(lk_checkpoints_closep)
	struct lk_checkpoints *checkpoints = LK_ALLOC(struct lk_checkpoints);

	if (!checkpoints)
		return lk_fail_oom(err);
	checkpoints->fd = -1;
	if (strncmp(place, "file:/", 6) == 0) {
		checkpoints->path = lk_text_dup(place + 5);
		if (!checkpoints->path)
			return lk_fail_oom(err);
		LK_TRY(open_file(checkpoints, err));
	} else if (strcmp(place, "syslog") != 0)
		return lk_fail(err, LK_INVALID_ARGUMENT, "CHECKPOINTS_INVALID",
		    "audit checkpoints go to file:/PATH or syslog");
	*out_checkpoints = LK_TAKE(checkpoints);
	return LK_OK;
}

bool
lk_checkpoints_were_moved(const struct lk_checkpoints *checkpoints)
{
	struct stat named, held;

	if (!checkpoints->path)
		return false;
	return lstat(checkpoints->path, &named) != 0 || fstat(checkpoints->fd, &held) != 0 ||
	       named.st_ino != held.st_ino || named.st_dev != held.st_dev;
}

/* ---- Adding a line ---- */

static bool
ends_within_a_line(int fd)
{
	struct stat held;
	char last = '\n';

	if (fstat(fd, &held) != 0 || held.st_size == 0)
		return false;
	return pread(fd, &last, 1, held.st_size - 1) == 1 && last != '\n';
}

/* What did not fit, unless somebody wrote behind it. */
static void
take_back(int fd, off_t written)
{
	const off_t end = lseek(fd, 0, SEEK_CUR);
	struct stat held;

	if (fstat(fd, &held) == 0 && held.st_size == end)
		(void)!ftruncate(fd, end - written);
}

static lk_status
append(int fd, const char *text, size_t len, struct lk_error *err)
{
	const ssize_t written = write(fd, text, len);

	if (written >= 0 && (size_t)written < len) {
		take_back(fd, written);
		errno = ENOSPC;
		return unwritable(err);
	}
	return written >= 0 && fdatasync(fd) == 0 ? LK_OK : unwritable(err);
}

lk_status
lk_checkpoints_add(struct lk_checkpoints *checkpoints, const struct lk_checkpoint *checkpoint,
    struct lk_error *err)
{
	char text[LK_CHECKPOINT_SIZE + 2] = "\n", *line = text + 1;
	const size_t len = lk_checkpoint_write(checkpoint, line);

	if (!checkpoints->path) {
		syslog(LOG_AUTHPRIV | LOG_NOTICE, "%s", line);
		return LK_OK;
	}
	if (lk_checkpoints_were_moved(checkpoints))
		LK_TRY(open_file(checkpoints, err));
	line[len] = '\n';
	return ends_within_a_line(checkpoints->fd) ? append(checkpoints->fd, text, len + 2, err)
						   : append(checkpoints->fd, line, len + 1, err);
}

/* ---- Reading them back ---- */

struct heads {
	struct lk_chain_mark *marks;
	size_t count, room;
};

static lk_status
heads_add(struct heads *heads, const struct lk_checkpoint *checkpoint, struct lk_error *err)
{
	if (heads->count == heads->room) {
		const size_t room = heads->room > 0 ? 2 * heads->room : 256;
		struct lk_chain_mark *more = lk_realloc(heads->marks, room * sizeof *more);
		if (!more)
			return lk_fail_oom(err);
		heads->marks = more;
		heads->room = room;
	}
	struct lk_chain_mark *mark = &heads->marks[heads->count++];
	mark->sequence = checkpoint->sequence;
	memcpy(mark->hash, checkpoint->hash, sizeof mark->hash);
	return LK_OK;
}

static void
file_closep(FILE *const *file)
{
	if (*file)
		(void)fclose(*file);
}

static lk_status
heads_read(const char *path, const char *instance, const char *service, struct heads *heads,
    struct lk_error *err)
{
	LK_AUTO(file_closep) FILE *const file = fopen(path, "re");
	char line[LINE_SIZE];
	struct lk_checkpoint one;

	while (file && fgets(line, sizeof line, file)) {
		line[strcspn(line, "\n")] = '\0';
		if (lk_checkpoint_read(line, &one) == LK_CHECKPOINT_READ &&
		    lk_text_is(one.instance, instance) && lk_text_is(one.service, service))
			LK_TRY(heads_add(heads, &one, err));
	}
	return file && !ferror(file) ? LK_OK
				     : lk_fail(err, LK_UNAVAILABLE, "CHECKPOINTS_UNREADABLE",
					   "the file of audit checkpoints cannot be read");
}

lk_status
lk_checkpoints_heads(const struct lk_checkpoints *checkpoints, const char *instance,
    const char *service, struct lk_chain_mark **out_marks, size_t *out_count, struct lk_error *err)
{
	struct heads heads = { 0 };
	lk_status status = LK_OK;

	if (checkpoints && checkpoints->path)
		status = heads_read(checkpoints->path, instance, service, &heads, err);
	if (status != LK_OK) {
		lk_free(heads.marks);
		return status;
	}
	*out_marks = heads.marks;
	*out_count = heads.count;
	return LK_OK;
}

void
lk_checkpoints_close(struct lk_checkpoints *checkpoints)
{
	if (!checkpoints)
		return;
	if (checkpoints->fd >= 0)
		close(checkpoints->fd);
	lk_free(checkpoints->path);
	lk_free(checkpoints);
}
