/* The files of a SQLite database: made private, locked for one process, and the temporary ones
 * removed. */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "store/sqlite_internal.h"

static lk_status
io_fail(struct lk_error *err)
{
	if (errno == ENOSPC || errno == EDQUOT)
		return lk_fail(
		    err, LK_RESOURCE_EXHAUSTED, "STORE_FULL", "the disk of the database is full");
	return lk_fail(err, LK_UNAVAILABLE, "STORE_IO", "the database cannot be opened");
}

/* A name that did not last would take every acknowledged row with it. */
static lk_status
folder_sync(const char *path, struct lk_error *err)
{
	char copy[LK_SQLITE_PATH_SIZE];
	int fd, bad;

	memcpy(copy, path, sizeof copy);
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return io_fail(err);
	bad = fsync(fd);
	close(fd);
	return bad ? io_fail(err) : LK_OK;
}

/* SQLite gives its log and shared memory the mode of the database. */
static lk_status
file_make_private(const char *path, struct lk_error *err)
{
	const int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd >= 0) {
		close(fd);
		return folder_sync(path, err);
	}
	if (errno != EEXIST || chmod(path, 0600) != 0)
		return io_fail(err);
	return LK_OK;
}

static lk_status
file_lock(const char *path, int *out_fd, struct lk_error *err)
{
	char name[LK_SQLITE_PATH_SIZE + 8];
	int fd;

	(void)snprintf(name, sizeof name, "%s.lock", path);
	fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return io_fail(err);
	if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		const bool taken = errno == EWOULDBLOCK;

		close(fd);
		if (!taken)
			return io_fail(err);
		return lk_fail(err, LK_FAILED_PRECONDITION, "STORE_IN_USE",
		    "another process has this database open");
	}
	*out_fd = fd;
	return LK_OK;
}

static lk_status
temporary_folder(struct lk_db *db, struct lk_error *err)
{
	static const char *const places[] = { "/dev/shm/latchkey-XXXXXX", "/tmp/latchkey-XXXXXX" };

	for (size_t i = 0; i < LK_ARRAY_LEN(places); i++) {
		char name[sizeof db->folder];

		(void)lk_text_copy(name, sizeof name, places[i]);
		if (!mkdtemp(name))
			continue;
		(void)lk_text_copy(db->folder, sizeof db->folder, name);
		(void)snprintf(db->path, sizeof db->path, "%s/db", name);
		return LK_OK;
	}
	return io_fail(err);
}

static lk_status
place(struct lk_db *db, const char *location, struct lk_error *err)
{
	if (lk_text_is(location, ":memory:"))
		return temporary_folder(db, err);
	if (location[0] != '/' || location[strlen(location) - 1] == '/' ||
	    !lk_text_copy(db->path, sizeof db->path, location))
		return lk_fail(err, LK_INVALID_ARGUMENT, "STORE_URL_INVALID",
		    "a SQLite database is sqlite:///absolute/path or sqlite://:memory:");
	return LK_OK;
}

static void
temporary_remove(const struct lk_db *db)
{
	static const char *const endings[] = { "", "-wal", "-shm", "-journal", ".lock" };
	char name[LK_SQLITE_PATH_SIZE + 16];

	for (size_t i = 0; i < LK_ARRAY_LEN(endings); i++) {
		(void)snprintf(name, sizeof name, "%s%s", db->path, endings[i]);
		(void)unlink(name);
	}
	(void)rmdir(db->folder);
}

void
lk_sqlite_close(struct lk_db *db)
{
	if (!db)
		return;
	if (db->folder[0])
		temporary_remove(db);
	if (db->lock >= 0)
		close(db->lock);
	lk_free(db);
}
LK_DEFINE_FREEP(db_closep, struct lk_db *, lk_sqlite_close)

lk_status
lk_sqlite_open(const char *location, const char *service, enum lk_taking taking,
    void (*on_fatal)(const char *why), struct lk_db **out_db, struct lk_error *err)
{
	LK_AUTO(db_closep) struct lk_db *db = LK_ALLOC(struct lk_db);

	if (!db)
		return lk_fail_oom(err);
	(void)service; /* a file of its own needs no other name */
	db->lock = -1;
	db->on_fatal = on_fatal;
	LK_TRY(place(db, location, err));
	if (taking != LK_TAKE_OR_MAKE && access(db->path, F_OK) != 0)
		return lk_fail(
		    err, LK_FAILED_PRECONDITION, "STORE_NOT_FOUND", "there is no such database");
	if (taking != LK_TAKE_NOTHING) {
		LK_TRY(file_lock(db->path, &db->lock, err));
		LK_TRY(file_make_private(db->path, err));
	}
	*out_db = LK_TAKE(db);
	return LK_OK;
}
