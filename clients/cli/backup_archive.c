/* Parts of a backup; see backup_archive.h. Each begins with its kind: M the manifest, F a service
 * whose database follows, D some of it, E the end. */
#include "backup_archive.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "crypto/sealed_file.h"

enum { MANIFEST = 'M', FILE_BEGINS = 'F', DATA = 'D', END = 'E' };

static void
file_closep(FILE *const *file)
{
	if (*file)
		(void)fclose(*file);
}

/* ---- The folder ---- */

/* 0 or an errno. */
static int
make_folder(const char *before, const char *after, struct backup_folder *out_folder)
{
	struct backup_folder folder;

	if (snprintf(folder.path, sizeof folder.path, "%s%s.XXXXXX", before, after) >=
	    (int)sizeof folder.path)
		return ENAMETOOLONG;
	if (!mkdtemp(folder.path)) /* 0700 */
		return errno;
	*out_folder = folder;
	return 0;
}

latchkey_status
backup_folder_make(struct cli *cli, const char *path, struct backup_folder *out_folder)
{
	const char *other = getenv("TMPDIR");
	const int beside = make_folder(path, "", out_folder);

	if (beside == 0 ||
	    (other && *other && make_folder(other, "/latchkey-backup", out_folder) == 0))
		return LATCHKEY_OK;
	return cli_refuse(cli, LATCHKEY_FAILED_PRECONDITION, "", "FOLDER_FAILED",
	    "no folder for what is in it can be made beside %s: %s; TMPDIR names another place, as "
	    "private and with as much room",
	    path, strerror(beside));
}

void
backup_folder_remove(struct backup_folder *folder)
{
	DIR *const entries = *folder->path ? opendir(folder->path) : NULL;
	const struct dirent *entry;

	while (entries && (entry = readdir(entries)) != NULL)
		(void)unlinkat(dirfd(entries), entry->d_name, 0);
	if (entries)
		closedir(entries);
	if (*folder->path)
		(void)rmdir(folder->path);
	*folder->path = '\0';
}

static bool
database_path(const struct backup_folder *folder, const char *service, char out[BACKUP_PATH_SIZE])
{
	return snprintf(out, BACKUP_PATH_SIZE, "%s/%s.db", folder->path, service) <
	       BACKUP_PATH_SIZE;
}

volatile sig_atomic_t backup_stopped;

lk_status
backup_go_on(struct lk_error *err)
{
	return backup_stopped ? lk_fail(err, LK_CANCELLED, "BACKUP_STOPPED",
				    "stopped by a signal; nothing is left of it")
			      : LK_OK;
}

/* ---- Writing ---- */

static lk_status
put(struct lk_sealed_writer *writer, char kind, struct lk_bytes content, struct lk_error *err)
{
	uint8_t part[LK_SEALED_PART_MAX];

	LK_TRY(backup_go_on(err));
	if (content.len >= sizeof part)
		return lk_fail(err, LK_INVALID_ARGUMENT, "SEAL_TOO_LARGE", "the part is too long");
	part[0] = (uint8_t)kind;
	if (content.len)
		memcpy(part + 1, content.data, content.len);
	return lk_sealed_write(writer, lk_bytes(part, content.len + 1), kind == END, err);
}

static lk_status
cannot_read(struct lk_error *err)
{
	return lk_fail(err, LK_UNAVAILABLE, "BACKUP_READ", "a copy cannot be read");
}

static lk_status
put_database(struct lk_sealed_writer *writer, const struct backup_folder *folder,
    const char *service, struct lk_error *err)
{
	char path[BACKUP_PATH_SIZE];
	uint8_t some[LK_SEALED_PART_MAX - 1];
	size_t len;

	LK_AUTO(file_closep)
	FILE *const from = database_path(folder, service, path) ? fopen(path, "rbe") : NULL;
	if (!from)
		return cannot_read(err);
	LK_TRY(put(writer, FILE_BEGINS, lk_bytes_of(service), err));
	while ((len = fread(some, 1, sizeof some, from)) > 0)
		LK_TRY(put(writer, DATA, lk_bytes(some, len), err));
	return ferror(from) ? cannot_read(err) : LK_OK;
}

