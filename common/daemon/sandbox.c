/* Landlock for files and TCP; see sandbox.h. No library is between us and landlock(7). System calls
 * are in calls.c. */
#include "daemon/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "daemon/calls.h"

lk_status
lk_sandbox_add(struct lk_sandbox *sandbox, const char *path, bool writable, struct lk_error *err)
{
	struct lk_sandbox_path *next = &sandbox->paths[sandbox->count];

	if (sandbox->count == LK_SANDBOX_PATHS_MAX ||
	    !lk_text_copy(next->path, sizeof next->path, path))
		return lk_fail(err, LK_FAILED_PRECONDITION, "SANDBOX_FULL",
		    "too many paths, or too long ones, to limit this process to");
	next->writable = writable;
	sandbox->count++;
	return LK_OK;
}

static lk_status
refused(struct lk_error *err, const char *what)
{
	return lk_fail(err, LK_FAILED_PRECONDITION, "SANDBOX_REFUSED",
	    "the kernel does not limit %s of this process: %s", what, strerror(errno));
}

/* ---- Files ---- */

/* Rights that newer kernels have and older headers do not name. */
enum {
	FS_REFER = 1 << 13,    /* since version 2 of Landlock: to another folder, or from one */
	FS_TRUNCATE = 1 << 14, /* since version 3 */
	FS_FIRST = (1 << 13) - 1,
	FILE_READ = LANDLOCK_ACCESS_FS_READ_FILE,
	FILE_ALL = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | FS_TRUNCATE,
	FOLDER_READ = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR,
	FOLDER_ALL = FILE_ALL | LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
		     LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_REMOVE_FILE,
};

static const char *const always_readable[] = { "/usr", "/lib", "/lib64", "/etc/ld.so.cache",
	"/etc/localtime", "/etc/timezone", "/etc/nsswitch.conf", "/etc/hosts", "/etc/host.conf",
	"/etc/resolv.conf", "/etc/gai.conf", "/etc/services", "/etc/protocols", "/etc/passwd",
	"/etc/group", "/etc/ssl", "/etc/gnutls", "/etc/pkcs11", "/dev/urandom", "/dev/random",
	"/proc/self", "/proc/sys", "/proc/meminfo", "/proc/cpuinfo", "/proc/stat",
	"/sys/devices/system/cpu" };

static uint64_t
handled(long version)
{
	return (uint64_t)FS_FIRST | (version >= 2 ? FS_REFER : 0) |
	       (version >= 3 ? FS_TRUNCATE : 0);
}

static int
allow(int ruleset, const char *path, bool writable, uint64_t known)
{
	struct stat st;
	const int fd = open(path, O_PATH | O_CLOEXEC);

	if (fd < 0)
		return 0; /* whoever wants it is told so */
	const bool folder = fstat(fd, &st) == 0 && S_ISDIR(st.st_mode);
	const uint64_t rights =
	    folder ? (writable ? FOLDER_ALL : FOLDER_READ) : (writable ? FILE_ALL : FILE_READ);
	const struct landlock_path_beneath_attr rule = { .allowed_access = rights & known,
		.parent_fd = fd };
	const long rv =
	    syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
	close(fd);
	return (int)rv;
}

static int
allow_all(const struct lk_sandbox *sandbox, int ruleset, uint64_t known)
{
	int rv = allow(ruleset, "/dev/null", true, known);

	for (size_t i = 0; i < LK_ARRAY_LEN(always_readable) && rv == 0; i++)
		rv = allow(ruleset, always_readable[i], false, known);
	if (rv == 0 && sandbox->reads_anything)
		rv = allow(ruleset, "/", false, known);
	for (size_t i = 0; i < sandbox->count && rv == 0; i++)
		rv = allow(ruleset, sandbox->paths[i].path, sandbox->paths[i].writable, known);
	return rv;
}

/* struct landlock_ruleset_attr as of version 4; older headers have its first field alone. */
struct ruleset {
	uint64_t fs, net;
};
enum { TCP_BIND = 1 << 0, TCP_CONNECT = 1 << 1 };

static lk_status
limit_files(const struct lk_sandbox *sandbox, bool *out_files, struct lk_error *err)
{
	const long version =
	    syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	const struct ruleset attr = { .fs = handled(version),
		.net = (sandbox->network ? 0U : TCP_BIND) | (sandbox->dials ? 0U : TCP_CONNECT) };
	const size_t size = version >= 4 ? sizeof attr : sizeof attr.fs;

	*out_files = version > 0;
	if (!*out_files)
		return LK_OK;
	const int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, size, 0);
	if (ruleset < 0)
		return refused(err, "the files");
	long rv = allow_all(sandbox, ruleset, attr.fs);
	if (rv == 0)
		rv = syscall(SYS_landlock_restrict_self, ruleset, 0);
	const int why = errno;
	close(ruleset);
	errno = why;
	return rv == 0 ? LK_OK : refused(err, "the files");
}

lk_status
lk_sandbox_enter(
    const struct lk_sandbox *sandbox, struct lk_sandbox_limits *out_limits, struct lk_error *err)
{
	struct lk_sandbox_limits limits = { .calls = lk_calls_can_be_limited() };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return refused(err, "the privileges");
	LK_TRY(limit_files(sandbox, &limits.files, err));
	if (limits.calls)
		LK_TRY(lk_calls_limit(sandbox, err));
	*out_limits = limits;
	return LK_OK;
}
