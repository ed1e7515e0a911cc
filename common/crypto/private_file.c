/* Files that hold secrets; see private_file.h. */
#include "crypto/private_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/durable_file.h"
#include "crypto/encode.h"

enum { SECRET_MAX = 1024, LINE_MAX_LEN = LK_BASE64URL_LEN(SECRET_MAX) + 1 };

static lk_status
refuse(struct lk_error *err, const char *reason, const char *what, const char *why)
{
	return lk_fail(err, LK_FAILED_PRECONDITION, reason, "%s file %s", what, why);
}

static lk_status
secret_open(const char *path, int flags, const char *what, int *out_fd, struct lk_error *err)
{
	*out_fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | flags);
	if (*out_fd >= 0)
		return LK_OK;
	if (errno == ENOENT)
		return lk_fail(
		    err, LK_NOT_FOUND, "SECRET_FILE_MISSING", "%s file is not there", what);
	if (errno == ELOOP)
		return refuse(err, "SECRET_FILE_KIND", what, "is a symbolic link");
	return refuse(err, "SECRET_FILE_UNREADABLE", what, "cannot be opened by this user");
}

/* What root hands over, as systemd and Kubernetes do, may be readable by our group: root could read
 * it anyway. */
static mode_t
forbidden(const struct stat *info)
{
	return info->st_uid == geteuid() ? 077 : 037;
}

/* A kind of file: how it is opened, and which owner and mode it may have. */
struct kind {
	int flags;
	lk_status (*check)(const struct stat *info, const char *what, struct lk_error *err);
};

static lk_status
private_check(const struct stat *info, const char *what, struct lk_error *err)
{
	if (info->st_uid != geteuid() && info->st_uid != 0)
		return refuse(err, "SECRET_FILE_OWNER", what, "belongs to another user");
	if (info->st_mode & forbidden(info))
		return lk_fail(err, LK_FAILED_PRECONDITION, "SECRET_FILE_MODE",
		    "%s file has mode %04o: group and others must have no access (chmod 600)", what,
		    (unsigned)info->st_mode & 07777);
	return LK_OK;
}

static lk_status
mounted_check(const struct stat *info, const char *what, struct lk_error *err)
{
	if (info->st_uid != geteuid() && info->st_uid != 0)
		return refuse(err, "SECRET_FILE_OWNER", what, "belongs to another user");
	if (info->st_mode & 022)
		return lk_fail(err, LK_FAILED_PRECONDITION, "SECRET_FILE_MODE",
		    "%s file has mode %04o: group and others must not write it", what,
		    (unsigned)info->st_mode & 07777);
	return LK_OK;
}

static const struct kind private_kind = { O_NOFOLLOW, private_check };
static const struct kind mounted_kind = { 0, mounted_check };

static lk_status
secret_check(int fd, const struct kind *kind, const char *what, size_t cap, struct lk_error *err)
{
	struct stat info;

	if (fstat(fd, &info) < 0)
		return refuse(err, "SECRET_FILE_UNREADABLE", what, "cannot be examined");
	if (!S_ISREG(info.st_mode))
		return refuse(err, "SECRET_FILE_KIND", what, "is not a regular file");
	LK_TRY(kind->check(&info, what, err));
	if (info.st_size == 0)
		return refuse(err, "SECRET_FILE_SIZE", what, "is empty");
	if ((uint64_t)info.st_size > cap)
		return refuse(err, "SECRET_FILE_SIZE", what, "is too large");
	return LK_OK;
}

static lk_status
secret_read(const char *path, const struct kind *kind, const char *what, uint8_t *out,
    size_t out_cap, size_t *out_len, struct lk_error *err)
{
	LK_AUTO(lk_fd_closep) int fd = -1;

	LK_TRY(secret_open(path, kind->flags, what, &fd, err));
	LK_TRY(secret_check(fd, kind, what, out_cap, err));
	const ssize_t len = lk_file_read_all(fd, out, out_cap);
	if (len <= 0) {
		lk_wipe(out, out_cap);
		return refuse(err, "SECRET_FILE_UNREADABLE", what, "cannot be read");
	}
	*out_len = (size_t)len;
	return LK_OK;
}

