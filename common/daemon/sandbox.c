/* Landlock for files, seccomp for system calls; see sandbox.h. Both by themselves: no library is
 * between us and two documents of the kernel, landlock(7) and seccomp(2). */
#include "daemon/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/bytes.h"

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

static lk_status
limit_files(const struct lk_sandbox *sandbox, bool *out_files, struct lk_error *err)
{
	const long version =
	    syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	const struct landlock_ruleset_attr attr = { .handled_access_fs = handled(version) };

	*out_files = version > 0;
	if (!*out_files)
		return LK_OK;
	const int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof attr, 0);
	if (ruleset < 0)
		return refused(err, "the files");
	long rv = allow_all(sandbox, ruleset, attr.handled_access_fs);
	if (rv == 0)
		rv = syscall(SYS_landlock_restrict_self, ruleset, 0);
	const int why = errno;
	close(ruleset);
	errno = why;
	return rv == 0 ? LK_OK : refused(err, "the files");
}

/* ---- System calls ---- */

#if defined(__x86_64__)
enum { NATIVE = AUDIT_ARCH_X86_64, FIRST_FOREIGN = 0x40000000 }; /* the numbers of x32 */
#elif defined(__aarch64__)
enum { NATIVE = AUDIT_ARCH_AARCH64, FIRST_FOREIGN = INT32_MAX };
#endif

/* Another program, another process, the machine itself. None of it is ours to do. */
static const int denied[] = {
#define DENIED(name) SYS_##name,
#include "denied_calls.def"
#undef DENIED
};

static const unsigned families[] = { AF_INET, AF_INET6, AF_NETLINK /* names of hosts */ };

enum {
	FILTER_MAX = 2 * LK_ARRAY_LEN(denied) + 32,
	DENY = SECCOMP_RET_ERRNO | EPERM,
};

struct program {
	struct sock_filter code[FILTER_MAX];
	unsigned short len;
};

static void
add(struct program *program, uint16_t code, uint32_t k, uint8_t if_true, uint8_t if_false)
{
	program->code[program->len++] = (struct sock_filter){ code, if_true, if_false, k };
}

static void
load(struct program *program, size_t offset)
{
	add(program, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

static void
answer(struct program *program, uint32_t with)
{
	add(program, BPF_RET | BPF_K, with, 0, 0);
}

/* The next instruction is for what is loaded being `value`; everybody else skips it. */
static void
when(struct program *program, uint32_t value)
{
	add(program, BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1);
}

static void
judge_sockets(struct program *program, bool network)
{
	load(program, offsetof(struct seccomp_data, args[0])); /* little endian: its lower half */
	when(program, AF_UNIX);
	answer(program, SECCOMP_RET_ALLOW);
	for (size_t i = 0; i < LK_ARRAY_LEN(families) && network; i++) {
		when(program, families[i]);
		answer(program, SECCOMP_RET_ALLOW);
	}
	answer(program, (uint32_t)DENY);
}

static void
compose(struct program *program, bool network)
{
	load(program, offsetof(struct seccomp_data, arch));
	add(program, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)NATIVE, 1, 0);
	answer(program, (uint32_t)DENY);
	load(program, offsetof(struct seccomp_data, nr));
	add(program, BPF_JMP | BPF_JGE | BPF_K, FIRST_FOREIGN, 0, 1);
	answer(program, (uint32_t)DENY);
	for (size_t i = 0; i < LK_ARRAY_LEN(denied); i++) {
		when(program, (uint32_t)denied[i]);
		answer(program, (uint32_t)DENY);
	}
	add(program, BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 1, 0);
	answer(program, SECCOMP_RET_ALLOW);
	judge_sockets(program, network);
}

static lk_status
limit_calls(bool network, struct lk_error *err)
{
	struct program program = { .len = 0 };

	compose(&program, network);
	const struct sock_fprog filter = { .len = program.len, .filter = program.code };
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) != 0)
		return refused(err, "the system calls");
	return LK_OK;
}

lk_status
lk_sandbox_enter(const struct lk_sandbox *sandbox, bool *out_files, struct lk_error *err)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return refused(err, "the privileges");
	LK_TRY(limit_files(sandbox, out_files, err));
	return limit_calls(sandbox->network, err);
}