static lk_status
put_all(FILE *to, const struct lk_sign_key *key, const struct backup_folder *folder,
    const char *manifest, struct lk_error *err)
{
	LK_AUTO(lk_sealed_writer_freep) struct lk_sealed_writer *writer = NULL;

	LK_TRY(lk_sealed_writer_new(to, key, &writer, err));
	LK_TRY(put(writer, MANIFEST, lk_bytes_of(manifest), err));
	for (int i = 0; i < LATCHKEY_SERVICE_COUNT; i++)
		LK_TRY(
		    put_database(writer, folder, latchkey_service_name((latchkey_service)i), err));
	LK_TRY(put(writer, END, lk_bytes(NULL, 0), err));
	if (fsync(fileno(to)) != 0)
		return lk_fail(err, LK_UNAVAILABLE, "BACKUP_WRITE", "the disk does not take it");
	return LK_OK;
}

static bool
folder_sync(const char *path)
{
	char copy[BACKUP_PATH_SIZE];
	int fd, failed;

	(void)snprintf(copy, sizeof copy, "%s", path);
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return false;
	failed = fsync(fd) != 0 && errno != EINVAL; /* there, a folder cannot be synced */
	close(fd);
	return !failed;
}

latchkey_status
backup_exists(struct cli *cli, const char *path)
{
	return cli_refuse(
	    cli, LATCHKEY_ALREADY_EXISTS, "", "BACKUP_EXISTS", "%s is there already", path);
}

/* Not every file system has hard links. */
static bool
name_it(const char *made, const char *path)
{
	return link(made, path) == 0 || (errno != EEXIST && renameat2(AT_FDCWD, made, AT_FDCWD,
								path, RENAME_NOREPLACE) == 0);
}

/* Under its name only once it is whole; never in the place of another. */
static latchkey_status
publish(struct cli *cli, const char *made, const char *path)
{
	if (name_it(made, path) && folder_sync(path))
		return LATCHKEY_OK;
	if (errno == EEXIST)
		return backup_exists(cli, path);
	return cli_refuse(cli, LATCHKEY_UNAVAILABLE, "", "BACKUP_WRITE", "%s cannot be made: %s",
	    path, strerror(errno));
}

latchkey_status
backup_archive_write(struct cli *cli, const struct lk_sign_key *key,
    const struct backup_folder *folder, const char *manifest, const char *path)
{
	char made[BACKUP_PATH_SIZE];
	int fd = -1;

	if (snprintf(made, sizeof made, "%s/sealed", folder->path) < (int)sizeof made)
		fd = open(made, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	LK_AUTO(file_closep) FILE *const to = fd >= 0 ? fdopen(fd, "wb") : NULL;
	if (!to)
		return cli_refuse(cli, LATCHKEY_UNAVAILABLE, "", "BACKUP_WRITE",
		    "nothing can be written beside %s: %s", path, strerror(errno));
	const lk_status status = put_all(to, key, folder, manifest, cli_err(cli));
	return status == LK_OK ? publish(cli, made, path) : (latchkey_status)status;
}

/* ---- Reading ---- */

struct unpacking {
	const struct backup_folder *folder;
	FILE *to; /* the database that is being written */
	char *manifest;
	int services; /* so many have begun */
};

static void
unpacking_end(struct unpacking *unpacking)
{
	if (unpacking->to)
		(void)fclose(unpacking->to);
	lk_free(unpacking->manifest);
}

static lk_status
broken(struct lk_error *err)
{
	return lk_fail(
	    err, LK_DATA_LOSS, "BACKUP_BROKEN", "the backup does not hold what it should");
}

static lk_status
cannot_write(struct lk_error *err)
{
	return lk_fail(err, LK_UNAVAILABLE, "BACKUP_WRITE", "a copy cannot be written");
}

static lk_status
end_database(struct unpacking *unpacking, struct lk_error *err)
{
	FILE *const to = LK_TAKE(unpacking->to);

	return to && fclose(to) != 0 ? cannot_write(err) : LK_OK;
}

/* In our order, so that none can be missing. */
static lk_status
begin_database(struct unpacking *unpacking, struct lk_bytes name, struct lk_error *err)
{
	char path[BACKUP_PATH_SIZE];

	LK_TRY(end_database(unpacking, err));
	if (unpacking->services == LATCHKEY_SERVICE_COUNT)
		return broken(err);
	const char *service = latchkey_service_name((latchkey_service)unpacking->services++);
	if (!lk_bytes_equal(name, lk_bytes_of(service)))
		return broken(err);
	const int fd = database_path(unpacking->folder, service, path)
			   ? open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)
			   : -1;
	unpacking->to = fd >= 0 ? fdopen(fd, "wb") : NULL;
	return unpacking->to ? LK_OK : cannot_write(err);
}