lk_status
lk_private_file_read(const char *path, const char *what, uint8_t *out, size_t out_cap,
    size_t *out_len, struct lk_error *err)
{
	return secret_read(path, &private_kind, what, out, out_cap, out_len, err);
}

lk_status
lk_mounted_file_read(const char *path, const char *what, uint8_t *out, size_t out_cap,
    size_t *out_len, struct lk_error *err)
{
	return secret_read(path, &mounted_kind, what, out, out_cap, out_len, err);
}

static lk_status
private_write(
    const char *path, const char *what, struct lk_bytes content, bool replace, struct lk_error *err)
{
	switch (lk_durable_file_write(path, 0600, content, replace)) {
	case 0:
		return LK_OK;
	case EEXIST:
		return lk_fail(err, LK_ALREADY_EXISTS, "SECRET_FILE_EXISTS",
		    "%s file exists already and is left as it is", what);
	case ENOENT:
		return lk_fail(err, LK_UNAVAILABLE, "SECRET_FILE_WRITE",
		    "%s file cannot be written: its directory is not there", what);
	case EACCES:
	case EROFS:
		return lk_fail(err, LK_UNAVAILABLE, "SECRET_FILE_WRITE",
		    "%s file cannot be written: its directory is not writable", what);
	default:
		return lk_fail(
		    err, LK_UNAVAILABLE, "SECRET_FILE_WRITE", "%s file cannot be written", what);
	}
}

lk_status
lk_private_file_create(
    const char *path, const char *what, struct lk_bytes content, struct lk_error *err)
{
	return private_write(path, what, content, false, err);
}

lk_status
lk_private_file_replace(
    const char *path, const char *what, struct lk_bytes content, struct lk_error *err)
{
	return private_write(path, what, content, true, err);
}

/* Exactly `len` bytes from the file's one line. */
static lk_status
load_line(const char *path, const struct kind *kind, const char *what, uint8_t *out, size_t len,
    struct lk_error *err)
{
	uint8_t line[LINE_MAX_LEN];
	LK_AUTO(lk_wipe_view) struct lk_wiped wiped = { line, sizeof line };
	size_t line_len, decoded_len = 0;

	LK_TRY(secret_read(path, kind, what, line, sizeof line, &line_len, err));
	if (line[line_len - 1] == '\n')
		line_len--;
	if (lk_base64url_decode(lk_bytes(line, line_len), out, len, &decoded_len) &&
	    decoded_len == len)
		return LK_OK;
	lk_wipe(out, len);
	return lk_fail(err, LK_FAILED_PRECONDITION, "SECRET_FILE_CONTENT",
	    "%s file does not hold one line of base64url for %zu bytes", what, len);
}

static lk_status
length_ok(size_t len, struct lk_error *err)
{
	if (len == 0 || len > SECRET_MAX)
		return lk_fail(err, LK_INTERNAL, "SECRET_LENGTH",
		    "a secret file holds 1 to %d bytes", SECRET_MAX);
	return LK_OK;
}

lk_status
lk_secret_file_load32(
    const char *path, const char *what, struct lk_secret32 *out_secret, struct lk_error *err)
{
	lk_secret32_wipe(out_secret);
	return load_line(
	    path, &private_kind, what, out_secret->bytes, sizeof out_secret->bytes, err);
}

lk_status
lk_mounted_file_load32(
    const char *path, const char *what, struct lk_secret32 *out_secret, struct lk_error *err)
{
	lk_secret32_wipe(out_secret);
	return load_line(
	    path, &mounted_kind, what, out_secret->bytes, sizeof out_secret->bytes, err);
}

lk_status
lk_secret_file_create(
    const char *path, const char *what, struct lk_bytes secret, struct lk_error *err)
{
	char line[LINE_MAX_LEN + 1];
	LK_AUTO(lk_wipe_view) struct lk_wiped wiped = { line, sizeof line };

	LK_TRY(length_ok(secret.len, err));
	const size_t len = lk_base64url_encode(secret, line);
	line[len] = '\n';
	return lk_private_file_create(path, what, lk_bytes(line, len + 1), err);
}
