/* See trials.h. Most calls are made without the libc, which refuses some by itself. */
#include "trials.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <linux/netlink.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

const char *lk_trial_foreign_file = "/etc/shadow";
int lk_trial_port;

static int
why(long rv)
{
	return rv < 0 ? errno : 0;
}

/* A descriptor was to be had, or not. */
static int
why_closed(int fd)
{
	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

#define TRIAL(name, expression)                                                                    \
	static int name(void)                                                                      \
	{                                                                                          \
		return expression;                                                                 \
	}

/* ---- Files ---- */

static const char *
beside(const char *name)
{
	static _Thread_local char path[4096];
	const char *slash = strrchr(lk_trial_foreign_file, '/');

	snprintf(path, sizeof path, "%.*s/%s", (int)(slash - lk_trial_foreign_file),
	    lk_trial_foreign_file, name);
	return path;
}

TRIAL(opens_a_foreign_file, why_closed(open(lk_trial_foreign_file, O_RDONLY | O_CLOEXEC)))
TRIAL(makes_a_file, why_closed(open(beside("made"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600)))
TRIAL(makes_a_folder, why(mkdir(beside("folder"), 0700)))
TRIAL(links_a_file, why(link(lk_trial_foreign_file, beside("link"))))
TRIAL(points_to_a_file, why(symlink(lk_trial_foreign_file, beside("symlink"))))
TRIAL(makes_a_pipe_with_a_name, why(mknod(beside("pipe"), S_IFIFO | 0600, 0)))
TRIAL(goes_to_another_folder, why(chdir("/")))

/* ---- Other programs and processes ---- */

static int
starts_a_program(void)
{
	static char name[] = "true";
	char *const words[] = { name, NULL };

	return why(execv("/bin/true", words));
}

static int
starts_a_program_of_a_descriptor(void)
{
	static char name[] = "true";
	char *const words[] = { name, NULL };

	return why(syscall(SYS_execveat, -1, "/bin/true", words, NULL, 0));
}

static int
forks(void)
{
	const pid_t child = fork();

	if (child == 0)
		_exit(0);
	if (child < 0)
		return errno;
	waitpid(child, NULL, 0);
	return 0;
}

static int
reads_memory_of_a_process(void)
{
	char from = 'a', to = 'b';
	const struct iovec here = { &to, 1 }, there = { &from, 1 };

	return why(syscall(SYS_process_vm_readv, getpid(), &here, 1L, &there, 1L, 0L));
}

TRIAL(makes_a_file_of_memory, why_closed((int)syscall(SYS_memfd_create, "program", 0)))
TRIAL(traces_another_process, why(ptrace(PTRACE_ATTACH, getppid(), NULL, NULL)))
TRIAL(lets_itself_be_traced, why(ptrace(PTRACE_TRACEME, 0, NULL, NULL)))
TRIAL(signals_another_process, why(kill(getppid(), 0)))
TRIAL(signals_a_thread_of_another_process, why(syscall(SYS_tgkill, getppid(), getppid(), 0)))
TRIAL(compares_processes, why(syscall(SYS_kcmp, getpid(), getpid(), 0, 0, 0)))

/* ---- Other hosts ---- */

static int
connects_to_another_host(void)
{
	const struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)lk_trial_port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return errno;
	const int got = why(connect(fd, (const struct sockaddr *)&address, sizeof address));
	close(fd);
	return got;
}

TRIAL(makes_a_socket_of_this_machine, why_closed(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)))
TRIAL(makes_a_socket_of_ipv4, why_closed(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)))
TRIAL(makes_a_socket_of_ipv6, why_closed(socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0)))
TRIAL(asks_which_addresses_there_are,
    why_closed(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE)))
TRIAL(hears_of_devices, why_closed(socket(AF_NETLINK, SOCK_RAW, NETLINK_KOBJECT_UEVENT)))
TRIAL(reads_all_packets, why_closed(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0)))
TRIAL(asks_the_kernels_cipher, why_closed(socket(AF_ALG, SOCK_SEQPACKET | SOCK_CLOEXEC, 0)))

/* ---- The kernel and the machine ---- */

TRIAL(asks_for_a_keyring, why(syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, -1, 0)))
TRIAL(loads_a_filter, why(syscall(SYS_bpf, -1, NULL, 0)))
TRIAL(limits_itself_anew, why(syscall(SYS_seccomp, -1, 0, NULL)))
TRIAL(asks_for_its_personality, why(syscall(SYS_personality, UINT32_MAX)))
TRIAL(leaves_its_namespace, why(syscall(SYS_unshare, 0)))
TRIAL(enters_a_namespace, why(syscall(SYS_setns, -1, 0)))
TRIAL(mounts, why(syscall(SYS_mount, NULL, "", NULL, 0, NULL)))
TRIAL(changes_its_root, why(syscall(SYS_chroot, "")))
TRIAL(handles_page_faults, why_closed((int)syscall(SYS_userfaultfd, 1 /* of its own only */)))
TRIAL(counts_events, why(syscall(SYS_perf_event_open, NULL, 0, -1, -1, 0)))
TRIAL(loads_a_module, why(syscall(SYS_finit_module, -1, "", 0)))
TRIAL(loads_another_kernel, why(syscall(SYS_kexec_load, 0, 1000, NULL, 0)))
TRIAL(opens_by_handle, why(syscall(SYS_open_by_handle_at, -1, NULL, 0)))
TRIAL(reads_the_kernels_log, why(syscall(SYS_syslog, -1, NULL, 0)))
TRIAL(keeps_its_user, why(syscall(SYS_setuid, getuid())))
TRIAL(keeps_its_priority, why(syscall(SYS_setpriority, PRIO_PROCESS, 0, getpriority(0, 0))))
TRIAL(makes_a_ring, why(syscall(425 /* io_uring_setup */, 0, NULL)))
TRIAL(takes_a_descriptor, why(syscall(438 /* pidfd_getfd */, -1, -1, 0)))
TRIAL(clones_as_memory_says, why(syscall(435 /* clone3 */, NULL, 0)))
TRIAL(mounts_in_new_ways, why(syscall(430 /* fsopen */, NULL, 0)))