static lk_status
take_manifest(struct unpacking *unpacking, struct lk_bytes text, struct lk_error *err)
{
	if (unpacking->manifest || memchr(text.data, '\0', text.len))
		return broken(err);
	unpacking->manifest = lk_alloc_array(text.len + 1, 1);
	if (!unpacking->manifest)
		return lk_fail_oom(err);
	memcpy(unpacking->manifest, text.data, text.len);
	return LK_OK;
}

static lk_status
take(struct unpacking *unpacking, struct lk_bytes part, bool last, struct lk_error *err)
{
	const char kind = part.len ? (char)part.data[0] : '\0';
	const struct lk_bytes content = lk_bytes(part.data + 1, part.len ? part.len - 1 : 0);

	if ((kind == END) != last || (kind != MANIFEST) != (unpacking->manifest != NULL))
		return broken(err);
	switch (kind) {
	case MANIFEST:
		return take_manifest(unpacking, content, err);
	case FILE_BEGINS:
		return begin_database(unpacking, content, err);
	case DATA:
		if (!unpacking->to)
			return broken(err);
		return fwrite(content.data, 1, content.len, unpacking->to) == content.len
			   ? LK_OK
			   : cannot_write(err);
	case END:
		return unpacking->services == LATCHKEY_SERVICE_COUNT ? end_database(unpacking, err)
								     : broken(err);
	default:
		return broken(err);
	}
}

static lk_status
take_all(
    FILE *from, const struct lk_sign_key *key, struct unpacking *unpacking, struct lk_error *err)
{
	LK_AUTO(lk_sealed_reader_freep) struct lk_sealed_reader *reader = NULL;
	bool last = false;

	LK_TRY(lk_sealed_reader_new(from, key, &reader, err));
	while (!last) {
		struct lk_bytes part;

		LK_TRY(backup_go_on(err));
		LK_TRY(lk_sealed_read(reader, &part, &last, err));
		LK_TRY(take(unpacking, part, last, err));
	}
	return LK_OK;
}

latchkey_status
backup_archive_read(struct cli *cli, const struct lk_sign_key *key, const char *path,
    const struct backup_folder *folder, char **out_manifest)
{
	LK_AUTO(unpacking_end) struct unpacking unpacking = { .folder = folder };
	LK_AUTO(file_closep) FILE *const from = fopen(path, "rbe");

	if (!from)
		return cli_refuse(cli, LATCHKEY_NOT_FOUND, "", "BACKUP_MISSING",
		    "%s cannot be read: %s", path, strerror(errno));
	const lk_status status = take_all(from, key, &unpacking, cli_err(cli));
	if (status == LK_OK)
		*out_manifest = LK_TAKE(unpacking.manifest);
	return (latchkey_status)status;
}