/* ---- Itself ---- */

static int
maps(int protection)
{
	void *at = mmap(NULL, 4096, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		return errno;
	munmap(at, 4096);
	return 0;
}

static int
makes_memory_code(void)
{
	void *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		return ENOMEM;
	const int got = why(mprotect(at, 4096, PROT_READ | PROT_EXEC));
	munmap(at, 4096);
	return got;
}

static void *
nothing(void *unused)
{
	return unused;
}

static int
starts_a_thread(void)
{
	pthread_t thread;
	const int got = pthread_create(&thread, NULL, nothing, NULL);

	return got != 0 ? got : pthread_join(thread, NULL);
}

static int
keeps_a_limit(void)
{
	const struct rlimit none = { 0, 0 };

	return why(setrlimit(RLIMIT_CORE, &none));
}

static int
reads_a_limit(void)
{
	struct rlimit files;

	return why(getrlimit(RLIMIT_NOFILE, &files));
}

TRIAL(maps_memory, maps(PROT_READ | PROT_WRITE))
TRIAL(maps_code, maps(PROT_READ | PROT_EXEC))
TRIAL(maps_code_that_is_written, maps(PROT_READ | PROT_WRITE | PROT_EXEC))
TRIAL(can_be_dumped, why(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)))
TRIAL(types_into_a_terminal, why(ioctl(STDERR_FILENO, TIOCSTI, "x")))
TRIAL(sends_its_signals_elsewhere, why(fcntl(STDERR_FILENO, F_SETOWN, getpid())))

/* clang-format off */
#define ROW(name, expected) { #name, name, expected }
const struct lk_trial lk_trials[] = {
	ROW(opens_a_foreign_file, EACCES), ROW(makes_a_file, EACCES), ROW(makes_a_folder, EPERM),
	ROW(links_a_file, EPERM), ROW(points_to_a_file, EPERM), ROW(makes_a_pipe_with_a_name, EPERM),
	ROW(goes_to_another_folder, EPERM), ROW(starts_a_program, EPERM),
	ROW(starts_a_program_of_a_descriptor, EPERM), ROW(forks, EPERM),
	ROW(reads_memory_of_a_process, EPERM), ROW(makes_a_file_of_memory, EPERM),
	ROW(traces_another_process, EPERM), ROW(lets_itself_be_traced, EPERM),
	ROW(signals_another_process, EPERM), ROW(signals_a_thread_of_another_process, EPERM),
	ROW(compares_processes, EPERM), ROW(connects_to_another_host, EPERM),
	ROW(makes_a_socket_of_this_machine, 0), ROW(makes_a_socket_of_ipv4, EPERM),
	ROW(makes_a_socket_of_ipv6, EPERM), ROW(asks_which_addresses_there_are, EPERM),
	ROW(hears_of_devices, EPERM), ROW(reads_all_packets, EPERM),
	ROW(asks_the_kernels_cipher, EPERM), ROW(asks_for_a_keyring, EPERM), ROW(loads_a_filter, EPERM),
	ROW(limits_itself_anew, EPERM), ROW(asks_for_its_personality, EPERM),
	ROW(leaves_its_namespace, EPERM), ROW(enters_a_namespace, EPERM), ROW(mounts, EPERM),
	ROW(changes_its_root, EPERM), ROW(handles_page_faults, EPERM), ROW(counts_events, EPERM),
	ROW(loads_a_module, EPERM), ROW(loads_another_kernel, EPERM), ROW(opens_by_handle, EPERM),
	ROW(reads_the_kernels_log, EPERM), ROW(keeps_its_user, EPERM), ROW(keeps_its_priority, EPERM),
	ROW(makes_a_ring, ENOSYS), ROW(takes_a_descriptor, ENOSYS), ROW(clones_as_memory_says, ENOSYS),
	ROW(mounts_in_new_ways, ENOSYS), ROW(starts_a_thread, 0), ROW(maps_memory, 0),
	ROW(maps_code, EPERM), ROW(maps_code_that_is_written, EPERM), ROW(makes_memory_code, EPERM),
	ROW(keeps_a_limit, EPERM), ROW(reads_a_limit, 0), ROW(can_be_dumped, EPERM),
	ROW(types_into_a_terminal, EPERM), ROW(sends_its_signals_elsewhere, EPERM),
};
/* clang-format on */
const size_t lk_trial_count = sizeof lk_trials / sizeof lk_trials[0];

int
lk_trial_attempt(const char *name)
{
	for (size_t i = 0; i < lk_trial_count; i++) {
		if (strcmp(lk_trials[i].name, name) == 0)
			return lk_trials[i].attempt();
	}
	return EINVAL;
}
